"""A message as it is about to be stored."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from reminder.domain.notices import Reason
from reminder.ledger.own_messages import OwnMessage


@dataclass(frozen=True)
class Withheld:
    """A reader who gets no copy, for a reason of their own."""

    address: str
    reason: Reason


@dataclass(frozen=True)
class Composed:
    """A message as it will go to `recipients`, on every try; to some of them goes something of
    their `own`. `as_of` is what it knows, of the documents what was in force after `publication`.
    `withheld` are readers who get none, by their own choice.
    """

    message_id: str
    content: bytes
    as_of: datetime
    recipients: tuple[str, ...]
    publication: int | None = None
    own: tuple[OwnMessage, ...] = ()
    withheld: tuple[Withheld, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def approval(self) -> str:
        """Of all that somebody reads who approves it, what goes by channels too."""
        shorts = [one.sha256 for one in self.own if one.route]
        if not shorts:
            return self.sha256
        return hashlib.sha256(" ".join([self.sha256, *shorts]).encode()).hexdigest()
