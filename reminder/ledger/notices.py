"""Notices: inserted once, their bytes fixed once, each change in the history."""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    delete,
    exists,
    insert,
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
from reminder.ledger.history import Change, record, record_all
from reminder.ledger.notified import note_reminded
from reminder.ledger.rows import batched
from reminder.ledger.schema import history, message, notice, recipient

AHEAD = timedelta(days=90)  # of a clock: nearer than that the first start is believed
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


@dataclass(frozen=True)
class NewNotice:
    """A notice as it is put in: queued with `composed`, else `state` says what it is instead."""

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


def add(
    connection: Connection,
    draft: NoticeDraft,
    at: datetime,
    *,
    composed: Composed | None = None,
    state: State | None = None,
    reason: Reason = Reason.PLANNED,
    stream: str,
    rehearsal: bool = False,
) -> None:
    entry = NewNotice(draft, reason, composed, state)
    add_all(connection, [entry], at, stream=stream, rehearsal=rehearsal)


def add_all(
    connection: Connection,
    entries: Sequence[NewNotice],
    at: datetime,
    *,
    stream: str,
    rehearsal: bool = False,
) -> None:
    """Hundreds at once: a statement a table, not one a notice."""
    if not entries:
        return
    shared = {"stream": stream, "rehearsal": rehearsal, "attempts": 0, "created": at, "updated": at}
    connection.execute(notice.insert(), [_row(entry) | shared for entry in entries])
    note_reminded(connection, [entry.draft for entry in entries])
    _queue(
        connection,
        [(entry.draft.key, entry.composed, entry.reason) for entry in entries if entry.composed],
        at,
    )
    record_all(
        connection,
        at,
        [
            Change(entry.draft.key, entry.state or State.HELD, entry.reason)
            for entry in entries
            if not entry.composed
        ],
    )


def _row(entry: NewNotice) -> dict[str, object]:
    draft = entry.draft
    facts = {
        "key": draft.key,
        "kind": draft.kind,
        "period": draft.period,
        "unit": draft.unit,
        "due": draft.due,
        "useful_until": draft.useful_until,
        "reason": entry.reason,
    }
    return facts | (_fixed(entry.composed) if entry.composed else _unfixed(entry.state))


def _fixed(composed: Composed) -> dict[str, object]:
    return {
        "state": None,
        "message_id": composed.message_id,
        "as_of": composed.as_of,
        "sha256": composed.sha256,
    }


def _unfixed(state: State | None) -> dict[str, object]:
    return {"state": state, "message_id": None, "as_of": None, "sha256": None}


def fix(connection: Connection, key: str, composed: Composed, at: datetime, reason: Reason) -> None:
    """Queues the notice: from now on its bytes and recipients never change."""
    values = _fixed(composed) | {"reason": reason, "updated": at}
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    _queue(connection, [(key, composed, reason)], at)


def _queue(
    connection: Connection, mails: Sequence[tuple[str, Composed, Reason]], at: datetime
) -> None:
    if not mails:
        return
    connection.execute(
        message.insert(),
        [
            # Base64 hardly shrinks further with more effort, and that takes twice as long.
            {"notice": key, "content": zlib.compress(composed.content, 1), "stored": at}
            for key, composed, _ in mails
        ],
    )
    unsent = {"state": State.QUEUED, "reply": "", "attempts": 0, "not_before": at, "updated": at}
    connection.execute(
        recipient.insert(),
        [
            {"notice": key, "address": address, "reason": reason} | unsent
            for key, composed, reason in mails
            for address in composed.recipients
        ],
    )
    record_all(connection, at, [Change(key, State.QUEUED, reason) for key, _, reason in mails])


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
    """Of very many in little time: meanwhile nobody else can write."""
    values = {"state": state, "reason": reason, "updated": at}
    for some in batched(keys):
        connection.execute(update(notice).where(notice.c.key.in_(some)).values(values))
    record_all(connection, at, [Change(key, state, reason, detail=detail) for key in keys])


