"""What a digest, a nudge or a 待确认 mail has to say, as facts: the templates word them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby, pairwise

from reminder.domain.notices import Kind
from reminder.domain.plan import Plan, Task, calendar_month
from reminder.domain.plan_changes import Difference
from reminder.domain.registrations import Act, Registered, Registration, registered
from reminder.domain.status import HIDDEN, Reader, TaskState, TaskStatus, unit_status
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Rule, Window
from reminder.domain.workdays import first_day


class SectionKind(StrEnum):
    LEAD = "lead"
    RELATED = "related"
    CONFIRM = "confirm"
    OLDER = "older"  # 待确认 of months too long ago to be listed
    NEXT_LEAD = "next-lead"
    NEXT_RELATED = "next-related"
    YEAR_LEAD = "year-lead"
    YEAR_RELATED = "year-related"
    STANDING = "standing"
    NUDGE = "nudge"
    OVERDUE = "overdue"
    REGISTERED = "registered"
    RETURNED = "returned"
    CHANGED = "changed"  # of what the unit was told


@dataclass(frozen=True)
class RowFacts:
    """A row by the first of its tasks; it has a window where it has one time."""

    task: Task
    window: Window | None


@dataclass(frozen=True)
class ItemChange:
    """How a row became otherwise for its reader: its part in it before and after, None for none,
    and what it `was` where it had one. `of_all` where the row itself came or went."""

    before: Role | None
    after: Role | None
    differences: tuple[Difference, ...]
    was: RowFacts | None
    of_all: bool = False


@dataclass(frozen=True)
class Item:
    """A task in a section. `number` is the table's own, else a running one if there are several
    tasks, else 0. `month` is the one that it ends in, 1 to 12; the section's is the `nth` of so
    many that it stands in. `change` is said of what the unit was told otherwise."""

    task: Task
    number: int
    window: Window | None = None
    status: TaskStatus = HIDDEN
    month: int = field(default=0, kw_only=True)
    nth: int = field(default=1, kw_only=True)
    of: int = field(default=1, kw_only=True)
    change: ItemChange | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class MailSection:
    """`month` is 1 to 12. A row's `lead` and `related` are units and groups as the table lists
    them. `group` is the one under whose name the reader is related; of all these units `missing`
    have no address. `heading` are the items of the rows that stand under one heading, which the
    first of them has: it is empty for those that go on. `older` counts what is to be confirmed of
    months that are not listed. `year` is 0 but for a month of another year's table."""

    kind: SectionKind
    month: int
    items: tuple[Item, ...] = ()
    lead: tuple[Unit, ...] = ()
    related: tuple[Unit, ...] = ()
    group: Unit | None = None
    missing: tuple[Unit, ...] = ()
    older: int = 0
    heading: tuple[Item, ...] = ()
    year: int = 0


@dataclass(frozen=True)
class Content:
    """The facts of a mail to a unit. `month` is 1 to 12, `as_of` in the plan's zone.

    `led`, `related` and `open` are the tasks that the mail is about, by role; `year` are the
    year-round ones of a unit that stands in no month's row. `for_lead` is false for a mail that
    tells the office's own people of a lead.
    """

    kind: Kind
    reader: Reader
    month: int
    as_of: datetime
    sections: tuple[MailSection, ...]
    led: tuple[Item, ...] = ()
    related: tuple[Item, ...] = ()
    open: tuple[Item, ...] = ()
    year: tuple[Item, ...] = ()
    year_led: bool = False
    for_lead: bool = True
    late: bool = False
    first_of_year: bool = False
    registered: tuple[Registered, ...] = ()
    signed: bool = False

    @property
    def plan(self) -> Plan:
        return self.reader.table.plan

    @property
    def office(self) -> Unit:
        return self.reader.table.directory[self.plan.office]

    @property
    def parallel(self) -> bool:
        return self.reader.parallel and self.kind is not Kind.RECEIPT

    @property
    def leads(self) -> bool:
        """Whether something in it is for the unit to register."""
        return bool(self.led or self.open)

    @property
    def to_sign(self) -> bool:
        return self.kind is Kind.DIGEST and not self.parallel

    @property
    def dates_explained(self) -> bool:
        """Whether days stand in it that follow from a month of the table."""
        arranged = any(item.window.rule is not Rule.EXPLICIT for item in self.led if item.window)
        return arranged and (self.kind is Kind.NUDGE or self.to_sign)

    @property
    def days_left(self) -> int:
        """Working days to the first due date of what is led."""
        first = min(item.window.due for item in self.led if item.window)
        return self.reader.table.days.between(self.reader.on, first)

    @property
    def several(self) -> bool:
        """Whether a receipt is of more than one act."""
        return sum(one.count for one in self.registered) > 1

    @property
    def since(self) -> datetime:
        return min(one.since for one in self.registered)

    @property
    def done(self) -> int:
        return sum(item.task.id in self.reader.progress.done for item in self.led)


