"""The mails that a unit has had, each as it went out."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain import wording
from reminder.domain.units import Unit
from reminder.ledger.links import PAGE
from reminder.ledger.views import SentMail, mailed_as, mailed_to
from reminder.web.security import mail_to_use
from reminder.web.site import Site, page_number, site_of
from reminder.web.unit_link import UnitLink, opened, shared
from reminder.web.uses import note_use

SHOWN = 6  # on the unit's page
_PAGE = 50


@dataclass(frozen=True)
class Listed:
    subject: str
    when: str
    path: str


def mails(request: Request) -> Response:
    site, link = site_of(request), opened(request)
    page = page_number(request)
    found = listed(site, link, (page - 1) * _PAGE, _PAGE + 1)
    if page > 1 and not found:
        raise HTTPException(404)
    answer = site.page(
        "unit/mails.html",
        **shared(site, link),
        mails=found[:_PAGE],
        page=page,
        more=len(found) > _PAGE,
    )
    answer.background = BackgroundTask(note_use, site, PAGE, link.unit.id)
    return answer


def mail(request: Request) -> Response:
    site, link = site_of(request), opened(request)
    found = _mail(request, site, link)
    message = _parsed(found)
    text = message.get_body(("plain",))
    return site.page(
        "unit/mail.html",
        **shared(site, link),
        subject=str(message["Subject"]),
        when=wording.moment(found.as_of.astimezone(site.table.plan.zone)),
        body=f"{link.path}/mail-body/{quote(found.key)}",
        text=text.get_content() if text else "",
    )


def mail_body(request: Request) -> Response:
    """The mail's own HTML, for a frame that lets it do nothing."""
    site, link = site_of(request), opened(request)
    html = _parsed(_mail(request, site, link)).get_body(("html",))
    if html is None:
        raise HTTPException(404)
    return mail_to_use(html.get_content())


def listed(site: Site, link: UnitLink, first: int, most: int) -> list[Listed]:
    with site.database.read() as connection:
        return list(_listed(site, link, mailed_to(connection, *_of(link.unit), first, most)))


def _listed(site: Site, link: UnitLink, found: Iterator[SentMail]) -> Iterator[Listed]:
    for each in found:
        head = BytesHeaderParser(policy=default).parsebytes(each.content)
        when = wording.moment(each.as_of.astimezone(site.table.plan.zone))
        yield Listed(str(head["Subject"]), when, f"{link.path}/mails/{quote(each.key)}")


def _mail(request: Request, site: Site, link: UnitLink) -> SentMail:
    with site.database.read() as connection:
        found = mailed_as(connection, *_of(link.unit), request.path_params["key"])
    if found is None:
        raise HTTPException(404)
    return found


def _of(unit: Unit) -> tuple[str, tuple[str, ...]]:
    return unit.id, (*unit.to, *unit.cc)


def _parsed(found: SentMail) -> EmailMessage:
    message = message_from_bytes(found.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message
