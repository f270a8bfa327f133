"""What the secretariat sees: the year in one glance and whom to phone, a month, one unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.calls import Call, Undated, calls_on_tasks, undated_by_now
from reminder.domain.notices import WAITING, Kind, Reason, State
from reminder.domain.registrations import DECIDING, Act, Registration
from reminder.domain.status import Light
from reminder.domain.timetable import MONTHS, Role, Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.ledger import registrations
from reminder.ledger.counts import Tally, UnsettledDigests, read_unsettled, tally
from reminder.ledger.holds import Unapproved, unapproved
from reminder.ledger.views import NoticeView, latest_to, newest_copies
from reminder.office.application import Application
from reminder.office.standings import (
    Signing,
    TaskStanding,
    read_records,
    read_signing,
    shown_month,
    standings,
)

SHOWN = 200  # units to phone, units of one page, lines of history: more nobody reads
MAILS = 50  # of one unit
_NEEDLESS = (Reason.DROPPED, Reason.DROPPED_FROM_PLAN, Reason.MOVED, Reason.DONE)


@dataclass
class Contact:
    """One unit to phone: of tasks, of the month's mail that did not arrive, of its signature."""

    unit: Unit
    calls: list[Call]
    mail: NoticeView | None = None
    is_unsigned: bool = False

    @property
    def is_to_sign(self) -> bool:
        """And nothing else."""
        return not (self.calls or self.mail)


@dataclass(frozen=True)
class Overview:
    month: int
    signing: Signing
    pending: tuple[Registration, ...]
    unapproved: tuple[Unapproved, ...]
    unsettled: tuple[UnsettledDigests, ...]
    mails: Tally
    contacts: tuple[Contact, ...]
    unsigned: tuple[Contact, ...]  # of nothing else
    months: dict[int, list[TaskStanding]]
    year_round: list[TaskStanding]
    undated: list[Undated]

    @property
    def unconfirmed(self) -> int:
        """Tasks that are past, of which nobody has said anything."""
        rows = (row for month in self.months.values() for row in month)
        return sum(row.status.light is Light.RED for row in rows)

    @property
    def missed(self) -> int:
        """Mails of the month that no server has accepted, whether they ended or wait."""
        return self.mails.expected - self.mails.accepted

    @property
    def missed_as(self) -> str:
        """The state of all of them; empty where they are of several."""
        states = [s for s, count in self.mails.states.items() if count and s is not State.SENT]
        return states[0] if len(states) == 1 else ""


def read_overview(app: Application, connection: Connection, at: datetime) -> Overview:
    table, stream = app.table, app.settings.stream
    month, on = shown_month(table, at), table.local_day(at)
    period = table.plan.period(month)
    records = read_records(connection, table, stream, period)
    signing = read_signing(connection, table, month, at, records.progress)
    mails = tally(connection, Kind.DIGEST, period, rehearsal=app.settings.rehearsal)
    contacts = _contacts(table, month, on, records.progress, signing, mails)
    return Overview(
        month,
        signing,
        records.pending,
        tuple(unapproved(connection, stream)),
        tuple(read_unsettled(connection, stream, table.directory)),
        mails,
        tuple(contact for contact in contacts if not contact.is_to_sign)[:SHOWN],
        tuple(contact for contact in contacts if contact.is_to_sign)[:SHOWN],
        {m: standings(table, table.plan.month(m), m, on, records) for m in MONTHS},
        standings(table, table.plan.year_round, month, on, records),
        undated_by_now(table, at, records.progress),
    )


def _contacts(
    table: Timetable, month: int, on: date, progress: Progress, signing: Signing, mails: Tally
) -> list[Contact]:
    contacts: dict[str, Contact] = {}

    def contact(unit: str) -> Contact:
        return contacts.setdefault(unit, Contact(table.directory[unit], []))

    for call in calls_on_tasks(table, on, progress):
        contact(call.unit.id).calls.append(call)
    for view in mails.others:
        # Nobody is phoned for what was dropped, or has nothing left to say.
        is_over = view.state not in WAITING and view.reason not in _NEEDLESS
        if is_over and view.unit in table.directory.units:
            contact(view.unit).mail = view
    for unit in _missing_signatures(table, month, on, signing, mails):
        contact(unit).is_unsigned = True
    return list(contacts.values())


