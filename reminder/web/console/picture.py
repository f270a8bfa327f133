"""The whole plan's year as one picture, each task in its light."""

from collections.abc import Iterator
from datetime import date

from reminder.domain.status import HIDDEN, TaskState, TaskStatus
from reminder.domain.timetable import Timetable
from reminder.domain.year import Bar, Year, task_bar
from reminder.office.overview import Overview
from reminder.web.timeline import Timeline, timeline


def picture_of(table: Timetable, overview: Overview, on: date) -> Timeline:
    today = on if on.year == table.plan.year else None
    return timeline(Year(table.plan.year, today, tuple(_bars(table, overview))))


def _bars(table: Timetable, overview: Overview) -> Iterator[Bar]:
    for row in (row for rows in overview.months.values() for row in rows):
        status = TaskStatus(_STATES[row.lamp.colour])
        yield task_bar(table.plan.year, row.task, table.windows[row.task.id], status)
    for row in overview.year_round:
        yield task_bar(table.plan.year, row.task, None, HIDDEN)


_STATES = {
    "blue": TaskState.NOT_OPEN,
    "green": TaskState.OPEN,
    "yellow": TaskState.DUE_SOON,
    "red": TaskState.TO_CONFIRM,
    "wait": TaskState.REPORTED,
    "grey": TaskState.DONE,
}
