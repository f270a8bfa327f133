"""The feeds' events, with the revisions that calendar programs go by.

RFC 5545, 3.8.7.4: SEQUENCE counts an event's revisions. A row is written only when plan or
state changes, so that a feed read twice is the same to the byte.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, String, cast, delete, select, update

from reminder.ledger.rows import put, put_setting, read_setting
from reminder.ledger.schema import event, feed, setting

# Long enough that every subscriber has fetched the cancellation, holidays included.
KEEP_CANCELLED = timedelta(days=60)
_SECOND = timedelta(seconds=1)  # the grain of Last-Modified
_VERSION, _INPUT = "feed-version", "feed-input-hash"
_AT_ONCE = 250  # feeds written in one transaction: others write in between


@dataclass(frozen=True)
class FeedContent:
    """What a feed should show: entries by the UIDs of their events, each in JSON with all that a
    view of it needs. The same hash means the same events and the same heading."""

    entries: Mapping[str, str]
    input_hash: str


_GONE = FeedContent({}, "gone")  # of a feed that is not wanted any more


@dataclass(frozen=True)
class EventRow:
    """An event as it stands in a feed."""

    uid: str
    entry: str = field(repr=False)
    sequence: int
    last_modified: datetime
    cancelled: bool


def read_version(connection: Connection) -> str:
    """Another one after every change that readers of any feed see."""
    return read_setting(connection, _VERSION) or "0"


def note_change(connection: Connection) -> None:
    """In the transaction that makes the change."""
    following = cast(cast(setting.c.value, Integer) + 1, String)
    row = setting.c.name == _VERSION
    if not connection.execute(update(setting).where(row).values(value=following)).rowcount:
        put_setting(connection, _VERSION, "1")


def read_feed(connection: Connection, name: str) -> tuple[list[EventRow], datetime | None]:
    """Its events in the table's order, a cancelled one where it stood; since when it is the same,
    None before it was first brought in step."""
    columns = (event.c.uid, event.c.entry, event.c.sequence, event.c.last_modified)
    query = select(*columns, event.c.cancelled_at.is_not(None)).where(event.c.feed == name)
    rows = connection.execute(query.order_by(event.c.position, event.c.uid))
    changed = connection.scalar(select(feed.c.changed).where(feed.c.name == name))
    return [EventRow(*row) for row in rows], changed


def are_in_step(connection: Connection, input_hash: str, at: datetime) -> bool:
    """Whether all were made from that, and none shows a cancelled event that was shown long
    enough."""
    outlived = connection.execute(select(event.c.uid).where(_outlived(at)).limit(1)).first()
    return read_setting(connection, _INPUT) == input_hash and outlived is None


def bring_in_step(
    connection: Connection,
    contents: Mapping[str, FeedContent],
    input_hash: str,
    at: datetime,
    is_over: Callable[[str, str], bool],
    names: Sequence[str] | None = None,
) -> Sequence[str]:
    """Some of the feeds; the names of the rest are returned, for the next transaction to be given
    as long as nobody else has written feeds. `contents` are of all that are wanted, made from what
    has that hash.

    New events begin at sequence 0; a changed, vanished or revived one moves on by 1. A vanished
    event is cancelled, and dropped after 60 days; one that `is_over`, by its UID and entry, stays
    as it was: last year's plan was not called off, it was carried out. A feed changes later than
    before, also twice in a second and by a clock that was set back.
    """
    at = at.replace(microsecond=0)
    names = _out_of_step(connection, contents, at) if names is None else names
    names, rest = names[:_AT_ONCE], names[_AT_ONCE:]
    if not rest:
        put_setting(connection, _INPUT, input_hash)
    left = {name: contents.get(name, _GONE) for name in names}
    rows_before = connection.execute(select(feed).where(feed.c.name.in_(names)))
    before = {row.name: row for row in rows_before}
    connection.execute(delete(event).where(event.c.feed.in_(left), _outlived(at)))
    events: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for row in connection.execute(select(event).where(event.c.feed.in_(left))):
        events[row.feed][row.uid] = row
    gone = [name for name, content in left.items() if content is _GONE and name not in events]
    connection.execute(delete(feed).where(feed.c.name.in_(gone)))
    feeds: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for name in left.keys() - gone:
        changed = max(at, before[name].changed + _SECOND) if name in before else at
        feeds.append({"name": name, "input_hash": left[name].input_hash, "changed": changed})
        rows += _moved(name, left[name].entries, events[name], at, is_over)
    for table, moved in ((feed, feeds), (event, rows)):
        if moved:
            put(connection, table, *moved)
    return rest


def _out_of_step(
    connection: Connection, contents: Mapping[str, FeedContent], at: datetime
) -> list[str]:
    """Feeds made from something else, no more wanted, or with what was shown long enough."""
    before = {row.name: row.input_hash for row in connection.execute(select(feed))}
    outlived = set(connection.scalars(select(event.c.feed).where(_outlived(at)).distinct()))
    wanted = dict.fromkeys(before, _GONE) | dict(contents)
    return [
        name
        for name, content in wanted.items()
        if name in outlived or before.get(name) != content.input_hash
    ]


def _moved(
    name: str,
    entries: Mapping[str, str],
    events: dict[str, Row[Any]],
    at: datetime,
    is_over: Callable[[str, str], bool],
) -> Iterator[dict[str, Any]]:
    for position, (uid, entry) in enumerate(entries.items()):
        row = events.pop(uid, None)
        if row is None or row.cancelled_at or row.entry != entry:
            yield {
                "feed": name,
                "uid": uid,
                "position": position,
                "entry": entry,
                "content_hash": hashlib.sha256(entry.encode()).hexdigest(),
                "sequence": 0 if row is None else row.sequence + 1,
                "last_modified": at,
                "cancelled_at": None,
            }
        elif row.position != position:  # the order in the file is no part of an event
            yield {**row._mapping, "position": position}
    for row in events.values():
        if not row.cancelled_at and not is_over(row.uid, row.entry):
            moved = {"sequence": row.sequence + 1, "last_modified": at, "cancelled_at": at}
            yield {**row._mapping, **moved}


def _outlived(at: datetime) -> ColumnElement[bool]:
    return event.c.cancelled_at <= at - KEEP_CANCELLED
