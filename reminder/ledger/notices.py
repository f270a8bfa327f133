"""Notices in the ledger: inserted once, their bytes fixed once, each change in the history."""

import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, or_, select, union, update

from reminder.domain.notices import (
    ON_ITS_WAY,
    REMINDERS,
    UNFINISHED,
    Kind,
    NoticeDraft,
    Reason,
    State,
    is_to_operator,
    original,
    still_reached,
)
from reminder.ledger.bounces import stopped_addresses
from reminder.ledger.composed import Composed as Composed  # for whoever makes notices
from reminder.ledger.deliveries import NOT_BEGUN
from reminder.ledger.history import Change, record
from reminder.ledger.occasions import AHEAD, note_reminded
from reminder.ledger.own_messages import OwnMessage, drop_own, put_own
from reminder.ledger.rows import batched
from reminder.ledger.schema import history, message, notice, own_message, recipient

OLD = timedelta(days=2)  # then what was never handed over is composed anew
KEPT = timedelta(days=731)  # 24 months of bytes; the hash and the history stay for ever
# Answers that come to DATA or behind it; a throttle may come earlier, and is not told apart.
_AT_DATA = (
    Reason.ACCEPTED,
    Reason.REHEARSAL,
    Reason.ANSWER_LOST,
    Reason.MESSAGE_DEFERRED,
    Reason.MESSAGE_REFUSED,
    Reason.THROTTLED,
)
_DRAFTED = ("key", "plan", "kind", "period", "unit", "due", "useful_until")
_COMPOSED = ("message_id", "as_of", "sha256", "publication")


@dataclass(frozen=True)
class NewNotice:
    """Queued with `composed`, else `state` says what it is instead."""

    draft: NoticeDraft
    reason: Reason = Reason.PLANNED
    composed: Composed | None = None
    state: State | None = None


def keys_of(
    connection: Connection,
    plan: str,
    kind: Kind,
    period: str,
    units: Iterable[str] | None = None,
) -> dict[str, str]:
    """The notices of an occasion, of all units or of some, and on which stream each was made."""
    query = select(notice.c.key, notice.c.stream)
    query = query.filter_by(plan=plan, kind=kind, period=period)
    if units is not None:
        query = query.where(notice.c.unit.in_(list(units)))
    return {row.key: row.stream for row in connection.execute(query)}


def existing(connection: Connection, keys: Iterable[str]) -> set[str]:
    return set(connection.scalars(select(notice.c.key).where(notice.c.key.in_(list(keys)))))


def content_of(connection: Connection, key: str) -> bytes | None:
    """The stored bytes; None before they are fixed, and 24 months later."""
    content = connection.scalar(select(message.c.content).where(message.c.notice == key))
    return zlib.decompress(content) if content is not None else None


def contents_of(connection: Connection, keys: Iterable[str]) -> dict[str, bytes]:
    """Of those of them that have stored bytes."""
    query = select(message.c.notice, message.c.content).where(message.c.notice.in_(list(keys)))
    return {row.notice: zlib.decompress(row.content) for row in connection.execute(query)}


# Made and queued


def add(
    connection: Connection,
    new: Sequence[NewNotice],
    at: datetime,
    *,
    stream: str,
    rehearsal: bool = False,
) -> None:
    """Hundreds at once: a statement a table, not one a notice."""
    if not new:
        return
    shared = {"stream": stream, "rehearsal": rehearsal, "attempts": 0, "created": at, "updated": at}
    rows = [
        {name: getattr(one.draft, name) for name in _DRAFTED}
        | {"reason": one.reason, "state": None if one.composed else one.state}
        | _bytes(one.composed)
        | shared
        for one in new
    ]
    connection.execute(notice.insert(), rows)
    note_reminded(connection, [one.draft for one in new])
    queued = [(one.draft.key, one.composed, one.reason) for one in new if one.composed]
    _queue(connection, queued, at)
    record(connection, at, [Change(n.draft.key, n.state, n.reason) for n in new if n.state])


def _bytes(composed: Composed | None) -> dict[str, object]:
    return {name: composed and getattr(composed, name) for name in _COMPOSED}


_FIX = (
    update(notice)
    .where(notice.c.key == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "reason", "updated", *_COMPOSED)})
)


