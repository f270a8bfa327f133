"""What was said on the telephone, noted by who has phoned."""

from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.errors import DeclinedError
from reminder.ledger import calls
from reminder.ledger.calls import CallNote
from reminder.office.application import Application

MESSAGE = 500  # characters


def note_call(app: Application, unit: Unit, by: Signature, message: str) -> None:
    """`by` says who has phoned, and who has answered."""
    if unit.is_group:
        raise DeclinedError("no_such_unit", f"{unit.id} is a group of units, wanted one of them")
    if not message.strip():
        raise DeclinedError("nothing_said")
    if len(message) > MESSAGE:
        raise DeclinedError("too_many_words", most=MESSAGE)
    at, table = app.clock.now(), app.table
    if app.waits_for_clock(at):
        raise DeclinedError("wrong_clock")
    period = table.plan.period(table.shown_month(at))
    note = CallNote(at, table.plan.id, period, unit.id, by.clerk, by.who, message.strip())
    with app.database.write(by.clerk) as connection:
        calls.add(connection, note)
