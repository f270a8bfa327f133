"""Notices in the ledger: put in once, their bytes fixed once, every change in the history."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, select, update
from sqlalchemy.dialects.sqlite import insert

from reminder.domain.notices import UNFINISHED, Kind, NoticeDraft, Reason, State
from reminder.domain.occasions import Reminded
from reminder.storage.ledger.schema import history, message, notice, recipient, reminded

KEPT = timedelta(days=731)  # 24 months of bytes; the hash and the history stay for ever


@dataclass(frozen=True)
class Composed:
    """A message as it will go to `recipients`, on every try. `as_of` is what it knows."""

    message_id: str
    content: bytes
    as_of: datetime
    recipients: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def keys_of(connection: Connection, kind: Kind, period: str) -> dict[str, str]:
    """The notices of an occasion, and on which course each was made."""
    query = select(notice.c.key, notice.c.course)
    query = query.where(notice.c.kind == kind, notice.c.period == period)
    return {row.key: row.course for row in connection.execute(query)}


def add(
    connection: Connection,
    draft: NoticeDraft,
    at: datetime,
    *,
    composed: Composed | None = None,
    state: State | None = None,
    reason: Reason = Reason.PLANNED,
    course: str,
    rehearsal: bool = False,
) -> None:
    """With `composed` the notice is queued; else `state` says what it is instead."""
    connection.execute(
        notice.insert().values(
            key=draft.key,
            kind=draft.kind,
            period=draft.period,
            unit=draft.unit,
            due=draft.due,
            useful_until=draft.useful_until,
            state=state,
            reason=reason,
            course=course,
            rehearsal=rehearsal,
            attempts=0,
            created=at,
            updated=at,
        )
    )
    if draft.tasks:
        note_reminded(connection, draft)
    if composed:
        fix(connection, draft.key, composed, at, reason)
    else:
        record(connection, at, draft.key, state or State.HELD, reason)


def fix(connection: Connection, key: str, composed: Composed, at: datetime, reason: Reason) -> None:
    """Queues the notice: from now on its bytes and recipients never change."""
    connection.execute(
        update(notice)
        .where(notice.c.key == key)
        .values(
            state=None,
            reason=reason,
            message_id=composed.message_id,
            as_of=composed.as_of,
            sha256=composed.sha256,
            updated=at,
        )
    )
    content = zlib.compress(composed.content)
    connection.execute(message.insert().values(notice=key, content=content, stored=at))
    rows = [
        {
            "notice": key,
            "address": address,
            "state": State.QUEUED,
            "reason": reason,
            "reply": "",
            "attempts": 0,
            "not_before": at,
            "updated": at,
        }
        for address in composed.recipients
    ]
    connection.execute(recipient.insert(), rows)
    record(connection, at, key, State.QUEUED, reason)


def note_reminded(connection: Connection, draft: NoticeDraft) -> None:
    names = ("task", "due", "step")
    rows = [
        {"key": draft.key, "kind": draft.kind, "unit": draft.unit}
        | dict(zip(names, task, strict=True))
        for task in draft.tasks
    ]
    statement = insert(reminded)
    fresh = {name: statement.excluded[name] for name in ("kind", "unit", "due", "step")}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key", "task"], set_=fresh), rows
    )


def set_state(connection: Connection, key: str, state: State, reason: Reason, at: datetime) -> None:
    """On the notice itself: held, expired, baseline, or refused for want of an address."""
    values = {"state": state, "reason": reason, "updated": at}
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    record(connection, at, key, state, reason)


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
    connection.execute(
        history.insert().values(
            at=at, subject=subject, address=address, state=state, reason=reason, detail=detail
        )
    )


def content_of(connection: Connection, key: str) -> bytes | None:
    """The stored bytes; None before they are fixed, and 24 months later."""
    content = connection.scalar(select(message.c.content).where(message.c.notice == key))
    return zlib.decompress(content) if content is not None else None


def read_reminded(connection: Connection, *, rehearsal: bool) -> set[Reminded]:
    """What units were reminded of; a mail that never went does not count, unless it was
    dropped by hand."""
    query = select(reminded).join(notice, notice.c.key == reminded.c.key, isouter=True)
    # Without a notice: the secretariat was asked to phone.
    went = notice.c.reason.not_in([Reason.TOO_LATE, Reason.DONE])
    query = query.where(notice.c.key.is_(None) | (went & (notice.c.rehearsal == rehearsal)))
    return {
        Reminded(Kind(row.kind), row.unit, row.task, row.due, row.step)
        for row in connection.execute(query)
    }


def heard_from(connection: Connection, unit: str, year: int, before: str = "") -> bool:
    """Whether the unit was written to in that year, by a notice other than `before`."""
    query = select(notice.c.key).where(
        notice.c.unit == unit,
        notice.c.sha256.is_not(None),
        notice.c.period.startswith(f"{year}-"),
        notice.c.rehearsal.is_(False),
        notice.c.key != before,
    )
    return connection.execute(query.limit(1)).first() is not None


def _unfinished() -> ColumnElement[bool]:
    waits = exists().where(recipient.c.notice == notice.c.key, recipient.c.state.in_(UNFINISHED))
    sending = exists().where(recipient.c.notice == notice.c.key, recipient.c.state == State.SENDING)
    return (notice.c.state == State.HELD) | (notice.c.state.is_(None) & waits & ~sending)


def unfinished(connection: Connection, *kinds: Kind) -> Sequence[RowMapping]:
    """Notices that still wait: held, queued or to be tried again, and not just being sent."""
    query = select(notice).where(_unfinished()).order_by(notice.c.created)
    if kinds:
        query = query.where(notice.c.kind.in_(kinds))
    return connection.execute(query).mappings().all()


def expire(connection: Connection, at: datetime) -> list[str]:
    """Gives up what has outlived its use. Returns the keys."""
    query = select(notice.c.key).where(_unfinished(), notice.c.useful_until <= at)
    keys = list(connection.scalars(query))
    for key in keys:
        set_state(connection, key, State.EXPIRED, Reason.TOO_LATE, at)
    return keys


def too_early_given_up(connection: Connection, course: str, at: datetime) -> list[str]:
    """Notices that ended as too late, as if by a later clock. Returns the keys."""
    query = select(notice.c.key).where(
        notice.c.state == State.EXPIRED,
        notice.c.reason == Reason.TOO_LATE,
        notice.c.course == course,
        notice.c.due <= at,
        notice.c.useful_until > at,
    )
    return list(connection.scalars(query))


def revive(connection: Connection, key: str, at: datetime) -> None:
    """Its recipients decide again on its state."""
    values = {"state": None, "reason": Reason.CLOCK, "updated": at}
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    record(connection, at, key, State.RETRY, Reason.CLOCK)


def tasks_of(connection: Connection, key: str) -> list[str]:
    """The tasks that a nudge or a 待确认 mail is about."""
    return list(connection.scalars(select(reminded.c.task).where(reminded.c.key == key)))


def forget_bytes(connection: Connection, at: datetime) -> int:
    """Drops stored bytes older than 24 months, of what waits for nobody any more."""
    waiting = select(recipient.c.notice).where(recipient.c.state.in_([*UNFINISHED, State.SENDING]))
    old = (message.c.stored < at - KEPT) & message.c.notice.not_in(waiting)
    return connection.execute(delete(message).where(old)).rowcount
