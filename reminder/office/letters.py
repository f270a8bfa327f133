"""What came by mail, as people see it and see to it."""

from typing import Any

from sqlalchemy import Connection

from reminder.domain.incoming import LetterState
from reminder.domain.timetable import Timetable
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import bounces, incoming
from reminder.ledger.incoming import LetterView
from reminder.office.application import Application
from reminder.office.stopped import stopped_addresses


def clear(app: Application, address: str, who: str = "") -> None:
    """Raises `UnknownError` for one to which mail goes."""
    with app.database.write(who) as connection:
        if not bounces.clear_address(connection, address.strip(), app.clock.now()):
            raise UnknownError.because("not_stopped", address=address)


def read_letters(
    connection: Connection, state: LetterState | None = None, unit: str = ""
) -> list[LetterView]:
    return incoming.read_letters(connection, state, unit=unit)


def settle(app: Application, number: int, who: str) -> None:
    """Raises `DeclinedError` for one that waits for nobody."""
    with app.database.write(who) as connection:
        if not incoming.settle(connection, number, who):
            raise DeclinedError("not_waiting", f"letter {number} does not wait")


def waiting(connection: Connection, table: Timetable) -> dict[str, Any]:
    """For `reminder status` and the first page."""
    stopped = list(stopped_addresses(connection, table))
    return {
        "letters": incoming.count_waiting(connection),
        "stopped": [
            {"address": one.address, "unit": one.unit and one.unit.id, "since": one.bounced.at,
             "reply": one.bounced.detail}
            for one in stopped
        ],
    }  # fmt: skip
