"""What a task is on a day for who looks at it: one state, its light, and whom to ask about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress, Rule, Window
from reminder.domain.workdays import last_day

SOON = 3  # working days left
SIGNED_WITHIN = 3  # working days after the mail


class Light(StrEnum):
    BLUE = "blue"
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"
    REVIEW = "review"  # reported, and not yet confirmed by the office
    WAIT = "wait"  # for a session without a date
    NONE = ""


class TaskState(StrEnum):
    HIDDEN = "hidden"  # a unit of another body sees no state
    NOT_OPEN = "not-open"
    OPEN = "open"
    DUE_SOON = "due-soon"
    LINGERING = "lingering"  # 适时 and past its window: it cannot be late
    TO_CONFIRM = "to-confirm"
    OVERDUE = "overdue"  # 待确认 of an explicit due date, in the own house
    WAITING = "waiting"  # its month is over and its meeting has no date yet
    REPORTED = "reported"  # done by a unit's word, not yet confirmed
    CHECKED_IN = "checked-in"  # a year-round task, in this month
    DONE = "done"
    CARRIED = "carried"  # to a task of the next table
    ENDED = "ended"  # not done, and not asked for any more
    SETTLED = "settled"  # over before the first start


_LIGHTS = {
    TaskState.HIDDEN: Light.NONE,
    TaskState.NOT_OPEN: Light.BLUE,
    TaskState.OPEN: Light.GREEN,
    TaskState.DUE_SOON: Light.YELLOW,
    TaskState.LINGERING: Light.YELLOW,
    TaskState.TO_CONFIRM: Light.RED,
    TaskState.OVERDUE: Light.RED,
    TaskState.WAITING: Light.WAIT,
    TaskState.REPORTED: Light.REVIEW,
    TaskState.CHECKED_IN: Light.GREY,
    TaskState.DONE: Light.GREY,
    TaskState.CARRIED: Light.GREY,
    TaskState.ENDED: Light.GREY,
    TaskState.SETTLED: Light.GREY,
}


@dataclass(frozen=True)
class TaskStatus:
    """`tone` is that of the unit it is for, None for the secretariat.

    `since` is the day on which it was done or reported. `days_left` are working days, None where
    none are counted. Of the `leads` so many have `reported` it. `month_only` says that a
    year-round task was reported for this month, not as a whole.
    """

    state: TaskState
    tone: Relation | None = None
    since: date | None = None
    days_left: int | None = None
    reported: int = 0
    leads: int = 1
    month_only: bool = False

    @property
    def light(self) -> Light:
        if self.tone is Relation.LOCAL and self.state is TaskState.TO_CONFIRM:
            return Light.YELLOW  # outside the own house nobody sees a red light
        if self.tone and self.state is TaskState.CHECKED_IN:
            return Light.GREEN  # for the unit its task runs on
        return _LIGHTS[self.state]


HIDDEN = TaskStatus(TaskState.HIDDEN, Relation.PARALLEL)


@dataclass(frozen=True)
class Reader:
    """One unit on one day, and what is known then; `linked` to its page, where it can answer."""

    table: Timetable
    unit: Unit
    on: date
    progress: Progress
    linked: bool = False

    @property
    def tone(self) -> Relation:
        return self.unit.tone

    @property
    def parallel(self) -> bool:
        return self.tone is Relation.PARALLEL


def unit_status(reader: Reader, window: Window) -> TaskStatus:
    """For a unit that leads the task. Of a year-round one by what was said of the window's month
    or of the whole year, never a light that changes with the day."""
    if reader.parallel:
        return HIDDEN
    progress, unit = reader.progress, reader.unit
    status = _status(reader.table, window, reader.on, progress, [unit])
    if not progress.is_over(window.task):
        whole = progress.reported_on(window.task, unit.id)
        if whole or progress.reported_on(window.task, unit.id, window.period):
            since = None if window.period else whole
            return TaskStatus(
                TaskState.REPORTED, unit.tone, since, reported=1, month_only=not whole
            )
        if window.period and status.state is not TaskState.CHECKED_IN:
            return HIDDEN
    return replace(status, tone=unit.tone)


def office_status(
    table: Timetable, window: Window, on: date, progress: Progress, leads: Sequence[Unit]
) -> TaskStatus:
    """For the secretariat: of a task in one window and those of its leads."""
    status = _status(table, window, on, progress, leads)
    said = [
        unit
        for unit in leads
        if any(progress.reported_on(window.task, unit.id, of) for of in ("", window.period))
    ]
    if said and status.light is not Light.GREY:
        return TaskStatus(TaskState.REPORTED, reported=len(said), leads=len(leads))
    return status


def task_light(table: Timetable, window: Window, on: date, progress: Progress) -> Light:
    """Of a task as the table has it, whatever units have reported."""
    light = _status(table, window, on, progress).light
    return Light.GREY if light is Light.WAIT else light


def _status(
    table: Timetable, window: Window, on: date, progress: Progress, leads: Sequence[Unit] = ()
) -> TaskStatus:
    """Whatever they have reported."""
    done = progress.done.get(window.task)
    since = done or progress.checked_in.get((window.task, window.period))
    state, left = TaskState.OPEN, None
    closing = progress.closed.get(window.task)
    if done or (not closing and since):
        state = TaskState.DONE if done else TaskState.CHECKED_IN
    elif closing:
        state, since = TaskState.CARRIED if closing.onto else TaskState.ENDED, closing.on
    elif progress.is_settled(window):
        state = TaskState.SETTLED
    elif window.is_waiting(on):
        state = TaskState.WAITING
    elif on < window.opens:
        state = TaskState.NOT_OPEN
    elif window.tracked and on > window.due:
        firm = window.rule is Rule.EXPLICIT and any(u.tone is Relation.OWN for u in leads)
        state = TaskState.OVERDUE if firm else TaskState.TO_CONFIRM
        state = TaskState.LINGERING if window.soft else state
    elif window.tracked:
        left = table.days.between(on, window.due)
        state = TaskState.DUE_SOON if left <= SOON else TaskState.OPEN
    return TaskStatus(state, since=since, days_left=left)


# What the secretariat asks for itself: units to phone, and dates of sessions


@dataclass(frozen=True)
class Call:
    """To a unit that leads a task which is closing or past."""

    unit: Unit
    task: Task
    window: Window
    is_past: bool


def calls_on_tasks(table: Timetable, on: date, progress: Progress) -> Iterator[Call]:
    """Leads of another body whose task is closing or past, and others whose task is past; of
    earlier years first."""
    if table.previous:
        yield from calls_on_tasks(table.previous, on, progress)
    nearest = max(table.schedule.nudges, default=0)
    for window in table.windows.values():
        if not (window.tracked and progress.is_open(window) and window.is_reached(on)):
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


def signature_due(table: Timetable, mailed: date) -> date:
    """From when on a unit that was mailed its digest on that day is asked for its signature."""
    return table.days.shift(mailed, SIGNED_WITHIN)


def is_signature_missing(table: Timetable, month: int, mailed: date, on: date) -> bool:
    """Of a unit that has not signed; when the month is over nobody is asked any more."""
    return signature_due(table, mailed) <= on <= last_day(table.plan.year, month)


@dataclass(frozen=True)
class Undated:
    meeting: Meeting
    tasks: tuple[Task, ...]


def undated_sessions(table: Timetable, month: int, progress: Progress) -> Iterator[Undated]:
    """On which open tasks hang, of that month and those before it; in the table's order."""
    tasks: dict[str, list[Task]] = {}
    for window in table.windows.values():
        task = table.plan.by_id[window.task]
        is_due = window.undated and table.months_of(task)[0] <= month
        if window.meeting and is_due and progress.is_open(window):
            tasks.setdefault(window.meeting.id, []).append(task)
    return (Undated(table.plan.meetings[name], tuple(same)) for name, same in tasks.items())


def undated_by_now(table: Timetable, at: datetime, progress: Progress) -> list[Undated]:
    """Of the months whose pre-flight is due."""
    months = (month for month in table.plan.months if table.preflight(month) <= at)
    return list(undated_sessions(table, max(months, default=0), progress))
