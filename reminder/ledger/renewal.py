"""Mails that waited for days and never reached DATA: their bytes may be made anew."""

import zlib
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from reminder.domain.notices import UNFINISHED, Reason, State, original, still_reached
from reminder.ledger.claims import NOT_BEGUN
from reminder.ledger.history import Change, record_all
from reminder.ledger.notices import Composed
from reminder.ledger.schema import history, message, notice, recipient

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
