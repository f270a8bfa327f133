"""What a mail that came is: a bounce, a reply, an automatic answer, one of our own."""

import hashlib
import re
from email.message import Message

from reminder.domain.incoming import Letter, LetterKind
from reminder.mail import bounces
from reminder.mail.authentication import is_authentic
from reminder.mail.letter_text import (
    header,
    joined,
    one_line,
    parse,
    parts_of,
    sender_of,
    sent_at,
    text_of,
)
from reminder.mail.replies import new_words

SUBJECT = 300  # characters
TEXT = 4000
MOST_IDS = 50
_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,255}>")
# Of programs that answer by themselves and name themselves by nothing else.
_SUBJECTS = re.compile(
    r"\s*(?:自动(?:回复|答复|应答)|\[?auto(?:matic)?[ -]?re(?:ply|sponse)|out of (?:the )?office"
    r"|已读[:：]|read[:：]|undeliverable|delivery status notification)",
    re.IGNORECASE,
)
_SIGNS = (
    "X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "X-Auto-Reply", "List-Id",
    "List-Unsubscribe", "X-Mail-Autoreply", "Feedback-ID",
)  # fmt: skip
_IN_BULK = ("bulk", "junk", "list", "auto_reply", "auto-reply")
_RECEIPTS = ("message/disposition-notification", "message/feedback-report")


def name_of(content: bytes) -> str:
    """The same for the same bytes, however often they are read."""
    return hashlib.sha256(content).hexdigest()


def read_letter(content: bytes, our_address: str, authserv_id: str = "") -> Letter:
    """`our_address` is the one that our mails come from; `authserv_id` the name by which the
    receiving server says what it knows of senders."""
    message = parse(content)
    sender_name, sender = sender_of(message)
    came_back = bounces.is_report(message) or bounces.comes_from_server(message, sender)
    failures = bounces.failures(message) if came_back else ()
    answers = _answers(message)
    if failures:
        kind, answers = LetterKind.BOUNCE, answers + _returned(message, content)
    elif _is_automatic(message) or came_back:
        is_ours = sender == our_address.lower()
        kind = LetterKind.OWN if is_ours else LetterKind.AUTOMATIC
    else:
        kind = LetterKind.REPLY if answers else LetterKind.UNKNOWN
    text = text_of(message).strip()
    said = new_words(text) if kind in (LetterKind.REPLY, LetterKind.UNKNOWN) else ""
    return Letter(
        name_of(content),
        kind,
        sent_at(message),
        sender,
        sender_name,
        one_line(header(message, "Subject"), SUBJECT),
        (said or text)[:TEXT],
        one_line(header(message, "Message-ID"), 500),
        answers,
        failures,
        said,
        is_authentic(message, authserv_id) if authserv_id else None,
    )


def _is_automatic(message: Message) -> bool:
    """RFC 3834, 2 and 5, and what programs write that do not know it."""
    submitted = header(message, "Auto-Submitted").strip().lower() or "no"
    return (
        not submitted.startswith("no")
        or header(message, "Precedence").strip().lower() in _IN_BULK
        or any(name in message for name in _SIGNS)
        or any(part.get_content_type() in _RECEIPTS for part in message.walk())
        or _SUBJECTS.match(header(message, "Subject")) is not None
    )


def _answers(message: Message) -> tuple[str, ...]:
    """RFC 5322, 3.6.4: the mail that it answers, then those before that."""
    last, before = (
        _ID.findall(header(message, name)[:10_000]) for name in ("In-Reply-To", "References")
    )
    return tuple(dict.fromkeys([*last, *reversed(before)]))[:MOST_IDS]


def _returned(message: Message, content: bytes) -> tuple[str, ...]:
    """Of the mail that came back, or of its head, wherever it was put."""
    found = [header(part, "Message-ID") for part in message.walk() if part is not message]
    found += [joined(parts_of(message))]
    found += [joined(p for p in message.walk() if p.get_content_type() == _HEAD)]
    found.append(content.decode("latin-1"))
    return tuple(dict.fromkeys(one for text in found for one in _ID.findall(text)))[:MOST_IDS]


_HEAD = "text/rfc822-headers"
