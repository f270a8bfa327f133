"""What a unit reads on its page: its tasks as they stand, and what it registered itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain import sections, wording
from reminder.domain.content import Line, Reader, Section
from reminder.domain.digest import digest
from reminder.domain.looks import NONE, WAIT, Look, look
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import OF_UNITS, Act, Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.domain.year import Year, year_of
from reminder.ledger import registrations
from reminder.ledger.registrations import read_progress
from reminder.office.application import Application
from reminder.office.registrations import month_to_sign

_LATEST = 5  # registrations of one task that its page repeats
_RECENT = 2  # months before this one whose tasks stand one by one


@dataclass(frozen=True)
class Told:
    """What this unit has registered, the last first; nobody else's is ever read."""

    said: tuple[Registration, ...]
    waiting: frozenset[tuple[str, str]]
    signed: Registration | None

    @classmethod
    def read(cls, connection: Connection, unit: str, period: str) -> "Told":
        pending = registrations.pending(connection, unit)
        return cls(
            tuple(registrations.of_unit(connection, unit)),
            frozenset((said.task, said.period) for said in pending),
            registrations.signed_months(connection, unit).get(period),
        )

    def of(self, task: str, periods: Sequence[str]) -> list[Registration]:
        return [said for said in self.said if said.task == task and said.period in periods]


@dataclass(frozen=True)
class Entry:
    """A task that the unit leads. `period` is the month of a year-round task's check-in."""

    task: Task
    label: str
    timing: str
    look: Look
    told: tuple[Registration, ...]
    is_open: bool
    period: str = ""

    @property
    def returned(self) -> Registration | None:
        """Sent back, if that was the last word on it."""
        decided = (said for said in self.told if said.act is not Act.PROGRESS)
        last = next(decided, None)
        return last if last and last.act is Act.RETURN else None


