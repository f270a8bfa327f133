"""From a task to its window: when it opens, when it is due, and the rule that says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from reminder.domain.plan import Meeting, Part, Plan, Task, TaskKind, Timing
from reminder.domain.when import Basis, Offset, Span
from reminder.domain.workdays import DAY, WorkingDays, first_day, last_day


class Rule(StrEnum):
    EXPLICIT = "explicit"
    MEETING = "meeting"
    PART = "part-of-month"
    MONTH = "month"
    MONTHS = "months"
    MEETING_UNDATED = "meeting-undated"
    YEAR_ROUND = "year-round"


@dataclass(frozen=True)
class Window:
    """Both days inclusive. `guessed` says that no published working days reach that far; `ranged`
    that its first day was said as its last one was: 4月10日—15日, 4月15日."""

    task: str
    opens: date
    due: date
    rule: Rule
    soft: bool = False
    guessed: bool = False
    meeting: Meeting | None = None
    ranged: bool = False

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

    def is_reached(self, on: date) -> bool:
        """Whether it may be reminded of: days that are said are prepared for before they come."""
        return self.ranged or self.opens <= on

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
class Closing:
    """Of a task that is not done: `onto` is the next table's task that it was carried to, empty
    where it was ended; `why` in the secretariat's words."""

    on: date
    onto: str = ""
    why: str = ""


@dataclass(frozen=True)
class Progress:
    """What the ledger knows of the tasks. `checked_in` are (task, period) of year-round tasks.

    `reported` are (task, unit, period): that unit says it was done on that day, as a whole or in
    that month, and waits for the secretariat to confirm it. Windows that closed before `started`,
    the first start's day, count as settled. `closed` are tasks that the secretariat has closed
    without their being done.
    """

    done: Mapping[str, date] = field(default_factory=dict)
    checked_in: Mapping[tuple[str, str], date] = field(default_factory=dict)
    started: date | None = None
    reported: Mapping[tuple[str, str, str], date] = field(default_factory=dict)
    closed: Mapping[str, Closing] = field(default_factory=dict)

    def is_over(self, task: str) -> bool:
        """Done for good, carried over or ended: nobody is asked for it."""
        return task in self.done or task in self.closed

    def is_settled(self, window: Window) -> bool:
        return self.started is not None and window.due < self.started

    def is_open(self, window: Window) -> bool:
        """Neither registered as done, nor closed, nor settled."""
        return not self.is_over(window.task) and not self.is_settled(window)

    def is_asked(self, task: str, unit: str) -> bool:
        """Whether that unit has still to say something of the task."""
        return not self.is_over(task) and not self.reported_on(task, unit)

    def closed_on(self, task: str, unit: str) -> date | None:
        """Since when nothing more is asked of that unit."""
        return self.done.get(task) or self.reported_on(task, unit)

    def reported_on(self, task: str, unit: str, period: str = "") -> date | None:
        return self.reported.get((task, unit, period))


def window(plan: Plan, task: Task, days: WorkingDays, month: int = 0) -> Window:
    """A month's task has one window; a year-round task has one in each `month`.

    Raises ValueError for a standing remark, which has none.
    """
    if task.kind is TaskKind.STANDING:
        raise ValueError(f"{task.id}: a standing remark has no window")
    timing, span = task.timing, task.span
    if task.kind is TaskKind.YEAR:
        timing, span = Timing(soft=timing.soft), None
        rule, opens, due = Rule.YEAR_ROUND, *_months(plan, range(month, month + 1), days)
    elif span and span.basis in (Basis.BEFORE, Basis.DAYS):
        rule, opens, due = Rule.EXPLICIT, *_said(span, days, exact=timing.exact)
    else:
        rule, opens, due = _arranged(plan, task, days)
    if timing.opens:
        opens = timing.opens if timing.exact else days.on_or_after(timing.opens)
    if timing.due:
        rule = Rule.EXPLICIT
        due = timing.due if timing.exact else days.on_or_before(timing.due)
    meeting = _meeting(plan, timing) if rule is not Rule.EXPLICIT else None
    guessed = days.is_provisional(opens) or days.is_provisional(due)
    ranged = span is not None and span.basis is Basis.DAYS
    return Window(task.id, opens, due, rule, timing.soft, guessed, meeting, ranged)


