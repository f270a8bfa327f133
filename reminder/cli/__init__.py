"""The command line: words for people, JSON for scripts.

Commands import what they need of `office`, `documents` and the daemon when they run: `--help`
answers without reading a plan, opening a ledger or starting a web server.
"""

import os
import sys
from io import TextIOWrapper

import typer

from reminder.cli import console, feeds, ledger, mails, plan, registering, simulate
from reminder.cli.context import Config, Debug, PlanFile, keep
from reminder.cli.words import explain
from reminder.errors import ReminderError

# Typer's own error panels draw boxes that scripts and logs have no use for.
os.environ.setdefault("TYPER_USE_RICH", "0")

cli = typer.Typer(
    name="reminder",
    help="Turns an office's yearly table of tasks into monthly mails and calendar feeds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@cli.callback()
def _all(config: Config = None, plan: PlanFile = None, debug: Debug = False) -> None:
    keep(config, plan)


for _group in (plan.cli, mails.cli, simulate.cli):
    cli.registered_commands += _group.registered_commands
cli.add_typer(registering.tasks, name="task")
cli.add_typer(registering.meetings, name="meeting")
cli.add_typer(ledger.cli, name="ledger")
cli.add_typer(feeds.cli, name="feed")
cli.add_typer(console.cli, name="console")


def main() -> None:
    """The one place where errors become words and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that cannot show Chinese still runs
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            cli()
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
            place = f"{error.filename}: " if error.filename else ""
            error = ReminderError(f"{place}{error.strerror or error}")
        explain(error)
        sys.exit(error.exit_status)