def fix(connection: Connection, key: str, composed: Composed, at: datetime, reason: Reason) -> None:
    """Queues the notice: from now on its bytes and recipients never change."""
    fix_all(connection, [(key, composed, reason)], at)


def fix_all(
    connection: Connection, mails: Sequence[tuple[str, Composed, Reason]], at: datetime
) -> None:
    """Hundreds at once: a statement a table, not one a notice."""
    rows = [
        {"of": key, "new_state": None, "new_reason": reason, "new_updated": at}
        | {f"new_{name}": value for name, value in _bytes(composed).items()}
        for key, composed, reason in mails
    ]
    if rows:
        connection.execute(_FIX, rows)
    _queue(connection, mails, at)


def renew(connection: Connection, key: str, composed: Composed, at: datetime) -> None:
    """Other bytes, for the addresses of now, where it waits; who was refused stays so."""
    _unqueue(connection, key, recipient.c.state.in_(UNFINISHED))
    theirs = select(recipient.c.address).where(recipient.c.notice == key)
    settled = set(connection.scalars(theirs))
    left = tuple(address for address in composed.recipients if address not in settled)
    _update(connection, key, updated=at, **_bytes(composed))
    _queue(connection, [(key, replace(composed, recipients=left), Reason.RENEWED)], at)
    changes = [Change(key, State.QUEUED, Reason.RENEWED, address) for address in left]
    record(connection, at, changes)


def hold_again(connection: Connection, key: str, at: datetime) -> None:
    """It waits for approval anew, without bytes, and keeps the old hash as a mark."""
    addresses = _unqueue(connection, key)
    _update(
        connection, key, state=State.HELD, reason=Reason.APPROVAL, approved=notice.c.sha256,
        updated=at, **_bytes(None),
    )  # fmt: skip
    back = [Change(key, State.QUEUED, Reason.RENEWED, address) for address in addresses]
    record(connection, at, [*back, Change(key, State.HELD, Reason.CHANGED)])


def _queue(
    connection: Connection, mails: Sequence[tuple[str, Composed, Reason]], at: datetime
) -> None:
    if not mails:
        return
    unsent = {"state": State.QUEUED, "reply": "", "attempts": 0, "not_before": at, "updated": at}
    # Base64 hardly shrinks further with more effort, and that takes twice as long.
    messages = [
        {"notice": key, "content": zlib.compress(composed.content, 1), "stored": at}
        for key, composed, _ in mails
    ]
    stopped = stopped_addresses(connection)
    people, refused = [], []
    own: list[tuple[str, OwnMessage]] = []
    for key, composed, reason in mails:
        theirs = {one.address: one for one in composed.own if one.address in composed.recipients}
        own += [(key, one) for one in theirs.values()]
        for address in composed.recipients:
            route = _route(theirs, address)
            person = {"notice": key, "address": address, "reason": reason, "route": route} | unsent
            if not route and address.lower() in stopped and not is_to_operator(key):
                person |= _STOPPED
                refused.append(Change(key, State.REFUSED, Reason.BOUNCED_ADDRESS, address))
            people.append(person)
    connection.execute(message.insert(), messages)
    put_own(connection, own, at)
    if people:
        connection.execute(recipient.insert(), people)
    changes = [Change(key, State.QUEUED, reason) for key, _, reason in mails]
    spared = ((key, one) for key, composed, _ in mails for one in composed.withheld)
    changes += [Change(key, State.EXPIRED, one.reason, one.address) for key, one in spared]
    record(connection, at, [*changes, *refused])


_STOPPED = {"state": State.REFUSED, "reason": Reason.BOUNCED_ADDRESS}


def _route(own: Mapping[str, OwnMessage], address: str) -> str:
    return own[address].route if address in own else ""


def _unqueue(connection: Connection, key: str, *which: ColumnElement[bool]) -> Sequence[str]:
    """Takes back the bytes and these recipients. Their addresses."""
    connection.execute(delete(message).where(message.c.notice == key))
    query = delete(recipient).where(recipient.c.notice == key, *which)
    addresses = connection.scalars(query.returning(recipient.c.address)).all()
    drop_own(connection, key, addresses)
    return addresses


# States of the notice itself


def set_states(
    connection: Connection,
    keys: Sequence[str],
    state: State,
    reason: Reason,
    at: datetime,
    detail: str = "",
) -> None:
    """On the notices themselves: held, expired, baseline, or refused for want of an address."""
    values = {"state": state, "reason": reason, "updated": at}
    for part in batched(keys):
        connection.execute(update(notice).where(notice.c.key.in_(part)).values(values))
    record(connection, at, [Change(key, state, reason, detail=detail) for key in keys])


