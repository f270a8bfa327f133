"""What was said on the telephone, as the secretariat notes it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from reminder.domain.plan import Plan
from reminder.ledger.schema import call


@dataclass(frozen=True)
class CallNote:
    """`clerk` has phoned with `who` of the unit. `period` is the month whose digest was in force
    then, `at` is UTC."""

    at: datetime
    plan: str
    period: str
    unit: str
    clerk: str
    who: str
    message: str


def add(connection: Connection, note: CallNote) -> None:
    connection.execute(call.insert().values(vars(note)))


def read_calls(connection: Connection, plan: str, unit: str, most: int) -> list[CallNote]:
    """With that unit, the last one first."""
    query = select(call).filter_by(plan=plan, unit=unit).order_by(call.c.id.desc()).limit(most)
    return _read(connection, query)


def read_all_calls(connection: Connection, plan: str) -> list[CallNote]:
    """The first one first."""
    return _read(connection, select(call).filter_by(plan=plan).order_by(call.c.id))


def last_calls(connection: Connection, plan: Plan) -> dict[str, CallNote]:
    """By the unit, in the plan's term: a call of the year before says nothing of this one."""
    in_term = (call.c.plan == plan.id) & (call.c.period >= plan.period(plan.months[0]))
    last = select(func.max(call.c.id)).where(in_term).group_by(call.c.unit)
    return {note.unit: note for note in _read(connection, select(call).where(call.c.id.in_(last)))}


def _read(connection: Connection, query: Select[Any]) -> list[CallNote]:
    rows = connection.execute(query).mappings()
    return [CallNote(**{name: row[name] for name in _FIELDS}) for row in rows]


_FIELDS = [field.name for field in fields(CallNote)]
