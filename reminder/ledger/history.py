"""The history: every change of a notice and of its recipients, in order."""

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


def record(
    connection: Connection,
    at: datetime,
    subject: str,
    state: State,
    reason: Reason,
    *,
    address: str | None = None,
    detail: str = "",
) -> None:
    record_all(connection, at, [Change(subject, state, reason, address, detail)])


def record_all(connection: Connection, at: datetime, changes: Iterable[Change]) -> None:
    if rows := [vars(change) | {"at": at} for change in changes]:
        connection.execute(history.insert(), rows)


def read_history(connection: Connection, subject: str) -> list[RowMapping]:
    query = select(history).where(history.c.subject == subject).order_by(history.c.id)
    return list(connection.execute(query).mappings())
