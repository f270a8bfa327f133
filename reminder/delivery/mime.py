"""A mail's bytes, the cheap standard way: headers folded by `email.header`, base64 bodies.

`EmailMessage` spends most of its time on parsing headers that were just written, and its
default policy folds long addresses into encoded words.
"""

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, parseaddr

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]+")
_SPECIAL = re.compile(r'[()<>@,:;".\[\]\\]')


def text_header(name: str, value: str) -> str:
    """One header with free text, RFC 2047 where it is not ASCII; line breaks become blanks."""
    return f"{name}: {_encode(value, name)}"


def _encode(value: str, name: str) -> str:
    value = _UNSAFE.sub(" ", value)
    return Header(value, _charset(value), header_name=name).encode(linesep="\r\n")


def _charset(value: str) -> str:
    return "us-ascii" if value.isascii() else "utf-8"


def mailbox_header(name: str, mailboxes: Sequence[tuple[str, str]]) -> str:
    """Addresses with their display names, one a line: each stays whole (RFC 5322, 2.2.3)."""
    return f"{name}: " + ",\r\n ".join(_mailbox(display, address) for display, address in mailboxes)


def _mailbox(display: str, address: str) -> str:
    if not display:
        return address
    if not display.isascii():
        encoded = _encode(display, "From")
        fits = len(encoded.rpartition("\r\n")[2]) + len(address) < 60
        return f"{encoded}{' ' if fits else chr(13) + chr(10) + ' '}<{address}>"
    display = _UNSAFE.sub(" ", display)
    if _SPECIAL.search(display):
        display = '"' + display.replace("\\", r"\\").replace('"', r"\"") + '"'
    return f"{display} <{address}>"


def sender_mailbox(value: str) -> tuple[str, str]:
    return parseaddr(value)


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
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
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