@dataclass(frozen=True)
class Group:
    title: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitPage:
    reader: Reader
    month: int
    to_sign: str  # the month's period, empty when nothing is to be signed
    told: Told
    summary: str

    @property
    def table(self) -> Timetable:
        return self.reader.table

    @property
    def unit(self) -> Unit:
        return self.reader.unit

    @property
    def parallel(self) -> bool:
        return self.reader.tone is Relation.PARALLEL

    @property
    def check_in(self) -> str:
        """The month that a year-round task is registered for: the running one, whatever month's
        digest is in force already."""
        return self.table.plan.period(self.table.running_month(self.reader.on))

    @cached_property
    def led(self) -> tuple[Group, ...]:
        """This month's, row by row, as in the digest."""
        tasks = self.table.leads(self.unit.id, self.table.plan.month(self.month))
        rest = iter(tasks)
        return tuple(
            Group(
                row.title,
                tuple(
                    self._entry(task, line.label)
                    for line, task in zip(row.lines, rest, strict=False)
                ),
                row.notes,
            )
            for row in sections.led(self.reader, self.month, tasks)
        )

    @cached_property
    def related(self) -> tuple[Section, ...]:
        tasks = self.table.related(self.unit.id, self.table.plan.month(self.month))
        return tuple(sections.related(self.reader, self.month, tasks))

    @cached_property
    def earlier(self) -> tuple[Entry, ...]:
        """Of past months: what is asked for, and what the unit has answered and waits."""
        table, on = self.table, self.reader.on
        asked = table.unconfirmed(self.unit.id, self.month, on, self.reader.progress)
        answered = [
            task
            for task in table.leads(self.unit.id, table.plan.tasks)
            if task.kind is TaskKind.MONTH
            and task.month < self.month
            and (task.id, "") in self.told.waiting
        ]
        tasks = sorted({*asked, *answered}, key=lambda task: (task.month, task.number))
        return tuple(self._entry(task, f"{task.month}月") for task in tasks)

    @property
    def earlier_title(self) -> str:
        answered = sum(each.look.colour in (WAIT, "") for each in self.earlier)
        asked = len(self.earlier) - answered
        parts = [f"待确认{asked}项"] * bool(asked) + [f"已登记{answered}项"] * bool(answered)
        return f"前期事项（{'，'.join(parts)}）"

    @property
    def recent(self) -> list[Entry]:
        return [each for each in self.earlier if each.task.month >= self.month - _RECENT]

    @property
    def older(self) -> list[Entry]:
        return [each for each in self.earlier if each.task.month < self.month - _RECENT]

    @cached_property
    def ahead(self) -> tuple[Section, ...]:
        return tuple(sections.next_month(self.reader, self.month + 1))

    @cached_property
    def year_round(self) -> tuple[Entry, ...]:
        tasks = self.table.leads(self.unit.id, self.table.plan.year_round)
        return tuple(
            self._all_year(task, wording.label(task, number, len(tasks)))
            for number, task in enumerate(tasks, 1)
        )

    @cached_property
    def year_related(self) -> tuple[Line, ...]:
        tasks = self.table.related(self.unit.id, self.table.plan.year_round)
        return tuple(
            Line(wording.label(task, number, len(tasks)), task.title)
            for number, task in enumerate(tasks, 1)
        )

    @cached_property
    def standing(self) -> tuple[Section, ...]:
        return tuple(sections.standing(self.reader))

    @cached_property
    def year(self) -> Year:
        return year_of(self.reader)

    @property
    def leads(self) -> bool:
        return self.year.has(lead=True)

    def is_older(self, task: str) -> bool:
        return any(each.task.id == task for each in self.older)

    @property
    def office(self) -> str:
        return self.table.directory[self.table.plan.office].label

    def author(self, said: Registration) -> str:
        """The secretariat speaks for the office."""
        return said.by.who if said.act in OF_UNITS else self.office

    def _entry(self, task: Task, label: str) -> Entry:
        found = self.table.windows[task.id]
        timing = wording.short_timing(found, task) if self.parallel else wording.timing(found, task)
        if self.parallel and found.undated:
            timing = "会期待定"
        return self._made(task, label, timing, look(self.reader, found), ("",))

    def _all_year(self, task: Task, label: str) -> Entry:
        """Never with a light that changes with the day."""
        look = NONE if self.parallel else self._check_in(task)
        return self._made(task, label, "", look, ("", self.check_in))

    def _check_in(self, task: Task) -> Look:
        progress, month = self.reader.progress, (task.id, self.check_in)
        if done := progress.done.get(task.id):
            return Look("grey", f"已办结（{wording.day(done)}）")
        if (task.id, "") in self.told.waiting:
            return Look(WAIT, "全年办结待复核")
        if month in self.told.waiting:
            return Look(WAIT, "本月待复核")
        if month in progress.checked_in:
            return Look("green", "本月已登记")
        return NONE

    def _made(
        self, task: Task, label: str, timing: str, look: Look, periods: tuple[str, ...]
    ) -> Entry:
        said = [each for each in self.told.of(task.id, periods) if each.by.link != "direct"]
        is_open = task.id not in self.reader.progress.done
        period = periods[-1]
        return Entry(task, label, timing, look, tuple(said[:_LATEST]), is_open, period)


def unit_page(connection: Connection, app: Application, unit: Unit, at: datetime) -> UnitPage:
    table, on = app.table, app.table.local_day(at)
    progress = read_progress(connection, table, app.settings.stream)
    signing = month_to_sign(connection, app, unit, progress, at)
    month = signing or table.live_digest(at) or table.running_month(on)
    period = table.plan.period(month)
    told = Told.read(connection, unit.id, period)
    reader = Reader(table, unit, on, _own(progress, unit), linked=True)
    summary = _summary(reader, month, at)
    return UnitPage(reader, month, period if signing else "", told, summary)


def _summary(reader: Reader, month: int, at: datetime) -> str:
    """The digest's own sentence; units that no row of the month names have none."""
    table, unit = reader.table, reader.unit.id
    asked = table.unconfirmed(unit, month, reader.on, reader.progress)
    if asked or any(table.role(unit, task) for task in table.plan.month(month)):
        return digest(table, unit, month, at, reader.progress, linked=True).summary
    purpose = "；本页供工作衔接参考" if reader.tone is Relation.PARALLEL else ""
    return f"{month}月的安排中没有列明本单位的事项{purpose}。"


def _own(progress: Progress, unit: Unit) -> Progress:
    """Without what other units have reported."""
    own = {key: day for key, day in progress.reported.items() if key[1] == unit.id}
    return replace(progress, reported=own)
