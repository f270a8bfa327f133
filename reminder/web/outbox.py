"""The outbox: every mail that went into the folder. Its pages lie behind the door."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from reminder.mail.transports.maildir import messages
from reminder.web.access import local
from reminder.web.forms import get
from reminder.web.page import Page
from reminder.web.security import mail_to_use

PAGE = 50
# No mail of ours has a longer head; the list reads no more of a message than this.
_HEAD = 65536
# Of a message itself, as much as anybody could want to read.
_MOST = 10_000_000
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
T = TypeVar("T")
_SHOWN = ("From", "To", "Cc", "Reply-To", "Date", "Message-ID")


@dataclass(frozen=True)
class Listed:
    name: str
    subject: str
    to: str
    date: str


def outbox(page: Page) -> Response:
    paths = messages(page.settings.outbox)
    number = _page_number(page)
    pages = max(1, -(-len(paths) // PAGE))
    if number > pages:
        raise HTTPException(404)
    zone = page.table.plan.zone
    return page.render(
        "outbox.html",
        mails=list(_listed(paths[(number - 1) * PAGE : number * PAGE], zone)),
        count=len(paths),
        page=number,
        pages=pages,
        subscriptions=page.site.subscriptions(page.connection, page.base),
    )


def mail(page: Page) -> Response:
    message = _message(page)
    shown = {name: value for name in _SHOWN if (value := _header(message, name))}
    if date := _date(message, page.table.plan.zone):
        shown["Date"] = date
    return page.render(
        "outbox_mail.html",
        name=page.part("name"),
        subject=_subject(message),
        headers=shown,
        has_html=_words(message, "html") is not None,
        text=_words(message, "plain"),
    )


def mail_html(page: Page) -> Response:
    html = _words(_message(page), "html")
    if html is None:
        raise HTTPException(404)
    return mail_to_use(html)


def mail_text(page: Page) -> Response:
    text = _words(_message(page), "plain")
    if text is None:
        raise HTTPException(404)
    return PlainTextResponse(text)


def mail_source(page: Page) -> Response:
    """The stored bytes, to the last one."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    return Response(_content(page), headers=headers)


def _page_number(page: Page) -> int:
    match page.request.query_params.multi_items():
        case []:
            return 1
        case [("page", number)] if re.fullmatch(r"[1-9][0-9]{0,5}", number):
            return int(number)
    raise HTTPException(400)


def _listed(paths: list[Path], zone: ZoneInfo) -> Iterator[Listed]:
    for path in paths:
        # A mail program may move a message between the listing and the look.
        with suppress(OSError):
            head = _parse(_read(path, _HEAD).replace(b"\r\n", b"\n").partition(b"\n\n")[0])
            name = path.name.partition(":")[0]
            yield Listed(name, _subject(head), _header(head, "To"), _date(head, zone))


def _read(path: Path, most: int) -> bytes:
    """Of a file in the folder itself: no link out of it, no pipe that never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        return file.read(most)


def _tried(parse: Callable[[], T], otherwise: T) -> T:
    """Somebody else may put a mail here too, and the library gives up on a bad one in many
    ways: odd charsets, surrogates, endless nesting. Then it is shown as far as can be."""
    try:
        return parse()
    except Exception:  # noqa: BLE001 - whatever it was, its source can be read
        return otherwise


def _parse(content: bytes) -> EmailMessage:
    return _tried(lambda: message_from_bytes(content, policy=default), EmailMessage())


def _subject(message: EmailMessage) -> str:
    return _header(message, "Subject")


def _header(message: EmailMessage, name: str) -> str:
    """Where the library's parser gives up, raw."""
    raw = (value for known, value in message.raw_items() if known.lower() == name.lower())
    return _sound(_tried(lambda: str(message[name] or ""), "") or str(next(raw, "")))


def _date(message: EmailMessage, zone: ZoneInfo) -> str:
    date = _header(message, "Date")
    return _tried(lambda: f"{parsedate_to_datetime(date).astimezone(zone):%Y-%m-%d %H:%M}", "")


def _message(page: Page) -> EmailMessage:
    return _parse(_content(page))


def _content(page: Page) -> bytes:
    """Raises 404 for a name that is none, or that no message in the folder has."""
    folder, name = page.settings.outbox, page.part("name")
    if _NAME.fullmatch(name):
        for path in _places(folder, name):
            with suppress(OSError):
                return _read(path, _MOST)
    raise HTTPException(404)


def _places(folder: Path, name: str) -> Iterator[Path]:
    """A mail program moves what was read to `cur` and adds `:2,` and flags."""
    yield folder / "new" / name
    yield folder / "cur" / name
    yield from (folder / "cur").glob(f"{name}:2,*")


def _words(message: EmailMessage, kind: str) -> str | None:
    """The part's text; characters that its charset does not have are shown as such."""
    part = _tried(lambda: message.get_body((kind,)), None)
    if part is None:
        return None
    content = _tried(lambda: part.get_payload(decode=True), None)
    if not isinstance(content, bytes):
        return None
    words = content.decode("utf-8", "replace")
    return _sound(
        _tried(lambda: content.decode(part.get_content_charset("utf-8"), "replace"), words)
    )


def _sound(text: str) -> str:
    """Without the halves of characters that some charsets bring forth and no page can carry."""
    return text.encode("utf-8", "replace").decode()


ROUTES = [
    get("/outbox", outbox, local),
    get("/outbox/{name}", mail, local),
    get("/outbox/{name}/html", mail_html, local),
    get("/outbox/{name}/text", mail_text, local),
    get("/outbox/{name}/source", mail_source, local),
]
