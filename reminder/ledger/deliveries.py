"""Recipients: claimed by one UPDATE, settled with the server's answer, or requeued."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from reminder.domain.notices import Answer, Reason, State
from reminder.ledger.rows import Change, record
from reminder.ledger.schema import Moment, Words, history, message, notice, recipient

NOT_BEGUN = "not begun"  # of what was claimed, and has certainly reached no server
_FEW = 4  # recipients that a notice may have without making a claim smaller
_QUEUED = recipient.c.state == State.QUEUED


@dataclass(frozen=True)
class Claim:
    """One notice's message and those of its recipients that this claim covers."""

    key: str
    claim: str
    message_id: str
    content: bytes
    addresses: tuple[str, ...]
    attempts: int


class NoticeRecipient(NamedTuple):
    notice: str
    address: str


@dataclass(frozen=True)
class Result:
    """What became of a claimed notice's recipients; who is to be tried again waits until then."""

    claimed: Claim
    answers: Mapping[str, Answer]
    retry_at: datetime


# Claiming


def _due_again(at: datetime) -> ColumnElement[bool]:
    return (recipient.c.state == State.RETRY) & (recipient.c.not_before <= at)


def ready(
    connection: Connection, stream: str, at: datetime, limit: int, *, least_tried: bool = False
) -> list[str]:
    """Keys of up to `limit` notices with recipients to be reached now, new ones last: what a
    sender left does not wait for a long queue, and who is tried again comes ever more seldom.

    Queued is ready at once, whatever its time: a clock set back must not make it wait. A probe
    takes those that were `least_tried`, or the same few would be asked each time.
    """
    first = recipient.c.attempts if least_tried else _QUEUED
    query = (
        select(recipient.c.notice)
        .join(notice, notice.c.key == recipient.c.notice)
        .where(
            _QUEUED | _due_again(at),
            notice.c.state.is_(None),
            notice.c.stream == stream,
            notice.c.useful_until > at,
        )
        .order_by(first, recipient.c.not_before, recipient.c.id)
        .limit(limit * _FEW)
    )
    return list(dict.fromkeys(connection.scalars(query)))[:limit]


def claim(
    connection: Connection,
    name: str,
    stream: str,
    at: datetime,
    limit: int,
    *,
    least_tried: bool = False,
) -> list[Claim]:
    """Takes up to `limit` ready notices of that stream; `name` is unlike any other claim's."""
    keys = ready(connection, stream, at, limit, least_tried=least_tried)
    if not keys:
        return []
    query = (
        update(recipient)
        .where(recipient.c.notice.in_(keys), _QUEUED | _due_again(at))
        .values(state=State.SENDING, claim=name, updated=at)
        .returning(recipient.c.notice, recipient.c.address, recipient.c.attempts)
    )
    rows = connection.execute(query).all()
    changes = [Change(row.notice, State.SENDING, Reason.CLAIMED, row.address) for row in rows]
    record(connection, at, changes)
    addresses: dict[str, list[str]] = defaultdict(list)
    attempts: dict[str, int] = defaultdict(int)
    for row in rows:
        addresses[row.notice].append(row.address)
        attempts[row.notice] = max(attempts[row.notice], row.attempts)
    columns = (notice.c.key, notice.c.message_id, message.c.content)
    messages = select(*columns).join(message, message.c.notice == notice.c.key, isouter=True)
    claims = []
    for row in connection.execute(messages.where(notice.c.key.in_(addresses))):
        try:
            content = zlib.decompress(row.content or b"")
        except zlib.error as error:
            _refuse_damaged(connection, row.key, name, at, str(error))
            continue
        to = tuple(addresses[row.key])
        claims.append(Claim(row.key, name, row.message_id, content, to, attempts[row.key]))
    claims.sort(key=lambda one: keys.index(one.key))
    # When none of them could be read: the next ones.
    return claims or claim(connection, name, stream, at, limit)


