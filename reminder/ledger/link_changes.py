"""Who made, rotated or revoked a link, and when: rows of the history, never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from reminder.ledger.schema import history

MADE, ROTATED, REVOKED = "made", "rotated", "revoked"


@dataclass(frozen=True)
class LinkChange:
    """`by` is the console, or the command line and its user."""

    at: datetime
    act: str
    by: str


def note_link(
    connection: Connection, purpose: str, subject: str, act: str, by: str, at: datetime
) -> None:
    row = {"at": at, "subject": _name(purpose, subject), "address": None, "state": act}
    connection.execute(history.insert().values(**row, reason="registered", detail=by))


def link_changes(connection: Connection, purpose: str, subject: str) -> list[LinkChange]:
    """The first one first."""
    query = select(history.c.at, history.c.state, history.c.detail)
    query = query.where(history.c.subject == _name(purpose, subject)).order_by(history.c.id)
    return [LinkChange(row.at, row.state, row.detail) for row in connection.execute(query)]


def _name(purpose: str, subject: str) -> str:
    return f"link/{purpose}/{subject}"
