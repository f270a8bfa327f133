"""Approval: every digest exactly as it will go; one, all, or none with a reason."""

from datetime import datetime
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.errors import DeclinedError
from reminder.office.approval import WHY, Approvals, Digest
from reminder.web.console.access import APPROVE, console_form, console_page
from reminder.web.forms import Form
from reminder.web.mail_view import MailView
from reminder.web.page import Page, Refused, page_number

HERE = "/console/approval"
ROWS = 200


def _listed(page: Page, form: Form | None = None, refused: str = "") -> Response:
    """Every batch with its counts; of their digests those of one page. A form whose reason for
    dropping was not accepted stands there again."""
    # Also January's, while December still runs.
    containers = map(page.app.containers.of, page.app.series)
    waiting = [parts.approvals.batches(page.connection, page.at) for parts in containers]
    batches = [batch for batches in waiting for batch in batches]
    pages = max(1, -(-sum(len(batch.digests) for batch in batches) // ROWS))
    number = min(page_number(page), pages)  # some may have been approved meanwhile
    first = (number - 1) * ROWS  # of the page, counted from the batch's first
    rows = []
    places = {unit: place for place, unit in enumerate(page.table.directory.units)}
    for batch in batches:
        # What is to be read stands first, else the units stand in their own order.
        digests = sorted(
            batch.digests, key=lambda d: (not d.is_open, places.get(d.view.unit, len(places)))
        )
        listed = digests[max(0, first) : max(0, first + ROWS)]
        rows.append((batch, [(digest, _subject(page, digest)) for digest in listed]))
        first -= len(digests)
    return page.render(
        "console/approval.html",
        status=422 if refused else 200,
        here=HERE,
        refused=refused,
        dropping=(form["key"], _why(form)) if form else ("", ""),
        enabled=page.settings.mail.approval,
        batches=rows,
        directory=page.table.directory,
        why=WHY,
        page=number,
        pages=pages,
    )


def _approvals(page: Page, key: str) -> Approvals:
    """Of the digest's own table; they know no digest by what is no key of one."""
    return page.app.containers.of_digest(key).approvals


def _subject(page: Page, digest: Digest) -> str:
    """By the head alone: there may be hundreds on a page."""
    head = digest.composed.content.partition(b"\r\n\r\n")[0] if digest.composed else b""
    return MailView(head, page.table.plan.zone).subject


def _why(form: Form) -> str:
    return form.line("why", WHY + 1)


def _mail(page: Page, form: Form | None = None, refused: str = "") -> Response:
    key = form["key"] if form else page.query("key")
    wanted = None if form else _moment(page.query("as_of"))
    try:
        digest, as_of = _approvals(page, key).find(page.connection, key, page.at, wanted)
        if digest.composed is None:
            raise DeclinedError("goes_to_nobody")
    except DeclinedError as error:
        return _listed(page, None, refused or page.phrase(error.reason, **error.facts))
    query = {"key": key, "as_of": as_of.isoformat(), "sha256": digest.composed.sha256}
    return page.render(
        "console/approval_mail.html",
        status=422 if refused else 200,
        here=HERE,
        refused=refused,
        digest=digest,
        unit=page.table.directory.name_of(digest.view.unit),
        as_of=as_of,
        mail=MailView(digest.composed.content, page.table.plan.zone),
        frame=f"{HERE}/mail/html?{urlencode(query)}",
        typed=_why(form) if form else "",
        why=WHY,
    )


def _html(page: Page) -> Response:
    """Of the very message that the page around it speaks of."""
    find, as_of = _approvals(page, page.query("key")).find, _moment(page.query("as_of"))
    try:
        digest, _ = find(page.connection, page.query("key"), page.at, as_of)
    except DeclinedError:
        raise HTTPException(404) from None
    if digest.composed is None or digest.composed.sha256 != page.query("sha256"):
        raise Refused(409, "content_changed")
    return MailView(digest.composed.content, page.table.plan.zone).frame(links=False)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _sent_moment(form: Form, name: str) -> datetime:
    if moment := _moment(form[name]):
        return moment
    raise HTTPException(400)


def _approve(page: Page, form: Form) -> Response:
    as_of = _sent_moment(form, "as_of")
    _approvals(page, form["key"]).approve(form["key"], as_of, form["sha256"], page.at, page.who)
    page.app.wake()
    return page.done(HERE, "approved")


def _approve_all(page: Page, form: Form) -> Response:
    due, as_of = _sent_moment(form, "due"), _sent_moment(form, "as_of")
    plan, sha256 = page.app.table.plan.id, form["sha256"]
    approvals = page.app.containers.with_work(plan, form["period"]).approvals
    approvals.approve_all(form["period"], due, as_of, sha256, page.at, page.who)
    page.app.wake()
    return page.done(HERE, "all_approved")


def _drop(page: Page, form: Form) -> Response:
    _approvals(page, form["key"]).drop(form["key"], _why(form), page.at, page.who)
    return page.done(HERE, "digest_dropped")


def _not_dropped(page: Page, form: Form, refused: str) -> Response:
    return (_mail if form["from"] == "mail" else _listed)(page, form, refused)


ROUTES = [
    console_page(HERE, _listed),
    console_page(f"{HERE}/mail", _mail),
    console_page(f"{HERE}/mail/html", _html),
    console_form(f"{HERE}/approve", _approve, _mail, APPROVE),
    console_form(f"{HERE}/all", _approve_all, _listed, APPROVE),
    console_form(f"{HERE}/drop", _drop, _not_dropped, APPROVE),
]
