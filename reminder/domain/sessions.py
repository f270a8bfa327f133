"""Sessions whose date is still asked for: tasks of months that have come hang on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import MONTHS, Timetable
from reminder.domain.windows import Progress


@dataclass(frozen=True)
class Undated:
    meeting: Meeting
    tasks: tuple[Task, ...]


def undated_sessions(table: Timetable, month: int, progress: Progress) -> Iterator[Undated]:
    """On which open tasks hang, of that month and those before it; in the table's order."""
    tasks: dict[str, list[Task]] = {}
    meetings: dict[str, Meeting] = {}
    for found in table.windows.values():
        task = table.plan.by_id[found.task]
        if found.meeting and found.undated and task.month <= month and progress.is_open(found):
            meetings[found.meeting.id] = found.meeting
            tasks.setdefault(found.meeting.id, []).append(task)
    return (Undated(meetings[name], tuple(same)) for name, same in tasks.items())


def undated_by_now(table: Timetable, at: datetime, progress: Progress) -> list[Undated]:
    """Of the months whose pre-flight is due."""
    month = max((month for month in MONTHS if table.preflight(month) <= at), default=0)
    return list(undated_sessions(table, month, progress))
