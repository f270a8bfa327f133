"""Reminders on their way stop when nothing is left to remind of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from reminder.domain.notices import Kind, Reason, State, original
from reminder.domain.windows import Progress
from reminder.storage.ledger import notices
from reminder.storage.ledger.schema import reminded
from reminder.storage.ledger.views import in_parts


def stop_reminders(connection: Connection, progress: Progress, at: datetime) -> None:
    """Those of tasks that were all registered since; not what is just being sent.

    A copy is of the same tasks as the notice that it copies.
    """
    copies = defaultdict(list)
    waiting: dict[str, str] = {}
    for row in notices.unfinished(connection, Kind.NUDGE, Kind.OVERDUE):
        copies[original(row["key"])].append(row["key"])
        waiting[original(row["key"])] = row["unit"]
    asked: dict[str, bool] = {}
    for key, task in _tasks(connection, waiting):
        asked[key] = asked.get(key, False) or progress.is_asked(task, waiting[key])
    stopped = [copy for key, still in asked.items() if not still for copy in copies[key]]
    notices.set_states(connection, stopped, State.EXPIRED, Reason.DONE, at)


def _tasks(connection: Connection, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for some in in_parts(keys):
        query = select(reminded.c.key, reminded.c.task).where(reminded.c.key.in_(some))
        yield from ((row.key, row.task) for row in connection.execute(query))
