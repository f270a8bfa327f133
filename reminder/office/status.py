"""What is in force, what comes next, what went and what waits; and whether work is being done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from reminder.domain.notices import Kind, Reason, State
from reminder.domain.occasions import forecast
from reminder.domain.sessions import undated_by_now
from reminder.domain.windows import Progress
from reminder.errors import LedgerError
from reminder.ledger import leases
from reminder.ledger.counts import count_waiting, first_waiting, read_unsettled, tally
from reminder.ledger.holds import read_hold, unapproved
from reminder.ledger.location import DatabaseServer
from reminder.ledger.occasions import last_occasion, last_tick
from reminder.ledger.registrations import read_progress, read_start
from reminder.ledger.troubles import read_alarms, read_details
from reminder.office.application import Application
from reminder.office.holds import hold_hint, hold_words

EVERY = timedelta(seconds=30)  # between two ticks of a daemon
STALLED = 3 * EVERY
_AHEAD = timedelta(days=62)
_NEXT = 3
_NOT_YET = "nobody has ticked yet"


@dataclass(frozen=True)
class PlanInForce:
    id: str
    year: int
    name: str
    file: str


@dataclass(frozen=True)
class HoldStatus:
    reason: Reason
    since: datetime
    why: str
    next: str


@dataclass(frozen=True)
class SessionToDate:
    id: str
    name: str
    month: int
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class NextOccasion:
    kind: Kind
    period: str
    at: datetime
    units: int


@dataclass(frozen=True)
class NotAccepted:
    unit: str
    state: State
    reason: str


@dataclass(frozen=True)
class LastOccasion:
    kind: Kind
    period: str
    expected: int
    accepted: int
    others: tuple[NotAccepted, ...]


@dataclass(frozen=True)
class UnsettledMonth:
    """Units whose digest was refused or came too late; `unknown` of these may have had it."""

    period: str
    refused: tuple[str, ...]
    expired: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class WaitingNotice:
    key: str
    state: State
    reason: str
    reply: str


@dataclass(frozen=True)
class AlarmStatus:
    name: str
    since: datetime
    detail: str


@dataclass(frozen=True)
class Status:
    """Moments are of the plan's zone. `troubles` are by the replica that has them."""

    plan: PlanInForce
    transport: str
    rehearsal: bool
    not_ready: str
    ready: bool
    next: tuple[NextOccasion, ...]
    started: datetime | None = None
    held: bool = False
    hold: HoldStatus | None = None
    approval: int = 0
    last_tick: datetime | None = None
    sessions: tuple[SessionToDate, ...] = ()
    last: LastOccasion | None = None
    unsettled: tuple[UnsettledMonth, ...] = ()
    waiting_count: int = 0
    waiting: tuple[WaitingNotice, ...] = ()
    replicas: tuple[str, ...] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    alarms: tuple[AlarmStatus, ...] = ()


def read_status(app: Application) -> Status:
    plan, settings, at = app.table.plan, app.settings, app.clock.now()
    has_ledger = app.has_ledger
    not_ready = why_not_ready(app, at) if has_ledger else app.waits_for_clock(at) or _NOT_YET
    status = Status(
        plan=PlanInForce(plan.id, plan.year, plan.name, str(settings.plan)),
        transport=settings.transport,
        rehearsal=settings.rehearsal,
        not_ready=not_ready,
        ready=not not_ready,
        next=next_occasions(app, Progress()),
    )
    if not has_ledger:
        return status
    with app.database.read() as connection:
        return _of_ledger(app, connection, at, status)


def _of_ledger(app: Application, connection: Connection, at: datetime, status: Status) -> Status:
    zone, stream = app.table.plan.zone, app.settings.stream
    progress = read_progress(connection, app.table, stream)
    started, ticked = read_start(connection, stream), last_tick(connection)
    hold = _hold_status(connection, stream, zone)
    on_server = isinstance(app.settings.ledger, DatabaseServer)
    return replace(
        status,
        next=next_occasions(app, progress),
        started=started.astimezone(zone) if started else None,
        held=hold is not None,
        hold=hold,
        approval=sum(waiting.count for waiting in unapproved(connection, stream)),
        last_tick=ticked.astimezone(zone) if ticked else None,
        sessions=tuple(
            SessionToDate(
                undated.meeting.id,
                undated.meeting.name,
                undated.meeting.month,
                tuple(task.id for task in undated.tasks),
            )
            for undated in undated_by_now(app.table, at, progress)
        ),
        last=_last_occasion(connection, at),
        unsettled=tuple(
            UnsettledMonth(
                month.period, tuple(month.refused), tuple(month.expired), tuple(month.unknown)
            )
            for month in read_unsettled(connection, stream, app.table.directory)
        ),
        waiting_count=count_waiting(connection),
        waiting=tuple(
            WaitingNotice(
                view.key,
                view.state,
                view.reason,
                next((person.reply for person in view.recipients if person.reply), ""),
            )
            for view in first_waiting(connection)
        ),
        replicas=tuple(sorted(set(leases.present(connection).values()))) if on_server else (),
        troubles=read_details(connection),
        alarms=tuple(
            AlarmStatus(alarm.name, alarm.since.astimezone(zone), alarm.detail)
            for alarm in read_alarms(connection).values()
        ),
    )


def _hold_status(connection: Connection, stream: str, zone: ZoneInfo) -> HoldStatus | None:
    if hold := read_hold(connection, stream):
        since = hold.since.astimezone(zone)
        return HoldStatus(hold.reason, since, hold_words(hold), hold_hint(hold))
    return None


def _last_occasion(connection: Connection, at: datetime) -> LastOccasion | None:
    row = last_occasion(connection, at)
    if row is None:
        return None
    kind, period = Kind(row["kind"]), row["period"]
    counts = tally(connection, kind, period)
    others = tuple(NotAccepted(view.unit, view.state, view.reason) for view in counts.others)
    return LastOccasion(kind, period, counts.expected, counts.accepted, others)


def next_occasions(app: Application, progress: Progress) -> tuple[NextOccasion, ...]:
    at = app.clock.now()
    today = app.table.local_day(at)
    ahead = forecast(app.table, today, today + _AHEAD, at, progress)
    return tuple(
        NextOccasion(occasion.kind, occasion.period, occasion.at, len(occasion.units))
        for occasion in islice((o for o in ahead if o.at > at), _NEXT)
    )


def why_held(app: Application) -> HoldStatus | None:
    """Why no mail goes; None where mails go."""
    if not app.has_ledger:
        return None
    with app.database.read() as connection:
        return _hold_status(connection, app.settings.stream, app.table.plan.zone)


def why_not_ready(app: Application, at: datetime, *, as_replica: bool = False) -> str:
    """Empty when the ledger answers and somebody has ticked lately.

    `as_replica`: and when the files that this process has read are in force.
    """
    if why := app.waits_for_clock(at):
        return why
    try:
        if as_replica and not app.is_current():
            return "another replica that began later has other files"
        with app.database.read() as connection:
            ticked = last_tick(connection)
    except LedgerError as error:
        return str(error)
    if ticked is None:
        return _NOT_YET
    if abs(at - ticked) > STALLED:  # either way: the clock may have been set back
        return f"the last tick was at {ticked.astimezone(app.table.plan.zone).isoformat()}"
    return ""
