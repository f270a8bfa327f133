"""Whom a mail did not reach, as the mail that came back says: RFC 3464, or a server's own way."""

import re
from collections.abc import Iterator
from email.message import Message

from reminder.domain.incoming import Failure
from reminder.mail.letter_text import header, joined, one_line, parts_of

WORDS = 500  # characters of a server's words
_MENTIONED = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_STATUS = re.compile(r"(?<![\d.])5\.\d{1,3}\.\d{1,3}(?![\d.])")
_REFUSED = re.compile(rf"(?<![\d.])5[0-5]\d(?=[\s,;:-])|{_STATUS.pattern}")
_DAEMONS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon")


def is_report(message: Message) -> bool:
    """Of delivery (RFC 3464), whatever it says."""
    return any(part.get_content_type() == "message/delivery-status" for part in message.walk())


def comes_from_server(message: Message, sender: str) -> bool:
    """Whether it has no sender whom one could answer."""
    local = sender.partition("@")[0].lower()
    return (
        local in _DAEMONS
        or header(message, "Return-Path").strip() == "<>"
        or "X-Failed-Recipients" in message
    )


def failures(message: Message) -> tuple[Failure, ...]:
    """For good: a delay is none."""
    if is_report(message):
        return tuple(_reported(message))
    return tuple(_told(message))


def _reported(message: Message) -> Iterator[Failure]:
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        # The first block is about the message, each other one about a recipient.
        for fields in part.get_payload() if part.is_multipart() else ():
            if isinstance(fields, Message) and _value(fields, "Action").lower() == "failed":
                yield from _failed(fields)


def _failed(fields: Message) -> Iterator[Failure]:
    """By the address that it failed at, and by the one that it was sent to, if it was passed on
    from there: that mailbox is none that is missing."""
    words = one_line(_value(fields, "Diagnostic-Code"), WORDS)
    status = _finest(_value(fields, "Status").split(" ")[0], words)
    final, original = (
        _value(fields, name).strip("<> ").lower()
        for name in ("Final-Recipient", "Original-Recipient")
    )
    if final or original:
        yield Failure(final or original, status, words)
    if final and original and original != final:
        yield Failure(original, "", words)


def _value(fields: Message, name: str) -> str:
    """Less the type before it: `rfc822;`, `smtp;`."""
    return re.sub(r"^\s*[\w-]+\s*;", "", header(fields, name)).strip()


def _finest(status: str, words: str) -> str:
    """Some say 5.0.0 and put the reason into the words."""
    told = _STATUS.search(words)
    return told[0] if told and (not status or status.endswith(".0.0")) else status


def _told(message: Message) -> Iterator[Failure]:
    """In a letter of its own: by the patterns of servers that are known, else by the addresses that
    stand beside a refusal. Which of them a mail of ours went to, the ledger knows."""
    from flufl.bounce import all_failures

    text = joined(p for p in parts_of(message) if p.get_content_maintype() == "text")
    if not _REFUSED.search(text):
        return
    status = told[0] if (told := _STATUS.search(text)) else ""
    line = next((line for line in text.splitlines() if _REFUSED.search(line)), "")
    _, permanent = all_failures(message)
    named = {address.decode("ascii", "replace").lower() for address in permanent}
    named |= {
        address.lower() for address in _MENTIONED.findall(header(message, "X-Failed-Recipients"))
    }
    for address in sorted(named or {one.lower() for one in _MENTIONED.findall(text)}):
        yield Failure(address, status, one_line(line, WORDS))
