"""What came by mail, as people see it and see to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection

from reminder.domain.incoming import LetterKind, LetterState
from reminder.domain.notices import Kind
from reminder.domain.registrations import Act
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import bounces, incoming
from reminder.ledger.incoming import LetterView
from reminder.ledger.registrations import in_force
from reminder.ledger.views import read_notice
from reminder.office.application import Application
from reminder.office.completion import progress_in
from reminder.office.overview import TaskStanding, read_unit
from reminder.office.registrations import is_to_be_signed
from reminder.office.stopped import stopped_addresses


@dataclass(frozen=True)
class LetterShown:
    """With what may be registered for its `unit`, if it is known: `open` are the tasks that the
    unit leads, `to_sign` the period that it has still to sign."""

    letter: LetterView
    unit: Unit | None = None
    to_sign: str = ""
    open: Sequence[TaskStanding] = ()
    on: date | None = None


def shown_letters(
    app: Application, connection: Connection, state: LetterState | None
) -> Iterator[LetterShown]:
    """Those of this plan, and those of which it is not known."""
    table, at = app.table, app.clock.now()
    facts = cache(lambda unit: read_unit(app, connection, at, table.directory[unit]))
    for letter in incoming.read_letters(connection, state, plan=table.plan.id):
        unit = table.directory.receiver(letter.unit)
        waits = letter.state == LetterState.WAITING and letter.kind != LetterKind.BOUNCE
        if unit is None or not waits:
            yield LetterShown(letter, unit)
        else:
            of_unit, on = facts(unit.id), table.local_day(letter.at)
            period = _to_sign(app, connection, unit, letter, of_unit["to_sign"])
            yield LetterShown(letter, unit, period, of_unit["open"], on)


def _to_sign(
    app: Application, connection: Connection, unit: Unit, letter: LetterView, running: str
) -> str:
    """The month whose digest it answers; of another mail, or of none, the running one."""
    mail = read_notice(connection, letter.notice) if letter.notice else None
    month = app.table.plan.month_of(mail.period) if mail and mail.kind is Kind.DIGEST else 0
    if not (mail and month):
        return running
    at, plan = app.clock.now(), app.table.plan.id
    is_signed = in_force(connection, plan, Act.SIGN, unit=unit.id, period=mail.period)
    asked = not is_signed and is_to_be_signed(
        connection, app, unit, month, progress_in(app, connection), at
    )
    return mail.period if asked else ""


def waiting_letter(connection: Connection, number: int) -> LetterView:
    """Raises `DeclinedError` for one that waits for nobody."""
    letter = incoming.read_one(connection, number)
    if letter is None or letter.state != LetterState.WAITING:
        raise DeclinedError("not_waiting", f"letter {number} does not wait")
    return letter


def settle(app: Application, number: int, who: str) -> None:
    """Raises `DeclinedError` for one that waits for nobody."""
    with app.database.write(who) as connection:
        if not incoming.settle(connection, number, who):
            raise DeclinedError("not_waiting", f"letter {number} does not wait")


def read_letters(connection: Connection, state: LetterState | None = None) -> list[LetterView]:
    return incoming.read_letters(connection, state)


def clear(app: Application, address: str, who: str = "") -> None:
    """Raises `UnknownError` for one to which mail goes."""
    with app.database.write(who) as connection:
        if not bounces.clear_address(connection, address.strip(), app.clock.now()):
            raise UnknownError.because("not_stopped", address=address)


def waiting(connection: Connection, table: Timetable) -> dict[str, Any]:
    """For `reminder status`."""
    stopped = list(stopped_addresses(connection, table))
    return {
        "letters": incoming.count_waiting(connection),
        "stopped": [
            {"address": one.address, "unit": one.unit and one.unit.id, "since": one.bounced.at,
             "reply": one.bounced.detail}
            for one in stopped
        ],
    }  # fmt: skip
