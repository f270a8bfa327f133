"""Reminders on their way stop when nothing is left to remind of."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from reminder.domain.notices import Kind, Reason, State
from reminder.domain.windows import Progress
from reminder.storage.ledger import notices
from reminder.storage.ledger.schema import reminded
from reminder.storage.ledger.views import in_parts


def stop_reminders(connection: Connection, progress: Progress, at: datetime) -> None:
    """Those of tasks that were all registered since; not what is just being sent."""
    waiting = {
        row["key"]: row["unit"] for row in notices.unfinished(connection, Kind.NUDGE, Kind.OVERDUE)
    }
    asked: dict[str, bool] = {}
    for key, task in _tasks(connection, waiting):
        asked[key] = asked.get(key, False) or progress.is_asked(task, waiting[key])
    stopped = [key for key, still in asked.items() if not still]
    notices.set_states(connection, stopped, State.EXPIRED, Reason.DONE, at)


def _tasks(connection: Connection, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for some in in_parts(keys):
        query = select(reminded.c.key, reminded.c.task).where(reminded.c.key.in_(some))
        yield from ((row.key, row.task) for row in connection.execute(query))
