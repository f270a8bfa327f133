"""A mail's bytes: headers folded where the RFCs allow it, base64 bodies.

`EmailMessage` spends most of its time on parsing headers that were just written, and its
default policy folds long addresses into encoded words; `email.header` pads words in the middle.
"""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]+")
_WORD = "=?utf-8?b?{}?="
_LINE = 76
_FOLD = "\r\n "
_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')


def text_header(name: str, value: str) -> str:
    """One header with free text; line breaks and controls in it become blanks."""
    return f"{name}: {_encode(_UNSAFE.sub(' ', value), len(name) + 2)}"


def _encode(value: str, column: int) -> str:
    """RFC 2047, 2: encoded words of 75 characters at most, in lines of 76 at most.

    Each holds whole characters and, but for the last, a multiple of three bytes: GMime 3.2,
    which mu and notmuch read with, takes padding for the end of the header.
    """
    if value.isascii() and column + len(value) <= _LINE and "=?" not in value:
        return value
    words: list[str] = []
    rest = value
    while rest:
        room = _LINE - (column if not words else 1) - len(_WORD.format(""))
        part = _fitting(rest, max(room, 12) // 4 * 3)
        words.append(_WORD.format(base64.b64encode(part.encode("utf-8", "replace")).decode()))
        rest = rest[len(part) :]
    return "\r\n ".join(words)


def _fitting(text: str, limit: int) -> str:
    """The longest beginning within `limit` bytes that needs no padding, if there is one."""
    size, fits, even = 0, 0, 0
    for count, character in enumerate(text, 1):
        size += len(character.encode("utf-8", "replace"))
        if size > limit:
            break
        fits = count
        if size % 3 == 0:
            even = count
    return text[: fits if fits == len(text) else even or fits]


def mailbox_header(name: str, mailboxes: Sequence[tuple[str, str]]) -> str:
    """Addresses with their display names, one a line: each stays whole (RFC 5322, 2.2.3)."""
    lines = [
        _mailbox(display, address, 1 if index else len(name) + 2)
        for index, (display, address) in enumerate(mailboxes)
    ]
    return f"{name}: " + f",{_FOLD}".join(lines)


def _mailbox(display: str, address: str, column: int) -> str:
    display = _UNSAFE.sub(" ", display)
    if not display:
        return address
    if not display.isascii():
        encoded = _encode(display, column)
        fits = column + len(encoded.rpartition("\r\n")[2]) + len(address) < _LINE - 3
        return f"{encoded}{' ' if fits else _FOLD}<{address}>"
    if _SPECIAL.search(display):
        display = '"' + display.replace("\\", r"\\").replace('"', r"\"") + '"'
    fits = column + len(display) + len(address) < _LINE - 3
    return f"{display}{' ' if fits else _FOLD}<{address}>"


def date_header(moment: datetime) -> str:
    return f"Date: {format_datetime(moment.replace(microsecond=0))}"


def message(headers: Sequence[str], text: str, html: str, boundary: str) -> bytes:
    """multipart/alternative, text first; CRLF throughout; 7 bits on the wire."""
    parts = []
    for kind, content in (("plain", text), ("html", html)):
        parts += [
            f"--{boundary}",
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "",
            _base64(content),
        ]
    lines = [
        *headers,
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;{_FOLD}boundary="{boundary}"',
        "",
        *parts,
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def _base64(content: str) -> str:
    raw = content.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    encoded = base64.b64encode(raw).decode()
    return "\r\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