def content_of(connection: Connection, key: str) -> bytes | None:
    """The stored bytes; None before they are fixed, and 24 months later."""
    content = connection.scalar(select(message.c.content).where(message.c.notice == key))
    return zlib.decompress(content) if content is not None else None


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
_OUTLIVED = _UNFINISHED.with_only_columns(notice.c.key, notice.c.due)
_OUTLIVED = _OUTLIVED.where(notice.c.useful_until <= bindparam("now"))
_TOO_EARLY_GIVEN_UP = select(notice.c.key).where(
    (notice.c.state == State.EXPIRED) & notice.c.reason.in_((Reason.TOO_LATE, Reason.UNKNOWN))
    # By a first start on a clock that was far ahead.
    | (notice.c.state == State.BASELINE) & (notice.c.created > bindparam("ahead")),
    notice.c.stream == bindparam("of_stream"),
    notice.c.due <= bindparam("due_by"),
    notice.c.useful_until > bindparam("now"),
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
    which = {"of_stream": stream, "due_by": due_by, "now": at, "ahead": at + AHEAD}
    return list(connection.scalars(_TOO_EARLY_GIVEN_UP, which))


def revive(connection: Connection, key: str, at: datetime, reason: Reason) -> None:
    """Its recipients decide again on its state."""
    values = {"state": None, "reason": reason, "updated": at}
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    record(connection, at, key, State.RETRY, reason)


def forget_bytes(connection: Connection, at: datetime) -> int:
    """Drops stored bytes older than 24 months, of what waits for nobody any more."""
    return connection.execute(_FORGET, {"before": at - KEPT}).rowcount


_WAITS = select(recipient.c.notice).where(recipient.c.state.in_(UNFINISHED))
# Answers that come to DATA or behind it; a throttle may come earlier, and is not told apart.
_AT_DATA = (
    Reason.ACCEPTED,
    Reason.REHEARSAL,
    Reason.ANSWER_LOST,
    Reason.MESSAGE_DEFERRED,
    Reason.MESSAGE_REFUSED,
    Reason.THROTTLED,
)
_REACHED_DATA = exists().where(
    history.c.subject == notice.c.key,
    history.c.reason.in_(_AT_DATA)
    | ((history.c.reason == Reason.INTERRUPTED) & (history.c.detail != NOT_BEGUN)),
)
_BEING_SENT = exists().where(recipient.c.notice == notice.c.key, recipient.c.state == State.SENDING)
_OLD = select(notice.c.key).where(
    notice.c.key.in_(_WAITS),
    notice.c.state.is_(None),
    notice.c.stream == bindparam("of_stream"),
    notice.c.as_of < bindparam("before"),
    ~_BEING_SENT,
    ~_REACHED_DATA,
)


def old_ones(connection: Connection, stream: str, before: datetime) -> list[str]:
    """Keys of what waits, was composed before then and has never reached DATA."""
    return list(connection.scalars(_OLD, {"of_stream": stream, "before": before}))


def reached(connection: Connection, key: str, stream: str) -> set[str]:
    """Who got that notice or a copy of it, as seen from that stream, in lower case."""
    base = original(key)
    family = (recipient.c.notice == base) | recipient.c.notice.startswith(
        f"{base}#", autoescape=True
    )
    query = select(recipient.c.address, notice.c.stream).join(notice)
    rows = connection.execute(query.where(family, recipient.c.state == State.SENT))
    return {row.address.lower() for row in rows if still_reached(row.stream, stream)}


def renew(connection: Connection, key: str, composed: Composed, at: datetime) -> None:
    """Other bytes, for the addresses of now; who was refused stays so."""
    values = {
        "message_id": composed.message_id, "as_of": composed.as_of, "sha256": composed.sha256,
        "updated": at,
    }  # fmt: skip
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    packed = {"content": zlib.compress(composed.content, 1), "stored": at}
    connection.execute(update(message).where(message.c.notice == key).values(packed))
    theirs = recipient.c.notice == key
    gone = recipient.c.address.not_in(composed.recipients) & recipient.c.state.in_(UNFINISHED)
    connection.execute(delete(recipient).where(theirs, gone))
    known = set(connection.scalars(select(recipient.c.address).where(theirs)))
    new = {"notice": key, "state": State.QUEUED, "reason": Reason.RENEWED, "reply": "",
           "attempts": 0, "not_before": at, "updated": at}  # fmt: skip
    added = [address for address in composed.recipients if address not in known]
    if added:
        connection.execute(insert(recipient), [new | {"address": one} for one in added])
    changes = [Change(key, State.QUEUED, Reason.RENEWED, one) for one in added]
    record_all(connection, at, [Change(key, State.QUEUED, Reason.RENEWED), *changes])


def hold_again(connection: Connection, key: str, at: datetime) -> None:
    """It waits for approval anew, without bytes, and keeps the old hash as a mark."""
    theirs = recipient.c.notice == key
    people = list(connection.scalars(select(recipient.c.address).where(theirs)))
    connection.execute(delete(recipient).where(theirs))
    connection.execute(delete(message).where(message.c.notice == key))
    values = {
        "state": State.HELD, "reason": Reason.APPROVAL, "approved": notice.c.sha256,
        "message_id": None, "as_of": None, "sha256": None, "updated": at,
    }  # fmt: skip
    connection.execute(update(notice).where(notice.c.key == key).values(values))
    back = [Change(key, State.QUEUED, Reason.RENEWED, address) for address in people]
    record_all(connection, at, [*back, Change(key, State.HELD, Reason.CHANGED)])
