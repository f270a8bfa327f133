"""What a unit must hear of a table that changed after it was told."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from reminder.domain.digest import Content, Item, ItemChange, MailSection, RowFacts, SectionKind
from reminder.domain.notices import Kind
from reminder.domain.plan import Task, TaskKind, calendar_month
from reminder.domain.plan_changes import Difference, RoleChange, TaskChange
from reminder.domain.status import Reader
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress, Rule

# Of a row: what its readers act by. Short titles and remarks are not.
_TOLD = (Difference.ADDED, Difference.DROPPED, Difference.MOVED, Difference.REWORDED)


_WEIGHT = (
    Difference.MOVED,
    Difference.DROPPED,
    Difference.ADDED,
    Difference.UNITS,
    Difference.REWORDED,
)


@dataclass(frozen=True)
class Batch:
    """Publications of which units are told together, up to `number`: what changed in the `loud`
    ones against what was in force before them, after `base`."""

    number: int
    base: int
    loud: tuple[int, ...]

    @property
    def runs(self) -> Iterator[tuple[int, int]]:
        """Loud ones in a row: what was in force before them, and after them."""
        for _, same in groupby(enumerate(self.loud), key=lambda one: one[1] - one[0]):
            numbers = [number for _, number in same]
            yield numbers[0] - 1, numbers[-1]


@dataclass(frozen=True)
class Correction:
    """One row for one unit: what it was and what it is, None where the unit had or has no part in
    it; then all else that changed of the row is of no use to it."""

    row: str
    role: RoleChange
    differences: tuple[Difference, ...]
    was: RowFacts | None
    now: RowFacts | None
    of_all: bool  # the row itself came or went

    @property
    def reading(self) -> Hashable:
        """Units for which it is the same read the same."""
        return self.role.before, self.role.after, self.differences, self.was, self.now, self.of_all


def corrections(
    before: Timetable,
    after: Timetable,
    changes: Iterable[TaskChange],
    told: Mapping[str, Set[int]],
    progress: Progress,
    on: date,
) -> dict[str, tuple[Correction, ...]]:
    """By unit, in the order of the table, of the `changes` of which units are to hear.

    `told` are the months of each unit's digests, counted as those of the table. The last of them
    told of the month that follows, too. What was not told yet, is over or is done is left out, and
    so is a unit that is nobody's any more.
    """
    found: dict[str, list[Correction]] = {}
    this_month = after.plan.month_at(on)
    for change in changes:
        if _is_settled(after, change, progress):
            continue
        differences = tuple(_felt(before, after, change))
        of_all = not (change.before and change.after)
        for role in (role for role in change.roles if role.unit in told):
            mine = _of(role, differences)
            is_known = _is_written_to(after, role.unit)
            months = told[role.unit]
            if mine and is_known and _is_told(before, after, change, role, months, this_month):
                was = _facts(before, change.before) if role.before else None
                now = _facts(after, change.after) if role.after else None
                one = Correction(change.id, role, mine, was, now, of_all)
                found.setdefault(role.unit, []).append(one)
    return {unit: tuple(items) for unit, items in found.items()}


def _is_written_to(table: Timetable, unit: str) -> bool:
    found = table.directory.receiver(unit)
    return found is not None and not found.retired


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
    before: Timetable,
    after: Timetable,
    change: TaskChange,
    role: RoleChange,
    told: Set[int],
    this_month: int,
) -> bool:
    """By a digest of a month in which the row stood for that unit, or stands now; of a row without
    a month by any of its table."""
    months = _heard(told, this_month)
    sides = ((before, change.before, role.before), (after, change.after, role.after))
    for table, tasks, part in sides:
        for task in tasks if part else ():
            of_task = table.months_of(task) if task.kind is TaskKind.MONTH else table.plan.months
            known = months if task.kind is TaskKind.MONTH else told
            if not known.isdisjoint(of_task):
                return True
    return False


def _facts(table: Timetable, tasks: Sequence[Task]) -> RowFacts:
    """A row with several times has its words for them, and no window."""
    return RowFacts(tasks[0], table.windows.get(tasks[0].id) if len(tasks) == 1 else None)


def _is_settled(after: Timetable, change: TaskChange, progress: Progress) -> bool:
    """Nothing is left to do: all its times are done or over."""
    tasks = change.after or change.before
    return all(progress.is_over(task.id) for task in tasks)


# As a mail says it


def supplement(
    reader: Reader, items: Sequence[Correction], at: datetime, *, signed: bool
) -> Content:
    """To one unit, of what it was told and is otherwise now; `signed` where it has signed the
    month's digest: that stands."""
    plan = reader.table.plan
    month = calendar_month(reader.table.running_month(reader.on))
    sections = (changed_section(items, month),)
    said_at = at.astimezone(plan.zone)
    return Content(Kind.SUPPLEMENT, reader, month, said_at, sections, signed=signed)


def changed_section(items: Sequence[Correction], month: int) -> MailSection:
    """What is most to be known stands first."""
    found = []
    by_weight = sorted(items, key=lambda one: min(map(_WEIGHT.index, one.differences)))
    for position, one in enumerate(by_weight, 1 if len(items) > 1 else 0):
        facts = one.now or one.was
        assert facts
        change = ItemChange(one.role.before, one.role.after, one.differences, one.was, one.of_all)
        found.append(Item(facts.task, position, facts.window, change=change))
    return MailSection(SectionKind.CHANGED, month, tuple(found))
