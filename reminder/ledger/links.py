"""Signed links: who holds one may open what it names, until it is rotated or revoked.

Each unit has one link of each purpose, whether it stands in the table or not. A feed may have
more, for single readers: `deputies~1`. Those were made by somebody, or there are none.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Connection, select

from reminder.ledger.access import InstallationKey, is_same
from reminder.ledger.database import Database
from reminder.ledger.feeds import note_change
from reminder.ledger.rows import note_act, put, read_history
from reminder.ledger.schema import link

FEED = "feed"
PAGE = "page"
READER = "~"  # between a feed's name and its reader's number: no unit's id has it
# What a link carries when it is handed out: one-day entries, without the year-round ones.
HANDED_OUT = "view=due&year-round=0"
USED = timedelta(days=1)  # so long one use is noted


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


def link_token(connection: Connection, key: InstallationKey, purpose: str, subject: str) -> str:
    """Of the link's present generation; of a revoked link too, which then opens nothing."""
    return _link(connection, purpose, subject).token(key)


def link_tokens(
    connection: Connection, key: InstallationKey, purpose: str, subjects: Collection[str]
) -> dict[str, str]:
    query = select(link).where(link.c.purpose == purpose, link.c.subject.in_(subjects))
    links = {row.subject: LinkView(**row._mapping) for row in connection.execute(query)}
    return {name: links.get(name, LinkView(purpose, name)).token(key) for name in subjects}


def check_link(
    connection: Connection, key: InstallationKey, purpose: str, subject: str, token: str
) -> LinkView | None:
    """None when forged, revoked, never made or of an older generation, at the same cost for any
    subject."""
    link_view = read_link(connection, purpose, subject)
    wanted = (link_view or LinkView(purpose, subject)).token(key)
    is_good = is_same(wanted, token) and link_view and not link_view.revoked
    return link_view if is_good else None


def generation_of(connection: Connection, purpose: str, subject: str) -> int:
    return _link(connection, purpose, subject).generation


def rotate(connection: Connection, purpose: str, subject: str) -> int:
    """The next generation: the old link is dead, also when it was revoked; the new one lives."""
    generation = generation_of(connection, purpose, subject) + 1
    _put(connection, purpose, subject, generation=generation, revoked=False)
    note_change(connection)
    return generation


def revoke(connection: Connection, purpose: str, subject: str) -> None:
    _put(connection, purpose, subject, revoked=True)
    note_change(connection)


def feed_of(subject: str) -> str:
    """What a feed's link shows, whoever reads by it."""
    return subject.partition(READER)[0]


def add_reader(connection: Connection, feed: str, label: str, at: datetime) -> str:
    """A link of its own for a single reader of that feed. Returns its subject."""
    numbers = [int(view.subject.partition(READER)[2]) for view in readers_of(connection, feed)]
    subject = f"{feed}{READER}{max(numbers, default=0) + 1}"
    _put(connection, FEED, subject, label=label, created=at)
    note_change(connection)
    return subject


def readers_of(connection: Connection, feed: str) -> list[LinkView]:
    """In the order in which they were made, also those that were revoked."""
    theirs = link.c.subject.startswith(f"{feed}{READER}", autoescape=True)
    rows = connection.execute(select(link).where(link.c.purpose == FEED, theirs))
    links = [LinkView(**row._mapping) for row in rows]
    return sorted(links, key=lambda view: int(view.subject.partition(READER)[2]))


def read_links(connection: Connection) -> dict[tuple[str, str], LinkView]:
    """Those that were rotated, revoked or used, and all that single readers have."""
    rows = connection.execute(select(link).order_by(link.c.purpose, link.c.subject))
    return {(row.purpose, row.subject): LinkView(**row._mapping) for row in rows}


def read_link(connection: Connection, purpose: str, subject: str) -> LinkView | None:
    """None for a single reader's that nobody has made."""
    query = select(link).where(link.c.purpose == purpose, link.c.subject == subject)
    row = connection.execute(query).first()
    if row is None:
        return None if READER in subject else LinkView(purpose, subject)
    return LinkView(**row._mapping)


def touch(database: Database, purpose: str, subject: str, at: datetime) -> bool:
    """Notes the use, and says whether it wrote: at most once a day, readers poll far oftener."""
    with database.read() as connection:
        last_use = _link(connection, purpose, subject).last_use
    if last_use is not None and at - last_use < USED:
        return False
    with database.write() as connection:
        _put(connection, purpose, subject, last_use=at)
    return True


def feed_url(base: str, token: str, name: str, *, handed_out: bool = False) -> str:
    """The address of a unit's feed, or of `plan`; `base` is the site without a closing slash."""
    address = f"{base}/feeds/{quote(token)}/{quote(name)}.ics"
    return f"{address}?{HANDED_OUT}" if handed_out else address


def page_url(base: str, token: str, unit: str) -> str:
    """The address of a unit's own page."""
    return f"{base}/units/{quote(token)}/{quote(unit)}"


def webcal_url(url: str) -> str:
    """The same address as calendar programs take it up by a click."""
    return f"webcal:{url.partition(':')[2]}"


def _link(connection: Connection, purpose: str, subject: str) -> LinkView:
    return read_link(connection, purpose, subject) or LinkView(purpose, subject)


def _put(connection: Connection, purpose: str, subject: str, **values: object) -> None:
    fresh = {"purpose": purpose, "subject": subject, "generation": 1, "revoked": False}
    put(connection, link, fresh | values, changing=list(values))


MADE, ROTATED, REVOKED = "made", "rotated", "revoked"


@dataclass(frozen=True)
class LinkChange:
    """`by` is the console, or the command line and its user."""

    at: datetime
    act: str
    by: str


def note_link(
    connection: Connection, purpose: str, subject: str, act: str, by: str, at: datetime
) -> None:
    note_act(connection, at, _name(purpose, subject), act, by)


def link_changes(connection: Connection, purpose: str, subject: str) -> list[LinkChange]:
    """The first one first."""
    rows = read_history(connection, _name(purpose, subject))
    return [LinkChange(row["at"], row["state"], row["detail"]) for row in rows]


def _name(purpose: str, subject: str) -> str:
    return f"link/{purpose}/{subject}"
