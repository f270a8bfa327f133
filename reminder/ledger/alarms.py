"""Troubles that the operator was told of and that are not over yet."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from reminder.ledger.schema import alarm


@dataclass(frozen=True)
class Alarm:
    name: str
    since: datetime
    detail: str


def read_alarms(connection: Connection) -> dict[str, Alarm]:
    rows = connection.execute(select(alarm).order_by(alarm.c.since))
    return {row.name: Alarm(row.name, row.since, row.detail) for row in rows}


def begin_alarm(connection: Connection, name: str, at: datetime, detail: str) -> None:
    connection.execute(alarm.insert().values(name=name, since=at, detail=detail))


def end_alarm(connection: Connection, name: str) -> None:
    connection.execute(delete(alarm).where(alarm.c.name == name))
