"""Which digests units got lately: what they read there they are not told again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time

from sqlalchemy import Connection, or_, select

from reminder.domain.notices import NEVER_WENT, Kind, NoticeDraft, State
from reminder.domain.occasions import Heard, Step
from reminder.domain.timetable import Timetable
from reminder.ledger.notices import note_reminded, tasks_of
from reminder.ledger.schema import notice

_BY_DIGEST = "by-digest"


def read_heard(
    connection: Connection,
    table: Timetable,
    steps: Iterable[Step],
    at: datetime,
    *,
    rehearsal: bool,
) -> dict[str, list[Heard]]:
    """By the unit, since the first 待确认 step that is in reach, up to that moment.

    Also digests that wait, or were refused: what keeps them back would keep back the second mail.
    """
    since = min((step.since for step in steps if step.kind is Kind.OVERDUE), default=None)
    found: dict[str, list[Heard]] = defaultdict(list)
    if since is None:
        return found
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
        found[row.unit].append(Heard(table.plan.month_of(row.period), day))
    return found


def note_read(connection: Connection, drafts: Iterable[NoticeDraft]) -> None:
    """What their units read in a digest counts as told. No notice has this key."""
    note_reminded(connection, [replace(draft, key=_read_key(draft.key)) for draft in drafts])


def was_read(connection: Connection, key: str) -> bool:
    """Whether that reminder's unit has read it in a digest, so that it is for others alone."""
    return bool(tasks_of(connection, _read_key(key)))


def _read_key(key: str) -> str:
    return f"{key}/{_BY_DIGEST}"
