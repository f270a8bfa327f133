"""The ledger in the console: every notice, why it is where it is, and what did not arrive again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain.notices import CLEARED, UNREAD, Kind, Reason, State, copy_number, original
from reminder.domain.outcomes import KINDS, REASONS, STATES, STEPS
from reminder.domain.timetable import MONTHS
from reminder.errors import UnknownError, UsageError
from reminder.ledger.counts import tally
from reminder.ledger.history import read_history
from reminder.ledger.notices import content_of
from reminder.ledger.views import (
    PAGE_SIZE,
    NoticeFilter,
    NoticeView,
    RecipientView,
    page_of,
    read_notices,
)
from reminder.office import lookup, operations
from reminder.office.reports import OPERATOR
from reminder.web.console.guard import order, page
from reminder.web.console.letters import body, letter
from reminder.web.forms import Form, token
from reminder.web.said import said, told
from reminder.web.site import Site, site_of

HERE = "/console/ledger"
SUGGESTED = 200  # units that the browser offers while one types
LISTED = 200  # of many that go again, those that are named
_SAID = {
    "resent": "已安排重新发送，结果稍后见台账。",
    "settled": "这封通知已送达、正在发送或已了结。",
    "nothing": "没有需要重新发送的：可能已在发送途中，或该单位没有可用邮箱。",
}
_COLOURS = {
    State.SENT: "green",
    State.REFUSED: "red",
    State.HELD: "wait",
    State.EXPIRED: "grey",
    State.BASELINE: "grey",
}


def _list(request: Request) -> Response:
    site, query = site_of(request), request.query_params
    refused = ""
    try:
        wanted = _wanted(site, query)
    except UnknownError as error:
        wanted, refused = NoticeFilter(), str(error)
    with site.database.read() as connection:
        views = page_of(connection, wanted, query.get("before", ""), PAGE_SIZE + 1)
        counted = None
        if wanted.kind is Kind.DIGEST and wanted.period:
            counted = tally(connection, wanted.kind, wanted.period)
    return site.page(
        "console/ledger.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        said=said(request, _SAID),
        refused=refused,
        chosen=_chosen(query),
        periods=[site.table.plan.period(month) for month in MONTHS],
        kinds=KINDS,
        states=STATES,
        units=[unit.name for unit in site.table.directory.single[:SUGGESTED]],
        rows=[_row(site, view) for view in views[:PAGE_SIZE]],
        counted=counted,
        again=_again(site, wanted),
        later=query.get("before", "") and _link(query, ""),
        earlier=_link(query, views[PAGE_SIZE - 1].key) if len(views) > PAGE_SIZE else "",
    )


def _chosen(query: QueryParams) -> dict[str, str]:
    names = ("period", "kind", "state", "unit", "rehearsals")
    return {name: query.get(name, "") for name in names}


def _link(query: QueryParams, before: str) -> str:
    chosen = {name: value for name, value in _chosen(query).items() if value}
    return f"{HERE}?{urlencode(chosen | ({'before': before} if before else {}))}"


def _wanted(site: Site, query: QueryParams) -> NoticeFilter:
    """Raises `UnknownError` with a sentence for the page."""
    chosen = _chosen(query)
    if chosen["period"] and chosen["period"] not in map(site.table.plan.period, MONTHS):
        raise UnknownError("安排表中没有这个月份")
    if chosen["kind"] not in ("", *Kind) or chosen["state"] not in ("", *State):
        raise UnknownError("没有这种类别或状态")
    name, unit = chosen["unit"].strip(), ""
    if name:
        try:
            with site.database.read() as connection:
                unit = lookup.find_subject(site.app, connection, name)
        except UnknownError:
            raise UnknownError("没有这个单位，请填写单位全称、简称或编号") from None
    return NoticeFilter(
        period=chosen["period"],
        kind=Kind(chosen["kind"]) if chosen["kind"] else None,
        state=State(chosen["state"]) if chosen["state"] else None,
        unit=unit,
        rehearsals=bool(chosen["rehearsals"]),
    )


def _again(site: Site, wanted: NoticeFilter) -> dict[str, Any] | None:
    """What a whole filter may send again: of one month and one kind."""
    if not wanted.period or wanted.kind not in operations.RESENDABLE:
        return None
    count = len(operations.to_resend(site.app, wanted.kind, wanted.period))
    query = urlencode({"kind": wanted.kind, "period": wanted.period})
    return {"count": count, "link": f"{HERE}/resend?{query}"} if count else None


def _row(site: Site, view: NoticeView) -> dict[str, Any]:
    return {
        "link": f"{HERE}/notice?{urlencode({'key': view.key})}",
        "unit": _unit(site, view.unit),
        "what": f"{KINDS.get(view.kind, view.kind)} {view.period}",
        "number": copy_number(view.key),
        "rehearsal": view.rehearsal,
        "colour": _COLOURS.get(view.state, "blue"),
        "state": STATES[view.state],
        "reason": "" if view.state is State.BASELINE else REASONS.get(view.reason, ""),
        "people": [(p.address, STATES[p.state], _complaint(p)) for p in view.recipients],
        "when": _when(site, view.updated),
    }


def _complaint(person: RecipientView) -> str:
    """The mail server's words, where somebody has to read them."""
    return "" if person.state is State.SENT else person.reply


def _unit(site: Site, unit_id: str) -> str:
    """A report's reader is no unit."""
    return {OPERATOR: "管理员"}.get(unit_id) or site.table.directory.name_of(unit_id)


def _when(site: Site, at: datetime | None) -> str:
    return f"{at.astimezone(site.table.plan.zone):%Y-%m-%d %H:%M}" if at else ""


