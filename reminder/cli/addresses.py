"""`reminder feed`, `reminder console`, `reminder metrics`: what opens something."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reminder.cli.completion import unit_ids
from reminder.cli.context import AsJson, application, user
from reminder.cli.output import announce, print_json, remark, show, words
from reminder.errors import UsageError

if TYPE_CHECKING:
    from reminder.office.application import Application
    from reminder.office.links import LinkView

feeds = typer.Typer(help="Calendar feeds: addresses and files.", no_args_is_help=True)
console = typer.Typer(
    help="The secretariat's pages: their address and password.", no_args_is_help=True
)
metrics = typer.Typer(help="Numbers for monitoring: what opens them.", no_args_is_help=True)
Unit = Annotated[
    str,
    typer.Option(
        autocompletion=unit_ids,
        metavar="ID",
        help="A unit, `plan`, or one reader's link: deputies~1.",
    ),
]
Page = Annotated[bool, typer.Option("--page", help="The link to the unit's page instead.")]


@feeds.command(epilog="Example: reminder feed url --unit deputies")
def url(
    unit: Annotated[
        str,
        typer.Option(
            autocompletion=unit_ids, metavar="ID", help="By default the whole plan's feed."
        ),
    ] = "plan",
    as_json: AsJson = False,
) -> None:
    """The address of a unit's feed, or of the whole plan's."""
    from reminder.office.links import addresses

    app = application()
    link, base = _link(app, unit), site(app)
    found = addresses(app, base, link)
    whole, short, webcal = found["full"], found["short"], found["webcal"]
    if as_json:
        print_json({"unit": link.subject, "url": whole, "handed_out": short, "webcal": webcal})
    elif sys.stdout.isatty():
        print(f"whole windows  {whole}\none-day        {short}\nsubscribe      {webcal}")
    else:
        print(whole)


@feeds.command("list", epilog="Example: reminder feed list --unit deputies")
def list_(
    unit: Annotated[
        str | None, typer.Option(autocompletion=unit_ids, metavar="ID", help="Only this unit's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The links of units' feeds and pages, and of single readers."""
    from reminder.office.links import link_changes, links_of

    app = application()
    name = _feed_name(app, unit) if unit else None
    zone = app.table.plan.zone
    keys = ("purpose", "label", "generation", "revoked", "last_use", "created")
    with app.database.read() as connection:
        rows = [
            {
                "link": link.subject,
                **{key: getattr(link, key) for key in keys},
                "changes": [
                    f"{change.at.astimezone(zone).isoformat()} {change.act} {change.by}"
                    for change in link_changes(connection, link)
                ],
            }
            for feed in links_of(app, connection, app.feeds.names())
            for link in (feed.feed, *feed.readers, feed.page)
            if link and name in (None, feed.name)
        ]
    columns = ["link", "purpose", "label", "generation", "revoked", "last_use", "changes"]
    show(rows, as_json, columns)


@feeds.command(epilog="Example: reminder feed add --unit deputies --reader duty-desk")
def add(
    unit: Annotated[
        str, typer.Option(autocompletion=unit_ids, metavar="ID", help="A unit, or `plan`.")
    ],
    reader: Annotated[
        str, typer.Option(metavar="LABEL", help="Whose it is, at most 40 characters.")
    ],
) -> None:
    """An address of its own for a single reader of a feed, revoked without the others'."""
    from reminder.office.links import add_reader

    app = application()
    link = add_reader(app, _feed_name(app, unit), reader, _by(), user())
    print(link.address(site(app), app.key))
    remark(words("done", "link_named", name=link.subject))


@feeds.command(epilog="Example: reminder feed export --output feeds/")
def export(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Made when it is missing.")],
) -> None:
    """Every feed as a file, byte for byte what the web server serves."""
    app = application()
    app.sync_feeds(app.clock.now())
    count = len(app.feeds.export(output))
    announce("feeds_written", count=count, folder=str(output))


