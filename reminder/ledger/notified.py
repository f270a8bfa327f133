"""What units were told already: digests that they got, reminders of each step."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from reminder.domain.notices import (
    NEVER_WENT,
    Kind,
    NoticeDraft,
    State,
    still_reached,
)
from reminder.domain.occasions import PastDigest, Step
from reminder.domain.timetable import Timetable
from reminder.ledger.rows import batched, put
from reminder.ledger.schema import notice, reminded


def note_reminded(connection: Connection, drafts: Iterable[NoticeDraft]) -> None:
    names = ("task", "due", "step")
    rows = [
        {"key": draft.key, "kind": draft.kind, "unit": draft.unit}
        | dict(zip(names, task, strict=True))
        for draft in drafts
        for task in draft.tasks
    ]
    if rows:
        put(connection, reminded, *rows)


def read_notified(
    connection: Connection, steps: Iterable[Step], *, rehearsal: bool
) -> dict[Step, set[str]]:
    """Each step with the units that were reminded by it; a mail that never went does not
    count, unless it was dropped by hand."""
    notified: dict[Step, set[str]] = {}
    # Without a notice: the secretariat was asked to phone.
    went = notice.c.reason.not_in(NEVER_WENT)
    counts = notice.c.key.is_(None) | (went & (notice.c.rehearsal == rehearsal))
    for step in steps:
        query = select(reminded.c.unit).join(notice, notice.c.key == reminded.c.key, isouter=True)
        query = query.where(
            reminded.c.kind == step.kind,
            reminded.c.task == step.task,
            reminded.c.due == step.due,
            reminded.c.step == step.step,
            counts,
        )
        notified[step] = set(connection.scalars(query))
    return notified


def written_to(
    connection: Connection, units: Collection[str], year: int, before: Collection[str], stream: str
) -> set[str]:
    """Those of the units that were written to in that year, by notices other than `before`: as
    seen from that stream."""
    query = select(notice.c.unit, notice.c.stream).where(
        notice.c.unit.in_(units),
        notice.c.sha256.is_not(None),
        notice.c.period.startswith(f"{year}-"),
        notice.c.rehearsal.is_(False),
        notice.c.key.not_in(before),
    )
    rows = connection.execute(query.distinct())
    return {row.unit for row in rows if still_reached(row.stream, stream)}


def reminded_tasks(
    connection: Connection, keys: Iterable[str]
) -> defaultdict[str, list[tuple[str, str, int]]]:
    """What nudges and 待确认 mails are about, by their keys: task, due date, step."""
    tasks: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for batch in batched(keys):
        for row in connection.execute(select(reminded).where(reminded.c.key.in_(batch))):
            tasks[row.key].append((row.task, row.due, row.step))
    return tasks


def read_past_digests(
    connection: Connection,
    table: Timetable,
    steps: Iterable[Step],
    at: datetime,
    *,
    rehearsal: bool,
) -> dict[str, list[PastDigest]]:
    """By the unit, since the first 待确认 step that is in reach, up to that moment.

    Also digests that wait, or were refused: what keeps them back would keep back the second mail.
    """
    since = min((step.since for step in steps if step.kind is Kind.OVERDUE), default=None)
    past_digests: dict[str, list[PastDigest]] = defaultdict(list)
    if since is None:
        return past_digests
    first = datetime.combine(since, time(), table.plan.zone)
    query = select(notice.c.unit, notice.c.period, notice.c.due, notice.c.created).where(
        notice.c.kind == Kind.DIGEST,
        notice.c.rehearsal.is_(rehearsal),
        notice.c.state.is_distinct_from(State.BASELINE),
        notice.c.reason.not_in(NEVER_WENT),
        or_(notice.c.due >= first, notice.c.created >= first),
        notice.c.due <= at,
    )
    for row in connection.execute(query):
        day = table.local_day(max(row.due, row.created))
        past_digests[row.unit].append(PastDigest(table.plan.month_of(row.period), day))
    return past_digests


def note_covered(connection: Connection, drafts: Iterable[NoticeDraft]) -> None:
    """What their units read in a digest counts as told. No notice has this key."""
    note_reminded(connection, [replace(draft, key=_covered_key(draft.key)) for draft in drafts])


def was_covered(connection: Connection, key: str) -> bool:
    """Whether that reminder's unit has read it in a digest, so that it is for others alone."""
    return bool(reminded_tasks(connection, [_covered_key(key)]))


def _covered_key(key: str) -> str:
    return f"{key}/by-digest"


@dataclass(frozen=True)
class NotifiedCount:
    """So many units were written to of that task, or of all tasks of a digest's month."""

    kind: Kind
    period: str
    task: str
    units: int


def count_notified(
    connection: Connection, tasks: Collection[str], periods: Collection[str]
) -> Iterator[NotifiedCount]:
    """What went of these tasks: the digests of their months, then the reminders."""
    digests = _went(select(notice.c.kind, notice.c.period, func.count())).where(
        notice.c.kind == Kind.DIGEST, notice.c.period.in_(periods)
    )
    digests = digests.group_by(notice.c.kind, notice.c.period).order_by(notice.c.period)
    for kind, period, count in connection.execute(digests):
        yield NotifiedCount(Kind(kind), period, "", count)
    facts = (notice.c.kind, notice.c.period, reminded.c.task)
    rows = _went(select(*facts, func.count())).join(reminded, reminded.c.key == notice.c.key)
    rows = rows.where(reminded.c.task.in_(tasks)).group_by(*facts)
    for kind, period, task, count in connection.execute(rows.order_by(*facts[1:])):
        yield NotifiedCount(Kind(kind), period, task, count)


def _went(query: Select[Any]) -> Select[Any]:
    fixed = notice.c.sha256.is_not(None) & notice.c.state.is_(None)
    return query.where(fixed, notice.c.rehearsal.is_(False))
