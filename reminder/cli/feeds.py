"""`reminder feed`: calendar addresses and files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.context import AsJson, application, command
from reminder.cli.words import harmless, print_json
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.service.application import Application

cli = typer.Typer(help="Calendar feeds: addresses and files.", no_args_is_help=True)


@command(cli, example="reminder feed url --unit deputies")
def url(
    unit: Annotated[
        str | None, typer.Option(metavar="ID", help="By default the whole plan's feed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The address of a unit's feed, or of the whole plan's."""
    from reminder.storage.ledger.links import feed_token, feed_url, webcal_url

    app = application()
    name = _feed_name(app, unit)
    with app.database.read() as connection:
        token = feed_token(connection, app.composer.key, name)
    base = app.settings.web.public_url
    whole = feed_url(base, token, name)
    short = feed_url(base, token, name, handed_out=True)
    if as_json:
        print_json({"unit": name, "url": whole, "handed_out": short, "webcal": webcal_url(short)})
    elif sys.stdout.isatty():
        print(f"whole windows  {whole}\none-day        {short}\nsubscribe      {webcal_url(short)}")
    else:
        print(whole)


@command(cli, example="reminder feed export --output feeds/")
def export(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Made when it is missing.")],
) -> None:
    """Every feed as a file, byte for byte what the web server serves."""
    app = application()
    app.sync_feeds(app.clock.now())
    print(harmless(f"{len(app.feeds.export(output))} feeds in {output}"))


@command(cli, example="reminder feed rotate --unit deputies")
def rotate(unit: Annotated[str, typer.Option(metavar="ID")]) -> None:
    """Give a feed a new address; the old one is dead within a second."""
    from reminder.storage.ledger import links

    app = application()
    name = _feed_name(app, unit)
    with app.database.write() as connection:
        links.rotate(connection, links.FEED, name)
        token = links.feed_token(connection, app.composer.key, name)
    print(links.feed_url(app.settings.web.public_url, token, name))


@command(cli, example="reminder feed revoke --unit deputies")
def revoke(unit: Annotated[str, typer.Option(metavar="ID")]) -> None:
    """Close a feed's address; `rotate` opens a new one."""
    from reminder.storage.ledger import links

    app = application()
    name = _feed_name(app, unit)
    with app.database.write() as connection:
        links.revoke(connection, links.FEED, name)
    print(f"{name}: its address answers 404 within a second")


def _feed_name(app: Application, unit: str | None) -> str:
    from reminder.service.orders import find_unit

    name = find_unit(app, unit).id if unit and unit != "plan" else "plan"
    if not app.feeds.has(name):
        raise UsageError(f"{name} is a group: its members have feeds")
    return name
