"""The outbox: every mail that went into the folder, for who sits at this machine."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from reminder.delivery.transports.maildir import messages
from reminder.web.security import MAIL_POLICY
from reminder.web.site import local_only

PAGE = 200
# No mail of ours has a longer head; the list reads no more of a message than this.
_HEAD = 65536
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_SHOWN = ("From", "To", "Cc", "Reply-To", "Date", "Message-ID")


@dataclass(frozen=True)
class Listed:
    name: str
    subject: str
    to: str
    date: str


def outbox(request: Request) -> Response:
    site = local_only(request)
    paths = messages(site.settings.outbox)
    page = _page_number(request.query_params.get("page", "1"))
    pages = max(1, -(-len(paths) // PAGE))
    if page > pages:
        raise HTTPException(404)
    zone = site.table().plan.zone
    return site.page(
        "outbox.html",
        mails=list(_listed(paths[(page - 1) * PAGE : page * PAGE], zone)),
        count=len(paths),
        page=page,
        pages=pages,
        subscriptions=site.subscriptions(site.base(request)),
    )


def mail(request: Request) -> Response:
    site = local_only(request)
    message = _message(request)
    shown = {name: value for name in _SHOWN if (value := _header(message, name))}
    if date := _date(message, site.table().plan.zone):
        shown["Date"] = date
    return site.page(
        "outbox_mail.html",
        name=request.path_params["name"],
        subject=_subject(message),
        headers=shown,
        has_html=message.get_body(("html",)) is not None,
        text=_words(message, "plain"),
    )


def mail_html(request: Request) -> Response:
    local_only(request)
    html = _words(_message(request), "html")
    if html is None:
        raise HTTPException(404)
    policy = {"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, headers=policy)


def mail_text(request: Request) -> Response:
    local_only(request)
    text = _words(_message(request), "plain")
    if text is None:
        raise HTTPException(404)
    return PlainTextResponse(text, headers={"Cache-Control": "no-store"})


def mail_source(request: Request) -> Response:
    """The stored bytes, to the last one."""
    local_only(request)
    headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}
    return Response(_content(request), headers=headers)


def _page_number(given: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", given):
        raise HTTPException(404)
    return int(given)


def _listed(paths: list[Path], zone: ZoneInfo) -> Iterator[Listed]:
    for path in paths:
        # A mail program may move a message between the listing and the look.
        with suppress(FileNotFoundError), path.open("rb") as file:
            head = _parse(file.read(_HEAD).replace(b"\r\n", b"\n").partition(b"\n\n")[0])
            name = path.name.partition(":")[0]
            yield Listed(name, _subject(head), _header(head, "To"), _date(head, zone))


def _parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def _subject(message: EmailMessage) -> str:
    return _header(message, "Subject") or "（无主题）"


def _header(message: EmailMessage, name: str) -> str:
    """Of a mail that somebody else put here too: where the library's parser gives up, raw."""
    try:
        return str(message[name] or "")
    except (IndexError, AttributeError):
        raw = (value for known, value in message.raw_items() if known.lower() == name.lower())
        return str(next(raw, ""))


def _date(message: EmailMessage, zone: ZoneInfo) -> str:
    try:
        date: datetime = parsedate_to_datetime(_header(message, "Date"))
    except ValueError:
        return ""
    return f"{date.astimezone(zone):%Y-%m-%d %H:%M}"


def _message(request: Request) -> EmailMessage:
    return _parse(_content(request))


def _content(request: Request) -> bytes:
    """Raises 404 for a name that is none, or that no message in the folder has."""
    folder, name = local_only(request).settings.outbox, request.path_params["name"]
    if _NAME.fullmatch(name):
        for path in _places(folder, name):
            with suppress(FileNotFoundError):
                if path.is_file():
                    return path.read_bytes()
    raise HTTPException(404)


def _places(folder: Path, name: str) -> Iterator[Path]:
    """A mail program moves what was read to `cur` and adds `:2,` and flags."""
    yield folder / "new" / name
    yield folder / "cur" / name
    yield from (folder / "cur").glob(f"{name}:2,*")


def _words(message: EmailMessage, kind: str) -> str | None:
    """The part's text; characters that its charset does not have are shown as such."""
    part = message.get_body((kind,))
    if part is None:
        return None
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return None
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
