"""Whom the secretariat phones: units that the system never presses, and what is past."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reminder.domain.plan import Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress, Window, workdays_left

CLOSING = "时间临近"
PAST = "已过安排时间，尚未登记"


@dataclass(frozen=True)
class Call:
    """To one unit, for one reason; of a task, or of a mail or a signing."""

    unit: Unit
    why: str
    task: Task | None = None
    window: Window | None = None


def calls_on_tasks(table: Timetable, on: date, progress: Progress) -> Iterator[Call]:
    """Leads of another body whose task is closing or past, and others whose task is past."""
    nearest = max(table.schedule.nudges, default=0)
    for found in table.windows.values():
        if not (found.tracked and progress.is_open(found) and found.opens <= on):
            continue
        is_past = on > found.due
        if not is_past and workdays_left(found, on, table.days) > nearest:
            continue
        task = table.plan.by_id[found.task]
        for unit in (table.directory[unit_id] for unit_id in table.lead_units(task)):
            is_other = unit.tone is Relation.PARALLEL
            awaited = is_other or (is_past and found.can_be_overdue and table.schedule.tracking)
            if awaited and progress.is_asked(task.id, unit.id):
                yield Call(unit, PAST if is_past else CLOSING, task, found)
