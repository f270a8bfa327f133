"""`reminder service`: the daemon as a service of systemd."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import chosen, settings
from reminder.cli.output import say, words
from reminder.errors import UsageError

cli = typer.Typer(help="The daemon as a service of systemd.", no_args_is_help=True)


@cli.command(epilog="Example: reminder service install --config /etc/reminder")
def install(
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who it runs as; made where missing. Else `reminder`."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the unit, else `reminder`.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the unit there, and nothing else.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the unit alone.")] = False,
) -> None:
    """Write the unit, in a sandbox, for this program and this folder. As root."""
    from reminder.office import service

    folder = _config()
    unit = service.Service(
        folder, settings(), _program(), user or service.USER, name or service.USER, _environment()
    )
    if dry_run:
        print(unit.unit(), end="")
        return
    if output:
        service.write_unit(output, unit.unit())
        _tell("unit_written", file=str(output))
        return
    if os.geteuid() != 0:
        raise UsageError.because("root_alone")
    path = service.UNITS / f"{unit.name}.service"
    service.refuse_other_unit(path)
    if service.make_user(unit.user):
        _tell("user_made", user=unit.user)
    unit.hand_over()
    unit.refuse_unusable()
    service.write_unit(path, unit.unit())
    _tell("unit_written", file=str(path))
    command = " ".join(map(shlex.quote, (*unit.command, "status", "--config", str(folder))))
    facts = {"name": unit.name, "user": unit.user, "command": command}
    _tell("next", is_running=service.tell_systemd(), **facts)


def _tell(reason: str, **facts: object) -> None:
    for line in words("service", reason, **facts).splitlines():
        say(line)


def _config() -> Path:
    """That of the command line or of the environment. Raises `UsageError` without one, and where
    something is said that the service would not know."""
    from reminder.documents.settings_sources import LOADER_VARIABLES, variable_names

    given = chosen.config or os.environ.get("REMINDER_CONFIG")
    if not given:
        raise UsageError.because("no_folder_of_its_own")
    lost = {*variable_names(), *LOADER_VARIABLES} - {"REMINDER_CONFIG"}
    names = [name for name, value in os.environ.items() if value and name.upper() in lost]
    if names or chosen.plan:
        raise UsageError.because("said_here_alone", names=sorted(names) or ["--plan"])
    return Path(given).absolute()


def _environment() -> dict[str, str]:
    """What Python needs to find the program, if anything."""
    path = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": path} if path else {}


def _program() -> list[str]:
    """As it was called: a link of an installer stays one, so that an upgrade moves the service."""
    called = shutil.which(sys.argv[0])
    if called and Path(called).name == "reminder":
        return [str(Path(called).absolute())]
    return [sys.executable, "-m", "reminder"]
