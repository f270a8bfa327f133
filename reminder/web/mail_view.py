"""A mail as pages show it: its head, its text, and its HTML in a frame that can do nothing.

In the outbox's folder somebody else may put a mail too, and the library gives up on a bad one in
many ways (odd charsets, surrogates, endless nesting): what can be read of it is shown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from reminder.mail.mime import CHANNEL

_SHOWN = ("From", "To", "Cc", CHANNEL, "Reply-To", "Date", "Message-ID")
# A mail's own HTML: its inline styles, and nothing else, in an origin of its own.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_KEYS = re.compile(
    r"(/(?:units|feeds|readers)/)[a-z2-7]{20,}"
)  # of the links to pages and calendars
_POPUPS = "allow-popups allow-popups-to-escape-sandbox"
T = TypeVar("T")


@dataclass(frozen=True)
class MailView:
    """Of a whole message, or of its head alone. For who may not act for units `with_keys` is
    False: then the links in it open nothing."""

    content: bytes
    zone: ZoneInfo
    with_keys: bool = True

    @cached_property
    def _message(self) -> EmailMessage:
        return _tried(lambda: message_from_bytes(self.content, policy=default), EmailMessage())

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def date(self) -> str:
        sent = self.header("Date")
        return _tried(
            lambda: f"{parsedate_to_datetime(sent).astimezone(self.zone):%Y-%m-%d %H:%M}", ""
        )

    @property
    def headers(self) -> dict[str, str]:
        values = {name: self.header(name) for name in _SHOWN}
        values["Date"] = self.date or values["Date"]
        return {name: value for name, value in values.items() if value}

    @property
    def text(self) -> str | None:
        return self._shown(self._part("plain"))

    @property
    def html(self) -> str | None:
        return self._shown(self._part("html"))

    def header(self, name: str) -> str:
        """Where the library's parser gives up, raw."""
        message = self._message
        raw = (value for field, value in message.raw_items() if field.lower() == name.lower())
        return _sound(_tried(lambda: str(message[name] or ""), "") or str(next(raw, "")))

    @property
    def channel(self) -> str:
        """By which it goes, and to whom, where that is no mailbox."""
        return self.header(CHANNEL)

    def frame(self, *, links: bool = True) -> HTMLResponse:
        """The HTML part, which leads out of the frame to where forms work; without `links` it is
        as it stands in the mail. Raises 404 without such a part."""
        html = self.html
        if html is None:
            raise HTTPException(404)
        begin, head, rest = html.partition("<head>")
        if links and head:
            html = f'{begin}{head}<base target="_blank">{rest}'
        policy = f"sandbox {_POPUPS}; {_POLICY}" if links else f"sandbox; {_POLICY}"
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    def _shown(self, text: str | None) -> str | None:
        return text if self.with_keys or text is None else _KEYS.sub(r"\1…", text)

    def _part(self, kind: str) -> str | None:
        """Characters that its charset does not have are shown as such."""
        part = _tried(lambda: self._message.get_body((kind,)), None)
        content = _tried(lambda: part and part.get_payload(decode=True), None)
        if part is None or not isinstance(content, bytes):
            return None
        plain = content.decode("utf-8", "replace")
        charset = _tried(lambda: part.get_content_charset("utf-8"), "utf-8")
        return _sound(_tried(lambda: content.decode(charset, "replace"), plain))


def _tried(parse: Callable[[], T], otherwise: T) -> T:
    try:
        return parse()
    except Exception:  # noqa: BLE001 - whatever it was, the mail's source can be read
        return otherwise


def _sound(text: str) -> str:
    """Without the halves of characters that some charsets bring forth and no page can carry."""
    return text.encode("utf-8", "replace").decode()
