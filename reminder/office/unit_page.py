"""What a unit reads on its page: its tasks as they stand, and what it registered itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain.digest import Content, Item, MailSection, SectionKind, digest, items
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import OF_UNITS, Act, Registration
from reminder.domain.status import Light, Reader, unit_status
from reminder.domain.units import Unit
from reminder.ledger import registrations
from reminder.ledger.views import SentMail as SentMail
from reminder.ledger.views import mailed_to
from reminder.office.application import Application
from reminder.office.registrations import is_to_sign

_LATEST = 5  # registrations of one task that its page repeats
_RECENT = 2  # months before this one whose tasks stand one by one


@dataclass(frozen=True)
class LedTask(Item):
    """One that the unit leads, with what was registered for it, the last first. `number` is 0 for
    none; `period` is the month of a year-round task's check-in, which has no window."""

    history: Sequence[Registration] = ()
    is_open: bool = True
    period: str = ""

    @property
    def returned(self) -> Registration | None:
        """Sent back, if that was the last word on it."""
        last = next((one for one in self.history if one.act is not Act.PROGRESS), None)
        return last if last and last.act is Act.RETURN else None


@dataclass(frozen=True)
class UnitPage:
    """`digest` is the month's; `to_sign` the month's period, empty when nothing is to be signed.

    Of what was registered it has the unit's own, never anybody else's: `history` with the last
    first, and by whom the month was `signed`.
    """

    reader: Reader
    month: int
    digest: Content
    to_sign: str
    signed: Registration | None
    history: Sequence[Registration]

    @property
    def parallel(self) -> bool:
        return self.reader.parallel

    @property
    def content(self) -> Content | None:
        """None for a unit that no row of the month names, and that nothing is asked of."""
        named = self.digest.led or self.digest.related or self.digest.open
        return self.digest if named else None

    @cached_property
    def _led_tasks(self) -> tuple[Task, ...]:
        return self.reader.table.leads(self.reader.unit.id, self.reader.table.plan.tasks)

    @property
    def leads(self) -> bool:
        return any(task.kind is not TaskKind.STANDING for task in self._led_tasks)

    def _sections(self, *kinds: SectionKind) -> list[MailSection]:
        return [section for section in self.digest.sections if section.kind in kinds]

    @property
    def led(self) -> list[tuple[MailSection, list[LedTask]]]:
        """This month's, row by row, as in the digest."""
        rows = self._sections(SectionKind.LEAD)
        return [(row, [self._led(item.task, item.number) for item in row.items]) for row in rows]

    @property
    def related(self) -> list[MailSection]:
        return self._sections(SectionKind.RELATED)

    @cached_property
    def earlier(self) -> list[LedTask]:
        """Of past months: what is asked for, and what the unit has answered and waits."""
        reader, asked = self.reader, {item.task for item in self.digest.open}
        answered = {
            task
            for task in self._led_tasks
            if 0 < task.month < self.month and reader.progress.reported_on(task.id, reader.unit.id)
        }
        tasks = sorted(asked | answered, key=lambda task: (task.month, task.number))
        return [self._led(task) for task in tasks]

    @property
    def answered(self) -> int:
        """How many of the earlier tasks wait for the secretariat, or are not asked for."""
        return sum(entry.status.light in (Light.WAIT, Light.NONE) for entry in self.earlier)

    @property
    def recent(self) -> list[LedTask]:
        return [entry for entry in self.earlier if entry.task.month >= self.month - _RECENT]

    @property
    def older(self) -> list[LedTask]:
        return [entry for entry in self.earlier if entry.task.month < self.month - _RECENT]

    def is_older(self, task: str) -> bool:
        return any(entry.task.id == task for entry in self.older)

    @property
    def ahead(self) -> list[MailSection]:
        return self._sections(SectionKind.NEXT_LEAD, SectionKind.NEXT_RELATED)

    @cached_property
    def year_round(self) -> list[LedTask]:
        tasks = [task for task in self._led_tasks if task.kind is TaskKind.YEAR]
        return [self._led(item.task, item.number) for item in items(self.reader, tasks)]

    @property
    def year_related(self) -> list[Item]:
        return [item for row in self._sections(SectionKind.YEAR_RELATED) for item in row.items]

    @property
    def standing(self) -> list[MailSection]:
        return self._sections(SectionKind.STANDING)

    @property
    def office(self) -> str:
        return self.digest.office.label

    def author(self, entry: Registration) -> str:
        """The secretariat speaks for the office."""
        return entry.by.who if entry.act in OF_UNITS else self.office

    def _led(self, task: Task, number: int = 0) -> LedTask:
        """A year-round one as of the running month, whatever digest is in force already."""
        reader = self.reader
        window = reader.table.window_in(task, reader.table.running_month(reader.on))
        history = [
            entry
            for entry in self.history
            if entry.task == task.id and entry.period in ("", window.period)
        ]
        return LedTask(
            task,
            number,
            None if window.period else window,
            unit_status(reader, window),
            [entry for entry in history if entry.by.link != "direct"][:_LATEST],
            task.id not in reader.progress.done,
            window.period,
        )


def unit_page(connection: Connection, app: Application, unit: Unit, at: datetime) -> UnitPage:
    table, month = app.table, app.table.shown_month(at)
    progress = registrations.read_progress(connection, table, app.settings.stream)
    reader = Reader(table, unit, table.local_day(at), progress, linked=True)
    period = table.plan.period(month)
    signed = registrations.in_force(connection, Act.SIGN, unit=unit.id, period=period)
    return UnitPage(
        reader,
        month,
        digest(reader, month, at),
        period if is_to_sign(connection, app, unit, progress, at) else "",
        signed[-1] if signed else None,
        registrations.of_unit(connection, unit.id),
    )


def unit_mails(connection: Connection, unit: Unit, first: int, most: int) -> list[SentMail]:
    """That it has had, the latest first, after the `first` ones."""
    return mailed_to(connection, unit.id, (*unit.to, *unit.cc), first, most)


def unit_mail(connection: Connection, unit: Unit, key: str) -> SentMail | None:
    return next(iter(mailed_to(connection, unit.id, (*unit.to, *unit.cc), key=key)), None)