def _refuse_damaged(
    connection: Connection, key: str, claim: str, at: datetime, detail: str
) -> None:
    """Bytes that cannot be read hold up no others; `resend` composes them anew."""
    mine = (recipient.c.notice == key) & (recipient.c.claim == claim)
    values = {"state": State.REFUSED, "reason": Reason.DAMAGED, "reply": detail, "updated": at}
    query = update(recipient).where(mine).values(**values, claim=None)
    addresses = connection.scalars(query.returning(recipient.c.address)).all()
    changes = [Change(key, State.REFUSED, Reason.DAMAGED, one, detail) for one in addresses]
    record(connection, at, changes)


# What the server answered


def settle(
    connection: Connection, results: Sequence[Result], at: datetime, *, rehearsal: bool = False
) -> bool:
    """Records each recipient's answer, as far as its claim still stands. False when one is gone.

    The statements look for themselves whether it does, so that hundreds of answers are three.
    """
    # In one order everywhere: two replicas may hold different recipients of the same notices.
    results = sorted(results, key=lambda result: result.claimed.key)
    answers: list[dict[str, object]] = []
    tried: list[dict[str, object]] = []
    for result in results:
        which = {"of": result.claimed.key, "held": result.claimed.claim, "now": at}
        reasons = set()
        for address, answer in result.answers.items():
            rehearsed = rehearsal and answer.reason is Reason.ACCEPTED
            reason = Reason.REHEARSAL if rehearsed else answer.reason
            reasons.add(answer.reason)
            answers.append(which | {
                "person": address, "answered": answer.state, "why": reason,
                "said": answer.reply, "until": result.retry_at,
            })  # fmt: skip
        # The reason is the notice's own where all recipients have the same.
        tried.append(which | {"why": reasons.pop() if len(reasons) == 1 else None})
    if not answers:
        return True
    connection.execute(_HISTORY_OF_ANSWERS, answers)
    connection.execute(_TRIED, tried)
    return connection.execute(_ANSWERED, answers).rowcount == len(answers)


_HELD = (recipient.c.notice == bindparam("of")) & (recipient.c.claim == bindparam("held"))
_STILL_HELD = _HELD & (recipient.c.address == bindparam("person"))
_HISTORY_OF_ANSWERS = insert(history).from_select(
    ["at", "subject", "address", "state", "reason", "detail"],
    select(
        bindparam("now", type_=Moment),
        recipient.c.notice,
        recipient.c.address,
        bindparam("answered", type_=String),
        bindparam("why", type_=String),
        bindparam("said", type_=Words),
    )
    .where(_STILL_HELD)
    .with_for_update(),
)
_TRIED = (
    update(notice)
    .where(notice.c.key == bindparam("of"), exists().where(_HELD))
    .values(
        attempts=notice.c.attempts + 1,
        reason=func.coalesce(bindparam("why", type_=String), notice.c.reason),
        updated=bindparam("now"),
    )
)
_ANSWERED = (
    update(recipient)
    .where(_STILL_HELD)
    .values(
        state=bindparam("answered"),
        reason=bindparam("why"),
        reply=bindparam("said"),
        claim=None,
        attempts=recipient.c.attempts + 1,
        not_before=bindparam("until"),
        updated=bindparam("now"),
    )
)


# Requeueing


def requeue_lost(connection: Connection, at: datetime, but: Collection[str] = ()) -> int:
    """What senders that are gone had claimed; the names of those `but` begin their claims."""
    left = recipient.c.state == State.SENDING
    for name in but:
        left &= ~recipient.c.claim.startswith(f"{name}:")
    return _requeue(connection, left, Reason.INTERRUPTED, at, at)[1]


def requeue(connection: Connection, claimed: Sequence[Claim], at: datetime) -> None:
    """What was claimed and not begun is ready again at once, as `retry`."""
    _requeue(connection, _held_by(claimed), Reason.INTERRUPTED, at, at, NOT_BEGUN)


