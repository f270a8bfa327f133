"""The days of sessions as the secretariat has set them: all replicas read them here.

They do not go into the plan's file, which each machine has its own copy of.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, select

from reminder.domain.notices import Kind
from reminder.ledger.changes import note_change
from reminder.ledger.database import reading
from reminder.ledger.location import Place, Server
from reminder.ledger.revisions import known_revision
from reminder.ledger.schema import REVISION, history, meeting_date, notice, reminded
from reminder.ledger.upsert import put
from reminder.ledger.views import read_history

SET = "set"
UNSET = "unset"
_DATES = select(meeting_date.c.meeting, meeting_date.c.day).order_by(meeting_date.c.meeting)


@dataclass(frozen=True)
class Told:
    """So many units were written to of that task, or of all tasks of a digest's month."""

    kind: Kind
    period: str
    task: str
    units: int


def read_dates(connection: Connection) -> dict[str, date]:
    """By the meeting's id; also of meetings that no plan has any more."""
    return {row.meeting: date.fromisoformat(row.day) for row in connection.execute(_DATES)}


def dates_of(place: Place) -> dict[str, date]:
    """Of a ledger as it lies there, which is not made for this. Raises `LedgerError`."""
    shared = isinstance(place, Server)
    with reading(place) as connection:
        known = known_revision(connection, place, shared=shared) == REVISION
        return read_dates(connection) if known else {}


def set_date(connection: Connection, meeting: str, day: date, at: datetime) -> None:
    row = {"meeting": meeting, "day": day.isoformat(), "recorded": at}
    put(connection, meeting_date, row)
    _record(connection, meeting, SET, day.isoformat(), at)


def unset_date(connection: Connection, meeting: str, at: datetime) -> bool:
    """The plan's own date counts again. False when none was set."""
    removed = connection.execute(delete(meeting_date).where(meeting_date.c.meeting == meeting))
    if removed.rowcount:
        _record(connection, meeting, UNSET, "", at)
    return bool(removed.rowcount)


def read_changes(connection: Connection, meeting: str) -> list[RowMapping]:
    """The last one first: `at`, `state` (set, unset), `detail` (the day)."""
    return read_history(connection, _subject(meeting))[::-1]


def told_of(
    connection: Connection, tasks: Collection[str], periods: Collection[str]
) -> Iterator[Told]:
    """What went of these tasks: the digests of their months, then the reminders."""
    digests = _went(select(notice.c.kind, notice.c.period, func.count())).where(
        notice.c.kind == Kind.DIGEST, notice.c.period.in_(periods)
    )
    digests = digests.group_by(notice.c.kind, notice.c.period).order_by(notice.c.period)
    for kind, period, count in connection.execute(digests):
        yield Told(Kind(kind), period, "", count)
    facts = (notice.c.kind, notice.c.period, reminded.c.task)
    rows = _went(select(*facts, func.count())).join(reminded, reminded.c.key == notice.c.key)
    rows = rows.where(reminded.c.task.in_(tasks)).group_by(*facts)
    for kind, period, task, count in connection.execute(rows.order_by(*facts[1:])):
        yield Told(Kind(kind), period, task, count)


def _went(query: Select[Any]) -> Select[Any]:
    fixed = notice.c.sha256.is_not(None) & notice.c.state.is_(None)
    return query.where(fixed, notice.c.rehearsal.is_(False))


def _record(connection: Connection, meeting: str, state: str, detail: str, at: datetime) -> None:
    note_change(connection)
    connection.execute(
        history.insert().values(
            at=at,
            subject=_subject(meeting),
            address=None,
            state=state,
            reason="registered",
            detail=detail,
        )
    )


def _subject(meeting: str) -> str:
    return f"meeting/{meeting}"