@feeds.command(epilog="Example: reminder feed rotate --unit deputies")
def rotate(unit: Unit, page: Page = False) -> None:
    """Give a link a new address; the old one is dead within a second."""
    from reminder.office import links

    app = application()
    link = links.rotate(app, _link(app, unit, page=page), _by(), user())
    print(link.address(site(app), app.key))
    if page:
        _remark_calendar(link, is_open=False)


@feeds.command(epilog="Example: reminder feed revoke --unit deputies")
def revoke(unit: Unit, page: Page = False) -> None:
    """Close a link's address; `rotate` opens a new one."""
    from reminder.office import links

    app = application()
    link = _link(app, unit, page=page)
    links.revoke(app, link, _by(), user())
    announce("link_dead", name=link.subject)
    if page:
        _remark_calendar(link, is_open=True)


def _remark_calendar(link: LinkView, *, is_open: bool) -> None:
    remark(words("done", "calendar_left", name=link.subject, is_open=is_open))


def _by() -> str:
    """For the history of a link."""
    return f"command line ({user()})"


def _link(app: Application, unit: str, *, page: bool = False) -> LinkView:
    """`unit` may be the name of a reader's own link."""
    from reminder.office.links import find_link

    subject = unit if "~" in unit else _feed_name(app, unit)
    with app.database.read() as connection:
        return find_link(app, connection, "page" if page else "feed", subject)


def _feed_name(app: Application, unit: str) -> str:
    from reminder.office.lookup import find_unit

    plans = app.feeds.plans()
    if unit == "plan" and app.is_chosen:
        unit = next(name for name, plan in plans.items() if plan == app.table.plan.id)
    name = unit if unit in plans else find_unit(app, unit).id
    if not app.feeds.has(name):
        raise UsageError.because("group_has_no_feed", unit=name)
    return name


def site(app: Application) -> str:
    """Where the pages are, as far as the settings say."""
    web = app.settings.web
    if not web.base_url and not web.port:
        remark(words("done", "port_unknown"))
    return web.public_url


@console.command(epilog="Example: reminder console password")
def password(
    remove: Annotated[
        bool, typer.Option("--remove", help="None any more: everybody logs in by name.")
    ] = False,
) -> None:
    """Set the password: asked twice, or one line of standard input. Everybody is logged out."""
    from reminder.office.login import remove_password, set_password
    from reminder.office.passwords import office_words, refuse_weak

    app = application()
    if remove:
        remove_password(app, user())
        announce("password_removed")
        return
    web = app.settings.web
    try:
        if is_typed := sys.stdin.isatty():
            asked = getpass(words("done", "ask_password"))
        else:
            asked = sys.stdin.readline().rstrip("\r\n").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UsageError.because("no_text_typed") from None
    refuse_weak(asked, office_words(app))
    if is_typed and getpass(words("done", "ask_again")) != asked:
        raise UsageError.because("passwords_differ")
    set_password(app, asked)
    address = f"{web.public_url}/console" if web.console == "anywhere" else ""
    announce("password_set", console=web.console, address=address)


@console.command("url", epilog="Example: reminder console url")
def console_url(as_json: AsJson = False) -> None:
    """The addresses that open outbox, calendars and console; each opens them for its browser."""
    from reminder.office.links import local_address

    app = application()
    base = site(app)
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


@console.command(epilog="Example: reminder console logout")
def logout() -> None:
    """End every session and change the addresses of `reminder console url`: all begin anew."""
    from reminder.office.login import log_all_out

    announce("all_logged_out", count=log_all_out(application()))


@metrics.command(epilog="Example: reminder metrics token > /etc/prometheus/reminder.token")
def token(
    new: Annotated[bool, typer.Option("--new", help="Another one; the old one is void.")] = False,
) -> None:
    """The bearer token by which Prometheus reads /metrics."""
    from reminder.office.links import metrics_token

    print(metrics_token(application(), anew=new, who=user()))
