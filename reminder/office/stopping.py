"""Reminders on their way stop when nothing is left to remind of."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from reminder.domain.needless import why_done
from reminder.domain.notices import Kind, NoticeDraft, Reason, State, original
from reminder.domain.windows import Progress
from reminder.ledger import notices
from reminder.ledger.rows import batched
from reminder.ledger.schema import reminded


def stop_reminders(
    connection: Connection, why: Callable[[NoticeDraft], Reason | None], at: datetime
) -> None:
    """Those for which `why` has a reason; not what is just being sent.

    A copy is of the same tasks as the notice that it copies.
    """
    stopped = defaultdict(list)
    for draft in _waiting(connection):
        if reason := why(draft):
            stopped[reason].append(draft.key)
    for reason, keys in stopped.items():
        notices.set_states(connection, keys, State.EXPIRED, reason, at)


def stop_done(connection: Connection, progress: Progress, at: datetime) -> None:
    """Those of tasks that were all registered since."""
    stop_reminders(connection, partial(why_done, progress=progress), at)


def _waiting(connection: Connection) -> Iterator[NoticeDraft]:
    rows = notices.unfinished(connection, Kind.NUDGE, Kind.OVERDUE)
    told: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for key, task, due, step in _tasks(connection, {original(row["key"]) for row in rows}):
        told[key].append((task, due, step))
    for row in rows:
        yield NoticeDraft(
            row["key"],
            Kind(row["kind"]),
            row["period"],
            row["unit"],
            row["due"],
            row["useful_until"],
            tuple(told[original(row["key"])]),
        )


def _tasks(connection: Connection, keys: Iterable[str]) -> Iterator[tuple[str, str, str, int]]:
    columns = (reminded.c.key, reminded.c.task, reminded.c.due, reminded.c.step)
    for some in batched(keys):
        for row in connection.execute(select(*columns).where(reminded.c.key.in_(some))):
            yield row.key, row.task, row.due, row.step
