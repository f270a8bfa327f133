"""The events of all feeds, with the revisions that calendar programs go by.

RFC 5545, 3.8.7.4: SEQUENCE counts an event's revisions. A row is written only when plan or
state changes, so that a feed read twice is the same to the byte.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from reminder.storage.ledger.schema import event, setting
from reminder.storage.ledger.upsert import put

# Long enough that every subscriber has fetched the cancellation, holidays included.
KEEP_CANCELLED = timedelta(days=60)
_MADE_FROM = "feeds-made-from"


@dataclass(frozen=True)
class Draft:
    """An event as it should be. `entry` is JSON and holds all that a view of it needs."""

    uid: str
    entry: str


@dataclass(frozen=True)
class EventRow:
    """An event as it stands in a feed; `content_hash` speaks for `entry`."""

    uid: str
    entry: str = field(compare=False, repr=False)
    content_hash: str
    sequence: int
    last_modified: datetime
    cancelled: bool


def made_from(connection: Connection) -> str | None:
    """The fingerprint of what the events were last made from."""
    found = connection.execute(select(setting.c.value).where(setting.c.name == _MADE_FROM))
    return found.scalar()


def note_made_from(connection: Connection, fingerprint: str) -> None:
    put(connection, setting, {"name": _MADE_FROM, "value": fingerprint})


def has_outlived(connection: Connection, at: datetime) -> bool:
    """Whether some cancelled event has been shown long enough."""
    return bool(connection.execute(select(exists().where(_outlived(at)))).scalar())


def sync_events(
    connection: Connection,
    feeds: Mapping[str, Sequence[Draft]],
    at: datetime,
    is_over: Callable[[str], bool] = lambda entry: False,
) -> int:
    """Makes the table say what `feeds` says, and returns how many events moved.

    New ones begin at sequence 0; a changed, vanished or revived one moves on by 1. A vanished
    event is cancelled, and dropped after 60 days; one whose entry `is_over` stays as it was:
    last year's plan was not called off, it was carried out.
    """
    at = at.replace(microsecond=0)
    connection.execute(delete(event).where(_outlived(at)))
    known = {(row.feed, row.uid): row for row in connection.execute(select(event))}
    fresh, moved, shifted = [], [], []
    for feed, drafts in feeds.items():
        for position, draft in enumerate(drafts):
            row = known.pop((feed, draft.uid), None)
            values = _values(feed, position, draft, at)
            if row is None:
                fresh.append(values)
            elif row.content_hash != values["content_hash"] or row.cancelled_at:
                moved.append(values | {"sequence": row.sequence + 1})
            elif row.position != position:
                # The order in the file is no part of an event.
                shifted.append({"feed": feed, "uid": draft.uid, "position": position})
    moved += [
        {"feed": row.feed, "uid": row.uid, "sequence": row.sequence + 1}
        | {"last_modified": at, "cancelled_at": at}
        for row in known.values()
        if not row.cancelled_at and not is_over(row.entry)
    ]
    if fresh:
        connection.execute(insert(event), fresh)
    for rows in (*_alike(moved), shifted):
        _update(connection, rows)
    return len(fresh) + len(moved)


def read_feed(connection: Connection, feed: str) -> list[EventRow]:
    """In the table's order; a cancelled event stands where it stood."""
    query = select(event).where(event.c.feed == feed).order_by(event.c.position, event.c.uid)
    return [
        EventRow(
            uid=row.uid,
            entry=row.entry,
            content_hash=row.content_hash,
            sequence=row.sequence,
            last_modified=row.last_modified,
            cancelled=row.cancelled_at is not None,
        )
        for row in connection.execute(query)
    ]


def _values(feed: str, position: int, draft: Draft, at: datetime) -> dict[str, Any]:
    return {
        "feed": feed,
        "uid": draft.uid,
        "position": position,
        "entry": draft.entry,
        "content_hash": hashlib.sha256(draft.entry.encode()).hexdigest(),
        "sequence": 0,
        "last_modified": at,
        "cancelled_at": None,
    }


def _outlived(at: datetime) -> Any:
    return event.c.cancelled_at <= at - KEEP_CANCELLED


def _alike(rows: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows that set the same columns, together: one statement each."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    return list(groups.values())


def _update(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = [name for name in rows[0] if name not in ("feed", "uid")]
    statement = (
        update(event)
        .where(event.c.feed == bindparam("at_feed"), event.c.uid == bindparam("at_uid"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    connection.execute(
        statement,
        [
            {f"new_{name}": row[name] for name in columns}
            | {"at_feed": row["feed"], "at_uid": row["uid"]}
            for row in rows
        ],
    )