def _meeting(plan: Plan, timing: Timing) -> Meeting | None:
    """The last one decides."""
    return plan.meetings[timing.meetings[-1]] if timing.meetings else None


def _arranged(plan: Plan, task: Task, days: WorkingDays) -> tuple[Rule, date, date]:
    """By a session, a part of a month, whole months."""
    timing, meeting = task.timing, _meeting(plan, task.timing)
    counts = timing.before_workdays is not None or timing.offset
    opens, due = _months(plan, task.months, days)
    if meeting and meeting.day and counts:
        return Rule.MEETING, *_by_meeting(plan, task, meeting.day, meeting.length, days)
    if meeting and not meeting.day:
        return Rule.MEETING_UNDATED, opens, due
    if timing.part:
        return Rule.PART, *_part(plan.year, task.months[0], timing.part, days)
    return Rule.MONTHS if len(task.months) > 1 else Rule.MONTH, opens, due


def _months(plan: Plan, months: range, days: WorkingDays) -> tuple[date, date]:
    first, last = months[0], months[-1]
    return days.first_of_month(plan.year, first), days.last_of_month(plan.year, last)


def _part(year: int, month: int, part: Part, days: WorkingDays) -> tuple[date, date]:
    end = last_day(year, month)
    first, last = part.days
    opens, due = end.replace(day=first), end.replace(day=min(last, end.day))
    return days.on_or_after(opens), days.on_or_before(due)


def _said(span: Span, days: WorkingDays, *, exact: bool) -> tuple[date, date]:
    """Of 4月15日前 only the last day is said: it opens with its month."""
    if span.basis is Basis.BEFORE:
        due = span.last if exact else days.on_or_before(span.last)
        return _opening(span.first, due, days), due
    return (span.first, span.last) if exact else _inwards(span.first, span.last, days)


def _inwards(first: date, last: date, days: WorkingDays) -> tuple[date, date]:
    """Between working days; kept as it was said where it holds none: 10月1日—3日."""
    opens, due = days.on_or_after(first), days.on_or_before(last)
    return (opens, due) if opens <= due else (first, last)


def _opening(first: date, due: date, days: WorkingDays) -> date:
    """With its month, or with that of a due day which lies before it."""
    return days.on_or_after(min(first, due.replace(day=1)))


def _by_meeting(
    plan: Plan, task: Task, begin: date, length: int, days: WorkingDays
) -> tuple[date, date]:
    """会前 counts from its first day, 会后 from its last."""
    end = begin + (length - 1) * DAY
    timing, offset = task.timing, task.timing.offset or Offset()
    if timing.before_workdays is not None:
        limit = days.shift(begin, -timing.before_workdays)
    elif not offset.is_after:
        limit = _later(begin, offset)
    else:
        after = _later(days.shift(end, offset.workdays), offset)
        return _inwards(end + DAY, after, days)
    due = days.on_or_before(limit)
    return _opening(first_day(plan.year, task.months[0]), due, days), due


def _later(day: date, offset: Offset) -> date:
    """So many days or months, in a shorter month its last day."""
    month = last_day(day.year, day.month + offset.months)
    return month.replace(day=min(day.day, month.day)) + offset.days * DAY


def nudge_day(window: Window, days: WorkingDays, workdays_left: int) -> date:
    """The first working day of the window with at most that many working days left; of days that
    were said also one before them.

    After the window's end when it holds no working day.
    """
    day = days.shift(days.on_or_before(window.due), -workdays_left)
    return day if window.ranged else max(day, days.on_or_after(window.opens))
