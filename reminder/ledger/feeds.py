"""The feeds' events, with the revisions that calendar programs go by.

RFC 5545, 3.8.7.4: SEQUENCE counts an event's revisions. A row is written only when plan or
state changes, so that a feed read twice is the same to the byte.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Row, String, cast, delete, select, update

from reminder.ledger.rows import put, put_setting, read_setting
from reminder.ledger.schema import event, feed, setting

# Long enough that every subscriber has fetched the cancellation, holidays included.
KEEP_CANCELLED = timedelta(days=60)
_SECOND = timedelta(seconds=1)  # the grain of Last-Modified
_VERSION, _INPUT = "feed-version", "feed-input-hash"
_GONE = "gone"  # input hash of a feed that is not wanted any more


@dataclass(frozen=True)
class EventDraft:
    """An event as it should be. `entry` is JSON and holds all that a view of it needs."""

    uid: str
    entry: str

    @cached_property
    def content_hash(self) -> str:
        return hashlib.sha256(self.entry.encode()).hexdigest()


@dataclass(frozen=True)
class FeedContent:
    """What a feed should show; the same hash means the same events and the same heading."""

    drafts: Sequence[EventDraft]
    input_hash: str

    def named(self, label: str) -> "FeedContent":
        return FeedContent(self.drafts, f"{self.input_hash} {label}")


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


def read_input_hash(connection: Connection) -> str:
    """Of what all events were last made from; empty before the first time."""
    return read_setting(connection, _INPUT) or ""


def note_input_hash(connection: Connection, input_hash: str) -> None:
    put_setting(connection, _INPUT, input_hash)


def has_outlived(connection: Connection, at: datetime) -> bool:
    """Whether some cancelled event has been shown long enough."""
    return connection.execute(select(event.c.uid).where(_outlived(at)).limit(1)).first() is not None


def read_feed(connection: Connection, name: str) -> tuple[list[EventRow], datetime | None]:
    """Its events in the table's order, a cancelled one where it stood; since when it is the same,
    None before it was first brought in step."""
    columns = (event.c.uid, event.c.entry, event.c.sequence, event.c.last_modified)
    query = select(*columns, event.c.cancelled_at.is_not(None)).where(event.c.feed == name)
    rows = connection.execute(query.order_by(event.c.position, event.c.uid))
    changed = connection.scalar(select(feed.c.changed).where(feed.c.name == name))
    return [EventRow(*row) for row in rows], changed


def out_of_step(
    connection: Connection, contents: Mapping[str, FeedContent], at: datetime
) -> dict[str, FeedContent]:
    """The feeds that do not show what they should, those among them that are not wanted."""
    rows = connection.execute(select(feed.c.name, feed.c.input_hash)).all()
    hashes: dict[str, str] = {row.name: row.input_hash for row in rows}
    outlived = set(connection.scalars(select(event.c.feed).where(_outlived(at)).distinct()))
    wanted = dict.fromkeys(hashes, FeedContent((), _GONE)) | dict(contents)
    return {
        name: content
        for name, content in wanted.items()
        if hashes.get(name) != content.input_hash or name in outlived
    }


def bring_in_step(
    connection: Connection,
    contents: Mapping[str, FeedContent],
    at: datetime,
    is_over: Callable[[str], bool] = lambda entry: False,
) -> None:
    """New events begin at sequence 0; a changed, vanished or revived one moves on by 1.

    A vanished event is cancelled, and dropped after 60 days; one whose entry `is_over` stays as
    it was: last year's plan was not called off, it was carried out.
    """
    at = at.replace(microsecond=0)
    of_feeds = event.c.feed.in_(list(contents))
    connection.execute(delete(event).where(of_feeds, _outlived(at)))
    events: dict[str, dict[str, Row[Any]]] = {name: {} for name in contents}
    for row in connection.execute(select(event).where(of_feeds)):
        events[row.feed][row.uid] = row
    gone = {name for name in contents if not events[name] and contents[name].input_hash == _GONE}
    rows = [
        row
        for name, content in contents.items()
        for row in _moved(name, content.drafts, events[name], at, is_over)
    ]
    if rows:
        put(connection, event, *rows)
    connection.execute(delete(feed).where(feed.c.name.in_(gone)))
    _note_changed(connection, {name: contents[name] for name in contents.keys() - gone}, at)


def _moved(
    name: str,
    drafts: Sequence[EventDraft],
    rows: dict[str, Row[Any]],
    at: datetime,
    is_over: Callable[[str], bool],
) -> Iterator[dict[str, Any]]:
    for position, draft in enumerate(drafts):
        row = rows.pop(draft.uid, None)
        if row is None or row.cancelled_at or row.content_hash != draft.content_hash:
            sequence = 0 if row is None else row.sequence + 1
            yield _row(name, position, draft, sequence, at)
        elif row.position != position:  # the order in the file is no part of an event
            yield {**row._mapping, "position": position}
    for row in rows.values():
        if not row.cancelled_at and not is_over(row.entry):
            moved = {"sequence": row.sequence + 1, "last_modified": at, "cancelled_at": at}
            yield {**row._mapping, **moved}


def _note_changed(
    connection: Connection, contents: Mapping[str, FeedContent], at: datetime
) -> None:
    """Later than before, also twice in a second and by a clock that was set back."""
    query = select(feed.c.name, feed.c.changed).where(feed.c.name.in_(list(contents)))
    before = {row.name: row.changed + _SECOND for row in connection.execute(query)}
    rows = [
        {"name": name, "input_hash": content.input_hash, "changed": max(at, before.get(name, at))}
        for name, content in contents.items()
    ]
    if rows:
        put(connection, feed, *rows)


def _row(
    name: str, position: int, draft: EventDraft, sequence: int, at: datetime
) -> dict[str, Any]:
    return {
        "feed": name,
        "uid": draft.uid,
        "position": position,
        "entry": draft.entry,
        "content_hash": draft.content_hash,
        "sequence": sequence,
        "last_modified": at,
        "cancelled_at": None,
    }


def _outlived(at: datetime) -> ColumnElement[bool]:
    return event.c.cancelled_at <= at - KEEP_CANCELLED
