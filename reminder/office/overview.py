"""The year in one glance: what waits, whom to phone, where each task stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.calls import Call, calls_on_tasks
from reminder.domain.notices import WAITING, Kind, Reason, State
from reminder.domain.outcomes import REASONS, STATES
from reminder.domain.registrations import Registration
from reminder.domain.sessions import Undated, undated_by_now
from reminder.domain.timetable import MONTHS, Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Light
from reminder.ledger.counts import Tally, UnsettledDigests, read_unsettled, tally
from reminder.ledger.holds import Unapproved, unapproved
from reminder.ledger.views import NoticeView
from reminder.office.application import Application
from reminder.office.lights import Standing, read_known, standings
from reminder.office.signing import Signing, read_signing, shown_month

SHOWN = 200  # units to phone: more nobody phones
UNSIGNED = "月末临近，尚未签收"
_NEEDLESS = (Reason.DROPPED, Reason.DROPPED_FROM_PLAN, Reason.MOVED, Reason.DONE)


@dataclass(frozen=True)
class Contact:
    """One unit to phone, with every reason for it."""

    unit: Unit
    calls: tuple[Call, ...]

    @property
    def is_to_sign(self) -> bool:
        """And nothing else."""
        return all(call.why == UNSIGNED for call in self.calls)


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
    months: dict[int, list[Standing]]
    year_round: list[Standing]
    undated: list[Undated]

    @property
    def unconfirmed(self) -> int:
        """Tasks that are past, of which nobody has said anything."""
        rows = (row for standing in self.months.values() for row in standing)
        return sum(row.lamp.colour == Light.RED for row in rows)

    @property
    def missed(self) -> int:
        """Mails of the month that no server has accepted, whether they ended or wait."""
        return self.mails.expected - self.mails.accepted

    @property
    def missed_as(self) -> str:
        """The state of all of them; empty where they are of several."""
        found = [state for state, count in self.mails.states.items() if count]
        found = [state for state in found if state is not State.SENT]
        return found[0] if len(found) == 1 else ""


def read_overview(app: Application) -> Overview:
    at = app.clock.now()
    with app.database.read() as connection:
        return _read(connection, app, at)


def _read(connection: Connection, app: Application, at: datetime) -> Overview:
    table = app.table
    month, on = shown_month(table, at), table.local_day(at)
    period = table.plan.period(month)
    known = read_known(connection, table, app.settings.stream, period)
    signing = read_signing(connection, table, month, at, known.progress)
    mails = tally(connection, Kind.DIGEST, period, rehearsal=app.settings.rehearsal)
    calls = [*calls_on_tasks(table, on, known.progress), *_calls_on_mails(table, mails)]
    contacts = [*_by_unit([*calls, *_calls_on_signing(table, month, on, signing, mails)])]
    return Overview(
        month,
        signing,
        known.pending,
        tuple(unapproved(connection, app.settings.stream)),
        tuple(read_unsettled(connection, app.settings.stream, table.directory)),
        mails,
        tuple(c for c in contacts if not c.is_to_sign)[:SHOWN],
        tuple(c for c in contacts if c.is_to_sign)[:SHOWN],
        {m: standings(table, table.plan.month(m), m, on, known) for m in MONTHS},
        standings(table, table.plan.year_round, month, on, known),
        undated_by_now(table, at, known.progress),
    )


def outcome(view: NoticeView) -> str:
    """What became of a notice, in words."""
    return REASONS.get(view.reason) or STATES[view.state]


def _calls_on_mails(table: Timetable, mails: Tally) -> Iterator[Call]:
    """Nobody is phoned for what was dropped, or has nothing left to say."""
    for view in mails.others:
        unit = table.directory.units.get(view.unit)
        if unit and view.state not in WAITING and view.reason not in _NEEDLESS:
            yield Call(unit, outcome(view))


def _calls_on_signing(
    table: Timetable, month: int, on: date, signing: Signing, mails: Tally
) -> Iterator[Call]:
    """From the day on which tasks of the month would be nudged; of mails that have arrived."""
    last = table.days.last_of_month(table.plan.year, month)
    nearest = max(table.schedule.nudges, default=0)
    if (on.year, on.month) != (table.plan.year, month) or table.days.between(on, last) > nearest:
        return
    missing = {view.unit for view in mails.others}
    for unit in signing.unsigned if mails.accepted else ():
        if table.directory[unit].has_address and unit not in missing:
            yield Call(table.directory[unit], UNSIGNED)


def _by_unit(calls: Iterable[Call]) -> Iterator[Contact]:
    found: dict[str, list[Call]] = {}
    for call in calls:
        found.setdefault(call.unit.id, []).append(call)
    return (Contact(same[0].unit, tuple(same)) for same in found.values())
