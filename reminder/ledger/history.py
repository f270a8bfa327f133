"""The history: changes of notices and of their recipients, and acts of people, in order.

Who acts is said of the transaction: all that it writes here bears that name.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from reminder.domain.notices import Reason, State
from reminder.ledger.schema import history


@dataclass(frozen=True)
class Change:
    """One line of the history. `subject` is a notice's key."""

    subject: str
    state: State
    reason: Reason
    address: str | None = None
    detail: str = ""


_WHO = "reminder_who"


def acted_by(connection: Connection, who: str) -> Connection:
    """That transaction, as the act of this person."""
    return connection.execution_options(**{_WHO: who})


def actor(connection: Connection) -> str:
    """Empty where the program acts by itself."""
    who: str = connection.get_execution_options().get(_WHO, "")
    return who


def record(connection: Connection, at: datetime, changes: Iterable[Change]) -> None:
    who = actor(connection)
    if rows := [vars(change) | {"at": at, "who": who} for change in changes]:
        connection.execute(history.insert(), rows)


def note_act(connection: Connection, at: datetime, subject: str, act: str, detail: str) -> None:
    """Of a person, on what is no notice: a task, a meeting, a link, an account."""
    row = {"at": at, "subject": subject, "address": None, "state": act, "detail": detail}
    connection.execute(history.insert().values(**row, reason="registered", who=actor(connection)))


def last_actors(connection: Connection) -> dict[str, str]:
    """By subject the name of who has acted on it last."""
    query = select(history.c.subject, history.c.who).where(history.c.who != "")
    return {row.subject: row.who for row in connection.execute(query.order_by(history.c.id))}


def read_history(connection: Connection, *subjects: str) -> list[RowMapping]:
    query = select(history).where(history.c.subject.in_(subjects)).order_by(history.c.id)
    return list(connection.execute(query).mappings())
