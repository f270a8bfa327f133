"""What a unit reads on its page: its tasks as they stand, and what it registered itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice

from sqlalchemy import Connection

from reminder.domain.digest import (
    Content,
    Item,
    MailSection,
    digest,
    items,
    led_rows,
    next_month,
    related_rows,
    standing,
)
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import OF_UNITS, Act, Registration
from reminder.domain.status import (
    Light,
    Reader,
    TaskStatus,
    check_in_status,
    unit_status,
)
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress, Window
from reminder.domain.year import Year, year_of
from reminder.ledger import registrations
from reminder.ledger.views import SentMail as SentMail
from reminder.ledger.views import mailed_as, mailed_to
from reminder.office.application import Application
from reminder.office.registrations import month_to_sign

_LATEST = 5  # registrations of one task that its page repeats
_RECENT = 2  # months before this one whose tasks stand one by one


@dataclass(frozen=True)
class LedTask:
    """A task that the unit leads, with what was registered for it, the last first.

    `number` is 0 for none; `period` is the month of a year-round task's check-in, and such a task
    has no window.
    """

    task: Task
    number: int
    window: Window | None
    status: TaskStatus
    history: tuple[Registration, ...]
    is_open: bool
    period: str = ""

    @property
    def returned(self) -> Registration | None:
        """Sent back, if that was the last word on it."""
        decided = (one for one in self.history if one.act is not Act.PROGRESS)
        last = next(decided, None)
        return last if last and last.act is Act.RETURN else None


@dataclass(frozen=True)
class UnitPage:
    """`content` is the month's digest; None for a unit that no row of the month names. `to_sign`
    is the month's period, empty when nothing is to be signed.

    Of what was registered it has the unit's own, never anybody else's: `history` with the last
    first, (task, period) that are `waiting` to be confirmed, and by whom the month was `signed`.
    """

    reader: Reader
    month: int
    content: Content | None
    to_sign: str
    signed: Registration | None
    history: Sequence[Registration]
    waiting: frozenset[tuple[str, str]]

    @property
    def table(self) -> Timetable:
        return self.reader.table

    @property
    def unit(self) -> Unit:
        return self.reader.unit

    @property
    def parallel(self) -> bool:
        return self.reader.parallel

    @property
    def check_in(self) -> str:
        """The month that a year-round task is registered for: the running one, whatever month's
        digest is in force already."""
        return self.table.plan.period(self.table.running_month(self.reader.on))

    @cached_property
    def led(self) -> list[tuple[MailSection, list[LedTask]]]:
        """This month's, row by row, as in the digest."""
        tasks = self.table.leads(self.unit.id, self.table.plan.month(self.month))
        rows = led_rows(self.reader, self.month, tasks)
        return [(row, [self._led(item.task, item.number) for item in row.items]) for row in rows]

    @cached_property
    def related(self) -> tuple[MailSection, ...]:
        tasks = self.table.related(self.unit.id, self.table.plan.month(self.month))
        return tuple(related_rows(self.reader, self.month, tasks))

    @cached_property
    def earlier(self) -> tuple[LedTask, ...]:
        """Of past months: what is asked for, and what the unit has answered and waits."""
        table, on = self.table, self.reader.on
        asked = table.unconfirmed(self.unit.id, self.month, on, self.reader.progress)
        answered = [
            task
            for task in table.leads(self.unit.id, table.plan.tasks)
            if task.kind is TaskKind.MONTH
            and task.month < self.month
            and (task.id, "") in self.waiting
        ]
        tasks = sorted({*asked, *answered}, key=lambda task: (task.month, task.number))
        return tuple(self._led(task, 0) for task in tasks)

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

    @cached_property
    def ahead(self) -> tuple[MailSection, ...]:
        return tuple(next_month(self.reader, self.month + 1))

    @cached_property
    def year_round(self) -> tuple[LedTask, ...]:
        tasks = self.table.leads(self.unit.id, self.table.plan.year_round)
        return tuple(self._all_year(item) for item in items(self.reader, tasks))

    @cached_property
    def year_related(self) -> tuple[Item, ...]:
        tasks = self.table.related(self.unit.id, self.table.plan.year_round)
        return items(self.reader, tasks)

    @cached_property
    def standing(self) -> tuple[MailSection, ...]:
        return tuple(standing(self.reader))

    @cached_property
    def year(self) -> Year:
        return year_of(self.reader)

    @property
    def leads(self) -> bool:
        return self.year.count(lead=True) > 0

    def is_older(self, task: str) -> bool:
        return any(entry.task.id == task for entry in self.older)

    @property
    def office(self) -> str:
        return self.table.directory[self.table.plan.office].label

    def author(self, entry: Registration) -> str:
        """The secretariat speaks for the office."""
        return entry.by.who if entry.act in OF_UNITS else self.office

    def _led(self, task: Task, number: int) -> LedTask:
        window = self.table.windows[task.id]
        return self._registered(task, number, window, unit_status(self.reader, window), ("",))

    def _all_year(self, item: Item) -> LedTask:
        """Never with a light that changes with the day."""
        task, periods = item.task, ("", self.check_in)
        reported = [of for of in periods if (task.id, of) in self.waiting]
        status = check_in_status(self.reader, task.id, self.check_in, reported)
        return self._registered(task, item.number, None, status, periods)

    def _registered(
        self,
        task: Task,
        number: int,
        window: Window | None,
        status: TaskStatus,
        periods: tuple[str, ...],
    ) -> LedTask:
        history = (one for one in self.history if one.task == task.id and one.period in periods)
        latest = tuple(islice((one for one in history if one.by.link != "direct"), _LATEST))
        is_open = task.id not in self.reader.progress.done
        return LedTask(task, number, window, status, latest, is_open, periods[-1])


def unit_page(connection: Connection, app: Application, unit: Unit, at: datetime) -> UnitPage:
    table, on = app.table, app.table.local_day(at)
    progress = registrations.read_progress(connection, table, app.settings.stream)
    signing = month_to_sign(connection, app, unit, progress, at)
    month = signing or table.live_digest(at) or table.running_month(on)
    period = table.plan.period(month)
    reader = Reader(table, unit, on, _own(progress, unit), linked=True)
    return UnitPage(
        reader,
        month,
        _content(reader, month, at),
        period if signing else "",
        registrations.signed_months(connection, unit.id).get(period),
        registrations.of_unit(connection, unit.id),
        frozenset((one.task, one.period) for one in registrations.pending(connection, unit.id)),
    )


def unit_mails(connection: Connection, unit: Unit, first: int, most: int) -> list[SentMail]:
    """That it has had, the latest first, after the `first` ones."""
    return mailed_to(connection, unit.id, (*unit.to, *unit.cc), first, most)


def unit_mail(connection: Connection, unit: Unit, key: str) -> SentMail | None:
    return mailed_as(connection, unit.id, (*unit.to, *unit.cc), key)


def _content(reader: Reader, month: int, at: datetime) -> Content | None:
    table, unit = reader.table, reader.unit.id
    asked = table.unconfirmed(unit, month, reader.on, reader.progress)
    named = any(table.role(unit, task) for task in table.plan.month(month))
    return digest(reader, month, at) if asked or named else None


def _own(progress: Progress, unit: Unit) -> Progress:
    """Without what other units have reported."""
    own = {key: day for key, day in progress.reported.items() if key[1] == unit.id}
    return replace(progress, reported=own)
