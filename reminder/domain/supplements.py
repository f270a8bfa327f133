"""What a unit must hear of a table that changed after it was told."""

from collections.abc import Collection, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date

from reminder.domain.plan import Task, TaskKind
from reminder.domain.plan_changes import Difference, RoleChange, TaskChange, compare
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress, Rule

# Of a row: what its readers act by. Short titles and remarks are not.
_TOLD = (Difference.ADDED, Difference.DROPPED, Difference.MOVED, Difference.REWORDED)


@dataclass(frozen=True)
class Correction:
    """One row for one unit. `is_new` where the unit has a part in it only now, `is_gone` where it
    has none any more; in both cases all else that changed of the row is of no use to it."""

    change: TaskChange
    role: RoleChange
    differences: tuple[Difference, ...]

    @property
    def is_new(self) -> bool:
        return self.role.before is None

    @property
    def is_gone(self) -> bool:
        return self.role.after is None


def corrections(
    before: Timetable,
    after: Timetable,
    rows: Collection[str],
    told: Mapping[str, Set[int]],
    progress: Progress,
    on: date,
) -> dict[str, tuple[Correction, ...]]:
    """By unit, in the order of the table; `rows` are those of which units are to hear.

    `told` are the months of each unit's digests, counted as those of the table. The last of them
    told of the month that follows, too. What was not told yet, is over or is done is left out, and
    so is a unit that is nobody's any more.
    """
    found: dict[str, list[Correction]] = {}
    this_month = after.plan.month_at(on)
    for change in compare(before, after).tasks:
        if change.id not in rows or _is_settled(after, change, progress):
            continue
        differences = tuple(_felt(before, after, change))
        for role in change.roles:
            months = _heard(told.get(role.unit, frozenset()), this_month)
            mine = _of(role, differences)
            is_known = after.directory.receiver(role.unit) is not None
            if mine and is_known and _is_told(before, after, change, role, months):
                found.setdefault(role.unit, []).append(Correction(change, role, mine))
    return {unit: tuple(items) for unit, items in found.items()}


def _heard(told: Set[int], this_month: int) -> Set[int]:
    """Of which months it knows, as far as they are not over."""
    months = {*told, max(told) + 1} if told else set()
    return {month for month in months if month >= this_month}


def _of(role: RoleChange, differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """What of it is that unit's business."""
    if role.before is None:
        return (Difference.ADDED,)
    if role.after is None:
        return (Difference.DROPPED,)
    changed = (Difference.UNITS,) if role.before is not role.after else ()
    return (*differences, *changed)


def _felt(before: Timetable, after: Timetable, change: TaskChange) -> Iterator[Difference]:
    for difference in change.differences:
        if difference in _TOLD:
            is_nominal = difference is Difference.MOVED and _is_by_workdays(before, after, change)
            if not is_nominal:
                yield difference


def _is_by_workdays(before: Timetable, after: Timetable, change: TaskChange) -> bool:
    """Whether the table says what it said, of whole months: other working days are others'
    news."""
    return _nominal(before, change.before) == _nominal(after, change.after)


def _nominal(table: Timetable, tasks: tuple[Task, ...]) -> list[object]:
    """Its times less what working days decide."""
    found: list[object] = []
    for task in tasks:
        window = table.windows.get(task.id)
        rule = window.rule if window else None
        days = None if rule in (Rule.MONTH, Rule.MONTHS) else window
        found.append((task.kind, task.months, task.timing.soft, rule, days))
    return found


def _is_told(
    before: Timetable, after: Timetable, change: TaskChange, role: RoleChange, months: Set[int]
) -> bool:
    """By a digest of a month in which the row stood for that unit, or stands now."""
    sides = ((before, change.before, role.before), (after, change.after, role.after))
    for table, tasks, part in sides:
        for task in tasks if part else ():
            if task.kind is not TaskKind.MONTH:
                if months:
                    return True
            elif not months.isdisjoint(table.months_of(task)):
                return True
    return False


def _is_settled(after: Timetable, change: TaskChange, progress: Progress) -> bool:
    """Nothing is left to do: all its times are done or over."""
    tasks = change.after or change.before
    return all(progress.is_over(task.id) for task in tasks)
