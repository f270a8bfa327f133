"""Notices in the ledger: inserted once, their bytes fixed once, each change in the history."""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    exists,
    select,
    union,
    update,
)

from reminder.domain.notices import (
    UNFINISHED,
    Kind,
    NoticeDraft,
    Reason,
    State,
    original,
    still_reached,
)
from reminder.ledger.deliveries import NOT_BEGUN
from reminder.ledger.notified import note_reminded
from reminder.ledger.rows import Change, batched, record
from reminder.ledger.schema import history, message, notice, recipient

AHEAD = timedelta(days=90)  # of a clock: nearer than that the first start is believed
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


@dataclass(frozen=True)
class NewNotice:
    """Queued with `composed`, else `state` says what it is instead."""

    draft: NoticeDraft
    reason: Reason = Reason.PLANNED
    composed: Composed | None = None
    state: State | None = None


def keys_of(
    connection: Connection, kind: Kind, period: str, units: Iterable[str] | None = None
) -> dict[str, str]:
    """The notices of an occasion, of all units or of some, and on which stream each was made."""
    query = select(notice.c.key, notice.c.stream)
    query = query.where(notice.c.kind == kind, notice.c.period == period)
    if units is not None:
        query = query.where(notice.c.unit.in_(list(units)))
    return {row.key: row.stream for row in connection.execute(query)}


def content_of(connection: Connection, key: str) -> bytes | None:
    """The stored bytes; None before they are fixed, and 24 months later."""
    content = connection.scalar(select(message.c.content).where(message.c.notice == key))
    return zlib.decompress(content) if content is not None else None


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
    connection.execute(notice.insert(), [_row(one) | shared for one in new])
    note_reminded(connection, [one.draft for one in new])
    _queue(connection, [(one.draft.key, one.composed, one.reason) for one in new], at)
    unqueued = [one for one in new if not one.composed]
    changes = [Change(one.draft.key, one.state or State.HELD, one.reason) for one in unqueued]
    record(connection, at, changes)


def _row(new: NewNotice) -> dict[str, object]:
    draft = new.draft
    return {
        "key": draft.key,
        "kind": draft.kind,
        "period": draft.period,
        "unit": draft.unit,
        "due": draft.due,
        "useful_until": draft.useful_until,
        "reason": new.reason,
        "state": None if new.composed else new.state,
    } | _bytes(new.composed)


def _bytes(composed: Composed | None) -> dict[str, object]:
    if composed is None:
        return dict.fromkeys(("message_id", "as_of", "sha256"))
    return {
        "message_id": composed.message_id,
        "as_of": composed.as_of,
        "sha256": composed.sha256,
    }


def fix(connection: Connection, key: str, composed: Composed, at: datetime, reason: Reason) -> None:
    """Queues the notice: from now on its bytes and recipients never change."""
    _update(connection, key, state=None, reason=reason, updated=at, **_bytes(composed))
    _queue(connection, [(key, composed, reason)], at)


def renew(connection: Connection, key: str, composed: Composed, at: datetime) -> None:
    """Other bytes, for the addresses of now, where it waits; who was refused stays so."""
    theirs = recipient.c.notice == key
    connection.execute(delete(recipient).where(theirs, recipient.c.state.in_(UNFINISHED)))
    connection.execute(delete(message).where(message.c.notice == key))
    settled = set(connection.scalars(select(recipient.c.address).where(theirs)))
    left = tuple(address for address in composed.recipients if address not in settled)
    _update(connection, key, updated=at, **_bytes(composed))
    _queue(connection, [(key, replace(composed, recipients=left), Reason.RENEWED)], at)
    changes = [Change(key, State.QUEUED, Reason.RENEWED, address) for address in left]
    record(connection, at, changes)


def hold_again(connection: Connection, key: str, at: datetime) -> None:
    """It waits for approval anew, without bytes, and keeps the old hash as a mark."""
    theirs = recipient.c.notice == key
    addresses = connection.scalars(select(recipient.c.address).where(theirs)).all()
    connection.execute(delete(recipient).where(theirs))
    connection.execute(delete(message).where(message.c.notice == key))
    _update(
        connection, key, state=State.HELD, reason=Reason.APPROVAL, approved=notice.c.sha256,
        updated=at, **_bytes(None),
    )  # fmt: skip
    back = [Change(key, State.QUEUED, Reason.RENEWED, address) for address in addresses]
    record(connection, at, [*back, Change(key, State.HELD, Reason.CHANGED)])


def _queue(
    connection: Connection, mails: Sequence[tuple[str, Composed | None, Reason]], at: datetime
) -> None:
    messages, people, changes = [], [], []
    unsent = {"state": State.QUEUED, "reply": "", "attempts": 0, "not_before": at, "updated": at}
    for key, composed, reason in mails:
        if composed is None:
            continue
        # Base64 hardly shrinks further with more effort, and that takes twice as long.
        packed = zlib.compress(composed.content, 1)
        messages.append({"notice": key, "content": packed, "stored": at})
        people += [
            {"notice": key, "address": address, "reason": reason} | unsent
            for address in composed.recipients
        ]
        changes.append(Change(key, State.QUEUED, reason))
    if messages:
        connection.execute(message.insert(), messages)
    if people:
        connection.execute(recipient.insert(), people)
    record(connection, at, changes)


