"""One reading of plan, units and working days: each task's window, each unit's role."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from functools import cached_property

from reminder.domain.plan import Plan, Task
from reminder.domain.schedule import Schedule
from reminder.domain.units import Directory, Relation
from reminder.domain.windows import Progress, Window
from reminder.domain.windows import window as window_of
from reminder.domain.workdays import DAY, WorkingDays, last_day


class Role(StrEnum):
    LEAD = "lead"
    RELATED = "related"


# All by which plan and rules treat a unit, but for its own name and addresses: its tone, the ids
# that stand for it in the plan's rows, its own and its groups', and its language.
Audience = tuple[Relation, tuple[str, ...], str]


@dataclass(frozen=True)
class Timetable:
    plan: Plan
    directory: Directory
    days: WorkingDays
    schedule: Schedule = field(default_factory=Schedule)
    # The table of the year before, which asks on for what is open, and of the year after.
    previous: "Timetable | None" = field(default=None, repr=False)
    following: "Timetable | None" = field(default=None, repr=False)

    def _others(self) -> Iterator["Timetable"]:
        if self.following:
            yield self.following
        other = self.previous
        while other:
            yield other
            other = other.previous

    def of_task(self, task: str) -> "Timetable":
        """Of these years the one that has it; this one where none has."""
        if task in self.plan.by_id:
            return self
        return next((other for other in self._others() if task in other.plan.by_id), self)

    def find(self, task: str) -> Task | None:
        """By its key, also of another year."""
        return self.of_task(task).plan.by_id.get(task)

    def month_in(self, other: "Timetable", month: int) -> int:
        """That month of another year's table, as this one counts it."""
        return month + 12 * (other.plan.year - self.plan.year)

    def window(self, task: Task) -> Window | None:
        """Also of another year's; None for a task without one of its own."""
        return self.of_task(task.id).windows.get(task.id)

    @cached_property
    def windows(self) -> dict[str, Window]:
        """Of every occurrence of a month's task, in the table's order."""
        tasks = self.plan.month_tasks
        return {task.id: window_of(self.plan, task, self.days) for task in tasks}

    def window_in(self, task: Task, month: int) -> Window:
        """A year-round task's check-in of that month, or the month task's own window."""
        table = self.of_task(task.id)
        return table.windows.get(task.id) or window_of(self.plan, task, self.days, month)

    @cached_property
    def check_ins(self) -> tuple[Window, ...]:
        """Those windows of the term's months, the same for every year-round task; none without."""
        tasks = self.plan.year_round[:1]
        return tuple(self.window_in(task, month) for task in tasks for month in self.plan.months)

    @cached_property
    def _months_of(self) -> dict[str, range]:
        return {task: self._touched(window) for task, window in self.windows.items()}

    def _touched(self, window: Window) -> range:
        task = self.plan.by_id[window.task]
        first, last = self.plan.month_at(window.opens), self.plan.month_at(window.due)
        term = self.plan.months
        if task.span is None or last < term[0] or first > term[-1]:
            return task.months
        return range(max(first, term[0]), last + 1)

    def months_of(self, task: Task) -> range:
        """In whose digests it stands: the month of its row or, by `when`, all that its window
        touches. None for a task without a window of its own. Of another year's as this one counts
        them."""
        if (table := self.of_task(task.id)) is not self:
            shift, months = self.month_in(table, 0), table.months_of(task)
            return range(months.start + shift, months.stop + shift)
        return self._months_of.get(task.id, range(0))

    @cached_property
    def _by_month(self) -> dict[int, list[Task]]:
        found: dict[int, list[Task]] = {month: [] for month in self.plan.months}
        for task in self.plan.month_tasks:
            for month in self.months_of(task):
                found.setdefault(month, []).append(task)
        return found

    def month_tasks(self, month: int) -> Sequence[Task]:
        """Whatever of them is done: the table's, then what runs on from the year before."""
        tasks = self._by_month.get(month, [])
        if before := self.previous:
            return [*tasks, *before.month_tasks(before.month_in(self, month))]
        return tasks

    def tasks_in(self, month: int) -> Sequence[Task]:
        """Also of the month behind the last one, by the next year's table too."""
        tasks = self.month_tasks(month)
        if self.following and month > self.plan.months[-1]:
            return [*tasks, *self.following.month_tasks(self.following.month_in(self, month))]
        return tasks

    def has_begun(self, task: Task, month: int) -> bool:
        """Whether an earlier month's digest has told of it."""
        return self.months_of(task)[0] < month

    @cached_property
    def _carrying(self) -> set[int]:
        months = self._by_month.items()
        return {m for m, tasks in months if any(self.has_begun(task, m) for task in tasks)}

    def carries(self, month: int) -> bool:
        """Whether one of its tasks has begun before."""
        return month in self._carrying

    def stands(self, task: Task, unit: str, month: int, progress: Progress) -> bool:
        """Whether that digest tells the unit of a task of its month: not of one that has begun
        before, and for which nothing was to be done any more when the digest went."""
        closed = progress.closed_on(task.id, unit) if self.has_begun(task, month) else None
        return closed is None or closed >= self.digest_day(month)

    def digest_tasks(self, unit: str, month: int, progress: Progress) -> list[Task]:
        """What stands in the month's rows for that unit."""
        tasks = self.month_tasks(month)
        return [task for task in tasks if self.stands(task, unit, month, progress)]

    @cached_property
    def _named(self) -> dict[str, tuple[str, ...]]:
        units: dict[str, tuple[str, ...]] = {}
        for name in _names(self.plan.tasks):
            for unit in self.directory.expand([name]):
                units[unit] = (*units.get(unit, ()), name)
        return units

    @cached_property
    def _roles(self) -> dict[str, dict[str, Role]]:
        """In each task, by what stands in its row: lead and related in one row is lead."""
        roles: dict[str, dict[str, Role]] = {name: {} for name in _names(self.plan.tasks)}
        for task in self.plan.tasks:
            for role, names in ((Role.RELATED, task.related), (Role.LEAD, task.lead)):
                for name in names:
                    roles[name][task.id] = role
        return roles

    def named_as(self, unit: str) -> tuple[str, ...]:
        """By which ids the plan's rows mean that unit; none for one without a task."""
        return self._named.get(unit, ())

    def audience(self, unit: str) -> Audience:
        """Units of one audience read the same mail, but for their names."""
        names = self.named_as(unit)
        for other in self._others():  # mails tell of their tasks too
            names = (*names, str(other.plan.year), *other.named_as(unit))
        return self.directory[unit].tone, names, self.directory[unit].language

    def role(self, unit: str, task: Task) -> Role | None:
        if (table := self.of_task(task.id)) is not self:
            return table.role(unit, task)
        roles = {self._roles[name].get(task.id) for name in self.named_as(unit)}
        return next((role for role in (Role.LEAD, Role.RELATED) if role in roles), None)

    def leads(self, unit: str, tasks: Iterable[Task]) -> tuple[Task, ...]:
        return tuple(task for task in tasks if self.role(unit, task) is Role.LEAD)

    def related(self, unit: str, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """Where the unit is related only."""
        return tuple(task for task in tasks if self.role(unit, task) is Role.RELATED)

    @cached_property
    def input_hash(self) -> str:
        """Of all that stands here: the same means that nothing was edited."""
        years = (self.previous, self.following)
        links = [other.input_hash for other in years if other]
        facts = (self.plan, self.windows, self.schedule, self.directory.input_hash, *links)
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def lead_units(self, task: Task) -> list[str]:
        return self.directory.expand(task.lead)

    @cached_property
    def names_by_month(self) -> dict[int, list[str]]:
        """What stands in the rows, leads first; in the first month's also who has no month."""
        months = {month: _names(self.month_tasks(month)) for month in self.plan.months}
        everywhere = {name for names in months.values() for name in names}
        rows = _names(self.plan.year_round)
        others = self.directory.expand(name for name in rows if name not in everywhere)
        alone = [unit for unit in others if everywhere.isdisjoint(self.named_as(unit))]
        months[self.plan.months[0]] += alone
        return months

    def reached(self, month: int) -> tuple[str, ...]:
        """The units of the month's rows, whatever is done. None for a month without rows: only
        tasks to confirm can make a digest then."""
        return tuple(self.directory.expand(self.names_by_month[month]))

    def unregistered(self, month: int, on: date, progress: Progress) -> list[Task]:
        """Tasks that ended in a month before that, past due and not registered as done, oldest
        first; of earlier years' tables too."""
        if not self.schedule.tracking:
            return []
        before = self.previous
        earlier = before.unregistered(before.month_in(self, month), on, progress) if before else []
        windows = ((self.plan.by_id[task], window) for task, window in self.windows.items())
        past = [
            task
            for task, window in windows
            if window.due < on
            and self.months_of(task)[-1] < month
            and window.can_be_overdue
            and progress.is_open(window)
        ]
        return sorted([*earlier, *past], key=lambda task: self.months_of(task)[-1])

    def unconfirmed(self, unit: str, month: int, on: date, progress: Progress) -> tuple[Task, ...]:
        """Of those the unit's own: it leads them.

        None for a unit of another body: its tasks stand in the secretariat's call list.
        """
        if self.directory[unit].tone is Relation.PARALLEL:
            return ()
        led = self.leads(unit, self.unregistered(month, on, progress))
        return tuple(task for task in led if progress.is_asked(task.id, unit))

    def moment(self, day: date) -> datetime:
        """The sending hour of that day, in the plan's zone."""
        return datetime.combine(day, self.schedule.at, self.plan.zone)

    def end_of(self, day: date) -> datetime:
        """The first moment after that day, in the plan's zone."""
        return datetime.combine(day + DAY, time(), self.plan.zone)

    def digest_day(self, month: int) -> date:
        first = self.days.first_of_month(self.plan.year, month)
        return self.days.shift(first, -self.schedule.workdays_before)

    def month_of_digest(self, on: date) -> int:
        """Whose digest goes on that day, the next year's too; 0 for none."""
        own = next((month for month in self.plan.months if self.digest_day(month) == on), 0)
        if self.following and not own and (month := self.following.month_of_digest(on)):
            return self.month_in(self.following, month)
        return own

    def digest_due(self, month: int) -> datetime:
        return self.moment(self.digest_day(month))

    def preflight(self, month: int) -> datetime:
        """When the operator is told what will go, and may approve it."""
        return self.moment(self.days.shift(self.digest_day(month), -self.schedule.preflight))

    def digest_end(self, month: int) -> datetime:
        return self.end_of(last_day(self.plan.year, month))

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self.plan.zone).date()

    def running_month(self, on: date) -> int:
        """The month of that day; before the plan's term its first, after it its last."""
        months = self.plan.months
        return min(max(self.plan.month_at(on), months[0]), months[-1])

    def is_late(self, due: datetime, at: datetime) -> bool:
        """A mail is late when it is written on a later day than it was due."""
        return self.local_day(at) > self.local_day(due)

    def live_digest(self, at: datetime) -> int | None:
        """The latest month whose digest is due and still of use."""
        live = (m for m in self.months if self.digest_due(m) <= at < self.digest_end(m))
        return max(live, default=None)

    def shown_month(self, at: datetime) -> int:
        """The month that is in force, or the plan's first or last one."""
        return self.live_digest(at) or self.running_month(self.local_day(at))

    def next_digest(self, at: datetime) -> int | None:
        return min((m for m in self.months if self.digest_due(m) > at), default=None)

    @cached_property
    def months(self) -> list[int]:
        """Those whose digest goes whatever is to be confirmed."""
        return [month for month in self.plan.months if self.names_by_month[month]]


def _names(tasks: Sequence[Task]) -> list[str]:
    """Units and groups of the rows, each once, leads first."""
    leads = [name for task in tasks for name in task.lead]
    return list(dict.fromkeys([*leads, *(name for task in tasks for name in task.related)]))
