"""`reminder feed`: calendar addresses and files."""

from __future__ import annotations

import os
import sys
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.context import AsJson, application, command, site_address
from reminder.cli.words import harmless, print_json, show
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.office.application import Application
    from reminder.office.links import LinkView

cli = typer.Typer(help="Calendar feeds: addresses and files.", no_args_is_help=True)
Unit = Annotated[
    str, typer.Option(metavar="ID", help="A unit, `plan`, or one reader's link: deputies~1.")
]
Page = Annotated[bool, typer.Option("--page", help="The link to the unit's page instead.")]


@command(cli, example="reminder feed url --unit deputies")
def url(
    unit: Annotated[
        str, typer.Option(metavar="ID", help="By default the whole plan's feed.")
    ] = "plan",
    as_json: AsJson = False,
) -> None:
    """The address of a unit's feed, or of the whole plan's."""
    from reminder.office.links import address, webcal_url

    app = application()
    link, base = _link(app, unit), site_address(app)
    with app.database.read() as connection:
        whole = address(app, connection, base, link)
        short = address(app, connection, base, link, handed_out=True)
    webcal = webcal_url(short)
    if as_json:
        print_json({"unit": link.subject, "url": whole, "handed_out": short, "webcal": webcal})
    elif sys.stdout.isatty():
        print(f"whole windows  {whole}\none-day        {short}\nsubscribe      {webcal}")
    else:
        print(whole)


@command(cli, "list", example="reminder feed list --unit deputies")
def list_(
    unit: Annotated[str | None, typer.Option(metavar="ID", help="Only this unit's.")] = None,
    as_json: AsJson = False,
) -> None:
    """The links of units' feeds and pages, and of single readers."""
    from reminder.office.links import all_links, changes

    app = application()
    name, zone = _feed_name(app, unit) if unit else None, app.table.plan.zone
    keys = ("purpose", "label", "generation", "revoked", "last_use", "created")
    with app.database.read() as connection:
        rows = [
            {
                "link": link.subject,
                **{key: getattr(link, key) for key in keys},
                "changes": [
                    f"{change.at.astimezone(zone).isoformat()} {change.act} {change.by}"
                    for change in changes(connection, link)
                ],
            }
            for feed in all_links(app, connection)
            for link in (feed.feed, *feed.readers, feed.page)
            if link and name in (None, feed.name)
        ]
    columns = ["link", "purpose", "label", "generation", "revoked", "last_use", "changes"]
    show(rows, as_json, columns)


@command(cli, example="reminder feed add --unit deputies --reader duty-desk")
def add(
    unit: Annotated[str, typer.Option(metavar="ID", help="A unit, or `plan`.")],
    reader: Annotated[
        str, typer.Option(metavar="LABEL", help="Whose it is, at most 40 characters.")
    ],
) -> None:
    """An address of its own for a single reader of a feed, revoked without the others'."""
    from reminder.office.links import add_reader

    app = application()
    subject = add_reader(app, _feed_name(app, unit), reader, _whose())
    _print_address(app, _link(app, subject))
    typer.echo(f"It is called {subject}.", err=True)


@command(cli, example="reminder feed export --output feeds/")
def export(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Made when it is missing.")],
) -> None:
    """Every feed as a file, byte for byte what the web server serves."""
    app = application()
    app.sync_feeds(app.clock.now())
    print(harmless(f"{len(app.feeds.export(output))} feeds in {output}"))


@command(cli, example="reminder feed rotate --unit deputies")
def rotate(unit: Unit, page: Page = False) -> None:
    """Give a link a new address; the old one is dead within a second."""
    from reminder.office import links

    app = application()
    link = _link(app, unit, page=page)
    links.rotate(app, link, _whose())
    _print_address(app, link)
    if page:
        _say_of_calendar(link, "the same")


@command(cli, example="reminder feed revoke --unit deputies")
def revoke(unit: Unit, page: Page = False) -> None:
    """Close a link's address; `rotate` opens a new one."""
    from reminder.office import links

    app = application()
    link = _link(app, unit, page=page)
    links.revoke(app, link, _whose())
    print(f"{link.subject}: its address answers 404 within a second")
    if page:
        _say_of_calendar(link, "open")


def _say_of_calendar(link: LinkView, state: str) -> None:
    how = f"reminder feed rotate --unit {link.subject}"
    typer.echo(f"The calendar's address, which stood on that page, is {state}: {how}", err=True)


def _whose() -> str:
    """For the history: the user of this machine."""
    try:
        return f"command line ({getuser()})"
    except (OSError, KeyError):  # one without a name
        return f"command line (uid {os.getuid()})"


def _print_address(app: Application, link: LinkView) -> None:
    from reminder.office.links import address

    with app.database.read() as connection:
        print(address(app, connection, site_address(app), link))


def _link(app: Application, unit: str, *, page: bool = False) -> LinkView:
    """`unit` may be the name of a reader's own link."""
    from reminder.office.links import find_link

    subject = unit if "~" in unit else _feed_name(app, unit)
    with app.database.read() as connection:
        return find_link(app, connection, "page" if page else "feed", subject)


def _feed_name(app: Application, unit: str) -> str:
    from reminder.office.lookup import find_unit

    name = find_unit(app, unit).id if unit != "plan" else "plan"
    if not app.feeds.has(name):
        raise UsageError(f"{name} is a group: its members have feeds")
    return name