def _notice(request: Request) -> Response:
    return _notice_shown(request, request.query_params.get("key", ""))


def _notice_shown(request: Request, key: str, *, refused: str = "") -> Response:
    site = site_of(request)
    with site.database.read() as connection:
        views = read_notices(connection, keys=[key])
        if not views:
            raise HTTPException(404)
        [view] = views
        family = read_notices(connection, kind=view.kind, period=view.period, unit=view.unit)
        history = read_history(connection, key)
        content = content_of(connection, key)
        needless = operations.why_needless_now(site.app, connection, view)
    base = original(key)
    copies = [other for other in family if original(other.key) == base]
    query = urlencode({"key": key})
    held = view.state is State.HELD and view.reason in (*UNREAD, *CLEARED)
    return site.page(
        "console/notice.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        refused=refused,
        key=key,
        row=_row(site, view),
        due=_when(site, view.due),
        until=_when(site, view.useful_until),
        as_of=_when(site, view.as_of),
        people=[
            (p.address, STATES[p.state], REASONS.get(p.reason, ""), p.reply)
            for p in view.recipients
        ],
        history=list(_told(site, history)),
        copies=[_row(site, other) for other in copies if other.key != key],
        may_resend=_may_resend(site, view, copies, needless, site.clock.now()),
        may_drop=_may_drop(view, copies),
        approval=f"/console/approval/mail?{query}" if held else "",
        mail=letter(content, site.table.plan.zone) if content else None,
        frame=f"{HERE}/mail?{query}",
        source=f"{HERE}/source?{query}",
    )


def _told(site: Site, history: Iterable[Any]) -> Iterable[tuple[str, ...]]:
    for row in history:
        state, reason = STATES[State(row["state"])], STEPS.get(row["reason"], row["reason"])
        yield _when(site, row["at"]), row["address"] or "", state, reason, row["detail"]


def _may_resend(
    site: Site,
    view: NoticeView,
    copies: list[NoticeView],
    needless: Reason | None,
    at: datetime,
) -> bool:
    """What did not arrive, is of use, and is not on its way nor yet to come."""
    is_read_first = site.settings.mail.approval and view.kind is Kind.DIGEST
    is_early = at < view.due and not (view.rehearsal or is_read_first)
    if view.kind not in operations.RESENDABLE or is_early or any(copy.waiting for copy in copies):
        return False
    is_last = copies[-1].key == view.key
    return is_last and needless is None and view.state in (State.REFUSED, State.EXPIRED)


def _may_drop(view: NoticeView, copies: list[NoticeView]) -> bool:
    """What did not arrive, and nobody has seen to."""
    return operations.may_be_dropped(view) and not view.waiting and copies[-1].key == view.key


def _content(request: Request) -> bytes:
    with site_of(request).database.read() as connection:
        content = content_of(connection, request.query_params.get("key", ""))
    if content is None:
        raise HTTPException(404)
    return content


def _html(request: Request) -> Response:
    return body(_content(request))


def _source(request: Request) -> Response:
    """The stored bytes, to the last one."""
    return Response(_content(request), headers={"Content-Type": "text/plain; charset=utf-8"})


def _resend_one(request: Request, form: Form) -> Response:
    site, key = site_of(request), form["key"]
    try:
        made = operations.resend(site.app, key)
    except operations.NeedlessError as error:
        return _notice_shown(request, key, refused=f"{REASONS[error.reason]}。")
    except (UnknownError, UsageError):
        return _notice_shown(request, key, refused=_SAID["nothing"])
    site.app.wake()
    return site_of(request).to(f"{HERE}/notice?{urlencode({'key': made})}")


def _drop_one(request: Request, form: Form) -> Response:
    site, key = site_of(request), form["key"]
    try:
        operations.drop(site.app, key)
    except UnknownError:
        raise HTTPException(404) from None
    except UsageError:
        return _notice_shown(request, key, refused=_SAID["settled"])
    return site.to(f"{HERE}/notice?{urlencode({'key': key})}")


def _occasion(kind: str, period: str, site: Site) -> tuple[Kind, str]:
    if kind not in operations.RESENDABLE or period not in map(site.table.plan.period, MONTHS):
        raise HTTPException(400)
    return Kind(kind), period


def _confirm(request: Request) -> Response:
    site, query = site_of(request), request.query_params
    kind, period = _occasion(query.get("kind", ""), query.get("period", ""), site)
    keys = operations.to_resend(site.app, kind, period)
    with site.database.read() as connection:
        views = read_notices(connection, keys=keys[:LISTED])
    return site.page(
        "console/resend.html",
        here=HERE,
        token=token(request),
        kind=kind,
        period=period,
        what=f"{period} {KINDS[kind]}",
        count=len(keys),
        rows=[_row(site, view) for view in views],
        back=f"{HERE}?{urlencode({'period': period, 'kind': kind})}",
    )


def _resend_all(request: Request, form: Form) -> Response:
    site = site_of(request)
    kind, period = _occasion(form["kind"], form["period"], site)
    done = "resent" if operations.resend_refused(site.app, kind, period) else "nothing"
    return told(request, HERE, done, f"?{urlencode({'period': period, 'kind': kind})}")


ROUTES = [
    page(HERE, _list),
    page(f"{HERE}/notice", _notice),
    page(f"{HERE}/mail", _html),
    page(f"{HERE}/source", _source),
    order(f"{HERE}/notice/resend", _resend_one),
    order(f"{HERE}/notice/drop", _drop_one),
    page(f"{HERE}/resend", _confirm),
    order(f"{HERE}/resend/all", _resend_all),
]
