"""`reminder inbox`: what came by mail, and addresses to which nothing goes any more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, application, user
from reminder.cli.output import announce, show

cli = typer.Typer(help="Answers by mail: bounces and replies.", no_args_is_help=True)
_LETTER = ["id", "at", "unit", "sender", "subject", "reason"]


@cli.command("list", epilog="Example: reminder inbox list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what waits for nobody (any more).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Mails that wait for somebody, the newest first."""
    from reminder.domain.incoming import LetterState
    from reminder.office.letters import read_letters

    app = application()
    zone, state = app.table.plan.zone, None if everything else LetterState.WAITING
    with app.database.read() as connection:
        rows = [
            vars(letter)
            | {"at": letter.at.astimezone(zone), "noted": letter.noted.astimezone(zone)}
            for letter in read_letters(connection, state)
        ]
    show(rows, as_json, _LETTER)


@cli.command(epilog="Example: reminder inbox read reply.eml")
def read(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Mails as files, .eml.")
    ] = None,
) -> None:
    """Read the mailbox now, or mails from files, as if they had come there."""
    from reminder.office.inbox import InboxReader, take_in

    app = application()
    if files:
        count = sum(bool(take_in(app, path.read_bytes())) for path in files)
    else:
        count = InboxReader(app).read_now()
    announce("letters_read", count=count)


@cli.command(epilog="Example: reminder inbox settle 7")
def settle(
    number: Annotated[int, typer.Argument(metavar="N", help="As `inbox list` shows it.")],
) -> None:
    """Somebody has seen to that mail."""
    from reminder.office import letters

    letters.settle(application(), number, user())
    announce("letter_settled", number=number)


@cli.command(epilog="Example: reminder inbox bounced")
def bounced(as_json: AsJson = False) -> None:
    """Addresses to which no mail goes, because one came back."""
    from reminder.office.stopped import stopped_addresses

    app = application()
    zone = app.table.plan.zone
    with app.database.read() as connection:
        rows = [
            vars(one.bounced)
            | {"at": one.bounced.at.astimezone(zone), "unit": one.unit.id if one.unit else ""}
            for one in stopped_addresses(connection, app.table)
        ]
    show(rows, as_json, ["address", "unit", "at", "detail"])


@cli.command(epilog="Example: reminder inbox clear liaison@unit.example")
def clear(address: Annotated[str, typer.Argument(metavar="ADDRESS")]) -> None:
    """Mail goes to that address again."""
    from reminder.office import letters

    letters.clear(application(), address, user())
    announce("address_cleared", address=address)
