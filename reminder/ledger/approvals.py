"""Digests that wait for the secretariat: which, and what it said of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from reminder.domain.notices import Kind, Reason, State
from reminder.ledger.history import Change, record_all
from reminder.ledger.schema import notice

# Of a held digest: nobody has read it yet; it goes at its moment, as approved or whatever it
# says by then; it would go to nobody as things are.
OPEN = (Reason.APPROVAL,)
PASSED = (Reason.APPROVED, Reason.RELEASED)
NEEDLESS = (Reason.DONE, Reason.DROPPED_FROM_PLAN, Reason.NO_ADDRESS)

_UNAPPROVED = (
    select(
        notice.c.period, notice.c.due, func.count().label("waiting"),
        func.count(notice.c.approved).label("changed"),
    )
    .where(
        notice.c.state == State.HELD,
        notice.c.reason.in_(OPEN),
        notice.c.stream == bindparam("of_stream"),
    )
    .group_by(notice.c.period, notice.c.due)
    .order_by(notice.c.due, notice.c.period)
)  # fmt: skip
_HELD = (
    select(notice.c.key)
    .where(
        notice.c.state == State.HELD,
        notice.c.kind == Kind.DIGEST,
        notice.c.stream == bindparam("of_stream"),
        notice.c.reason.in_(bindparam("reasons", expanding=True)),
    )
    .order_by(notice.c.created, notice.c.key)
)


@dataclass(frozen=True)
class Unapproved:
    """Digests of one period and moment; `changed` were approved and read otherwise now."""

    period: str
    due: datetime
    count: int
    changed: int


def unapproved(connection: Connection, stream: str) -> list[Unapproved]:
    rows = connection.execute(_UNAPPROVED, {"of_stream": stream})
    return [Unapproved(row.period, row.due, row.waiting, row.changed) for row in rows]


def held_digests(
    connection: Connection,
    stream: str,
    reasons: Collection[Reason],
    *,
    period: str | None = None,
    due_by: datetime | None = None,
) -> list[str]:
    """Their keys, in the order in which they were made."""
    which = {"of_stream": stream, "reasons": reasons, "of_period": period, "due_by": due_by}
    query = _HELD
    if period is not None:
        query = query.where(notice.c.period == bindparam("of_period"))
    if due_by is not None:
        query = query.where(notice.c.due <= bindparam("due_by"))
    return list(connection.scalars(query, which))


def note_approved(connection: Connection, hashes: Mapping[str, str], at: datetime) -> None:
    """Each by the hash of the message that was read; its bytes are composed at its moment."""
    for key, sha256 in hashes.items():
        values = {"approved": sha256, "reason": Reason.APPROVED, "updated": at}
        connection.execute(update(notice).where(notice.c.key == key).values(values))
    record_all(connection, at, [Change(key, State.HELD, Reason.APPROVED) for key in hashes])


def take_back(connection: Connection, keys: Collection[str], at: datetime) -> None:
    """What was approved reads otherwise now: it waits anew, and keeps the old hash as a mark."""
    values = {"reason": Reason.APPROVAL, "updated": at}
    for key in keys:
        connection.execute(update(notice).where(notice.c.key == key).values(values))
    record_all(connection, at, [Change(key, State.HELD, Reason.CHANGED) for key in keys])
