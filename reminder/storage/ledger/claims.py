"""Who sends what: recipients are claimed by one UPDATE, and their answers recorded."""

import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from reminder.domain.notices import Answer, Reason, State
from reminder.storage.ledger.notices import record
from reminder.storage.ledger.schema import message, notice, recipient


@dataclass(frozen=True)
class Claimed:
    """One notice's message and those of its recipients that this claim covers."""

    key: str
    claim: str
    message_id: str
    content: bytes
    addresses: tuple[str, ...]
    attempts: int


def recover(connection: Connection, at: datetime) -> int:
    """For whoever holds the sender's lock: what its dead predecessor left goes back."""
    left = recipient.c.state == State.SENDING
    return len(_put_back(connection, left, Reason.INTERRUPTED, at, at))


def _waits_no_more(at: datetime) -> ColumnElement[bool]:
    """Queued is ready at once: a clock set back must not make it wait."""
    in_time = (recipient.c.state == State.RETRY) & (recipient.c.not_before <= at)
    return (recipient.c.state == State.QUEUED) | in_time


def _ready(course: str, at: datetime, limit: int) -> Select[str]:
    """Notices with recipients to be reached now, those queued first before the others."""
    return (
        select(recipient.c.notice)
        .join(notice, notice.c.key == recipient.c.notice)
        .where(
            _waits_no_more(at),
            notice.c.state.is_(None),
            notice.c.course == course,
            notice.c.useful_until > at,
        )
        .group_by(recipient.c.notice)
        .order_by(func.min(recipient.c.id))
        .limit(limit)
    )


def count_ready(connection: Connection, course: str, at: datetime, limit: int) -> int:
    """How many notices wait to be sent, counted no further than `limit`."""
    return (
        connection.scalar(select(func.count()).select_from(_ready(course, at, limit).subquery()))
        or 0
    )


def claim(
    connection: Connection, name: str, course: str, at: datetime, limit: int
) -> list[Claimed]:
    """Takes up to `limit` ready notices of that course; `name` is unlike any other claim's."""
    taken: dict[str, list[str]] = defaultdict(list)
    attempts: dict[str, int] = defaultdict(int)
    query = (
        update(recipient)
        .where(
            recipient.c.notice.in_(_ready(course, at, limit)),
            _waits_no_more(at),
        )
        .values(state=State.SENDING, claim=name, updated=at)
        .returning(recipient.c.notice, recipient.c.address, recipient.c.attempts)
    )
    for row in connection.execute(query).all():
        taken[row.notice].append(row.address)
        attempts[row.notice] = max(attempts[row.notice], row.attempts)
        record(connection, at, row.notice, State.SENDING, Reason.CLAIMED, address=row.address)
    contents = (
        select(notice.c.key, notice.c.message_id, message.c.content)
        .join(message, message.c.notice == notice.c.key, isouter=True)
        .where(notice.c.key.in_(taken))
    )
    claimed = []
    for row in connection.execute(contents).all():
        try:
            content = zlib.decompress(row.content or b"")
        except zlib.error as error:
            _refuse_damaged(connection, row.key, name, at, str(error))
            continue
        addresses = tuple(taken[row.key])
        claimed.append(
            Claimed(row.key, name, row.message_id, content, addresses, attempts[row.key])
        )
    if taken and not claimed:  # none of them could be read: the next ones
        return claim(connection, name, course, at, limit)
    return claimed


def _refuse_damaged(
    connection: Connection, key: str, claim: str, at: datetime, detail: str
) -> None:
    """Bytes that cannot be read hold up no others; `resend` composes them anew."""
    mine = (recipient.c.notice == key) & (recipient.c.claim == claim)
    values = {"state": State.REFUSED, "reason": Reason.DAMAGED, "reply": detail, "updated": at}
    query = update(recipient).where(mine).values(**values, claim=None)
    for address in connection.scalars(query.returning(recipient.c.address)).all():
        state, reason = State.REFUSED, Reason.DAMAGED
        record(connection, at, key, state, reason, address=address, detail=detail)


