"""Recipients: claimed by one UPDATE, settled with the server's answer, or requeued."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from reminder.domain.notices import Answer, Reason, State
from reminder.ledger.history import Change, record, record_all
from reminder.ledger.schema import Moment, Words, history, message, notice, recipient


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
    """One recipient of one notice."""

    notice: str
    address: str


def requeue_lost(connection: Connection, at: datetime, but: Collection[str] = ()) -> int:
    """What senders left that are gone goes back; the names of those `but` begin their claims."""
    left = recipient.c.state == State.SENDING
    for sender in but:
        left &= ~recipient.c.claim.startswith(f"{sender}:")
    return _requeue(connection, left, Reason.INTERRUPTED, at, at)[1]


NOT_BEGUN = "not begun"  # of what was claimed, and has certainly reached no server
_FEW = 4  # recipients that a notice may have without making a claim smaller
_QUEUED = recipient.c.state == State.QUEUED
_DUE_AGAIN = (recipient.c.state == State.RETRY) & (recipient.c.not_before <= bindparam("now"))


def _waiting(waits: ColumnElement[bool], *first: ColumnElement[Any]) -> Select[Any]:
    return (
        select(recipient.c.notice)
        .join(notice, notice.c.key == recipient.c.notice)
        .where(
            waits,
            notice.c.state.is_(None),
            notice.c.stream == bindparam("of_stream"),
            notice.c.useful_until > bindparam("now"),
        )
        .order_by(*first, recipient.c.not_before)  # by more, PostgreSQL sorts all that wait
        .limit(bindparam("most", type_=Integer))
    )


_READY = (_waiting(_DUE_AGAIN), _waiting(_QUEUED))
_LEAST_TRIED = (_waiting(_DUE_AGAIN | _QUEUED, recipient.c.attempts),)
_TOO_FAR = (
    update(recipient)
    .where(recipient.c.state == State.RETRY, recipient.c.not_before > bindparam("last"))
    .values(not_before=bindparam("now"))
)


def ready(
    connection: Connection, stream: str, at: datetime, limit: int, *, least_tried: bool = False
) -> list[str]:
    """Keys of up to `limit` notices with recipients to be reached now, new ones last: what a
    sender left does not wait for a long queue, and who is tried again comes ever more seldom.

    Queued is ready at once, whatever its time: a clock set back must not make it wait. Two
    statements, since either goes along the index and ends at the limit. A probe takes those
    that were `least_tried`, or the same few would be asked each time.
    """
    found: dict[str, None] = {}
    for query in _LEAST_TRIED if least_tried else _READY:
        most = (limit - len(found)) * _FEW
        which = {"of_stream": stream, "now": at, "most": most}
        found |= dict.fromkeys(connection.scalars(query, which))
        if len(found) >= limit:
            break
    return list(found)[:limit]


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
        .where(recipient.c.notice.in_(keys), _QUEUED | _DUE_AGAIN)
        .values(state=State.SENDING, claim=name, updated=at)
        .returning(recipient.c.notice, recipient.c.address, recipient.c.attempts)
    )
    rows = connection.execute(query, {"now": at}).all()
    changes = [Change(row.notice, State.SENDING, Reason.CLAIMED, row.address) for row in rows]
    record_all(connection, at, changes)
    taken: dict[str, list[str]] = defaultdict(list)
    attempts: dict[str, int] = defaultdict(int)
    for row in rows:
        taken[row.notice].append(row.address)
        attempts[row.notice] = max(attempts[row.notice], row.attempts)
    contents = (
        select(notice.c.key, notice.c.message_id, message.c.content)
        .join(message, message.c.notice == notice.c.key, isouter=True)
        .where(notice.c.key.in_(taken))
    )
    stored = {row.key: row for row in connection.execute(contents)}
    claimed = []
    for key, addresses in taken.items():
        try:
            content = zlib.decompress(stored[key].content or b"")
        except zlib.error as error:
            _refuse_damaged(connection, key, name, at, str(error))
            continue
        message_id = stored[key].message_id
        claimed.append(Claim(key, name, message_id, content, tuple(addresses), attempts[key]))
    # When none of them could be read: the next ones.
    return claimed or claim(connection, name, stream, at, limit)


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


def _held_by(claimed: Iterable[Claim]) -> ColumnElement[bool]:
    names, keys = {one.claim for one in claimed}, [one.key for one in claimed]
    return recipient.c.notice.in_(keys) & recipient.c.claim.in_(names)


def requeue(connection: Connection, claimed: Sequence[Claim], at: datetime) -> None:
    """What was claimed and not begun is ready again at once, as `retry`."""
    _requeue(connection, _held_by(claimed), Reason.INTERRUPTED, at, at, NOT_BEGUN)


def _requeue(
    connection: Connection,
    which: ColumnElement[bool],
    reason: Reason,
    at: datetime,
    not_before: datetime,
    detail: str = "",
) -> tuple[int, int]:
    """To `retry`, each in the history. Returns how many notices and how many recipients.

    Without a look at each: there may be a hundred thousand.
    """
    # Locked where there are many senders: what is written of them stays true to the end.
    found = select(recipient.c.notice).where(which).with_for_update().subquery()
    query = select(func.count(found.c.notice.distinct())).select_from(found)
    count = connection.scalar(query) or 0
    if not count:
        return 0, 0
    values = {
        "state": State.RETRY, "reason": reason, "reply": detail,
        "claim": None, "not_before": not_before, "updated": at,
    }  # fmt: skip
    lines = select(
        literal(at, Moment), recipient.c.notice, recipient.c.address,
        literal(State.RETRY), literal(reason), literal(detail, Words),
    )  # fmt: skip
    columns = ("at", "subject", "address", "state", "reason", "detail")
    connection.execute(insert(history).from_select(columns, lines.where(which)))
    changed = connection.execute(update(recipient).where(which).values(values))
    return count, changed.rowcount


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
        told = select(recipient.c.notice).where(
            recipient.c.state == State.RETRY,
            recipient.c.reason == reason,
            recipient.c.updated == at,
        )
        values = {"reason": reason, "updated": at}
        connection.execute(update(notice).where(notice.c.key.in_(told)).values(values))
    return count


def wait_after_all(
    connection: Connection,
    people: Iterable[NoticeRecipient],
    at: datetime,
    until: datetime,
    detail: str,
) -> int:
    """Who was refused because of us goes again, unless somebody has sent it anew since."""
    count = 0
    for person in people:
        anew = notice.c.key.startswith(f"{person.notice}#", autoescape=True)
        if "#" in person.notice or not connection.scalar(select(exists().where(anew))):
            which = _of(person) & recipient.c.state.in_([State.REFUSED, State.RETRY])
            count += _requeue(connection, which, Reason.SERVER, at, until, detail)[0]
    return count


def refuse(connection: Connection, person: NoticeRecipient, reason: Reason, at: datetime) -> None:
    """It waited because of us, as it seemed; it was the recipient's or the message's fault."""
    which = _of(person) & (recipient.c.reason == Reason.SENDER_REFUSED)
    values = {"state": State.REFUSED, "reason": reason, "updated": at}
    changed = update(recipient).where(which).values(values).returning(recipient.c.reply)
    for reply in connection.scalars(changed).all():
        record(
            connection, at, person.notice, State.REFUSED, reason,
            address=person.address, detail=reply,
        )  # fmt: skip
        told = update(notice).where(notice.c.key == person.notice)
        connection.execute(told.values(reason=reason, updated=at))


def _of(person: NoticeRecipient) -> ColumnElement[bool]:
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.key == person.notice)
    return recipient.c.notice.in_(live) & (recipient.c.address == person.address)


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
    connection.execute(_TOO_FAR, {"last": at + than, "now": at})


@dataclass(frozen=True)
class Result:
    """What became of a claimed notice's recipients; who is to be tried again waits until then."""

    claimed: Claim
    answers: Mapping[str, Answer]
    retry_at: datetime