def put_off(
    connection: Connection,
    stream: str,
    at: datetime,
    until: datetime,
    detail: str,
    reason: Reason = Reason.SERVER,
    claimed: Sequence[Claim] = (),
) -> int:
    """The server is in trouble: what is new, and what was `claimed` and not begun, waits until
    then. Returns how many notices that is.

    What waited before keeps its own reason; nothing goes before the server is well.
    """
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.stream == stream)
    new = _QUEUED & recipient.c.notice.in_(live)
    count, _ = _requeue(connection, new, reason, at, until, detail)
    if claimed:
        count += _requeue(connection, _held_by(claimed), reason, at, until, detail)[0]
    if count:
        waiting = select(recipient.c.notice).where(
            recipient.c.state == State.RETRY,
            recipient.c.reason == reason,
            recipient.c.updated == at,
        )
        values = {"reason": reason, "updated": at}
        connection.execute(update(notice).where(notice.c.key.in_(waiting)).values(values))
    return count


def wait_after_all(
    connection: Connection,
    refused: Iterable[NoticeRecipient],
    at: datetime,
    until: datetime,
    detail: str,
) -> int:
    """Who was refused because of us goes again, unless somebody has sent it anew since."""
    count = 0
    for one in refused:
        anew = notice.c.key.startswith(f"{one.notice}#", autoescape=True)
        if "#" in one.notice or not connection.scalar(select(exists().where(anew))):
            which = _of(one) & recipient.c.state.in_([State.REFUSED, State.RETRY])
            count += _requeue(connection, which, Reason.SERVER, at, until, detail)[0]
    return count


def refuse(connection: Connection, one: NoticeRecipient, reason: Reason, at: datetime) -> None:
    """It waited because of us, as it seemed; it was the recipient's or the message's fault."""
    which = _of(one) & (recipient.c.reason == Reason.SENDER_REFUSED)
    values = {"state": State.REFUSED, "reason": reason, "updated": at}
    changed = update(recipient).where(which).values(values).returning(recipient.c.reply)
    for reply in connection.scalars(changed).all():
        change = Change(one.notice, State.REFUSED, reason, one.address, reply)
        record(connection, at, [change])
        whole = update(notice).where(notice.c.key == one.notice)
        connection.execute(whole.values(reason=reason, updated=at))


def hurry(connection: Connection, stream: str, at: datetime) -> None:
    """What waited for a sick server is ready at once."""
    ours = select(notice.c.key).where(notice.c.stream == stream)
    waits = (recipient.c.state == State.RETRY) & recipient.c.reason.in_(
        [Reason.SERVER, Reason.SETTINGS, Reason.SENDER_REFUSED]
    )
    which = waits & (recipient.c.not_before > at) & recipient.c.notice.in_(ours)
    connection.execute(update(recipient).where(which).values(not_before=at))


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """No retry lies further ahead: a clock that ran ahead put it there."""
    too_far = (recipient.c.state == State.RETRY) & (recipient.c.not_before > at + than)
    connection.execute(update(recipient).where(too_far).values(not_before=at))


def _requeue(
    connection: Connection,
    which: ColumnElement[bool],
    reason: Reason,
    at: datetime,
    not_before: datetime,
    detail: str = "",
) -> tuple[int, int]:
    """To `retry`, each in the history. Returns how many notices and how many recipients."""
    values = {
        "state": State.RETRY, "reason": reason, "reply": detail,
        "claim": None, "not_before": not_before, "updated": at,
    }  # fmt: skip
    query = update(recipient).where(which).values(values)
    rows = connection.execute(query.returning(recipient.c.notice, recipient.c.address)).all()
    changes = [Change(row.notice, State.RETRY, reason, row.address, detail) for row in rows]
    record(connection, at, changes)
    return len({row.notice for row in rows}), len(rows)


def _held_by(claimed: Iterable[Claim]) -> ColumnElement[bool]:
    names, keys = {one.claim for one in claimed}, [one.key for one in claimed]
    return recipient.c.notice.in_(keys) & recipient.c.claim.in_(names)


def _of(one: NoticeRecipient) -> ColumnElement[bool]:
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.key == one.notice)
    return recipient.c.notice.in_(live) & (recipient.c.address == one.address)
