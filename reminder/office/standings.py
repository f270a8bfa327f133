"""Where tasks and signatures stand: each task's status and what its leads said, who has signed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain.occasions import digest_units
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Act, Registration
from reminder.domain.status import TaskStatus, office_status
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress, Window
from reminder.ledger import registrations

LISTED = 20  # leads of one task, those that have said something first


@dataclass(frozen=True)
class TaskRecords:
    """What the ledger says of all tasks at one moment; `last` is by task and unit."""

    progress: Progress
    pending: tuple[Registration, ...]
    last: Mapping[tuple[str, str], Registration]

    @cached_property
    def _waiting(self) -> frozenset[tuple[str, str, str]]:
        return frozenset((one.task, one.unit, one.period) for one in self.pending)

    def waits(self, task: str, unit: str, period: str) -> bool:
        """For the secretariat to confirm it."""
        return any((task, unit, of) in self._waiting for of in ("", period))


def read_records(
    connection: Connection, table: Timetable, stream: str, period: str | None = None
) -> TaskRecords:
    """With a period also what was said of year-round tasks in that month."""
    return TaskRecords(
        registrations.read_progress(connection, table, stream),
        tuple(registrations.pending(connection)),
        registrations.latest_on_tasks(connection, ("", period) if period else ("",)),
    )


@dataclass(frozen=True)
class LeadStanding:
    """One that leads a task; `last` is its last word on it, or the secretariat's to it."""

    unit: Unit
    status: TaskStatus
    last: Registration | None


@dataclass(frozen=True)
class TaskStanding:
    """A task in one window. `period` is that of a year-round task's check-in, else empty.

    `leads` are some of them, and `more` how many others there are. `done_as` is that period when
    it was only checked in, and empty when it is done for good. `is_late` says that its month is
    over and its session has no date yet.
    """

    task: Task
    window: Window
    period: str
    status: TaskStatus
    leads: tuple[LeadStanding, ...]
    more: int
    related: tuple[Unit, ...]
    done_on: date | None
    done_as: str
    is_late: bool

    @property
    def confirmed(self) -> Unit | None:
        """Whose report it was that the secretariat has confirmed."""
        closing = (lead.unit for lead in self.leads if lead.last and lead.last.act is Act.CONFIRM)
        return next(closing, None)


def standings(
    table: Timetable,
    tasks: Iterable[Task],
    month: int,
    on: date,
    records: TaskRecords,
    only: str = "",
) -> list[TaskStanding]:
    """Of a month's tasks, and of year-round ones as of that month; with `only` that lead's."""
    return [_standing(table, task, month, on, records, only) for task in tasks]


def _standing(
    table: Timetable, task: Task, month: int, on: date, records: TaskRecords, only: str
) -> TaskStanding:
    window = table.window_in(task, month)
    period = table.plan.period(month) if task.kind is TaskKind.YEAR else ""
    units = [table.directory[unit] for unit in table.lead_units(task)]
    listed = (
        [unit for unit in units if unit.id == only] if only else _listed(units, task.id, records)
    )
    leads = tuple(
        LeadStanding(
            unit,
            status_of(table, window, on, records, [unit], period),
            records.last.get((task.id, unit.id)),
        )
        for unit in listed
    )
    done, checked_in = records.progress.done, records.progress.checked_in
    return TaskStanding(
        task,
        window,
        period,
        status_of(table, window, on, records, units, period),
        leads,
        0 if only else len(units) - len(listed),
        tuple(table.directory[unit] for unit in task.related),
        done.get(task.id) or checked_in.get((task.id, period)),
        "" if task.id in done else period,
        window.is_waiting(on),
    )


def _listed(units: list[Unit], task: str, records: TaskRecords) -> list[Unit]:
    if len(units) <= LISTED:
        return units
    return sorted(units, key=lambda unit: (task, unit.id) not in records.last)[:LISTED]


def status_of(
    table: Timetable,
    window: Window,
    on: date,
    records: TaskRecords,
    leads: list[Unit],
    period: str,
) -> TaskStatus:
    """Of a task for those leads; `period` is that of a year-round task's check-in, else empty."""
    reported = sum(records.waits(window.task, unit.id, period) for unit in leads)
    return office_status(table, window, on, records.progress, leads, reported)


@dataclass(frozen=True)
class Signing:
    """Of one month: `units` get its digest, `asked` are to sign it."""

    units: tuple[str, ...]
    asked: tuple[str, ...]
    signed: Mapping[str, Registration]

    @property
    def unsigned(self) -> tuple[str, ...]:
        return tuple(unit for unit in self.asked if unit not in self.signed)

    @property
    def count(self) -> int:
        """Of those that were asked."""
        return len(self.asked) - len(self.unsigned)


def read_signing(
    connection: Connection, table: Timetable, month: int, at: datetime, progress: Progress
) -> Signing:
    """As of that moment while the month runs, else as of its last or first day."""
    moment = min(max(at, table.digest_due(month)), table.digest_end(month))
    units = digest_units(table, month, table.local_day(moment), progress)
    signed = registrations.signed(connection, table.plan.period(month))
    asked = tuple(u for u in units if table.directory[u].tone is not Relation.PARALLEL)
    return Signing(units, asked, signed)


def shown_month(table: Timetable, at: datetime) -> int:
    """The month that is in force, or the plan's first or last one."""
    on = table.local_day(at)
    in_year = on.year == table.plan.year
    return (in_year and table.live_digest(at)) or table.running_month(on)
