"""The yearly table: tasks of a month, of the whole year, and standing remarks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo


class TaskKind(StrEnum):
    MONTH = "month"
    YEAR = "year"
    STANDING = "standing"


class Part(StrEnum):
    """上旬, 中旬, 下旬: the 1st to 10th, 11th to 20th, 21st to the month's end."""

    EARLY = "early"
    MIDDLE = "middle"
    LATE = "late"


@dataclass(frozen=True)
class Meeting:
    """A session; its date is added to the plan once it is known."""

    id: str
    name: str
    month: int
    day: date | None = None


@dataclass(frozen=True)
class Timing:
    """What a task says of its own time; nothing means the whole month.

    `before_workdays` counts from the last of `meetings`; without it the meeting's date, once
    known, only confirms the month. `exact` keeps `opens` and `due` on rest days.
    """

    opens: date | None = None
    due: date | None = None
    exact: bool = False
    meetings: tuple[str, ...] = ()
    before_workdays: int | None = None
    part: Part | None = None
    soft: bool = False


@dataclass(frozen=True)
class Task:
    """`number` counts within its row of the table; 0 where the table has no number."""

    id: str
    kind: TaskKind
    title: str
    short: str
    lead: tuple[str, ...]
    related: tuple[str, ...] = ()
    month: int = 0
    number: int = 0
    timing: Timing = Timing()

    @property
    def brief(self) -> str:
        """For subjects and calendars."""
        return self.short or (self.title if len(self.title) <= 16 else self.title[:15] + "…")


@dataclass(frozen=True)
class Plan:
    """One office's table of one year. `office` is the unit that publishes it."""

    id: str
    year: int
    name: str
    tag: str
    office: str
    zone: ZoneInfo
    tasks: tuple[Task, ...]
    meetings: Mapping[str, Meeting] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Task]:
        return {task.id: task for task in self.tasks}

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

    @cached_property
    def _by_month(self) -> dict[int, tuple[Task, ...]]:
        months = range(1, 13)
        return {month: tuple(t for t in self.month_tasks if t.month == month) for month in months}

    def month(self, month: int) -> tuple[Task, ...]:
        return self._by_month.get(month, ())

    def period(self, month: int) -> str:
        return f"{self.year}-{month:02}"

    def month_of(self, period: str) -> int:
        """0 for what is no month of this plan, such as one of another year."""
        return next((month for month in range(1, 13) if self.period(month) == period), 0)
