"""Whom the secretariat phones: of tasks, of mails that did not arrive, of missing signatures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from reminder.domain.notices import BY_CHOICE, WAITING, Reason
from reminder.domain.status import Call, calls_on_tasks
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.ledger import calls
from reminder.ledger.calls import CallNote
from reminder.ledger.counts import Tally
from reminder.ledger.views import NoticeView
from reminder.office.signatures import Signing, missing_signatures, read_missing, read_signing

UNSIGNED = "unsigned"
_NEEDLESS = (Reason.DROPPED, Reason.DROPPED_FROM_PLAN, Reason.MOVED, Reason.DONE, *BY_CHOICE)


@dataclass
class Contact:
    """One unit to phone: of tasks, of the month's mail that did not arrive, of its signature, which
    is missing for days where it `is_unsigned`."""

    unit: Unit
    calls: list[Call]
    mail: NoticeView | None = None
    is_unsigned: bool = False
    may_sign: bool = False
    last_call: CallNote | None = None


def read_contacts(
    connection: Connection,
    table: Timetable,
    month: int,
    on: date,
    progress: Progress,
    signing: Signing,
    mails: Tally,
) -> list[Contact]:
    """Those who were not phoned in that month first."""
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
    for unit in missing_signatures(table, month, on, signing, mails.accepted_at):
        contact(unit).is_unsigned = True
    unsigned = set(signing.unsigned)
    last, period = calls.last_calls(connection, table.plan), table.plan.period(month)
    for one in contacts.values():
        one.last_call, one.may_sign = last.get(one.unit.id), one.unit.id in unsigned
    phoned = {unit for unit, note in last.items() if note.period == period}
    return sorted(contacts.values(), key=lambda one: one.unit.id in phoned)


# For the operator's reports: each row with the last call, and when that was in the plan's zone


def call_rows(
    connection: Connection, table: Timetable, at: datetime, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Units of another body that lead a task which is closing or past."""
    last = calls.last_calls(connection, table.plan)
    for call in calls_on_tasks(table, table.local_day(at), progress):
        if call.unit.tone is Relation.PARALLEL:
            yield vars(call) | _last(table, last, call.unit)


def unsigned_rows(
    connection: Connection,
    table: Timetable,
    month: int,
    at: datetime,
    progress: Progress,
    *,
    rehearsal: bool,
) -> Iterator[dict[str, Any]]:
    """Units that have not signed that month's digest, days after it came."""
    signing = read_signing(connection, table, month, at, progress)
    last = calls.last_calls(connection, table.plan)
    for name in read_missing(connection, table, month, at, signing, rehearsal=rehearsal):
        unit = table.directory[name]
        yield {"unit": unit} | _last(table, last, unit)


def _last(table: Timetable, last: Mapping[str, CallNote], unit: Unit) -> dict[str, Any]:
    note = last.get(unit.id)
    return {"last": note, "phoned": note.at.astimezone(table.plan.zone) if note else None}