def digest(reader: Reader, month: int, at: datetime) -> Content:
    """The month's digest for one unit as it is known at `at`."""
    table, unit = reader.table, reader.unit.id
    tasks = table.digest_tasks(unit, month, reader.progress)
    led, related = table.leads(unit, tasks), table.related(unit, tasks)
    open_ = table.unconfirmed(unit, month, reader.on, reader.progress)
    all_year = table.plan.year_round
    year_led, year_related = table.leads(unit, all_year), table.related(unit, all_year)
    standing, number = table.leads(unit, table.plan.standing), calendar_month(month)
    sections = (
        *_rows(reader, SectionKind.LEAD, month, led),
        *_rows(reader, SectionKind.RELATED, month, related),
        *_unconfirmed(reader, month, open_),
        *_following(reader, month + 1),
        _year_led(reader, month, year_led),
        MailSection(SectionKind.YEAR_RELATED, number, items(reader, year_related)),
        MailSection(SectionKind.STANDING, 0, items(reader, standing)),
    )
    return Content(
        Kind.DIGEST,
        reader,
        number,
        at.astimezone(table.plan.zone),
        tuple(section for section in sections if section.items or section.older),
        led=items(reader, led, month),
        related=items(reader, related, month),
        open=items(reader, open_),
        year=items(reader, year_led or year_related),
        year_led=bool(year_led),
    )


def reminder(kind: Kind, reader: Reader, task_ids: Iterable[str], at: datetime) -> Content:
    """A nudge or a 待确认 mail on those tasks, as they stand at `at`."""
    table = reader.table
    tasks = [table.of_task(task_id).plan.by_id[task_id] for task_id in task_ids]
    month = calendar_month(max(table.months_of(task)[-1] for task in tasks))
    told, nudge = items(reader, tasks, lead=True), kind is Kind.NUDGE
    return Content(
        kind,
        reader,
        month,
        at.astimezone(table.plan.zone),
        (MailSection(SectionKind.NUDGE if nudge else SectionKind.OVERDUE, month, told),),
        led=told if nudge else (),
        open=() if nudge else told,
    )


def items(
    reader: Reader, tasks: Sequence[Task], month: int = 0, *, lead: bool = False
) -> tuple[Item, ...]:
    """As they stand in that month's rows. The status concerns only who leads them."""
    # A table of months alone keeps its numbers; those of rows with other times need not go on.
    own = [task.number for task in tasks]
    months_alone = all(task.span is None for task in tasks)
    one_row = len({task.months for task in tasks}) == 1 and all(own)
    is_table = months_alone or (one_row and all(one < other for one, other in pairwise(own)))
    found = []
    for position, task in enumerate(tasks, 1 if len(tasks) > 1 else 0):
        window, months = reader.table.window(task), reader.table.months_of(task)
        status = unit_status(reader, window) if lead and window else HIDDEN
        number = task.number or position if is_table else position
        item = Item(task, number, window, status)
        if months:
            item = replace(item, month=calendar_month(months[-1]))
        if month in months:
            item = replace(item, nth=month - months[0] + 1, of=len(months))
        found.append(item)
    return tuple(found)


