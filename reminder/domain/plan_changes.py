"""What differs between two tables of an office, row by row, and whom it concerns."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple

from reminder.domain.plan import Task
from reminder.domain.revision import Wording, same_rows
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Directory
from reminder.domain.when import Basis
from reminder.domain.workdays import last_day

Rows = dict[str, tuple[Task, ...]]


class Difference(StrEnum):
    ADDED = "added"
    DROPPED = "dropped"
    MOVED = "moved"
    REWORDED = "reworded"
    SHORTENED = "shortened"  # its short title
    UNITS = "units"
    REMARKED = "remarked"  # section, remark, source


class RoleChange(NamedTuple):
    """Of a unit in a task, groups expanded; None where it has no part in it."""

    unit: str
    before: Role | None
    after: Role | None


@dataclass(frozen=True)
class TaskChange:
    """What became of one row, known by its id: its occurrences before and after.

    `twin` is the id under which the wording stands in the other table alone. In another year's
    table that is the same row; in a later version its id was changed.
    """

    id: str
    before: tuple[Task, ...]
    after: tuple[Task, ...]
    differences: tuple[Difference, ...]
    roles: tuple[RoleChange, ...]
    twin: str = ""

    @property
    def concerned(self) -> tuple[RoleChange, ...]:
        """Everybody in the row or, where only units came or went, those."""
        if self.differences != (Difference.UNITS,):
            return self.roles
        return tuple(role for role in self.roles if role.before is not role.after)


@dataclass(frozen=True)
class PlanChanges:
    """`head` names the plan's own fields that differ, `meetings` the sessions."""

    head: tuple[str, ...]
    meetings: tuple[str, ...]
    tasks: tuple[TaskChange, ...]

    def __bool__(self) -> bool:
        return bool(self.head or self.meetings or self.tasks)

    @cached_property
    def by_unit(self) -> dict[str, list[tuple[TaskChange, RoleChange]]]:
        """Who is concerned, and by what."""
        changes: dict[str, list[tuple[TaskChange, RoleChange]]] = defaultdict(list)
        for change in self.tasks:
            for role in change.concerned:
                changes[role.unit].append((change, role))
        return dict(changes)

    @property
    def alike(self) -> list[tuple[list[str], list[TaskChange]]]:
        """The units whom the same changes concern, together."""
        units: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for unit, changes in self.by_unit.items():
            units[tuple(change.id for change, _ in changes)].append(unit)
        by_id = {change.id: change for change in self.tasks}
        return [(names, [by_id[row] for row in rows]) for rows, names in units.items()]


def compare(before: Timetable, after: Timetable) -> PlanChanges:
    """What differs between two tables; of members that came to a group or left it each task.

    Tasks in the new table's order, then those that were dropped. Times that come to the same
    window are the same, and so are a group and all its members. Ids differ from year to year: there
    a row is the same by its wording, and a time by its months and days.
    """
    old, new = _rows(before), _rows(after)
    is_next = before.plan.term != after.plan.term
    became = _by_wording(old, new, only_sure=not is_next)
    origin = {after: before for before, after in became.items()}
    times = _nominal_times if is_next else _times
    is_same_house = _groups(before.directory) == _groups(after.directory)
    changes = []

    @cache  # rows name the same groups of thousands again and again
    def roles_of(was: _Names, becomes: _Names) -> tuple[RoleChange, ...]:
        return _role_changes((before.directory, was), (after.directory, becomes))

    for row in dict.fromkeys((*new, *old)):
        if is_next and row in became:
            continue
        was, becomes = old.get(origin.get(row, row) if is_next else row, ()), new.get(row, ())
        has_moved = times(before, was) != times(after, becomes)
        if is_same_house and not has_moved and _said(was) == _said(becomes):
            continue  # without asking for the roles of thousands
        roles = roles_of(_names(was), _names(becomes))
        differences = _differences(was, becomes, roles, has_moved=has_moved)
        twin = origin.get(row) or became.get(row, "")
        changes.append(TaskChange(row, was, becomes, differences, roles, twin))
    head = ("id", "year", "first_month", "name", "tag", "office", "zone")
    sessions = dict.fromkeys((*after.plan.meetings, *before.plan.meetings))
    return PlanChanges(
        tuple(key for key in head if getattr(before.plan, key) != getattr(after.plan, key)),
        tuple(n for n in sessions if before.plan.meetings.get(n) != after.plan.meetings.get(n)),
        tuple(change for change in changes if change.differences),
    )


