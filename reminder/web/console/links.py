"""Links of units and of single readers: who has which, since when used, made, rotated, revoked."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.documents.templates import WORDS, phrase
from reminder.errors import DeclinedError, UnknownError
from reminder.office import links
from reminder.office.links import LABEL, PLAN, FeedLinks, LinkView
from reminder.web.console.access import console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/links"
LISTED = 200  # units of one page; the others are found by their names


def _list(page: Page) -> Response:
    wanted = " ".join(page.query("q").split())[:60]
    rows = [
        row
        for row in links.all_links(page.app, page.connection)
        if wanted in _name(page, row.name) or wanted == row.name
    ]
    return page.render(
        "console/links.html",
        here=HERE,
        rows=[(row, _name(page, row.name)) for row in rows[:LISTED]],
        count=len(rows),
        wanted=wanted,
        searchable=len(page.table.directory.single) > 10,
    )


def _one(page: Page, form: Form | None = None, refused: str = "") -> Response:
    row = _row(page)
    return page.render(
        "console/link.html",
        status=422 if refused else 200,
        here=HERE,
        name=row.name,
        label=_name(page, row.name),
        page=_opened(page, row.page) if row.page else None,
        feed=_opened(page, row.feed),
        readers=[_opened(page, reader) for reader in row.readers],
        typed=form["label"] if form else "",
        longest=LABEL,
        reachable=page.settings.web.reachable,
        refused=refused,
    )


def _add(page: Page, form: Form) -> Response:
    name = page.part("name")
    try:
        links.add_reader(page.app, name, form["label"])
    except UnknownError:
        raise HTTPException(404) from None
    return page.done(f"{HERE}/{name}", "reader_added", "#readers")


def _ask(page: Page) -> Response:
    """Who loses access by it; nothing is changed yet."""
    act, link = _act(page.query("act")), _link(page, page.query("purpose"), page.query("link"))
    name = page.part("name")
    return page.render(
        "console/link_change.html",
        here=HERE,
        name=name,
        label=_name(page, name),
        act=act,
        link=link,
    )


def _change(page: Page, form: Form) -> Response:
    act, link = _act(form["act"]), _link(page, form["purpose"], form["link"])
    page.end_reading()
    if str(link.generation) != form["generation"]:
        raise DeclinedError("rotated_meanwhile")
    if act == "rotate":
        links.rotate(page.app, link, with_feed=bool(form["feed"]))
    else:
        links.revoke(page.app, link)
    done = "link_rotated" if act == "rotate" else "link_revoked"
    return page.done(f"{HERE}/{page.part('name')}", done)


def _act(name: str) -> str:
    if name not in ("rotate", "revoke"):
        raise HTTPException(404)
    return name


def _link(page: Page, purpose: str, subject: str) -> LinkView:
    if links.feed_of(subject) != page.part("name"):
        raise HTTPException(404)
    try:
        return links.find_link(page.app, page.connection, purpose, subject)
    except UnknownError:
        raise HTTPException(404) from None


def _row(page: Page) -> FeedLinks:
    rows = links.all_links(page.app, page.connection)
    row = next((row for row in rows if row.name == page.part("name")), None)
    if row is None:
        raise HTTPException(404)
    return row


def _name(page: Page, name: str) -> str:
    if name == PLAN:
        return phrase(page.templates, WORDS, "whole_plan")
    return page.table.directory[name].name


def _opened(page: Page, link: LinkView) -> dict[str, object]:
    """With its addresses: whoever sees this page can open them all."""
    short = links.address(page.app, page.connection, page.base, link, handed_out=True)
    return {
        "link": link,
        "address": short,
        "webcal": links.webcal_url(short),
        "full": links.address(page.app, page.connection, page.base, link),
        "changes": links.changes(page.connection, link),
    }


ROUTES = [
    console_page(HERE, _list),
    console_page(f"{HERE}/{{name}}", _one),
    console_form(f"{HERE}/{{name}}", _add, _one),
    console_page(f"{HERE}/{{name}}/change", _ask),
    console_form(f"{HERE}/{{name}}/change", _change, _one),
]