def settle(
    connection: Connection, results: Sequence[Result], at: datetime, *, rehearsal: bool = False
) -> bool:
    """Records each recipient's answer, as far as its claim still stands. False when one is gone.

    The statements look for themselves whether it does, so that hundreds of answers are three.
    """
    # In one order everywhere: two replicas may hold different recipients of the same notices.
    results = sorted(results, key=lambda result: result.claimed.key)
    people = [
        {
            "family": result.claimed.key, "person": address, "held": result.claimed.claim,
            "answered": answer.state, "said": answer.reply, "moment": at,
            "why": _reason(answer, rehearsal=rehearsal), "until": result.retry_at,
        }
        for result in results
        for address, answer in result.answers.items()
    ]  # fmt: skip
    if not people:
        return True
    connection.execute(_TOLD, people)
    connection.execute(_TRIED, [_tried(result, at) for result in results])
    return connection.execute(_ANSWERED, people).rowcount == len(people)


def _reason(answer: Answer, *, rehearsal: bool) -> Reason:
    if rehearsal and answer.reason is Reason.ACCEPTED:
        return Reason.REHEARSAL
    return answer.reason


def _tried(result: Result, at: datetime) -> dict[str, object]:
    """The reason is the notice's own where all recipients have the same."""
    reasons = {answer.reason for answer in result.answers.values()}
    why = reasons.pop() if len(reasons) == 1 else None
    return {
        "family": result.claimed.key, "held": result.claimed.claim, "why": why, "moment": at,
    }  # fmt: skip


_OF_CLAIM = (recipient.c.notice == bindparam("family")) & (recipient.c.claim == bindparam("held"))
_STILL_CLAIMED = _OF_CLAIM & (recipient.c.address == bindparam("person"))
_TOLD = insert(history).from_select(
    ["at", "subject", "address", "state", "reason", "detail"],
    select(
        bindparam("moment", type_=Moment),
        recipient.c.notice,
        recipient.c.address,
        bindparam("answered", type_=String),
        bindparam("why", type_=String),
        bindparam("said", type_=Words),
    )
    .where(_STILL_CLAIMED)
    .with_for_update(),
)
_ANSWERED = (
    update(recipient)
    .where(_STILL_CLAIMED)
    .values(
        state=bindparam("answered"),
        reason=bindparam("why"),
        reply=bindparam("said"),
        attempts=recipient.c.attempts + 1,
        not_before=bindparam("until"),
        claim=None,
        updated=bindparam("moment"),
    )
)
_TRIED = (
    update(notice)
    .where(notice.c.key == bindparam("family"), exists().where(_OF_CLAIM))
    .values(
        attempts=notice.c.attempts + 1,
        reason=func.coalesce(bindparam("why", type_=String), notice.c.reason),
        updated=bindparam("moment"),
    )
)
