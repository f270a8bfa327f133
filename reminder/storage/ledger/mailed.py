"""The mails that a unit has had, as they went out."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Select, case, func, select

from reminder.domain.notices import Kind, State
from reminder.storage.ledger.schema import message, notice, recipient

TO_UNITS = (Kind.DIGEST, Kind.NUDGE, Kind.OVERDUE, Kind.RECEIPT)


@dataclass(frozen=True)
class Mailed:
    """`content` is the stored bytes."""

    key: str
    kind: Kind
    as_of: datetime
    content: bytes = field(repr=False)


def mailed_to(connection: Connection, unit: str, first: int, most: int) -> Iterator[Mailed]:
    """Some of them, the latest first, after the `first` ones."""
    latest = _accepted(unit).order_by(notice.c.created.desc(), notice.c.key.desc())
    for row in connection.execute(latest.offset(first).limit(most)):
        yield Mailed(row.key, Kind(row.kind), row.as_of, zlib.decompress(row.content))


def mailed_as(connection: Connection, unit: str, key: str) -> Mailed | None:
    """That one; None for another unit's, for a rehearsal, and 24 months later."""
    row = connection.execute(_accepted(unit).where(notice.c.key == key)).first()
    return Mailed(row.key, Kind(row.kind), row.as_of, zlib.decompress(row.content)) if row else None


def _accepted(unit: str) -> Select[str, str, datetime, bytes]:
    """By at least one of the unit's mailboxes."""
    # Counted, not sought with EXISTS: SQLite would look through all that was ever sent for each.
    was_sent = func.count(case((recipient.c.state == State.SENT, 1)))
    sent = select(was_sent).where(recipient.c.notice == notice.c.key).scalar_subquery()
    return (
        select(notice.c.key, notice.c.kind, notice.c.as_of, message.c.content)
        .join(message, message.c.notice == notice.c.key)
        .where(notice.c.unit == unit, notice.c.kind.in_(TO_UNITS))
        .where(notice.c.rehearsal.is_(False), sent > 0)
    )
