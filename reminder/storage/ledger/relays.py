"""The mail server's health, kept so that a new process goes on waiting where one stopped."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from reminder.storage.ledger.schema import relay


@dataclass(frozen=True)
class Trouble:
    """`failures` in a row since `since`; the next probe goes out at `not_before`."""

    failures: int
    since: datetime
    not_before: datetime
    detail: str


def read_trouble(connection: Connection, name: str) -> Trouble | None:
    row = connection.execute(select(relay).where(relay.c.name == name)).first()
    return Trouble(row.failures, row.since, row.not_before, row.detail) if row else None


def note_trouble(connection: Connection, name: str, trouble: Trouble) -> None:
    values = {
        "failures": trouble.failures,
        "since": trouble.since,
        "not_before": trouble.not_before,
        "detail": trouble.detail,
    }
    statement = insert(relay).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def clear_trouble(connection: Connection, name: str) -> bool:
    """True when there was some."""
    return bool(connection.execute(delete(relay).where(relay.c.name == name)).rowcount)
