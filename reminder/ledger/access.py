"""Who gets in by a signed link, until it is rotated or revoked.

Each unit has one link of each purpose, whether it stands in the table or not. A feed may have
more, for single readers: `deputies~1`. Those were made by somebody, or there are none.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, select

from reminder.ledger.database import Database
from reminder.ledger.feeds import note_change
from reminder.ledger.history import note_act, read_history
from reminder.ledger.rows import batched, put, put_new_setting, read_setting
from reminder.ledger.schema import link

_KEY = "installation-key"
FEED, PAGE = "feed", "page"
READER = "~"  # between a feed's name and its reader's number: no unit's id has it
# What a link carries when it is handed out: one-day entries, without the year-round ones.
_HANDED_OUT = "view=due&year-round=0"


@dataclass(frozen=True, repr=False)
class InstallationKey:
    """Whoever has it can forge every link: it never appears in a log, an error or a repr."""

    secret: bytes

    def derive(self, purpose: str, subject: str, length: int = 32) -> str:
        """HMAC-SHA-256 as lower-case letters and digits (base32), five bits a character."""
        message = f"{purpose}\0{subject}".encode()
        digest = hmac.digest(self.secret, message, "sha256")
        return base64.b32encode(digest).decode().lower()[:length]


def installation_key(database: Database, given: str = "") -> InstallationKey:
    """The one that is `given` (REMINDER_SECRET_KEY), else the ledger's, made on first use."""
    if given:
        return InstallationKey(given.encode())
    with database.read() as connection:
        secret = read_setting(connection, _KEY)
    if secret is None:
        with database.write() as connection:
            put_new_setting(connection, _KEY, secrets.token_hex(32))  # unless another came first
            secret = read_setting(connection, _KEY)
    return InstallationKey(bytes.fromhex(secret or ""))


def is_same(secret: str, word: str) -> bool:
    """In one and the same time: compare_digest is quick with another length, hence the hashes."""
    one, other = (hashlib.sha256(text.encode("utf-8", "replace")) for text in (secret, word))
    return hmac.compare_digest(one.digest(), other.digest())


# Links


@dataclass(frozen=True)
class LinkView:
    """`label` and `created` are of a single reader's."""

    purpose: str
    subject: str
    generation: int = 1
    revoked: bool = False
    last_use: datetime | None = None
    label: str = ""
    created: datetime | None = None

    def token(self, key: InstallationKey) -> str:
        return key.derive("link", f"{self.purpose}/{self.subject}/{self.generation}")

    def address(self, base: str, key: InstallationKey, *, handed_out: bool = False) -> str:
        """Of the unit's page, or of the feed; `base` is the site without a closing slash.

        Of a link that was revoked too, which then opens nothing.
        """
        path = f"{self.token(key)}/{quote(self.subject)}"
        if self.purpose == PAGE:
            return f"{base}/units/{path}"
        return f"{base}/feeds/{path}.ics" + (f"?{_HANDED_OUT}" if handed_out else "")


@dataclass(frozen=True)
class LinkChange:
    """`by` is the console, or the command line and its user; `who` the person's name."""

    at: datetime
    act: str
    by: str
    who: str = ""


def feed_of(subject: str) -> str:
    """What a feed's link shows, whoever reads by it."""
    return subject.partition(READER)[0]


def read_links(
    connection: Connection, purpose: str, subjects: Collection[str]
) -> dict[str, LinkView]:
    """By subject, without those of single readers that nobody has made."""
    links = {name: LinkView(purpose, name) for name in subjects if READER not in name}
    for part in batched(subjects):
        query = select(link).where(link.c.purpose == purpose, link.c.subject.in_(part))
        links |= {row.subject: LinkView(**row._mapping) for row in connection.execute(query)}
    return links


def read_link(connection: Connection, purpose: str, subject: str) -> LinkView | None:
    """None for a single reader's that nobody has made."""
    return read_links(connection, purpose, [subject]).get(subject)


def read_readers(connection: Connection, feed: str = "") -> list[LinkView]:
    """Of that feed or of all; also those that were revoked."""
    theirs = link.c.subject.contains(f"{feed}{READER}", autoescape=True)
    if feed:
        theirs = link.c.subject.startswith(f"{feed}{READER}", autoescape=True)
    query = select(link).where(link.c.purpose == FEED, theirs).order_by(link.c.subject)
    return [LinkView(**row._mapping) for row in connection.execute(query)]


def add_reader(connection: Connection, feed: str, label: str, by: str, at: datetime) -> LinkView:
    """A link of its own for a single reader of that feed."""
    numbers = [int(view.subject.partition(READER)[2]) for view in read_readers(connection, feed)]
    reader = LinkView(FEED, f"{feed}{READER}{max(numbers, default=0) + 1}")
    return _change(connection, reader, "made", by, at, label=label, created=at)


def rotate(connection: Connection, old: LinkView, by: str, at: datetime) -> LinkView:
    """The next generation: the old link is dead, also when it was revoked; the new one lives."""
    changes = {"generation": old.generation + 1, "revoked": False}
    return _change(connection, old, "rotated", by, at, **changes)


def revoke(connection: Connection, old: LinkView, by: str, at: datetime) -> LinkView:
    return _change(connection, old, "revoked", by, at, revoked=True)


def link_changes(connection: Connection, link_view: LinkView) -> list[LinkChange]:
    """The first one first."""
    rows = read_history(connection, _name(link_view))
    return [LinkChange(row["at"], row["state"], row["detail"], row["who"]) for row in rows]


def put_link(connection: Connection, purpose: str, subject: str, **changes: object) -> None:
    """Where nothing is said of it yet, all but these is as it is of every link."""
    fresh = {"purpose": purpose, "subject": subject, "generation": 1, "revoked": False}
    put(connection, link, fresh | changes, changing=list(changes))


def _change(
    connection: Connection, old: LinkView, act: str, by: str, at: datetime, **changes: Any
) -> LinkView:
    put_link(connection, old.purpose, old.subject, **changes)
    note_change(connection)
    note_act(connection, at, _name(old), act, by)
    return replace(old, **changes)


def _name(link_view: LinkView) -> str:
    return f"link/{link_view.purpose}/{link_view.subject}"