def revive(connection: Connection, key: str, at: datetime, reason: Reason) -> None:
    """Its recipients decide again on its state."""
    _update(connection, key, state=None, reason=reason, updated=at)
    record(connection, at, [Change(key, State.RETRY, reason)])


# Asked at each tick: made once, for making a statement takes longer than running it.
_REVIEWED = or_(
    notice.c.kind.in_(REMINDERS),
    notice.c.useful_until <= bindparam("now"),
    notice.c.as_of < bindparam("old"),
)
_BEING_SENT = select(recipient.c.notice).where(recipient.c.state == State.SENDING)
# From the few recipients that wait: a look at every notice there ever was would take too long.
_UNFINISHED = union(
    select(notice).where(notice.c.state == State.HELD, _REVIEWED),
    select(notice)
    .join(recipient)
    .where(recipient.c.state.in_(UNFINISHED), notice.c.state.is_(None), _REVIEWED)
    .where(notice.c.key.not_in(_BEING_SENT)),
)
_TOO_EARLY_GIVEN_UP = select(notice.c.key).where(
    (notice.c.state == State.EXPIRED) & notice.c.reason.in_((Reason.TOO_LATE, Reason.UNKNOWN))
    # By a first start on a clock that was far ahead.
    | (notice.c.state == State.BASELINE) & (notice.c.created > bindparam("ahead")),
    notice.c.stream == bindparam("of_stream"),
    notice.c.due <= bindparam("due_by"),
    notice.c.useful_until > bindparam("now"),
)
ON_THEIR_WAY = select(recipient.c.notice).where(recipient.c.state.in_(ON_ITS_WAY))
_FORGET = delete(message).where(
    message.c.stored < bindparam("before"), message.c.notice.not_in(ON_THEIR_WAY)
)
_FORGET_OWN = delete(own_message).where(
    own_message.c.stored < bindparam("before"), own_message.c.notice.not_in(ON_THEIR_WAY)
)


def unfinished(connection: Connection, at: datetime) -> list[Row[Any]]:
    """What waits and may have to end or to be composed anew: reminders, what has outlived its
    use, what was composed long ago. Nothing that is just being sent."""
    rows = connection.execute(_UNFINISHED, {"now": at, "old": at - OLD})
    return sorted(rows, key=lambda row: (row.created, row.key))


def seen_at_data(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of them that a mail server may have had: at DATA, or behind it."""
    if not keys:
        return set()
    interrupted = (history.c.reason == Reason.INTERRUPTED) & (history.c.detail != NOT_BEGUN)
    query = select(history.c.subject).where(history.c.reason.in_(_AT_DATA) | interrupted)
    parts = (query.where(history.c.subject.in_(part)) for part in batched(keys))
    return {key for part in parts for key in connection.scalars(part)}


def too_early_given_up(
    connection: Connection, stream: str, at: datetime, due_by: datetime
) -> list[str]:
    """Notices that ended as too late, or older than the start, as if by a later clock. The keys."""
    values = {"of_stream": stream, "due_by": due_by, "now": at, "ahead": at + AHEAD}
    return list(connection.scalars(_TOO_EARLY_GIVEN_UP, values))


def forget_bytes(connection: Connection, at: datetime) -> int:
    """Drops stored bytes older than 24 months, of what waits for nobody any more."""
    return sum(
        connection.execute(statement, {"before": at - KEPT}).rowcount
        for statement in (_FORGET, _FORGET_OWN)
    )


def reached(connection: Connection, key: str, stream: str) -> set[str]:
    """Who got that notice or a copy of it, as seen from that stream, in lower case."""
    base = original(key)
    copies = recipient.c.notice.startswith(f"{base}#", autoescape=True)
    query = select(recipient.c.address, notice.c.stream).join(notice)
    query = query.where((recipient.c.notice == base) | copies, recipient.c.state == State.SENT)
    rows = connection.execute(query)
    return {row.address.lower() for row in rows if still_reached(row.stream, stream)}


def _update(connection: Connection, key: str, **values: Any) -> None:
    connection.execute(update(notice).where(notice.c.key == key).values(values))
