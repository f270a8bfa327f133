"""What a digest, a nudge or a 待确认 mail has to say, as facts: the templates word them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from reminder.domain.notices import Kind
from reminder.domain.plan import Plan, Task
from reminder.domain.registrations import Act, Registered, Registration, registered
from reminder.domain.status import HIDDEN, Reader, TaskState, TaskStatus, unit_status
from reminder.domain.units import Unit
from reminder.domain.windows import Rule, Window, workdays_left


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


@dataclass(frozen=True)
class Item:
    """A task in a section. `number` is the table's own, else a running one if there are several
    tasks, else 0."""

    task: Task
    number: int
    window: Window | None = None
    status: TaskStatus = HIDDEN


@dataclass(frozen=True)
class MailSection:
    """A row's `lead` and `related` are units and groups as the table lists them. `group` is the
    one under whose name the reader is related; of all these units `missing` have no address.
    `older` counts what is to be confirmed of months that are not listed."""

    kind: SectionKind
    month: int
    items: tuple[Item, ...] = ()
    lead: tuple[Unit, ...] = ()
    related: tuple[Unit, ...] = ()
    group: Unit | None = None
    missing: tuple[Unit, ...] = ()
    older: int = 0


@dataclass(frozen=True)
class Content:
    """The facts of a mail to a unit. `as_of` is in the plan's zone.

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
        if self.kind is Kind.NUDGE:
            return any(item.window.rule is not Rule.EXPLICIT for item in self.led if item.window)
        return self.to_sign and bool(self.led)

    @property
    def days_left(self) -> int:
        """Working days to the first due date of what is led."""
        reader = self.reader
        first = min((item.window for item in self.led if item.window), key=lambda w: w.due)
        return workdays_left(first, reader.on, reader.table.days)

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


def digest(
    reader: Reader, month: int, at: datetime, *, late: bool = False, first_of_year: bool = False
) -> Content:
    """The month's digest for one unit as it is known at `at`."""
    table, unit = reader.table, reader.unit.id
    tasks = table.plan.month(month)
    led, related = table.leads(unit, tasks), table.related(unit, tasks)
    open_ = table.unconfirmed(unit, month, reader.on, reader.progress)
    year_led = table.leads(unit, table.plan.year_round)
    return Content(
        Kind.DIGEST,
        reader,
        month,
        at.astimezone(table.plan.zone),
        (
            *led_rows(reader, month, led),
            *related_rows(reader, month, related),
            *_unconfirmed(reader, month, open_),
            *next_month(reader, month + 1),
            *_year_round(reader, month, year_led),
            *standing(reader),
        ),
        led=items(reader, led),
        related=items(reader, related),
        open=items(reader, open_),
        year=items(reader, year_led or table.related(unit, table.plan.year_round)),
        year_led=bool(year_led),
        late=late,
        first_of_year=first_of_year,
    )


def reminder(
    kind: Kind,
    reader: Reader,
    task_ids: Iterable[str],
    at: datetime,
    *,
    late: bool = False,
    first_of_year: bool = False,
    for_lead: bool = True,
) -> Content:
    """A nudge or a 待确认 mail on those tasks, as they stand at `at`."""
    plan = reader.table.plan
    tasks = items(reader, [plan.by_id[task_id] for task_id in task_ids], lead=True)
    month = max(item.task.month for item in tasks)
    nudge = kind is Kind.NUDGE
    return Content(
        kind,
        reader,
        month,
        at.astimezone(plan.zone),
        (MailSection(SectionKind.NUDGE if nudge else SectionKind.OVERDUE, month, tasks),),
        led=tasks if nudge else (),
        open=() if nudge else tasks,
        for_lead=for_lead,
        late=late,
        first_of_year=first_of_year,
    )


