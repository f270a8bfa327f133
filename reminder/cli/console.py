"""`reminder console`: the password of the secretariat's pages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from reminder.cli.context import application, command
from reminder.cli.words import counted
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.service.application import Application

cli = typer.Typer(help="The secretariat's pages: their password.", no_args_is_help=True)


@command(cli, example="reminder console password")
def password() -> None:
    """Set the password: asked twice, or one line of standard input. Everybody is logged out."""
    from reminder.storage.ledger import passwords, sessions

    app = application()
    hashed = passwords.hash_of(_asked(_names(app)))
    with app.database.write() as connection:
        passwords.keep(connection, hashed)
        sessions.end_all_sessions(connection)
    print("password set, every session ended")
    where = "closed: web.console is off" if app.settings.web.console == "off" else ""
    print(f"console  {where or f'{app.settings.web.public_url}/console'}")


@command(cli, example="reminder console logout")
def logout() -> None:
    """End every session: whoever is logged in must do so again."""
    from reminder.storage.ledger.sessions import end_all_sessions

    app = application()
    with app.database.write() as connection:
        count = end_all_sessions(connection)
    print(f"{counted(count, 'session')} ended")


def _names(app: Application) -> list[str]:
    """What whoever guesses would try first in this office."""
    plan, office = app.table.plan, app.table.directory[app.table.plan.office]
    web = (urlsplit(app.settings.web.public_url).hostname or "").split(".")
    return [
        plan.id,
        plan.name,
        plan.tag,
        office.id,
        office.name,
        office.label,
        *office.aliases,
        *web,
    ]


def _asked(names: list[str]) -> str:
    """Without the end of its line, else as it was typed. Raises `UsageError`."""
    if sys.stdin.isatty():
        from getpass import getpass

        asked = getpass("Password: ")
        _refuse_weak(asked, names)
        if getpass("The same again: ") != asked:
            raise UsageError("the two are not the same, nothing was changed")
        return asked
    try:
        asked = sys.stdin.readline().rstrip("\r\n").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UsageError("standard input is no UTF-8 text") from None
    _refuse_weak(asked, names)
    return asked


def _refuse_weak(asked: str, names: list[str]) -> None:
    from reminder.storage.ledger.passwords import LONGEST, SHORTEST, is_guessable

    if not SHORTEST <= len(asked) <= LONGEST:
        raise UsageError(
            f"a password of {len(asked)} characters, wanted {SHORTEST} to {LONGEST}",
            hint="A sentence of several words is easy to keep and hard to guess.",
        )
    if not asked.isprintable():
        raise UsageError("the password has characters that cannot be typed, wanted plain text")
    if is_guessable(asked, names):
        raise UsageError(
            "the password is one of the first that anybody would try",
            hint="Wanted no common password, row of keys, date or name of the office: four words "
            "that have nothing to do with each other are easy to keep and hard to guess.",
        )
