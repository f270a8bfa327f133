"""The mails that a unit has had, as they went out."""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Select, case, func, select

from reminder.domain.notices import Kind, State
from reminder.ledger.schema import message, notice, recipient

TO_UNITS = (Kind.DIGEST, Kind.RECEIPT)
OF_UNITS = (Kind.NUDGE, Kind.OVERDUE)  # some of them go to others of the house alone


@dataclass(frozen=True)
class Mailed:
    """`content` is the stored bytes."""

    key: str
    kind: Kind
    as_of: datetime
    content: bytes = field(repr=False)


def mailed_to(
    connection: Connection, unit: str, addresses: Collection[str], first: int, most: int
) -> Iterator[Mailed]:
    """Some of them, the latest first, after the `first` ones; `addresses` are the unit's."""
    latest = _accepted(unit, addresses).order_by(notice.c.created.desc(), notice.c.key.desc())
    for row in connection.execute(latest.offset(first).limit(most)):
        yield Mailed(row.key, Kind(row.kind), row.as_of, zlib.decompress(row.content))


def mailed_as(
    connection: Connection, unit: str, addresses: Collection[str], key: str
) -> Mailed | None:
    """That one; None for another unit's, for a rehearsal, and 24 months later."""
    row = connection.execute(_accepted(unit, addresses).where(notice.c.key == key)).first()
    return Mailed(row.key, Kind(row.kind), row.as_of, zlib.decompress(row.content)) if row else None


def _accepted(unit: str, addresses: Collection[str]) -> Select[str, str, datetime, bytes]:
    """By at least one of the unit's mailboxes."""
    of_units = notice.c.kind.in_(OF_UNITS) & recipient.c.address.in_(addresses)
    had_it = (recipient.c.state == State.SENT) & (notice.c.kind.in_(TO_UNITS) | of_units)
    # Counted, not sought with EXISTS: SQLite would look through all that was ever sent for each.
    count = select(func.count(case((had_it, 1)))).where(recipient.c.notice == notice.c.key)
    return (
        select(notice.c.key, notice.c.kind, notice.c.as_of, message.c.content)
        .join(message, message.c.notice == notice.c.key)
        .where(notice.c.unit == unit, notice.c.kind.in_((*TO_UNITS, *OF_UNITS)))
        .where(notice.c.rehearsal.is_(False), count.scalar_subquery() > 0)
    )