def items(reader: Reader, tasks: Sequence[Task], *, lead: bool = False) -> tuple[Item, ...]:
    """The status concerns only who leads them."""
    windows = [reader.table.windows.get(task.id) for task in tasks]
    return tuple(
        Item(
            task,
            task.number or position,
            window,
            unit_status(reader, window) if lead and window else HIDDEN,
        )
        for position, (task, window) in enumerate(
            zip(tasks, windows, strict=True), 1 if len(tasks) > 1 else 0
        )
    )


def _rows(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks that share their units stand together: a row of the table, in its order."""
    for _, row in groupby(tasks, key=lambda task: (task.lead, task.related)):
        yield list(row)


def _row(reader: Reader, kind: SectionKind, month: int, row: Sequence[Task]) -> MailSection:
    directory, first = reader.table.directory, row[0]
    lead, related = (tuple(directory[u] for u in names) for names in (first.lead, first.related))
    return MailSection(
        kind,
        month,
        items(reader, row, lead=kind is SectionKind.LEAD),
        lead,
        related,
        _listed_as(reader, related),
        tuple(directory.unaddressed([*first.lead, *first.related])),
    )


def led_rows(reader: Reader, month: int, tasks: Sequence[Task]) -> list[MailSection]:
    return [_row(reader, SectionKind.LEAD, month, row) for row in _rows(tasks)]


def related_rows(reader: Reader, month: int, tasks: Sequence[Task]) -> list[MailSection]:
    return [_row(reader, SectionKind.RELATED, month, row) for row in _rows(tasks)]


def _listed_as(reader: Reader, related: Iterable[Unit]) -> Unit | None:
    """The group under whose name the unit stands in the row, if it stands there as a member."""
    named = reader.table.named_as(reader.unit.id)
    return next((unit for unit in related if unit.is_group and unit.id in named), None)


def _unconfirmed(reader: Reader, month: int, tasks: Sequence[Task]) -> Iterator[MailSection]:
    """The last two months one by one, older ones as a count: the list stays bounded."""
    recent = [task for task in tasks if task.month >= month - 2]
    older = len(tasks) - len(recent)
    months = [list(row) for _, row in groupby(recent, key=lambda task: task.month)]
    for index, row in enumerate(months, 1):
        counted = older if index == len(months) else 0
        yield MailSection(
            SectionKind.CONFIRM, row[0].month, items(reader, row, lead=True), older=counted
        )
    if older and not months:
        yield MailSection(SectionKind.OLDER, month, older=older)


def next_month(reader: Reader, month: int) -> Iterator[MailSection]:
    table, tasks = reader.table, reader.table.plan.month(month)
    if leading := table.leads(reader.unit.id, tasks):
        yield MailSection(SectionKind.NEXT_LEAD, month, items(reader, leading))
    if involved := table.related(reader.unit.id, tasks):
        yield MailSection(SectionKind.NEXT_RELATED, month, items(reader, involved))


def _year_round(reader: Reader, month: int, led: Sequence[Task]) -> Iterator[MailSection]:
    table, progress = reader.table, reader.progress
    if left := [task for task in led if task.id not in progress.done]:
        period = table.plan.period(month)
        tasks = tuple(
            Item(item.task, item.number, status=TaskStatus(TaskState.CHECKED_IN, reader.tone))
            if (item.task.id, period) in progress.checked_in and not reader.parallel
            else item
            for item in items(reader, left)
        )
        others = [unit for task in left for unit in task.related]
        missing = tuple(table.directory.unaddressed(others))
        yield MailSection(SectionKind.YEAR_LEAD, month, tasks, missing=missing)
    if related := table.related(reader.unit.id, table.plan.year_round):
        yield MailSection(SectionKind.YEAR_RELATED, month, items(reader, related))


def standing(reader: Reader) -> Iterator[MailSection]:
    if tasks := reader.table.leads(reader.unit.id, reader.table.plan.standing):
        yield MailSection(SectionKind.STANDING, 0, items(reader, tasks))


def receipt(reader: Reader, history: Sequence[Registration], at: datetime) -> Content:
    """What a unit is told of its registrations, or of one that was sent back."""
    plan = reader.table.plan
    acts = registered(plan, history)
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
