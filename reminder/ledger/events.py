"""The events of all agendas, with the revisions that calendar programs go by.

RFC 5545, 3.8.7.4: SEQUENCE counts an event's revisions. A row is written only when plan or
state changes, so that a feed read twice is the same to the byte.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, reduce
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from reminder.ledger.schema import event

# Long enough that every subscriber has fetched the cancellation, holidays included.
KEEP_CANCELLED = timedelta(days=60)
_AT_ONCE = 200  # agendas, and values in one statement
Known = Row[int, str, int, str, int, datetime | None]


@dataclass(frozen=True)
class Draft:
    """An event as it should be. `entry` is JSON and holds all that a view of it needs."""

    uid: str
    entry: str

    @cached_property
    def content_hash(self) -> str:
        return hashlib.sha256(self.entry.encode()).hexdigest()


@dataclass(frozen=True)
class EventRow:
    """An event as it stands in a feed."""

    uid: str
    entry: str = field(repr=False)
    sequence: int
    last_modified: datetime
    cancelled: bool


_PARTS: list[ColumnElement[str]] = [
    func.coalesce(cast(column, String), "")
    for column in (
        event.c.uid,
        event.c.content_hash,
        event.c.sequence,
        event.c.last_modified,
        event.c.cancelled_at,
    )
]
# All that an event's bytes depend on, in one short text: the hash speaks for the entry.
_REVISION = reduce(lambda text, part: text.concat(" ").concat(part), _PARTS)


def read_revisions(connection: Connection, agenda: int) -> dict[str, str]:
    """By UID, in the table's order; a cancelled event stands where it stood."""
    query = select(event.c.uid, _REVISION).where(event.c.agenda == agenda)
    ordered = query.order_by(event.c.position, event.c.uid)
    return {row[0]: row[1] for row in connection.execute(ordered)}


def read_events(connection: Connection, agenda: int, uids: Sequence[str]) -> Iterator[EventRow]:
    columns = (event.c.uid, event.c.entry, event.c.sequence, event.c.last_modified)
    query = select(*columns, event.c.cancelled_at.is_not(None)).where(event.c.agenda == agenda)
    for start in range(0, len(uids), _AT_ONCE):
        some = event.c.uid.in_(uids[start : start + _AT_ONCE])
        yield from (EventRow(*row) for row in connection.execute(query.where(some)))


def has_outlived(connection: Connection, at: datetime) -> bool:
    """Whether some cancelled event has been shown long enough."""
    return bool(connection.execute(select(exists().where(_outlived(at)))).scalar())


def drop_outlived(connection: Connection, at: datetime) -> None:
    connection.execute(delete(event).where(_outlived(at)))


def copy_events(connection: Connection, agenda: int, to: int) -> None:
    columns = [column for column in event.c if column is not event.c.agenda]
    rows = select(literal(to), *columns).where(event.c.agenda == agenda)
    names = ["agenda", *(column.name for column in columns)]
    connection.execute(insert(event).from_select(names, rows))


def bring_in_step(
    connection: Connection,
    wanted: Iterable[tuple[int, Sequence[Draft]]],
    at: datetime,
    is_over: Callable[[str], bool],
) -> None:
    """Makes each agenda say what its drafts say.

    New events begin at sequence 0; a changed, vanished or revived one moves on by 1. A vanished
    event is cancelled, and dropped after 60 days; one whose entry `is_over` stays as it was:
    last year's plan was not called off, it was carried out.
    """
    left = iter(wanted)
    while some := dict(islice(left, _AT_ONCE)):
        _bring_in_step(connection, some, at, is_over)


def _bring_in_step(
    connection: Connection,
    wanted: Mapping[int, Sequence[Draft]],
    at: datetime,
    is_over: Callable[[str], bool],
) -> None:
    known = _known(connection, wanted)
    fresh, moved, shifted = [], [], []
    for agenda, drafts in wanted.items():
        for position, draft in enumerate(drafts):
            row = known.pop((agenda, draft.uid), None)
            if row is None:
                fresh.append(_values(agenda, position, draft, at))
            elif row.content_hash != draft.content_hash or row.cancelled_at:
                following = {"sequence": row.sequence + 1}
                moved.append(_values(agenda, position, draft, at) | following)
            elif row.position != position:
                # The order in the file is no part of an event.
                shifted.append({"agenda": agenda, "uid": draft.uid, "position": position})
    left = [key for key, row in known.items() if not row.cancelled_at]
    called_off = list(_called_off(connection, left, at, is_over))
    if fresh:
        connection.execute(insert(event), fresh)
    for rows in (moved, called_off, shifted):
        _update(connection, rows)


def _known(connection: Connection, agendas: Iterable[int]) -> dict[tuple[int, str], Known]:
    columns = (event.c.agenda, event.c.uid, event.c.position, event.c.content_hash)
    query = select(*columns, event.c.sequence, event.c.cancelled_at)
    some = event.c.agenda.in_(list(agendas))
    rows = connection.execute(query.where(some).order_by(event.c.agenda))
    return {(row.agenda, row.uid): row for row in rows}


def _called_off(
    connection: Connection,
    left: Iterable[tuple[int, str]],
    at: datetime,
    is_over: Callable[[str], bool],
) -> Iterator[dict[str, Any]]:
    for agenda, keys in groupby(left, itemgetter(0)):
        theirs = event.c.uid.in_([uid for _, uid in keys])
        query = select(event.c.uid, event.c.entry, event.c.sequence)
        for row in connection.execute(query.where(event.c.agenda == agenda, theirs)):
            if not is_over(row.entry):
                key = {"agenda": agenda, "uid": row.uid, "sequence": row.sequence + 1}
                yield key | {"last_modified": at, "cancelled_at": at}


def _values(agenda: int, position: int, draft: Draft, at: datetime) -> dict[str, Any]:
    return {
        "agenda": agenda,
        "uid": draft.uid,
        "position": position,
        "entry": draft.entry,
        "content_hash": draft.content_hash,
        "sequence": 0,
        "last_modified": at,
        "cancelled_at": None,
    }


def _outlived(at: datetime) -> ColumnElement[bool]:
    return event.c.cancelled_at <= at - KEEP_CANCELLED


def _update(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """All of them set the same columns."""
    if not rows:
        return
    columns = [name for name in rows[0] if name not in ("agenda", "uid")]
    statement = (
        update(event)
        .where(event.c.agenda == bindparam("at_agenda"), event.c.uid == bindparam("at_uid"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    connection.execute(
        statement,
        [
            {f"new_{name}": row[name] for name in columns}
            | {"at_agenda": row["agenda"], "at_uid": row["uid"]}
            for row in rows
        ],
    )
