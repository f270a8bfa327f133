"""A mail that comes to the office's mailbox: what it is, what became of it, and why."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LetterKind(StrEnum):
    BOUNCE = "bounce"
    REPLY = "reply"
    AUTOMATIC = "automatic"
    OWN = "own"
    UNKNOWN = "unknown"


class LetterState(StrEnum):
    """What waits is for a person, who settles it."""

    REGISTERED = "registered"
    NOTED = "noted"
    PASSED_OVER = "passed-over"
    WAITING = "waiting"
    SETTLED = "settled"


class LetterReason(StrEnum):
    BOUNCED = "bounce-noted"
    BOUNCED_BEFORE = "noted-before"
    OTHER_ADDRESS = "other-address"  # it speaks of nobody to whom that notice went
    UNMATCHED = "unmatched"  # it answers no mail of ours
    STRANGER = "stranger"  # its sender is none of that unit's addresses
    UNPROVEN = "not-authenticated"
    NOT_UNDERSTOOD = "not-understood"
    WHICH_TASK = "which-task"
    TOO_MANY = "too-many"
    DECLINED = "declined"  # it says what cannot be registered as things stand
    REGISTERED = "registered"
    NOTHING_NEW = "nothing-new"  # a courtesy, or what was said before
    AUTOMATIC = "automatic"
    OWN = "own"


@dataclass(frozen=True)
class Failure:
    """An address that a mail did not reach. `status` is as RFC 3463 has it, or empty; `words` the
    server's own."""

    address: str
    status: str
    words: str

    @property
    def is_no_mailbox(self) -> bool:
        """Whether there is none, as far as the server says: a full mailbox is one, and what a
        policy refuses may be the sender's or the message's fault. 5.1.7 and 5.1.8 are the
        sender's."""
        no_such = re.fullmatch(r"5\.1\.(?!7$|8$)\d+", self.status)
        return no_such is not None or self.status == "5.2.1"


@dataclass(frozen=True)
class Letter:
    """A mail as it was read. `name` is a hash of its bytes; `answers` are the Message-IDs that it
    refers to, the nearest first; `at` is aware, and as its sender says. `said` is what a reply
    adds to what it quotes; `authentic` whether the receiving server vouches for its sender."""

    name: str
    kind: LetterKind
    at: datetime | None = None
    sender: str = ""
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    message_id: str = ""
    answers: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    said: str = ""
    authentic: bool | None = None


@dataclass(frozen=True)
class Became:
    """What a letter came to; `notice` and `unit` are whom it answers, `registration` the last that
    it made."""

    state: LetterState
    reason: LetterReason
    notice: str = ""
    unit: str = ""
    registration: int | None = None
