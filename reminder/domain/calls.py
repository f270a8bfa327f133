"""What the secretariat asks for itself: units to phone, and dates of sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import MONTHS, Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress, Window


@dataclass(frozen=True)
class Call:
    """To a unit that leads a task which is closing or past."""

    unit: Unit
    task: Task
    window: Window
    is_past: bool


def calls_on_tasks(table: Timetable, on: date, progress: Progress) -> Iterator[Call]:
    """Leads of another body whose task is closing or past, and others whose task is past."""
    nearest = max(table.schedule.nudges, default=0)
    for window in table.windows.values():
        if not (window.tracked and progress.is_open(window) and window.opens <= on):
            continue
        is_past = on > window.due
        if not is_past and table.days.between(on, window.due) > nearest:
            continue
        task = table.plan.by_id[window.task]
        for unit in (table.directory[unit_id] for unit_id in table.lead_units(task)):
            is_other = unit.tone is Relation.PARALLEL
            awaited = is_other or (is_past and window.can_be_overdue and table.schedule.tracking)
            if awaited and progress.is_asked(task.id, unit.id):
                yield Call(unit, task, window, is_past)


@dataclass(frozen=True)
class Undated:
    meeting: Meeting
    tasks: tuple[Task, ...]


def undated_sessions(table: Timetable, month: int, progress: Progress) -> Iterator[Undated]:
    """On which open tasks hang, of that month and those before it; in the table's order."""
    tasks: dict[str, list[Task]] = {}
    meetings: dict[str, Meeting] = {}
    for window in table.windows.values():
        task = table.plan.by_id[window.task]
        if window.meeting and window.undated and task.month <= month and progress.is_open(window):
            meetings[window.meeting.id] = window.meeting
            tasks.setdefault(window.meeting.id, []).append(task)
    return (Undated(meetings[name], tuple(same)) for name, same in tasks.items())


def undated_by_now(table: Timetable, at: datetime, progress: Progress) -> list[Undated]:
    """Of the months whose pre-flight is due."""
    month = max((month for month in MONTHS if table.preflight(month) <= at), default=0)
    return list(undated_sessions(table, month, progress))
