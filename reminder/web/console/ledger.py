"""The ledger in the console: every notice, why it is where it is, and what did not arrive again."""

from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from reminder.domain.notices import Kind, copy_number
from reminder.errors import DeclinedError, UnknownError, UsageError
from reminder.office import operations
from reminder.office.records import (
    filter_by,
    page_of_notices,
    periods_of,
    read_content,
    read_details,
)
from reminder.web.console.access import APPROVE, EDIT, console_form, console_page
from reminder.web.forms import Form
from reminder.web.mail_view import MailView
from reminder.web.page import Page

HERE = "/console/ledger"
SUGGESTED = 200  # units that the browser offers while one types
LISTED = 200  # of many that go again, those that are named


def _list(page: Page) -> Response:
    names = ("period", "kind", "state", "unit", "rehearsals")
    chosen, before = {name: page.query(name) for name in names}, page.query("before")
    refused = ""
    try:
        wanted = filter_by(page.app, page.connection, chosen)
    except DeclinedError as error:
        wanted = filter_by(page.app, page.connection, dict.fromkeys(names, ""))
        refused = page.phrase(error.reason, **error.facts)
    shown = page_of_notices(page.app, page.connection, wanted, before)
    return _render(
        page,
        "ledger.html",
        refused,
        chosen=chosen,
        periods=periods_of(page.app),
        units=[unit.name for unit in page.table.directory.single[:SUGGESTED]],
        shown=shown,
        later=_link(chosen) if before else "",
        earlier=_link(chosen | {"before": shown["next_page"]}) if shown["next_page"] else "",
    )


def _link(chosen: dict[str, str]) -> str:
    return f"{HERE}?{urlencode({name: value for name, value in chosen.items() if value})}"


def _render(page: Page, template: str, refused: str = "", **facts: object) -> Response:
    return page.render(
        f"console/{template}",
        status=422 if refused else 200,
        here=HERE,
        refused=refused,
        directory=page.table.directory,
        copy_number=copy_number,
        **facts,
    )


def _notice(page: Page, form: Form | None = None, refused: str = "") -> Response:
    key = form["key"] if form else page.query("key")
    shown = read_details(page.app, page.connection, key)
    mail = _view(page, shown["content"]) if shown["content"] else None
    frame = f"{HERE}/mail?{urlencode({'key': key})}"
    facts = {"mail": mail, "frame": frame, "shorts": [_view(page, one) for one in shown["shorts"]]}
    return _render(page, "notice.html", refused, shown=shown, **facts)


def _view(page: Page, content: bytes) -> MailView:
    return MailView(content, page.table.plan.zone, with_keys=page.may(EDIT))


def _content(page: Page) -> bytes:
    return read_content(page.connection, page.query("key"))


def _html(page: Page) -> Response:
    return _view(page, _content(page)).frame(links=False)


def _resend_one(page: Page, form: Form) -> Response:
    try:
        key = operations.resend(page.app, form["key"], page.who)
    except operations.NeedlessError as error:
        raise DeclinedError("needless", why=error.reason) from None
    except (UnknownError, UsageError):
        raise DeclinedError("nothing_to_resend") from None
    page.app.wake()
    return page.to(f"{HERE}/notice?{urlencode({'key': key})}")


def _drop_one(page: Page, form: Form) -> Response:
    try:
        operations.drop(page.app, form["key"], page.who)
    except UsageError:
        raise DeclinedError("already_settled") from None
    return page.to(f"{HERE}/notice?{urlencode({'key': form['key']})}")


def _occasion(page: Page, kind: str, period: str) -> tuple[Kind, str]:
    if kind not in operations.RESENDABLE or period not in periods_of(page.app):
        raise HTTPException(400)
    return Kind(kind), period


def _confirm(page: Page) -> Response:
    kind, period = _occasion(page, page.query("kind"), page.query("period"))
    views = operations.to_resend(page.app, page.connection, kind, period)
    facts = {"kind": kind, "period": period, "back": _link({"period": period, "kind": kind})}
    return _render(page, "resend.html", count=len(views), views=views[:LISTED], **facts)


def _resend_all(page: Page, form: Form) -> Response:
    kind, period = _occasion(page, form["kind"], form["period"])
    count = operations.resend_refused(page.app, kind, period, page.who)
    message = "resent" if count else "nothing_to_resend"
    return page.done(HERE, message, f"?{urlencode({'period': period, 'kind': kind})}")


ROUTES = [
    console_page(HERE, _list),
    console_page(f"{HERE}/notice", _notice),
    console_page(f"{HERE}/mail", _html),
    console_page(f"{HERE}/source", lambda page: PlainTextResponse(_content(page)), EDIT),
    console_form(f"{HERE}/notice/resend", _resend_one, _notice, APPROVE),
    console_form(f"{HERE}/notice/drop", _drop_one, _notice, APPROVE),
    console_page(f"{HERE}/resend", _confirm, APPROVE),
    console_form(f"{HERE}/resend/all", _resend_all, role=APPROVE),
]
