"""`reminder feed`: calendar addresses and files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.context import AsJson, application, command
from reminder.cli.words import print_json
from reminder.errors import UsageError

cli = typer.Typer(help="Calendar feeds: addresses and files.", no_args_is_help=True)


@command(cli, example="reminder feed url --unit deputies")
def url(
    unit: Annotated[
        str | None, typer.Option(metavar="ID", help="By default the whole plan's feed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The address of a unit's feed, or of the whole plan's."""
    from reminder.app.orders import find_unit
    from reminder.storage.ledger.links import feed_token, feed_url, webcal_url

    app = application()
    name = find_unit(app, unit).id if unit and unit != "plan" else "plan"
    if name not in app.feeds.names():
        raise UsageError(f"{name} is a group: its members have feeds")
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
    print(f"{len(app.feeds.export(output))} feeds in {output}")
