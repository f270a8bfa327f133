"""The yearly table: tasks of a month, of the whole year, and standing remarks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from reminder.domain.when import Basis, Offset, Span, Term, stretch_words
from reminder.domain.workdays import DAY, first_day


class TaskKind(StrEnum):
    MONTH = "month"
    YEAR = "year"
    STANDING = "standing"


class Part(StrEnum):
    """上旬, 上中旬, 中旬, 中下旬, 下旬."""

    EARLY = "early"
    EARLY_MIDDLE = "early-middle"
    MIDDLE = "middle"
    MIDDLE_LATE = "middle-late"
    LATE = "late"

    @property
    def days(self) -> tuple[int, int]:
        """First and last; in a shorter month its last day."""
        return _PARTS[self]


_PARTS = {
    Part.EARLY: (1, 10),
    Part.EARLY_MIDDLE: (1, 20),
    Part.MIDDLE: (11, 20),
    Part.MIDDLE_LATE: (11, 31),
    Part.LATE: (21, 31),
}


LONGEST_MEETING = 60  # days


@dataclass(frozen=True)
class Meeting:
    """A session; its first day is added to the plan once it is known.

    `month` is 1 to 12. `length` is in days, so that another first day moves its end too.
    """

    id: str
    name: str
    month: int
    day: date | None = None
    length: int = 1

    @property
    def until(self) -> date | None:
        """Its last day."""
        return self.day + (self.length - 1) * DAY if self.day else None


@dataclass(frozen=True)
class Timing:
    """What a task says of its own time; nothing means the whole month.

    `before_workdays` counts from the last of `meetings`; without it the meeting's date, once
    known, only confirms the month. `offset` counts from it in days, months, or after it. `exact`
    keeps `opens` and `due` on rest days.
    """

    opens: date | None = None
    due: date | None = None
    exact: bool = False
    meetings: tuple[str, ...] = ()
    before_workdays: int | None = None
    offset: Offset | None = None
    part: Part | None = None
    soft: bool = False


@dataclass(frozen=True)
class Task:
    """One occurrence of a task of the table, which most tasks have one of.

    `id` is that of the table or, where there are several, `ID@2026-07` by the month in which this
    one begins (`ID@2026-07-15` where two begin in it). `months` are those that the table says, as
    a `Term` counts them. `when` is the table's own word for its time; `span` is what it says, None
    for a row that says its month alone. `number` counts within its row; 0 where it has no number.
    """

    id: str
    kind: TaskKind
    title: str
    short: str
    lead: tuple[str, ...]
    related: tuple[str, ...] = ()
    months: range = range(0)
    number: int = 0
    timing: Timing = Timing()
    when: str = ""
    span: Span | None = None
    # What the table says beside it, for pages and not for mails: its section, a remark, where it
    # was decided.
    section: str = ""
    remark: str = ""
    source: str = ""

    @property
    def table_id(self) -> str:
        """The same for all occurrences of one task."""
        return self.id.partition("@")[0]

    @property
    def month(self) -> int:
        """The month of the calendar that its time ends in, for who reads it; 0 for none."""
        return calendar_month(self.months[-1]) if self.months else 0

    @property
    def stretch(self) -> str:
        """The office's own words for a task's one time, where they say more than its days: 上半年,
        年底前. Empty for a month (it is 4月内), one of several times, a due day or part beside."""
        span = self.span
        if span is None or self.id != self.table_id or self.timing.due:
            return ""
        is_month = span.basis is Basis.MONTHS and len(self.months) == 1
        return "" if is_month else stretch_words(self.when)

    @property
    def brief(self) -> str:
        """For subjects and calendars."""
        return self.short or (self.title if len(self.title) <= 16 else self.title[:15] + "…")


@dataclass(frozen=True)
class Plan:
    """One office's table of one year. `office` is the unit that publishes it.

    It covers twelve months from `first_month` of its year on; months are counted as a `Term` counts
    them, so that the second January is 13.
    """

    id: str
    year: int
    name: str
    tag: str
    office: str
    zone: ZoneInfo
    tasks: tuple[Task, ...]
    meetings: Mapping[str, Meeting] = field(default_factory=dict)
    first_month: int = 1

    @property
    def term(self) -> Term:
        return Term(self.year, self.first_month)

    @property
    def months(self) -> range:
        return self.term.months

    @cached_property
    def by_id(self) -> dict[str, Task]:
        return {task.id: task for task in self.tasks}

    def has(self, task: str) -> bool:
        """By its key, or by its id in the table."""
        return task in self.by_id or any(one.table_id == task for one in self.tasks)

    @cached_property
    def month_tasks(self) -> tuple[Task, ...]:
        return self._of(TaskKind.MONTH)

    @cached_property
    def year_round(self) -> tuple[Task, ...]:
        return self._of(TaskKind.YEAR)

    @cached_property
    def standing(self) -> tuple[Task, ...]:
        return self._of(TaskKind.STANDING)

    def _of(self, kind: TaskKind) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.kind is kind)

    def period(self, month: int) -> str:
        return f"{first_day(self.year, month):%Y-%m}"

    def month_of(self, period: str) -> int:
        """0 for what is no month of this plan, such as one of another year."""
        return self._by_period.get(period, 0)

    @cached_property
    def _by_period(self) -> dict[str, int]:
        return {self.period(month): month for month in self.months}

    def month_at(self, day: date) -> int:
        """Also of a day outside the plan's months."""
        return 12 * (day.year - self.year) + day.month


def calendar_month(month: int) -> int:
    """1 to 12, for who reads it."""
    return (month - 1) % 12 + 1
