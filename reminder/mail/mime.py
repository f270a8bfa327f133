"""A mail's bytes: headers folded where the RFCs allow it, base64 bodies.

`EmailMessage` spends most of its time on parsing headers that were just written, and its
default policy folds long addresses into encoded words; `email.header` pads words in the middle.
"""

import base64
import email
import re
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from reminder.domain.characters import UNSEEN

_WORD = "=?utf-8?{}?{}?="
_LINE = 76
_FOLD = "\r\n "
_SUBJECT = re.compile(rb"^Subject:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.MULTILINE)
_LANGUAGE = re.compile(rb"^Content-Language: ([A-Za-z0-9-]+)", re.MULTILINE)
CHANNEL = "X-Reminder-Channel"  # the address, where that is no mailbox
_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')


class MailText(NamedTuple):
    """What a mail says, its HTML with the same facts as its text."""

    subject: str
    text: str
    html: str


class HeaderAddress(NamedTuple):
    """An address in a header, with its display name."""

    header: str
    display: str
    address: str


@lru_cache(maxsize=256)  # many units get the same subject
def text_header(name: str, value: str) -> str:
    """One header with free text; line breaks and what is unseen in it become blanks."""
    return f"{name}: {_encode(UNSEEN.sub(' ', value), len(name) + 2)}"


def _encode(value: str, column: int) -> str:
    """RFC 2047, 2: encoded words of 75 characters at most, in lines of 76 at most.

    Each holds whole characters and, but for the last, needs no padding: GMime 3.2, which mu
    and notmuch read with, takes padding for the end of the header. Digits and the like, which
    put the bytes out of step with base64's three, get a word in Q where nothing else helps.
    """
    if value.isascii() and column + len(value) <= _LINE and "=?" not in value:
        return value
    words: list[str] = []
    while value:
        room = max(_LINE - (1 if words else column) - len(_WORD.format("b", "")), 12)
        part = _in_step(value, room // 4 * 3)
        if part:
            words.append(_WORD.format("b", base64.b64encode(_utf8(part)).decode()))
        else:
            part = _out_of_step(value, room // 3)
            words.append(_WORD.format("q", "".join(f"={byte:02X}" for byte in _utf8(part))))
        value = value[len(part) :]
    return _FOLD.join(words)


def _in_step(text: str, limit: int) -> str:
    """The longest beginning within `limit` bytes that base64 does not pad; all of it if it fits."""
    sizes = list(accumulate(len(_utf8(character)) for character in text))
    fitting = (n for n, size in enumerate(sizes, 1) if size <= limit and size % 3 == 0)
    return text if sizes[-1] <= limit else text[: max(fitting, default=0)]


def _out_of_step(text: str, limit: int) -> str:
    """The characters at the beginning whose bytes are not three, within `limit` bytes."""
    size = 0
    for count, width in enumerate(len(_utf8(character)) for character in text):
        size += width
        if width == 3 or size > limit:
            return text[:count]
    return text


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def mailbox_headers(mailboxes: Sequence[HeaderAddress]) -> list[str]:
    """Addresses with their display names, one a line: each stays whole (RFC 5322, 2.2.3)."""
    headers: dict[str, str] = {}
    for header, display, address in mailboxes:
        before = f"{headers[header]},{_FOLD}" if header in headers else f"{header}: "
        column = 1 if header in headers else len(before)
        headers[header] = before + _mailbox(display, address, column)
    return list(headers.values())


def _mailbox(display: str, address: str, column: int) -> str:
    display = UNSEEN.sub(" ", display)
    if not display:
        return address
    if not display.isascii() or "=?" in display or column + len(display) > _LINE - 2:
        display = _encode(display, column)
    elif _SPECIAL.search(display):
        display = '"' + display.replace("\\", r"\\").replace('"', r"\"") + '"'
    fits = column + len(display.rpartition("\r\n")[2]) + len(address) < _LINE - 3
    return f"{display}{' ' if fits else _FOLD}<{address}>"


@lru_cache(maxsize=16)
def date_header(moment: datetime) -> str:
    return f"Date: {format_datetime(moment.replace(microsecond=0))}"


def message(headers: Sequence[str], said: MailText, boundary: str) -> bytes:
    """multipart/alternative, text first; CRLF throughout; 7 bits on the wire."""
    lines = [
        *headers,
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;{_FOLD}boundary="{boundary}"',
        "",
    ]
    for kind, content in (("plain", said.text), ("html", said.html)):
        lines += [
            f"--{boundary}",
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
            _encoded(content),
        ]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def short_message(headers: Sequence[str], text: str) -> bytes:
    """One part of plain text: what goes by another way than mail, as a mail is kept."""
    lines = [
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        "",
        _encoded(text),
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def short_text(content: bytes) -> MailText:
    """What `short_message` was made of."""
    body = base64.b64decode(content.partition(b"\r\n\r\n")[2])
    return MailText(subject_of(content), body.decode().replace("\r\n", "\n"), "")


def _encoded(text: str) -> str:
    raw = text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    return base64.encodebytes(raw).decode().rstrip("\n").replace("\n", "\r\n")


def language_of(content: bytes) -> str:
    """Of a message made here."""
    field = _LANGUAGE.search(content.partition(b"\r\n\r\n")[0])
    return field[1].decode() if field else ""


def subject_of(content: bytes) -> str:
    """Of a message made here."""
    field = _SUBJECT.search(content.partition(b"\r\n\r\n")[0])
    return _decoded(field[0]) if field else ""


@lru_cache(maxsize=64)
def _decoded(field: bytes) -> str:
    return str(email.message_from_bytes(field + b"\r\n\r\n", policy=default)["Subject"])


def text_of(content: bytes) -> str:
    """The text part of a message made here: thousands are compared, and the library's parser
    takes a hundred times as long."""
    _, _, rest = content.split(b"\r\n\r\n", 2)
    return base64.b64decode(rest.partition(b"\r\n--")[0]).decode().replace("\r\n", "\n")


def read(content: bytes) -> tuple[MailText, list[HeaderAddress]]:
    """What `message` was made of, but for its dates and names."""
    mail = email.message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    bodies = (mail.get_body((kind,)) for kind in ("plain", "html"))
    text, html = (str(body.get_content()) if body else "" for body in bodies)
    mailboxes = [
        HeaderAddress(header, one.display_name, one.addr_spec)
        for header in ("To", "Cc")
        if header in mail
        for one in mail[header].addresses
    ]
    return MailText(str(mail["Subject"]), text, html), mailboxes