def _missing_signatures(
    table: Timetable, month: int, on: date, signing: Signing, mails: Tally
) -> Iterator[str]:
    """From the day on which tasks of the month would be nudged; of mails that have arrived."""
    last = table.days.last_of_month(table.plan.year, month)
    nearest = max(table.schedule.nudges, default=0)
    if (on.year, on.month) != (table.plan.year, month) or table.days.between(on, last) > nearest:
        return
    missing = {view.unit for view in mails.others}
    for unit in signing.unsigned if mails.accepted else ():
        if table.directory[unit].has_address and unit not in missing:
            yield unit


@dataclass(frozen=True)
class MonthView:
    """`units` get the month's digest: those of one page, who has still to sign first, for they
    are to be phoned. Of the `mails` each has the last copy."""

    tasks: list[TaskStanding]
    year_round: list[TaskStanding]
    pending: list[Registration]
    signing: Signing
    units: list[Unit]
    mails: dict[str, NoticeView]

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.signing.units) // SHOWN))


def read_month(
    app: Application, connection: Connection, at: datetime, month: int, page: int
) -> MonthView:
    table, settings = app.table, app.settings
    plan, on = table.plan, table.local_day(at)
    period = plan.period(month)
    records = read_records(connection, table, settings.stream, period)
    signing = read_signing(connection, table, month, at, records.progress)
    awaited, asked = set(signing.unsigned), set(signing.asked)
    units = sorted(signing.units, key=lambda unit: (unit not in awaited, unit not in asked))
    units = units[(page - 1) * SHOWN : page * SHOWN]
    mails = newest_copies(connection, Kind.DIGEST, period, rehearsal=settings.rehearsal)
    return MonthView(
        standings(table, plan.month(month), month, on, records),
        standings(table, plan.year_round, month, on, records),
        [entry for entry in records.pending if _is_of(table, entry, month)],
        signing,
        [table.directory[unit] for unit in units],
        mails,
    )


def _is_of(table: Timetable, entry: Registration, month: int) -> bool:
    task = table.plan.by_id.get(entry.task)
    if entry.period:
        return entry.period == table.plan.period(month)
    return task is not None and task.month == month


def read_signing_now(app: Application, connection: Connection, at: datetime) -> Signing:
    """Of the month that is in force."""
    progress = registrations.read_progress(connection, app.table, app.settings.stream)
    return read_signing(connection, app.table, shown_month(app.table, at), at, progress)


@dataclass(frozen=True)
class UnitView:
    """`undoable` are numbers of what still holds: signings, reports that wait, and what was
    confirmed of them."""

    led: list[TaskStanding]
    related: list[TaskStanding]
    pending: list[Registration]
    history: list[Registration]
    undoable: set[int]
    mails: list[NoticeView]


def read_unit(app: Application, connection: Connection, at: datetime, unit: Unit) -> UnitView:
    """Tasks month by month, then the year-round ones as of the running month."""
    table = app.table
    month, on = shown_month(table, at), table.local_day(at)
    records = read_records(connection, table, app.settings.stream, table.plan.period(month))
    history = registrations.of_unit(connection, unit.id, SHOWN)
    pending = [entry for entry in records.pending if entry.unit == unit.id]
    signed = registrations.signed_months(connection, unit.id).values()
    confirmed = _confirmed(history, records.progress)
    months = [(m, table.plan.month(m)) for m in MONTHS] + [(month, table.plan.year_round)]

    def of_role(role: Role) -> list[TaskStanding]:
        return [
            standing
            for m, tasks in months
            for standing in standings(
                table, [t for t in tasks if table.role(unit.id, t) is role], m, on, records, unit.id
            )
        ]

    return UnitView(
        of_role(Role.LEAD),
        of_role(Role.RELATED),
        pending,
        history,
        {entry.id for entry in (*signed, *pending, *confirmed)},
        latest_to(connection, unit.id, MAILS),
    )


def _confirmed(history: list[Registration], progress: Progress) -> Iterator[Registration]:
    """Of a unit's history, the newest first, the confirmations that nobody has taken back."""
    decided: set[tuple[str, str]] = set()
    for entry in history:
        if entry.task and entry.act in DECIDING and (entry.task, entry.period) not in decided:
            decided.add((entry.task, entry.period))
            checked_in = (entry.task, entry.period) in progress.checked_in
            if entry.act is Act.CONFIRM and (
                checked_in if entry.period else entry.task in progress.done
            ):
                yield entry
