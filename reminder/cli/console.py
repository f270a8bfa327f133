"""`reminder console`: the address and the password of the secretariat's pages."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from reminder.cli.context import AsJson, application, command, site_address
from reminder.cli.words import counted, print_json
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.office.application import Application

cli = typer.Typer(help="The secretariat's pages: their address and password.", no_args_is_help=True)


@command(cli, example="reminder console password")
def password() -> None:
    """Set the password: asked twice, or one line of standard input. Everybody is logged out."""
    from reminder.office.login import set_password

    app = application()
    set_password(app, _asked(_names(app)))
    print("password set, every session ended")
    web = app.settings.web
    where = {"off": "closed: web.console is off", "anywhere": f"{web.public_url}/console"}
    print(f"console  {where.get(web.console, 'opens by the address of: reminder console url')}")


@command(cli, example="reminder console url")
def url(as_json: AsJson = False) -> None:
    """The addresses that open outbox, calendars and console; each opens them for its browser."""
    from reminder.office.links import local_address

    app = application()
    base = site_address(app)
    pages = {"start": "/"}
    if app.settings.transport == "maildir":
        pages["outbox"] = "/outbox"
    if app.settings.web.console != "off":
        pages["console"] = "/console"
    addresses = {name: local_address(app, base, path) for name, path in pages.items()}
    if as_json:
        print_json(addresses)
    elif sys.stdout.isatty():
        print("\n".join(f"{name:<8} {address}" for name, address in addresses.items()))
    else:
        print(addresses["start"])


@command(cli, example="reminder console logout")
def logout() -> None:
    """End every session and change the addresses of `reminder console url`: all begin anew."""
    from reminder.office.login import log_all_out

    print(f"{counted(log_all_out(application()), 'session')} ended")
    print("local pages open by a new address: reminder console url")


def _names(app: Application) -> list[str]:
    """What whoever guesses would try first in this office."""
    plan, office = app.table.plan, app.table.directory[app.table.plan.office]
    names = [plan.id, plan.name, plan.tag, office.id, office.name, office.label, *office.aliases]
    return [*names, *(urlsplit(app.settings.web.public_url).hostname or "").split(".")]


def _asked(names: list[str]) -> str:
    """Without the end of its line, else as it was typed. Raises `UsageError`."""
    from reminder.office.login import refuse_weak

    try:
        if not (is_typed := sys.stdin.isatty()):
            asked = sys.stdin.readline().rstrip("\r\n").removeprefix("\ufeff")
        else:
            asked = getpass("Password: ")
    except UnicodeDecodeError:
        raise UsageError("standard input is no UTF-8 text") from None
    refuse_weak(asked, names)
    if is_typed and getpass("The same again: ") != asked:
        raise UsageError("the two are not the same, nothing was changed")
    return asked
