"""The mails that a unit has had, each as it went out."""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.domain import wording
from reminder.domain.units import Unit
from reminder.ledger.views import SentMail, mailed_as, mailed_to
from reminder.web.mail_view import MailView
from reminder.web.page import Page, page_number
from reminder.web.unit_link import UnitLink, noting, opened, shared

SHOWN = 6  # on the unit's page
_PAGE = 50


@dataclass(frozen=True)
class Listed:
    subject: str
    when: str
    path: str


def mails(page: Page) -> Response:
    link = opened(page)
    number = page_number(page)
    rows = listed(page, link, (number - 1) * _PAGE, _PAGE + 1)
    if number > 1 and not rows:
        raise HTTPException(404)
    answer = page.render(
        "unit/mails.html",
        **shared(page, link),
        mails=rows[:_PAGE],
        page=number,
        more=len(rows) > _PAGE,
    )
    return noting(page, link, answer)


def mail(page: Page) -> Response:
    link = opened(page)
    mailed = _mail(page, link)
    return page.render(
        "unit/mail.html",
        **shared(page, link),
        mail=MailView(mailed.content, page.table.plan.zone),
        when=wording.moment(mailed.as_of.astimezone(page.table.plan.zone)),
        body=f"{link.path}/mail-body/{quote(mailed.key)}",
    )


def mail_body(page: Page) -> Response:
    """The mail's own HTML, for a frame that lets it do nothing."""
    return MailView(_mail(page, opened(page)).content, page.table.plan.zone).frame()


def listed(page: Page, link: UnitLink, first: int, most: int) -> list[Listed]:
    zone = page.table.plan.zone
    rows = []
    for mailed in mailed_to(page.connection, *_of(link.unit), first, most):
        head = MailView(mailed.content.partition(b"\r\n\r\n")[0], zone)
        when = wording.moment(mailed.as_of.astimezone(zone))
        rows.append(Listed(head.subject, when, f"{link.path}/mails/{quote(mailed.key)}"))
    return rows


def _mail(page: Page, link: UnitLink) -> SentMail:
    mailed = mailed_as(page.connection, *_of(link.unit), page.part("key"))
    if mailed is None:
        raise HTTPException(404)
    return mailed


def _of(unit: Unit) -> tuple[str, tuple[str, ...]]:
    return unit.id, (*unit.to, *unit.cc)
