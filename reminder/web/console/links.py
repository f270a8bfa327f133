"""Links of units and of single readers: who has which, since when used, made, rotated, revoked."""

from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.calendar.entries import PLAN
from reminder.domain import wording
from reminder.errors import UnknownError
from reminder.ledger.links import FEED, PAGE, READER, LinkView, feed_of, webcal_url
from reminder.office import links
from reminder.office.links import LABEL, LinkError
from reminder.web.console.guard import order, page
from reminder.web.forms import Form, token
from reminder.web.said import said, told
from reminder.web.site import Site, site_of

HERE = "/console/links"
LISTED = 200  # units of one page; the others are found by their names
SAID = {
    "made": "专用链接已生成，地址见下方列表末行。",
    "rotated": "已换新地址，旧地址已失效。",
    "revoked": "已停用，原地址打不开了。",
}
_PLAN_NAME = "年度安排（全部单位）"
_ACTS = ("rotate", "revoke")


@dataclass(frozen=True)
class _Row:
    """A feed with what leads to it; the whole plan has no page."""

    name: str
    label: str
    page: LinkView | None
    feed: LinkView
    readers: tuple[LinkView, ...]


def _list(request: Request) -> Response:
    site = site_of(request)
    wanted = " ".join(request.query_params.get("q", "").split())[:60]
    found = [row for row in _rows(site) if wanted in row.label or wanted == row.name]
    rows = [_listed(site, row) for row in found[:LISTED]]
    return site.page(
        "console/links.html",
        here=HERE,
        token=token(request),
        rows=rows,
        count=len(found),
        wanted=wanted,
        searchable=len(site.table.directory.single) > 10,
    )


def _one(request: Request) -> Response:
    return _page(request, said=said(request, SAID))


def _add(request: Request, form: Form) -> Response:
    name, label = request.path_params["name"], form["label"]
    try:
        links.add_reader(site_of(request).app, name, label)
    except LinkError as error:
        return _page(request, label=label, refused=f"{error.words}。")
    except UnknownError:
        raise HTTPException(404) from None
    return told(request, f"{HERE}/{name}", "made", "#readers")


def _ask(request: Request) -> Response:
    """Who loses access by it; nothing is changed yet."""
    site, asked = site_of(request), request.query_params
    act, found = _act(asked.get("act", "")), _link(request, asked.get("purpose"), asked.get("link"))
    return site.page(
        "console/link_change.html",
        here=HERE,
        token=token(request),
        name=request.path_params["name"],
        label=_name(site, request.path_params["name"]),
        act=act,
        link=_shown(site, found),
    )


def _change(request: Request, form: Form) -> Response:
    act, found = _act(form["act"]), _link(request, form["purpose"], form["link"])
    if str(found.generation) != form["generation"]:
        return _page(request, refused="这个链接刚刚换过地址，请核对后再操作。")
    app = site_of(request).app
    try:
        if act == "rotate":
            links.rotate(app, found, with_feed=bool(form["feed"]))
        else:
            links.revoke(app, found)
    except LinkError as error:
        return _page(request, refused=f"{error.words}。")
    done = "rotated" if act == "rotate" else "revoked"
    return told(request, f"{HERE}/{request.path_params['name']}", done)


ROUTES = [
    page(HERE, _list),
    page(f"{HERE}/{{name}}", _one),
    order(f"{HERE}/{{name}}", _add),
    page(f"{HERE}/{{name}}/change", _ask),
    order(f"{HERE}/{{name}}/change", _change),
]


def _act(name: str) -> str:
    if name not in _ACTS:
        raise HTTPException(404)
    return name


def _link(request: Request, purpose: str | None, subject: str | None) -> LinkView:
    if purpose not in (FEED, PAGE) or feed_of(subject or "") != request.path_params["name"]:
        raise HTTPException(404)
    try:
        return links.find_link(site_of(request).app, purpose, subject or "")
    except UnknownError:
        raise HTTPException(404) from None


def _page(request: Request, *, said: str = "", refused: str = "", label: str = "") -> Response:
    site, name = site_of(request), request.path_params["name"]
    row = next((row for row in _rows(site) if row.name == name), None)
    if row is None:
        raise HTTPException(404)
    base = site.base(request)
    return site.page(
        "console/link.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        name=name,
        label=row.label,
        page=_opened(site, base, row.page) if row.page else None,
        feed=_opened(site, base, row.feed),
        readers=[_opened(site, base, found) for found in row.readers],
        typed=label,
        longest=LABEL,
        reachable=site.settings.web.reachable,
        said=said,
        refused=refused,
    )


def _rows(site: Site) -> list[_Row]:
    found: dict[str, list[LinkView]] = {}
    for each in links.all_links(site.app):
        found.setdefault(feed_of(each.subject), []).append(each)
    return [
        _Row(
            name,
            _name(site, name),
            next((each for each in several if each.purpose == PAGE), None),
            next(each for each in several if (each.purpose, each.subject) == (FEED, name)),
            tuple(each for each in several if READER in each.subject),
        )
        for name, several in found.items()
    ]


def _name(site: Site, name: str) -> str:
    return _PLAN_NAME if name == PLAN else site.table.directory[name].name


def _listed(site: Site, row: _Row) -> dict[str, object]:
    return {
        "name": row.name,
        "label": row.label,
        "page": _shown(site, row.page) if row.page else None,
        "feed": _shown(site, row.feed),
        "readers": sum(not reader.revoked for reader in row.readers),
    }


def _shown(site: Site, found: LinkView) -> dict[str, object]:
    return {
        "purpose": found.purpose,
        "subject": found.subject,
        "is_reader": READER in found.subject,
        "label": found.label,
        "generation": found.generation,
        "revoked": found.revoked,
        "last_use": _day(site, found.last_use),
        "created": _day(site, found.created),
    }


def _opened(site: Site, base: str, found: LinkView) -> dict[str, object]:
    """With its addresses: whoever sees this page can open them all."""
    short = links.address(site.app, base, found, handed_out=True)
    addresses = {"address": short, "webcal": webcal_url(short)}
    return (
        _shown(site, found)
        | addresses
        | {
            "full": links.address(site.app, base, found),
            "changes": [
                {"at": each.at.astimezone(site.table.plan.zone), "act": each.act, "by": each.by}
                for each in links.changes(site.app, found)
            ],
        }
    )


def _day(site: Site, at: datetime | None) -> str:
    return wording.full_day(site.table.local_day(at)) if at else ""
