"""What is in force, what comes next, what went and what waits; and whether work is being done."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from reminder.domain.notices import ON_HOLD, WAITING, Kind
from reminder.domain.occasions import forecast
from reminder.domain.status import undated_by_now
from reminder.errors import LedgerError
from reminder.ledger import counts, senders
from reminder.ledger.database import DatabaseServer
from reminder.ledger.holds import Hold, count_for_people, read_hold, unapproved
from reminder.ledger.occasions import last_occasion, last_tick, read_start
from reminder.ledger.registrations import read_progress
from reminder.office import letters
from reminder.office.application import Application
from reminder.office.backups import last_backup
from reminder.office.holds import STATE, hold_hint, hold_words
from reminder.words import Sentence

EVERY = timedelta(seconds=30)  # between two ticks of a daemon
STALLED = 3 * EVERY
_AHEAD = timedelta(days=62)
_NEXT = 3
_NOT_YET = Sentence(STATE, "no_tick")


def read_status(app: Application) -> dict[str, Any]:
    """As `reminder status --json` has it; moments in the plan's zone.

    `last` is the occasion that was due last, `troubles` are by the replica that has them.
    """
    at, plan, settings = app.clock.now(), app.table.plan, app.settings
    has_ledger = app.has_ledger
    not_ready = why_not_ready(app, at) if has_ledger else app.waits_for_clock(at) or _NOT_YET
    names = {"id": plan.id, "year": plan.year, "name": plan.name, "file": str(app.office.path)}
    nothing: dict[str, Any] = {
        "started": None, "held": False, "hold": None, "to_release": 0, "approval": 0,
        "last_tick": None, "sessions": [], "next": next_occasions(app), "last": None,
        "unsettled": [], "waiting_count": 0, "waiting": [], "replicas": [], "troubles": {},
        "alarms": [], "backup": None, "letters": 0, "stopped": [],
    }  # fmt: skip
    others = [
        {"id": table.plan.id, "year": table.plan.year, "name": table.plan.name, "file": str(path)}
        for table, path in zip(app.tables, app.office.paths, strict=True)
    ]
    facts = {
        "plan": names,
        "plans": others,
        "transport": settings.transport,
        "rehearsal": settings.rehearsal,
    }
    facts |= nothing
    if has_ledger:
        with app.database.read() as connection:
            facts |= _recorded(app, connection, at)
    return facts | {"ready": not not_ready, "not_ready": not_ready or ""}


def _recorded(app: Application, connection: Connection, at: datetime) -> dict[str, Any]:
    table, stream, zone = app.table, app.settings.stream, app.table.plan.zone

    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(zone) if moment else None

    plan = table.plan.id
    hold, last = read_hold(connection, stream), last_occasion(connection, plan, at)
    sessions = undated_by_now(table, at, read_progress(connection, table, stream))
    on_server = isinstance(app.settings.ledger, DatabaseServer)
    return {
        "started": local(read_start(connection, stream, plan)),
        "held": hold is not None,
        "hold": hold and {"reason": hold.reason, "since": local(hold.since),
                          "why": hold_words(hold), "next": hold_hint(hold)},
        "to_release": sum(
            number
            for reason, number in count_for_people(connection, stream, at).items()
            if reason in ON_HOLD
        ),
        "approval": sum(batch.count for batch in unapproved(connection, stream)),
        "last_tick": local(last_tick(connection)),
        "sessions": [
            {"id": session.meeting.id, "name": session.meeting.name,
             "month": session.meeting.month, "tasks": [task.id for task in session.tasks]}
            for session in sessions
        ],
        "last": last and _became(connection, plan, Kind(last["kind"]), last["period"]),
        "unsettled": [
            {name: value for name, value in vars(month).items() if value or name != "unknown"}
            for month in counts.read_unsettled(
                connection, plan if app.is_chosen else "", stream, table.directory
            )
        ],
        "waiting_count": counts.count(connection, *WAITING),
        "waiting": [
            {"key": view.key, "state": view.state, "reason": view.reason,
             "reply": next((person.reply for person in view.recipients if person.reply), "")}
            for view in counts.first_waiting(connection)
        ],
        "replicas": sorted(set(senders.present(connection).values())) if on_server else [],
        **letters.waiting(connection, table),
        "troubles": {by: it.detail for by, it in senders.read_troubles(connection).items()},
        "alarms": [
            vars(alarm) | {"since": local(alarm.since)}
            for alarm in senders.read_alarms(connection).values()
        ],
        "backup": _backup(app, connection),
    }  # fmt: skip


def _backup(app: Application, connection: Connection) -> dict[str, Any] | None:
    """None where none are made; without a file there is none yet."""
    if (folder := app.settings.backup.folder) is None:
        return None
    last = last_backup(app.settings, connection)
    made = last and last.made.astimezone(app.table.plan.zone)
    names = {"file": str(last.path), "at": made, "size": last.size} if last else {}
    return {"folder": str(folder), "file": None, "at": None, "size": None} | names


def _became(connection: Connection, plan: str, kind: Kind, period: str) -> dict[str, Any]:
    counted = counts.tally(connection, plan, kind, period)
    others = [
        {"unit": view.unit, "state": view.state, "reason": view.reason} for view in counted.others
    ]
    numbers = {"expected": counted.expected, "accepted": counted.accepted}
    return {"kind": kind, "period": period, **numbers, "others": others}


def next_occasions(app: Application) -> list[dict[str, Any]]:
    at = app.clock.now()
    today = app.table.local_day(at)
    ahead = forecast(app.table, today, today + _AHEAD, at, app.progress())
    return [
        {"kind": o.kind, "period": o.period, "at": o.at, "units": len(o.units)}
        for o in islice((occasion for occasion in ahead if occasion.at > at), _NEXT)
    ]


def why_held(app: Application) -> Hold | None:
    """Why no mail goes; None where mails go."""
    if not app.has_ledger:
        return None
    with app.database.read() as connection:
        return read_hold(connection, app.settings.stream)


def why_not_ready(app: Application, at: datetime, *, as_replica: bool = False) -> Sentence | None:
    """None when the ledger answers and somebody has ticked lately.

    `as_replica`: and when the files that this process has read are in force.
    """
    if why := app.waits_for_clock(at):
        return why
    try:
        if as_replica and not app.is_current():
            return Sentence(STATE, "other_files")
        with app.database.read() as connection:
            ticked = last_tick(connection)
    except LedgerError as error:
        return Sentence(STATE, "ledger_away", {"why": error.said or str(error)})
    if ticked is None:
        return _NOT_YET
    if abs(at - ticked) > STALLED:  # either way: the clock may have been set back
        return Sentence(STATE, "last_tick", {"at": ticked.astimezone(app.table.plan.zone)})
    return None
