"""Signed links: who holds one may open what it names, until it is rotated or revoked.

Each unit has one link of each purpose, whether it stands in the table or not. A feed may have
more, for single readers: `deputies~1`. Those were made by somebody, or there are none.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, select

from reminder.ledger.access import InstallationKey
from reminder.ledger.feeds import note_change
from reminder.ledger.schema import link, note_act, put, read_history

FEED, PAGE = "feed", "page"
READER = "~"  # between a feed's name and its reader's number: no unit's id has it
# What a link carries when it is handed out: one-day entries, without the year-round ones.
_HANDED_OUT = "view=due&year-round=0"


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
    """`by` is the console, or the command line and its user."""

    at: datetime
    act: str
    by: str


def feed_of(subject: str) -> str:
    """What a feed's link shows, whoever reads by it."""
    return subject.partition(READER)[0]


def all_links(connection: Connection) -> list[LinkView]:
    """Those that were rotated, revoked or used, and all that single readers have."""
    rows = connection.execute(select(link).order_by(link.c.purpose, link.c.subject))
    return [LinkView(**row._mapping) for row in rows]


def read_links(
    connection: Connection, purpose: str, subjects: Collection[str]
) -> dict[str, LinkView]:
    """By subject, without those of single readers that nobody has made."""
    query = select(link).where(link.c.purpose == purpose, link.c.subject.in_(subjects))
    links = {name: LinkView(purpose, name) for name in subjects if READER not in name}
    return links | {row.subject: LinkView(**row._mapping) for row in connection.execute(query)}


def read_link(connection: Connection, purpose: str, subject: str) -> LinkView | None:
    """None for a single reader's that nobody has made."""
    return read_links(connection, purpose, [subject]).get(subject)


def readers_of(connection: Connection, feed: str) -> list[LinkView]:
    """Also those that were revoked."""
    theirs = link.c.subject.startswith(f"{feed}{READER}", autoescape=True)
    rows = connection.execute(select(link).where(link.c.purpose == FEED, theirs))
    return [LinkView(**row._mapping) for row in rows]


def add_reader(connection: Connection, feed: str, label: str, by: str, at: datetime) -> LinkView:
    """A link of its own for a single reader of that feed."""
    numbers = [int(view.subject.partition(READER)[2]) for view in readers_of(connection, feed)]
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
    return [LinkChange(row["at"], row["state"], row["detail"]) for row in rows]


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
