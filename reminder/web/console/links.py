"""Links of units and of single readers: who has which, since when used, made, rotated, revoked."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.documents.templates import WORDS, phrase
from reminder.errors import DeclinedError
from reminder.office import links
from reminder.office.links import LABEL, PLAN, LinkView
from reminder.web.console.access import EDIT, console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/links"
LISTED = 200  # units of one page; the others are found by their names


def _list(page: Page) -> Response:
    wanted = " ".join(page.query("q").split())[:60]
    names = {feed: _name(page, feed) for feed in page.app.feeds.names()}
    found = [feed for feed, name in names.items() if wanted in name or wanted == feed]
    rows = links.links_of(page.app, page.connection, found[:LISTED])
    return page.render(
        "console/links.html",
        here=HERE,
        rows=[(row, names[row.name]) for row in rows],
        count=len(found),
        wanted=wanted,
        searchable=len(page.table.directory.single) > 10,
    )


def _one(page: Page, form: Form | None = None, refused: str = "") -> Response:
    name = page.part("name")
    if not page.app.feeds.has(name):
        raise HTTPException(404)
    [row] = links.links_of(page.app, page.connection, [name])
    return page.render(
        "console/link.html",
        status=422 if refused else 200,
        here=HERE,
        name=name,
        label=_name(page, name),
        page=_opened(page, row.page) if row.page else None,
        feed=_opened(page, row.feed),
        readers=[_opened(page, reader) for reader in row.readers],
        typed=form["label"] if form else "",
        longest=LABEL,
        reachable=page.settings.web.reachable,
        refused=refused,
    )


def _add(page: Page, form: Form) -> Response:
    links.add_reader(page.app, page.part("name"), form["label"], who=page.who)
    return page.done(f"{HERE}/{page.part('name')}", "reader_added", "#readers")


def _ask(page: Page) -> Response:
    """Who loses access by it; nothing is changed yet."""
    act, link = _wanted(page, page.query("act"), page.query("purpose"), page.query("link"))
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
    act, link = _wanted(page, form["act"], form["purpose"], form["link"])
    page.end_reading()
    if str(link.generation) != form["generation"]:
        raise DeclinedError("rotated_meanwhile")
    if act == "rotate":
        links.rotate(page.app, link, who=page.who, with_feed=bool(form["feed"]))
    else:
        links.revoke(page.app, link, who=page.who)
    done = "link_rotated" if act == "rotate" else "link_revoked"
    return page.done(f"{HERE}/{page.part('name')}", done)


def _wanted(page: Page, act: str, purpose: str, subject: str) -> tuple[str, LinkView]:
    if act not in ("rotate", "revoke") or links.feed_of(subject) != page.part("name"):
        raise HTTPException(404)
    return act, links.find_link(page.app, page.connection, purpose, subject)


def _name(page: Page, name: str) -> str:
    if name == PLAN:
        return phrase(page.templates, WORDS, "whole_plan")
    return links.feed_label(page.app, name)


def _opened(page: Page, link: LinkView) -> dict[str, object]:
    """With its addresses: whoever sees this page can open them all."""
    found = links.addresses(page.app, page.base, link)
    changes = links.link_changes(page.connection, link)
    return {"link": link, "changes": changes, "address": found["short"], **found}


ROUTES = [
    console_page(HERE, _list, EDIT),
    console_page(f"{HERE}/{{name}}", _one, EDIT),
    console_form(f"{HERE}/{{name}}", _add, _one),
    console_page(f"{HERE}/{{name}}/change", _ask, EDIT),
    console_form(f"{HERE}/{{name}}/change", _change, _one),
]