def _rows(table: Timetable) -> Rows:
    """Each row's occurrences by its id."""
    rows: Rows = {}
    for task in table.plan.tasks:
        rows[task.table_id] = (*rows.get(task.table_id, ()), task)
    return rows


def _by_wording(old: Rows, new: Rows, *, only_sure: bool) -> dict[str, str]:
    """Of the ids that only one of the tables has: under which of the new one a row stands."""
    olds, news = [row for row in old if row not in new], [row for row in new if row not in old]
    wordings = (
        [Wording(rows[row][0].title, str(rows[row][0].months)) for row in ids]
        for rows, ids in ((old, olds), (new, news))
    )
    pairs = same_rows(*wordings)
    return {olds[p.before]: news[p.after] for p in pairs if p.sure or not only_sure}


def _differences(
    was: tuple[Task, ...],
    becomes: tuple[Task, ...],
    roles: Iterable[RoleChange],
    *,
    has_moved: bool,
) -> tuple[Difference, ...]:
    if not was:
        return (Difference.ADDED,)
    if not becomes:
        return (Difference.DROPPED,)
    found = {
        Difference.MOVED: has_moved,
        Difference.REWORDED: was[0].title != becomes[0].title,
        Difference.SHORTENED: was[0].short != becomes[0].short,
        Difference.UNITS: any(role.before is not role.after for role in roles),
        Difference.REMARKED: _remarks(was[0]) != _remarks(becomes[0]),
    }
    return tuple(difference for difference, is_there in found.items() if is_there)


def _groups(directory: Directory) -> dict[str, tuple[str, ...]]:
    return {group.id: group.members for group in directory.groups}


def _said(tasks: tuple[Task, ...]) -> object:
    """By a row, less its time."""
    return [(task.title, task.short, task.lead, task.related, _remarks(task)) for task in tasks[:1]]


def _remarks(task: Task) -> tuple[str, ...]:
    return task.section, task.remark, task.source


def _times(table: Timetable, tasks: Iterable[Task]) -> set[object]:
    """What its time comes to; sessions for themselves, for they may have no date yet."""
    times: set[object] = set()
    for task in tasks:
        window, timing = table.windows.get(task.id), task.timing
        days = (window.opens, window.due, window.rule) if window else ()
        counts = (timing.meetings, timing.before_workdays, timing.offset)
        times.add((task.kind, days, timing.soft, counts))
    return times


def _nominal_times(table: Timetable, tasks: Iterable[Task]) -> set[object]:
    """As the table says it, whatever the year: months as numbers, days by month and day."""

    def said(day: date | None) -> tuple[int, int] | None:
        if day is None:
            return None
        is_last = day == last_day(day.year, day.month)
        return table.plan.month_at(day), 31 if is_last else day.day

    times: set[object] = set()
    for task in tasks:
        timing, span = task.timing, task.span
        has_days = span and span.basis in (Basis.BEFORE, Basis.DAYS)
        days = (said(span.first), said(span.last)) if span and has_days else ()
        own = (said(timing.opens), said(timing.due), timing.part, timing.soft)
        counts = (timing.before_workdays, timing.offset)
        times.add((task.kind, task.months or None, days, own, counts))
    return times


_Names = tuple[tuple[str, ...], tuple[str, ...]]  # leads and related, as the row names them


def _names(tasks: tuple[Task, ...]) -> _Names:
    return (tasks[0].lead, tasks[0].related) if tasks else ((), ())


def _role_changes(*sides: tuple[Directory, _Names]) -> tuple[RoleChange, ...]:
    was, becomes = (_roles(*side) for side in sides)
    units = dict.fromkeys((*becomes, *was))
    return tuple(RoleChange(unit, was.get(unit), becomes.get(unit)) for unit in units)


def _roles(directory: Directory, names: _Names) -> dict[str, Role]:
    """Leads first; lead and related in one row is lead."""
    roles: dict[str, Role] = {}
    for role, named in zip((Role.LEAD, Role.RELATED), names, strict=True):
        for unit in directory.expand(named):
            roles.setdefault(unit, role)
    return roles
