"""Approval: every digest exactly as it will go; one, all, or none with a reason."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain import wording
from reminder.domain.notices import Reason
from reminder.domain.outcomes import REASONS
from reminder.office import approval
from reminder.office.approval import WHY, ApprovalError, Batch, Digest
from reminder.web.console.guard import order, page
from reminder.web.console.letters import body, letter, subject
from reminder.web.forms import Form, token
from reminder.web.page import Refused
from reminder.web.said import said, told
from reminder.web.site import Site, page_number, site_of

HERE = "/console/approval"
ROWS = 200
_SAID = {
    "approved": "已审核通过。",
    "all": "已全部审核通过。",
    "dropped": "已取消，这封提示不会发送。",
}


def _list(request: Request) -> Response:
    return _listed(request, said=said(request, _SAID))


def _listed(
    request: Request, *, said: str = "", refused: str = "", dropping: tuple[str, str] = ("", "")
) -> Response:
    """`dropping` is a key and the reason that was typed for it and not accepted."""
    site = site_of(request)
    found = approval.batches(site.app)
    count = sum(len(batch.digests) for batch in found)
    pages = max(1, -(-count // ROWS))
    number = min(page_number(request), pages)  # some may have been approved meanwhile
    return site.page(
        "console/approval.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        said=said,
        refused=refused,
        dropping=dropping,
        enabled=site.settings.mail.approval,
        batches=list(_shown(site, found, (number - 1) * ROWS)),
        why=WHY,
        page=number,
        pages=pages,
    )


def _shown(site: Site, found: list[Batch], first: int) -> Iterator[dict[str, Any]]:
    """Every batch with its counts; of the digests those of one page."""
    for batch in found:
        due = batch.due.astimezone(site.table.plan.zone)
        digests = _sorted(site, batch)
        some = digests[max(0, first) : max(0, first + ROWS)]
        first -= len(digests)
        yield {
            "period": batch.period,
            "due": batch.due.isoformat(),
            "moment": wording.moment(due),
            "late": batch.as_of > batch.due,
            "as_of": batch.as_of.isoformat(),
            "sha256": batch.sha256,
            "count": len(batch.digests),
            "open": len(batch.open),
            "rows": [_row(site, digest, batch.as_of) for digest in some],
        }


def _sorted(site: Site, batch: Batch) -> list[Digest]:
    """What is to be read stands first, else the units stand in their own order."""
    places = {unit: place for place, unit in enumerate(site.table.directory.units)}
    return sorted(
        batch.digests, key=lambda d: (not d.is_open, places.get(d.view.unit, len(places)))
    )


def _row(site: Site, digest: Digest, as_of: datetime) -> dict[str, Any]:
    composed, view = digest.composed, digest.view
    query = {"key": view.key, "as_of": as_of.isoformat()}
    return {
        "key": view.key,
        "unit": site.table.directory.name_of(view.unit),
        "subject": subject(composed.content) if composed else "",
        "addresses": composed.recipients if composed else (),
        "sha256": composed.sha256 if composed else "",
        "open": digest.is_open,
        "mark": _mark(digest),
        "link": f"{HERE}/mail?{urlencode(query)}",
    }


def _mark(digest: Digest) -> tuple[str, str]:
    """The pill's colour and word."""
    if digest.composed is None:
        return "grey", "不再发送（无事项或无邮箱）"
    if not digest.is_open:
        return "green", REASONS[digest.view.reason]
    if digest.view.approved and digest.is_changed:
        return "yellow", "审核后内容有变化"
    return "wait", REASONS[Reason.APPROVAL]


def _mail(request: Request) -> Response:
    key = request.query_params.get("key", "")
    return _mail_shown(request, key, _moment(request.query_params.get("as_of", "")))


def _mail_shown(
    request: Request, key: str, as_of: datetime | None, *, refused: str = "", why: str = ""
) -> Response:
    site = site_of(request)
    try:
        digest, as_of = approval.find(site.app, key, as_of)
    except ApprovalError as error:
        return _listed(request, refused=refused or str(error))
    if digest.composed is None:
        return _listed(request, refused="该单位本月已无事项，或未登记邮箱，不会发送")
    zone = site.table.plan.zone
    row = _row(site, digest, as_of)
    query = {"key": key, "as_of": as_of.isoformat(), "sha256": row["sha256"]}
    return site.page(
        "console/approval_mail.html",
        status=422 if refused else 200,
        here=HERE,
        token=token(request),
        refused=refused,
        row=row,
        as_of=as_of.isoformat(),
        moment=wording.moment(digest.view.due.astimezone(zone)),
        late=as_of > digest.view.due,
        mail=letter(digest.composed.content, zone),
        frame=f"{HERE}/mail/html?{urlencode(query)}",
        typed=why,
        why=WHY,
    )


def _html(request: Request) -> Response:
    """Of the very message that the page around it speaks of."""
    query = request.query_params
    try:
        digest, _ = approval.find(
            site_of(request).app, query.get("key", ""), _moment(query.get("as_of", ""))
        )
    except ApprovalError:
        raise HTTPException(404) from None
    if digest.composed is None or digest.composed.sha256 != query.get("sha256"):
        raise Refused(409, "content_changed")
    return body(digest.composed.content)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _sent_moment(form: Form, name: str) -> datetime:
    moment = _moment(form[name])
    if moment is None:
        raise HTTPException(400)
    return moment


def _approve(request: Request, form: Form) -> Response:
    key = form["key"]
    try:
        approval.approve(site_of(request).app, key, _sent_moment(form, "as_of"), form["sha256"])
    except ApprovalError as error:
        return _mail_shown(request, key, None, refused=str(error))
    return told(request, HERE, "approved")


def _approve_all(request: Request, form: Form) -> Response:
    due, as_of = _sent_moment(form, "due"), _sent_moment(form, "as_of")
    try:
        approval.approve_all(site_of(request).app, form["period"], due, as_of, form["sha256"])
    except ApprovalError as error:
        return _listed(request, refused=str(error))
    return told(request, HERE, "all")


def _drop(request: Request, form: Form) -> Response:
    key, why = form["key"], form.line("why", WHY + 1)
    try:
        approval.drop(site_of(request).app, key, why)
    except ApprovalError as error:
        if form["from"] == "mail":
            return _mail_shown(request, key, None, refused=str(error), why=why)
        return _listed(request, refused=str(error), dropping=(key, why))
    return told(request, HERE, "dropped")


ROUTES = [
    page(HERE, _list),
    page(f"{HERE}/mail", _mail),
    page(f"{HERE}/mail/html", _html),
    order(f"{HERE}/approve", _approve),
    order(f"{HERE}/all", _approve_all),
    order(f"{HERE}/drop", _drop),
]
