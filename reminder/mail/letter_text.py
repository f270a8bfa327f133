"""The words of a mail that somebody else has written: nothing in it is trusted to be right."""

import email
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser

from reminder.domain.characters import UNSEEN

MOST_PARTS = 100
LONGEST = 20_000  # characters of all parts that are read
SHORTEST = 1000  # that each of them counts as
HEADER = 10_000  # characters of one: what libraries do with it may take the square of that
# What Chinese programs call GB2312 has characters of its larger successors.
_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "unknown-8bit": "utf-8"}
_BLOCKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "blockquote", "hr", "table"}
_SILENT = {"style", "script", "head", "title"}


class _Bounded(Compat32):
    """Cuts a header before anything looks at it, the library itself too."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:HEADER]


def parse(content: bytes) -> Message:
    return email.message_from_bytes(content, policy=_Bounded())


def header(message: Message, name: str) -> str:
    """Decoded; empty where it is missing."""
    values = raw_headers(message, name)
    return _decoded(values[0]) if values else ""


def raw_headers(message: Message, name: str) -> list[str]:
    """Each as it was sent, but for bytes that no header should have: programs write UTF-8 there,
    or GB 18030."""
    values = (v for key, v in message.raw_items() if key.lower() == name.lower())
    return [_as_text(str(value).encode("utf-8", "surrogateescape")) for value in values]


def _as_text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("gb18030", "replace")


def _decoded(value: str) -> str:
    with suppress(ValueError, LookupError):
        return "".join(
            part if isinstance(part, str) else _text(part, charset)
            for part, charset in decode_header(value)
        )
    return value


def _text(content: bytes, charset: str | None) -> str:
    name = (charset or "utf-8").lower()
    try:
        return content.decode(_CHARSETS.get(name, name), "replace")
    except (LookupError, ValueError):
        return content.decode("utf-8", "replace")


def one_line(text: str, most: int) -> str:
    return " ".join(UNSEEN.sub(" ", text).split())[:most]


def sender_of(message: Message) -> tuple[str, str]:
    """Name and address, which is in lower case; empty where it is not one.

    Taken apart before it is decoded: a name may say anything, also an address in brackets.
    """
    senders = getaddresses(raw_headers(message, "From"))
    if len(senders) != 1:
        return "", ""
    [(name, address)] = senders
    return one_line(_decoded(name), 100), one_line(address, 320).lower()


def sent_at(message: Message) -> datetime | None:
    """Aware, or not known."""
    with suppress(ValueError, TypeError, OverflowError):
        at = parsedate_to_datetime(header(message, "Date"))
        return at if at.tzinfo else None
    return None


def parts_of(message: Message) -> Iterator[Message]:
    """Not of a mail within it, nor of what is attached."""
    left, count = [message], 0
    while left and count < MOST_PARTS:
        part = left.pop(0)
        count += 1
        if (
            part.get_content_maintype() == "message"
            or part.get_content_disposition() == "attachment"
        ):
            continue
        payload = part.get_payload()
        if isinstance(payload, list):
            left[:0] = [one for one in payload if isinstance(one, Message)]
        else:
            yield part


def text_of(message: Message) -> str:
    """What its writer has written, with what is quoted: the plain form if there is one."""
    texts = [part for part in parts_of(message) if part.get_content_maintype() == "text"]
    plain = [part for part in texts if part.get_content_subtype() == "plain"]
    said = joined(plain)
    return said if said.strip() else joined(texts)


def joined(parts: Iterable[Message]) -> str:
    """A text's text, of HTML what is read; of many the first ones, as far as anybody reads."""
    said, room = [], LONGEST
    for part in parts:
        if room <= 0:
            break
        text = _content_of(part, room)
        room -= max(len(text), SHORTEST)
        said.append(_plain(text) if part.get_content_subtype() == "html" else text)
    return "\n".join(said)


def _content_of(part: Message, most: int) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    # Cut before it is decoded, too: there are encodings that take the square of a length.
    text = _text(payload[: 4 * LONGEST], part.get_content_charset())
    return text[:most].replace("\r\n", "\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.said.append("\n")
        if tag == "blockquote":
            self.said.append("> ")
            self._quoted += 1
        self._silent += tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.said.append("\n")
        if tag == "blockquote" and self._quoted:
            self._quoted -= 1
        if tag in _SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._quoted:
            self.said.append(re.sub(r"\s+", " ", data))


def _plain(html: str) -> str:
    """Without what is quoted in it."""
    reader = _Reader()
    with suppress(AssertionError, ValueError):  # of what is no HTML at all
        reader.feed(html)
        reader.close()
    lines = "".join(reader.said).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip(" >"))
