"""The command line: words for people, JSON for scripts.

Commands import what they need of `office`, `documents` and the daemon when they run: `--help`
answers without reading a plan, opening a ledger or starting a web server.
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from reminder.cli import (
    addresses,
    behalf,
    brief,
    data,
    inbox,
    init,
    ledger,
    lists,
    mails,
    plan,
    plan_files,
    readers,
    registering,
    service,
    users,
    year,
)
from reminder.cli.context import choose
from reminder.cli.output import in_words, language, remark, words
from reminder.errors import ConfigurationError, ReminderError

# Typer's own error panels draw boxes that scripts and logs have no use for.
os.environ.setdefault("TYPER_USE_RICH", "0")

cli = typer.Typer(
    name="reminder",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print(f"reminder {version('reminder')}")
        raise typer.Exit


def _kept(metavar: str, words: str) -> Any:
    return typer.Option(metavar=metavar, help=words, callback=choose, expose_value=False)


@cli.callback()
def of_all_commands(
    config: Annotated[
        Path | None, _kept("DIR", "Folder with reminder.toml and units.toml.")
    ] = None,
    plan: Annotated[Path | None, _kept("FILE", "The year's plan, or a folder of plans.")] = None,
    plan_id: Annotated[str | None, _kept("ID", "Of several plans this one.")] = None,
    year: Annotated[int | None, _kept("YEAR", "Of several years of it this one.")] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks.", expose_value=False)
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say which it is.",
            callback=_say_version,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Turns an office's yearly table of tasks into monthly mails and calendar feeds."""


cli.add_typer(init.cli)
cli.add_typer(plan.cli)
cli.add_typer(mails.cli)
cli.add_typer(plan_files.reloading)
cli.add_typer(brief.cli)
cli.add_typer(registering.tasks, name="task")
cli.add_typer(behalf.cli, name="register")
cli.add_typer(registering.meetings, name="meeting")
cli.add_typer(plan_files.cli, name="plan")
cli.add_typer(lists.units, name="units")
cli.add_typer(lists.workdays, name="workdays")
cli.add_typer(year.cli, name="year")
cli.add_typer(ledger.cli, name="ledger")
cli.add_typer(inbox.cli, name="inbox")
cli.add_typer(data.cli, name="data")
cli.add_typer(addresses.feeds, name="feed")
cli.add_typer(readers.cli, name="reader")
cli.add_typer(addresses.console, name="console")
cli.add_typer(addresses.metrics, name="metrics")
cli.add_typer(users.cli, name="user")
cli.add_typer(service.cli, name="service")


def main() -> None:
    """The one place where errors become words and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show Chinese still runs
            stream.reconfigure(errors="backslashreplace")
    root = typer.main.get_command(cli)
    for command in root.commands.values() if isinstance(root, TyperGroup) else ():
        group = command.commands if isinstance(command, TyperGroup) else {}
        for each in (command, *group.values()):
            own = {"--install-completion", "--show-completion", "--version"}
            own |= {name for option in each.params for name in option.opts}
            # They may stand behind the command too, unless it means something else by one.
            each.params += [option for option in root.params if own.isdisjoint(option.opts)]
    try:
        try:
            root()
        finally:
            sys.stdout.flush()  # here, not at the interpreter's end, where nobody could catch it
    except BrokenPipeError:
        # Whoever read has read enough. What is still buffered goes nowhere, without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ReminderError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, OSError):
            facts = {"path": error.filename, "why": error.strerror or str(error)}
            error = ReminderError.because("system", errno=error.errno, **facts)
        if isinstance(error, ConfigurationError):
            for fault in error.faults:
                remark(in_words(fault))
            remark(words("check", "mistakes", count=len(error.faults)))
        else:
            first, *more = error.lines(language())
            for line in (f"reminder: {first}", *(f"  {line}" for line in more)):
                remark(line)
        sys.exit(error.exit_status)