# States of the notice itself


def set_state(connection: Connection, key: str, state: State, reason: Reason, at: datetime) -> None:
    """On the notice itself: held, expired, baseline, or refused for want of an address."""
    set_states(connection, [key], state, reason, at)


def set_states(
    connection: Connection,
    keys: Sequence[str],
    state: State,
    reason: Reason,
    at: datetime,
    detail: str = "",
) -> None:
    values = {"state": state, "reason": reason, "updated": at}
    for part in batched(keys):
        connection.execute(update(notice).where(notice.c.key.in_(part)).values(values))
    record(connection, at, [Change(key, state, reason, detail=detail) for key in keys])


def revive(connection: Connection, key: str, at: datetime, reason: Reason) -> None:
    """Its recipients decide again on its state."""
    _update(connection, key, state=None, reason=reason, updated=at)
    record(connection, at, [Change(key, State.RETRY, reason)])


def _unfinished() -> Select[Any]:
    """Found by the few that wait: a look at every notice there ever was would take too long."""
    held = select(notice.c.key).where(notice.c.state == State.HELD)
    waiting = select(recipient.c.notice).where(recipient.c.state.in_(UNFINISHED))
    sending = select(recipient.c.notice).where(recipient.c.state == State.SENDING)
    live = notice.c.state.is_(None) & notice.c.key.not_in(sending)
    still = notice.c.key.in_(union(held, waiting)) & ((notice.c.state == State.HELD) | live)
    return select(notice).where(still).order_by(notice.c.created)


# Asked at each tick: made once, for making a statement takes longer than running it.
_UNFINISHED = _unfinished()
_UNFINISHED_OF = _UNFINISHED.where(notice.c.kind.in_(bindparam("kinds", expanding=True)))
_OUTLIVED = _UNFINISHED.where(notice.c.useful_until <= bindparam("now"))
_TOO_EARLY_GIVEN_UP = select(notice.c.key).where(
    (notice.c.state == State.EXPIRED) & notice.c.reason.in_((Reason.TOO_LATE, Reason.UNKNOWN))
    # By a first start on a clock that was far ahead.
    | (notice.c.state == State.BASELINE) & (notice.c.created > bindparam("ahead")),
    notice.c.stream == bindparam("of_stream"),
    notice.c.due <= bindparam("due_by"),
    notice.c.useful_until > bindparam("now"),
)
_REACHED_DATA = exists().where(
    history.c.subject == notice.c.key,
    history.c.reason.in_(_AT_DATA)
    | ((history.c.reason == Reason.INTERRUPTED) & (history.c.detail != NOT_BEGUN)),
)
_OLD = _UNFINISHED.where(
    notice.c.state.is_(None),
    notice.c.stream == bindparam("of_stream"),
    notice.c.as_of < bindparam("before"),
    ~_REACHED_DATA,
)
_WAITING = select(recipient.c.notice).where(recipient.c.state.in_([*UNFINISHED, State.SENDING]))
_FORGET = delete(message).where(
    message.c.stored < bindparam("before"), message.c.notice.not_in(_WAITING)
)


def unfinished(connection: Connection, *kinds: Kind) -> Sequence[RowMapping]:
    """Notices that still wait: held, queued or to be tried again, and not just being sent."""
    query = _UNFINISHED_OF if kinds else _UNFINISHED
    return connection.execute(query, {"kinds": kinds}).mappings().all()


def expire(
    connection: Connection, at: datetime, ended: Callable[[datetime], Reason] | None = None
) -> list[str]:
    """Gives up what has outlived its use; `ended` says why of what was due then. The keys."""
    reasons: dict[Reason, list[str]] = defaultdict(list)
    for row in connection.execute(_OUTLIVED, {"now": at}):
        reasons[ended(row.due) if ended else Reason.TOO_LATE].append(row.key)
    for reason, keys in reasons.items():
        set_states(connection, keys, State.EXPIRED, reason, at)
    return [key for keys in reasons.values() for key in keys]


def too_early_given_up(
    connection: Connection, stream: str, at: datetime, due_by: datetime
) -> list[str]:
    """Notices that ended as too late, or older than the start, as if by a later clock. The keys."""
    values = {"of_stream": stream, "due_by": due_by, "now": at, "ahead": at + AHEAD}
    return list(connection.scalars(_TOO_EARLY_GIVEN_UP, values))


def forget_bytes(connection: Connection, at: datetime) -> int:
    """Drops stored bytes older than 24 months, of what waits for nobody any more."""
    return connection.execute(_FORGET, {"before": at - KEPT}).rowcount


def old_ones(connection: Connection, stream: str, before: datetime) -> list[str]:
    """Keys of what waits, was composed before then and has never reached DATA."""
    rows = connection.execute(_OLD, {"of_stream": stream, "before": before})
    return [row.key for row in rows]


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