def settle(
    connection: Connection,
    claimed: Claimed,
    answers: Mapping[str, Answer],
    at: datetime,
    retry_at: datetime,
    *,
    rehearsal: bool = False,
) -> None:
    """Records each recipient's answer, of this claim only; `retry` waits until `retry_at`."""
    for address, answer in answers.items():
        reason = answer.reason
        if rehearsal and reason is Reason.ACCEPTED:
            reason = Reason.REHEARSAL
        changed = connection.execute(
            update(recipient)
            .where(
                recipient.c.notice == claimed.key,
                recipient.c.address == address,
                recipient.c.claim == claimed.claim,
            )
            .values(
                state=answer.state,
                reason=reason,
                reply=answer.reply,
                attempts=recipient.c.attempts + 1,
                not_before=retry_at,
                claim=None,
                updated=at,
            )
        ).rowcount
        if changed:
            record(
                connection,
                at,
                claimed.key,
                answer.state,
                reason,
                address=address,
                detail=answer.reply,
            )
    _touch(connection, claimed.key, answers, at)


def _touch(connection: Connection, key: str, answers: Mapping[str, Answer], at: datetime) -> None:
    reasons = {answer.reason for answer in answers.values()}
    values = {"attempts": notice.c.attempts + 1, "updated": at}
    if len(reasons) == 1:
        values["reason"] = reasons.pop()
    connection.execute(update(notice).where(notice.c.key == key).values(values))


def give_back(connection: Connection, claim: str, at: datetime) -> None:
    """What was claimed and not begun is ready again at once, as `retry`."""
    mine = (recipient.c.claim == claim) & (recipient.c.state == State.SENDING)
    _put_back(connection, mine, Reason.INTERRUPTED, at, at)


def _put_back(
    connection: Connection,
    which: ColumnElement[bool],
    reason: Reason,
    at: datetime,
    not_before: datetime,
    detail: str = "",
) -> list[str]:
    """To `retry`, each in the history. Returns the notices' keys."""
    query = (
        update(recipient)
        .where(which)
        .values(
            state=State.RETRY,
            reason=reason,
            reply=detail,
            claim=None,
            not_before=not_before,
            updated=at,
        )
        .returning(recipient.c.notice, recipient.c.address)
    )
    rows = connection.execute(query).all()
    for row in rows:
        record(connection, at, row.notice, State.RETRY, reason, address=row.address, detail=detail)
    return [row.notice for row in rows]


def put_off(
    connection: Connection,
    course: str,
    at: datetime,
    until: datetime,
    detail: str,
    reason: Reason = Reason.SERVER,
    claim: str = "",
) -> set[str]:
    """The server is in trouble: what is new, and what `claim` took, waits until then.

    What waited before keeps its own reason; nothing goes before the server is well.
    """
    mine = (recipient.c.state == State.SENDING) & (recipient.c.claim == claim)
    new = recipient.c.state == State.QUEUED
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.course == course)
    which = (mine | new) & recipient.c.notice.in_(live)
    keys = set(_put_back(connection, which, reason, at, until, detail))
    values = {"reason": reason, "updated": at}
    connection.execute(update(notice).where(notice.c.key.in_(keys)).values(values))
    return keys


def hurry(connection: Connection, course: str, at: datetime) -> None:
    """What waited for a sick server is ready at once."""
    ours = select(notice.c.key).where(notice.c.course == course)
    waits = (recipient.c.state == State.RETRY) & recipient.c.reason.in_(
        [Reason.SERVER, Reason.SETTINGS]
    )
    which = waits & (recipient.c.not_before > at) & recipient.c.notice.in_(ours)
    connection.execute(update(recipient).where(which).values(not_before=at))


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """No retry lies further ahead: a clock that ran ahead put it there."""
    late = (recipient.c.state == State.RETRY) & (recipient.c.not_before > at + than)
    connection.execute(update(recipient).where(late).values(not_before=at))