def _rows(
    reader: Reader, kind: SectionKind, month: int, tasks: Sequence[Task]
) -> Iterator[MailSection]:
    """Tasks that share their units stand together: a row of the table, in its order."""
    directory, named = reader.table.directory, reader.table.named_as(reader.unit.id)
    heading = items(reader, tasks, month, lead=kind is SectionKind.LEAD)
    for (leads, others), row in groupby(heading, key=lambda it: (it.task.lead, it.task.related)):
        related, entries = tuple(directory[unit] for unit in others), tuple(row)
        yield MailSection(
            kind,
            calendar_month(month),
            entries,
            tuple(directory[unit] for unit in leads),
            related,
            next((unit for unit in related if unit.is_group and unit.id in named), None),
            tuple(directory.unaddressed([*leads, *others])),
            heading=heading if entries[0] is heading[0] else (),
        )


def _unconfirmed(reader: Reader, month: int, tasks: Sequence[Task]) -> Iterator[MailSection]:
    """The last two months one by one, older ones as a count: the list stays bounded."""
    table = reader.table
    recent = [task for task in tasks if table.months_of(task)[-1] >= month - 2]
    older = len(tasks) - len(recent)
    for of_month, group in groupby(recent, key=lambda task: table.months_of(task)[-1]):
        row = list(group)
        counted = older if row[-1] is recent[-1] else 0
        entries = items(reader, row, lead=True)
        number = calendar_month(of_month)
        section = MailSection(SectionKind.CONFIRM, number, entries, older=counted)
        yield replace(section, year=other_year(table, of_month))
    if not recent:
        yield MailSection(SectionKind.OLDER, calendar_month(month), older=older)


def _following(reader: Reader, month: int) -> Iterator[MailSection]:
    """The next month's, less what stands in this one already."""
    table, unit = reader.table, reader.unit.id
    tasks = [task for task in table.tasks_in(month) if not table.has_begun(task, month)]
    number, year = calendar_month(month), other_year(table, month)
    for kind, of_unit in (
        (SectionKind.NEXT_LEAD, table.leads(unit, tasks)),
        (SectionKind.NEXT_RELATED, table.related(unit, tasks)),
    ):
        yield MailSection(kind, number, items(reader, of_unit, month), year=year)


def other_year(table: Timetable, month: int) -> int:
    """To be said beside a month that is not of the table's term; else 0."""
    return 0 if month in table.plan.months else first_day(table.plan.year, month).year


def _year_led(reader: Reader, month: int, led: Sequence[Task]) -> MailSection:
    table, progress = reader.table, reader.progress
    left = [task for task in led if not progress.is_over(task.id)]
    period, checked_in = table.plan.period(month), TaskStatus(TaskState.CHECKED_IN, reader.tone)
    tasks = tuple(
        replace(item, status=checked_in)
        if (item.task.id, period) in progress.checked_in and not reader.parallel
        else item
        for item in items(reader, left)
    )
    missing = table.directory.unaddressed(unit for task in left for unit in task.related)
    number = calendar_month(month)
    return MailSection(SectionKind.YEAR_LEAD, number, tasks, missing=tuple(missing))


def receipt(reader: Reader, history: Sequence[Registration], at: datetime) -> Content:
    """What a unit is told of its registrations, or of one that was sent back."""
    plan = reader.table.plan
    acts = tuple(registered(plan, history))
    last = acts[-1]
    is_return = last.registration.act is Act.RETURN
    section = MailSection(SectionKind.RETURNED if is_return else SectionKind.REGISTERED, last.month)
    return Content(
        Kind.RECEIPT,
        reader,
        last.month or last.at.month,
        at.astimezone(plan.zone),
        (section,),
        registered=acts,
    )
