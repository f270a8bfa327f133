"""One reading of plan, units and working days: each task's window, each unit's role."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property

from reminder.domain.plan import Plan, Task, TaskKind
from reminder.domain.units import Directory, Relation
from reminder.domain.windows import Progress, Window, window
from reminder.domain.workdays import DAY, WorkingDays, last_day


class Role(StrEnum):
    LEAD = "lead"
    RELATED = "related"


@dataclass(frozen=True)
class Schedule:
    """When the office writes. Times are of the plan's zone, counts are working days."""

    at: time = time(9)
    workdays_before: int = 0
    nudges: tuple[int, ...] = (3,)
    overdue: tuple[int, ...] = (1, 7)
    tracking: bool = True
    preflight: int = 3


@dataclass(frozen=True)
class Timetable:
    plan: Plan
    directory: Directory
    days: WorkingDays
    schedule: Schedule = Schedule()

    @cached_property
    def windows(self) -> dict[str, Window]:
        """Of every month's task, in the table's order."""
        return {
            task.id: window(self.plan, task, self.days)
            for task in self.plan.tasks
            if task.kind is TaskKind.MONTH
        }

    def window_in(self, task: Task, month: int) -> Window:
        """A year-round task's check-in of that month, or the month task's own window."""
        return self.windows.get(task.id) or window(self.plan, task, self.days, month)

    @cached_property
    def _leads(self) -> dict[str, frozenset[str]]:
        return {t.id: frozenset(self.directory.expand(t.lead)) for t in self.plan.tasks}

    @cached_property
    def _related(self) -> dict[str, frozenset[str]]:
        return {t.id: frozenset(self.directory.expand(t.related)) for t in self.plan.tasks}

    def leads(self, unit: str, tasks: Iterable[Task]) -> tuple[Task, ...]:
        return tuple(task for task in tasks if unit in self._leads[task.id])

    def related(self, unit: str, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """Where the unit is related only: lead and related in one row is lead."""
        return tuple(task for task in tasks if self.role(unit, task) is Role.RELATED)

    def role(self, unit: str, task: Task) -> Role | None:
        if unit in self._leads[task.id]:
            return Role.LEAD
        return Role.RELATED if unit in self._related[task.id] else None

    @cached_property
    def fingerprint(self) -> str:
        """Of all that stands here: the same means that nothing was edited."""
        facts = (self.plan, self.directory.units, self.windows, self.schedule)
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def profile(self, unit: str) -> tuple[Relation, frozenset[str]]:
        return self.directory[unit].tone, self._named[unit]

    @cached_property
    def _named(self) -> dict[str, frozenset[str]]:
        ids = {i for t in self.plan.tasks for i in (*t.lead, *t.related)}
        found: dict[str, set[str]] = {}
        for i in ids:
            for unit in self.directory.expand([i]):
                found.setdefault(unit, set()).add(i)
        kept: dict[frozenset[str], frozenset[str]] = {}
        return {
            u.id: kept.setdefault(f := frozenset(found.get(u.id, ())), f)
            for u in self.directory.single
        }

    def lead_units(self, task: Task) -> list[str]:
        return self.directory.expand(task.lead)

    @cached_property
    def reached(self) -> dict[int, tuple[str, ...]]:
        """The units in each month's rows, leads first; January's also who has no month at all.

        Empty for a month without rows: only tasks to confirm can make a digest then.
        """
        months: dict[int, tuple[str, ...]] = {}
        for month in range(1, 13):
            tasks = self.plan.month(month)
            leads = [unit for task in tasks for unit in task.lead]
            related = [unit for task in tasks for unit in task.related]
            months[month] = tuple(self.directory.expand([*leads, *related]))
        everywhere = {unit for units in months.values() for unit in units}
        year_only = [
            unit
            for task in self.plan.year_round
            for unit in self.directory.expand([*task.lead, *task.related])
            if unit not in everywhere
        ]
        if year_only:
            months[1] = (*months[1], *dict.fromkeys(year_only))
        return months

    def unconfirmed(self, unit: str, month: int, on: date, progress: Progress) -> list[Task]:
        """Tasks of months before `month` that the unit leads, past due and not registered as
        done, oldest first.

        None for a unit of another body: its tasks stand in the secretariat's call list.
        """
        if not self.schedule.tracking or self.directory[unit].tone is Relation.PARALLEL:
            return []
        return [
            self.plan.by_id[found.task]
            for found in self.windows.values()
            if found.due < on
            and self.plan.by_id[found.task].month < month
            and found.can_be_overdue
            and progress.is_open(found)
            and unit in self._leads[found.task]
        ]

    def moment(self, day: date) -> datetime:
        """The sending hour of that day, in the plan's zone."""
        return datetime.combine(day, self.schedule.at, self.plan.zone)

    def end_of(self, day: date) -> datetime:
        """The first moment after that day, in the plan's zone."""
        return datetime.combine(day + DAY, time(), self.plan.zone)

    def digest_day(self, month: int) -> date:
        first = self.days.first_of_month(self.plan.year, month)
        return self.days.shift(first, -self.schedule.workdays_before)

    def digest_due(self, month: int) -> datetime:
        return self.moment(self.digest_day(month))

    def digest_end(self, month: int) -> datetime:
        return self.end_of(last_day(self.plan.year, month))

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.plan.zone).date()

    def is_late(self, due: datetime, at: datetime) -> bool:
        """A mail is late when it is written on a later day than it was due."""
        return self.local_day(at) > self.local_day(due)

    def live_digest(self, at: datetime) -> int | None:
        """The latest month whose digest is due and still of use."""
        return max(
            (m for m in self._with_rows if self.digest_due(m) <= at < self.digest_end(m)),
            default=None,
        )

    def next_digest(self, at: datetime) -> int | None:
        return min((m for m in self._with_rows if self.digest_due(m) > at), default=None)

    @property
    def _with_rows(self) -> list[int]:
        return [month for month, units in self.reached.items() if units]
