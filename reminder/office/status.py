"""What is in force, what comes next, what went and what waits; and whether work is being done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from reminder.domain.calls import Undated, undated_by_now
from reminder.domain.notices import WAITING, Kind
from reminder.domain.occasions import Occasion, forecast
from reminder.domain.windows import Progress
from reminder.errors import LedgerError
from reminder.ledger import counts, senders
from reminder.ledger.counts import Tally, UnsettledDigests
from reminder.ledger.database import DatabaseServer
from reminder.ledger.holds import Hold, read_hold, unapproved
from reminder.ledger.occasions import last_occasion, last_tick
from reminder.ledger.registrations import read_progress, read_start
from reminder.ledger.senders import Alarm
from reminder.ledger.views import NoticeView
from reminder.office.application import Application

EVERY = timedelta(seconds=30)  # between two ticks of a daemon
STALLED = 3 * EVERY
_AHEAD = timedelta(days=62)
_NEXT = 3
_NOT_YET = "nobody has ticked yet"


@dataclass(frozen=True)
class Status:
    """`last` is the occasion that was due last, `troubles` are by the replica that has them."""

    not_ready: str
    next: list[Occasion]
    started: datetime | None = None
    hold: Hold | None = None
    approval: int = 0
    last_tick: datetime | None = None
    sessions: Sequence[Undated] = ()
    last: tuple[Kind, str, Tally] | None = None
    unsettled: Sequence[UnsettledDigests] = ()
    waiting_count: int = 0
    waiting: Sequence[NoticeView] = ()
    replicas: Sequence[str] = ()
    troubles: Mapping[str, str] = field(default_factory=dict)
    alarms: Sequence[Alarm] = ()


def read_status(app: Application) -> Status:
    at, stream = app.clock.now(), app.settings.stream
    if not app.has_ledger:
        not_ready = app.waits_for_clock(at) or _NOT_YET
        return Status(not_ready, next_occasions(app, Progress()))
    not_ready = why_not_ready(app, at)
    with app.database.read() as connection:
        progress = read_progress(connection, app.table, stream)
        last = last_occasion(connection, at)
        of_last = (Kind(last["kind"]), last["period"]) if last else None
        on_server = isinstance(app.settings.ledger, DatabaseServer)
        return Status(
            not_ready,
            next_occasions(app, progress),
            started=read_start(connection, stream),
            hold=read_hold(connection, stream),
            approval=sum(batch.count for batch in unapproved(connection, stream)),
            last_tick=last_tick(connection),
            sessions=undated_by_now(app.table, at, progress),
            last=(*of_last, counts.tally(connection, *of_last)) if of_last else None,
            unsettled=counts.read_unsettled(connection, stream, app.table.directory),
            waiting_count=counts.count(connection, *WAITING),
            waiting=counts.first_waiting(connection),
            replicas=sorted(set(senders.present(connection).values())) if on_server else (),
            troubles={by: it.detail for by, it in senders.read_troubles(connection).items()},
            alarms=list(senders.read_alarms(connection).values()),
        )


def next_occasions(app: Application, progress: Progress) -> list[Occasion]:
    at = app.clock.now()
    today = app.table.local_day(at)
    ahead = forecast(app.table, today, today + _AHEAD, at, progress)
    return list(islice((occasion for occasion in ahead if occasion.at > at), _NEXT))


def why_held(app: Application) -> Hold | None:
    """Why no mail goes; None where mails go."""
    if not app.has_ledger:
        return None
    with app.database.read() as connection:
        return read_hold(connection, app.settings.stream)


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
