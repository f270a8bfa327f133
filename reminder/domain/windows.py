"""From a task to its window: when it opens, when it is due, and the rule that says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reminder.domain.plan import Meeting, Part, Plan, Task, TaskKind, Timing
from reminder.domain.workdays import WorkingDays, last_day


class Rule(StrEnum):
    EXPLICIT = "explicit"
    MEETING = "meeting"
    PART = "part-of-month"
    MONTH = "month"
    MEETING_UNDATED = "meeting-undated"
    YEAR_ROUND = "year-round"


@dataclass(frozen=True)
class Window:
    """Both days inclusive. `guessed` says that no published working days reach that far."""

    task: str
    opens: date
    due: date
    rule: Rule
    soft: bool = False
    guessed: bool = False
    meeting: Meeting | None = None

    @property
    def period(self) -> str:
        """The month of a year-round task's check-in; empty for a task as a whole."""
        return f"{self.due:%Y-%m}" if self.rule is Rule.YEAR_ROUND else ""

    @property
    def undated(self) -> bool:
        return self.rule is Rule.MEETING_UNDATED

    @property
    def dated(self) -> bool:
        """Whether more than the month is known."""
        return self.rule in (Rule.EXPLICIT, Rule.MEETING, Rule.PART)

    def is_waiting(self, on: date) -> bool:
        """Its month is over, and its meeting has no date yet: nobody can be late."""
        return self.undated and on > self.due

    @property
    def provisional(self) -> bool:
        return self.undated or self.guessed

    @property
    def tracked(self) -> bool:
        """Whether it can be nudged: not year-round, and its meeting's date is known."""
        return self.rule not in (Rule.YEAR_ROUND, Rule.MEETING_UNDATED)

    @property
    def can_be_overdue(self) -> bool:
        return self.tracked and not self.soft


@dataclass(frozen=True)
class Progress:
    """What the ledger knows of the tasks. `checked_in` are (task, period) of year-round tasks.

    `reported` are (task, unit, period): that unit says it was done on that day, as a whole or in
    that month, and waits for the secretariat to confirm it. Windows that closed before `started`,
    the first start's day, count as settled.
    """

    done: Mapping[str, date] = field(default_factory=dict)
    checked_in: Mapping[tuple[str, str], date] = field(default_factory=dict)
    started: date | None = None
    reported: Mapping[tuple[str, str, str], date] = field(default_factory=dict)

    def is_settled(self, window: Window) -> bool:
        return self.started is not None and window.due < self.started

    def is_open(self, window: Window) -> bool:
        """Neither registered as done nor settled."""
        return window.task not in self.done and not self.is_settled(window)

    def is_asked(self, task: str, unit: str) -> bool:
        """Whether that unit has still to say something of the task."""
        return task not in self.done and not self.reported_on(task, unit)

    def reported_on(self, task: str, unit: str, period: str = "") -> date | None:
        return self.reported.get((task, unit, period))


def window(plan: Plan, task: Task, days: WorkingDays, month: int = 0) -> Window:
    """A month's task has one window; a year-round task has one in each `month`.

    Raises ValueError for a standing remark, which has none.
    """
    if task.kind is TaskKind.STANDING:
        raise ValueError(f"{task.id}: a standing remark has no window")
    is_year = task.kind is TaskKind.YEAR
    timing = Timing(soft=task.timing.soft) if is_year else task.timing
    month = month if is_year else task.month
    meeting = plan.meetings[timing.meetings[-1]] if timing.meetings else None
    opens, due = days.first_of_month(plan.year, month), days.last_of_month(plan.year, month)
    rule = Rule.YEAR_ROUND if is_year else Rule.MONTH
    if meeting and meeting.day and timing.before_workdays is not None:
        rule = Rule.MEETING
        due = days.on_or_before(days.shift(meeting.day, -timing.before_workdays))
        opens = days.first_of_month(*min((plan.year, month), (due.year, due.month)))
    elif meeting and not meeting.day:
        rule = Rule.MEETING_UNDATED
    elif timing.part:
        rule = Rule.PART
        opens, due = _part(plan.year, month, timing.part, days)
    if timing.opens:
        opens = timing.opens if timing.exact else days.on_or_after(timing.opens)
    if timing.due:
        rule, meeting = Rule.EXPLICIT, None
        due = timing.due if timing.exact else days.on_or_before(timing.due)
    guessed = days.is_provisional(opens) or days.is_provisional(due)
    return Window(task.id, opens, due, rule, timing.soft, guessed, meeting)


def _part(year: int, month: int, part: Part, days: WorkingDays) -> tuple[date, date]:
    end = last_day(year, month).day
    first, last = {Part.EARLY: (1, 10), Part.MIDDLE: (11, 20), Part.LATE: (21, end)}[part]
    opens, due = date(year, month, first), date(year, month, last)
    return days.on_or_after(opens), days.on_or_before(due)


def nudge_day(window: Window, days: WorkingDays, workdays_left: int) -> date:
    """The first working day of the window with at most that many working days left.

    After the window's end when it holds no working day.
    """
    last = days.on_or_before(window.due)
    return max(days.shift(last, -workdays_left), days.on_or_after(window.opens))
