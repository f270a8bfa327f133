"""Claimed recipients: settled with the server's answer, requeued, or put off."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
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
from reminder.events import Event
from reminder.ledger.claiming import QUEUED, RETRY, Claim, Which, free, held_by
from reminder.ledger.schema import Moment, Words, history, notice, recipient
from reminder.ledger.senders import ServerTrouble

log = logging.getLogger(__name__)

NOT_BEGUN = "not begun"  # of what was claimed, and has certainly reached no server
_TOO_FAR = (  # asked at each tick: made once
    update(recipient)
    .where(RETRY, recipient.c.not_before > bindparam("latest"))
    .values(not_before=bindparam("now"))
)


@dataclass(frozen=True, eq=False)
class Result:
    """What became of a claimed notice's recipients; who is to be tried again waits until then."""

    claimed: Claim
    answers: Mapping[str, Answer]
    retry_at: datetime


# What the server answered


def settle(
    connection: Connection, results: Sequence[Result], at: datetime, *, rehearsal: bool = False
) -> bool:
    """Records each recipient's answer, as far as its claim still stands. False when one is gone.

    The statements look for themselves whether it does, so that hundreds of answers are three.
    """
    answers: list[dict[str, object]] = []
    tried: list[dict[str, object]] = []
    # In one order everywhere: two replicas may hold different recipients of the same notices.
    for result in sorted(results, key=lambda result: result.claimed.key):
        which = {"of": result.claimed.key, "held": result.claimed.claim, "now": at}
        for address, answer in result.answers.items():
            rehearsed = rehearsal and answer.reason is Reason.ACCEPTED
            answers.append(which | {
                "person": address, "answered": answer.state, "said": answer.reply,
                "why": Reason.REHEARSAL if rehearsed else answer.reason, "until": result.retry_at,
            })  # fmt: skip
        # The reason is the notice's own where all recipients have the same.
        reasons = {answer.reason for answer in result.answers.values()}
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


# Given back


def requeue_lost(
    connection: Connection, at: datetime, but: Collection[str] = (), route: str | None = None
) -> int:
    """What senders that are gone had claimed, on all ways or on that one; the names of those `but`
    begin their claims. Returns how many recipients."""
    left = recipient.c.state == State.SENDING
    if route is not None:
        left &= recipient.c.route == route
    for name in but:
        left &= ~recipient.c.claim.startswith(f"{name}:")
    again = {"reply": "", "not_before": at}
    if count := free(connection, left, at, State.RETRY, Reason.INTERRUPTED, **again):
        words = "requeued %d recipients that an interrupted sender left"
        log.warning(words, count, extra=Event.REQUEUED.of(count=count))
    return count


def requeue(connection: Connection, claimed: Sequence[Claim], at: datetime) -> None:
    """What was claimed and not begun is ready again at once, as `retry`."""
    again = {"reply": NOT_BEGUN, "not_before": at}
    free(connection, held_by(claimed), at, State.RETRY, Reason.INTERRUPTED, **again)


def put_off(
    connection: Connection, stream: str, at: datetime, trouble: ServerTrouble, *claimed: Claim
) -> None:
    """What is new, and what was `claimed` and not begun, waits for the server's next probe. What
    waited before keeps its own reason; nothing goes before the server is well."""
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.stream == stream)
    new = QUEUED & (recipient.c.route == trouble.route) & recipient.c.notice.in_(live)
    which = new | held_by(claimed)
    later = {"reply": trouble.detail, "not_before": trouble.not_before}
    reason = trouble.waits_as
    if free(connection, which, at, State.RETRY, reason, **later):
        now = RETRY & (recipient.c.reason == reason) & (recipient.c.updated == at)
        theirs = notice.c.key.in_(select(recipient.c.notice).where(now))
        connection.execute(update(notice).where(theirs).values(reason=reason, updated=at))


def wait_after_all(
    connection: Connection, refused: Claim, at: datetime, until: datetime, detail: str
) -> None:
    """Who was refused because of us goes again, unless somebody has sent it anew since."""
    anew = notice.c.key.startswith(f"{refused.key}#", autoescape=True)
    if "#" in refused.key or not connection.scalar(select(exists().where(anew))):
        which = _of(refused) & recipient.c.state.in_([State.REFUSED, State.RETRY])
        later = {"reply": detail, "not_before": until}
        free(connection, which, at, State.RETRY, Reason.SERVER, **later)


def refuse(connection: Connection, refused: Claim, reason: Reason, at: datetime) -> None:
    """It waited because of us, as it seemed; it was the recipient's or the message's fault."""
    which = _of(refused) & (recipient.c.reason == Reason.SENDER_REFUSED)
    if free(connection, which, at, State.REFUSED, reason):
        whole = update(notice).where(notice.c.key == refused.key)
        connection.execute(whole.values(reason=reason, updated=at))


def hurry(connection: Connection, stream: str, at: datetime, route: str = "") -> None:
    """What waited for a sick server is ready at once."""
    ours = select(notice.c.key).where(notice.c.stream == stream)
    reasons = (Reason.SERVER, Reason.SETTINGS, Reason.SENDER_REFUSED)
    which = RETRY & recipient.c.reason.in_(reasons) & recipient.c.notice.in_(ours)
    which &= recipient.c.route == route
    later = recipient.c.not_before > at
    connection.execute(update(recipient).where(which, later).values(not_before=at))


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """No retry lies further ahead: a clock that ran ahead put it there."""
    connection.execute(_TOO_FAR, {"latest": at + than, "now": at})


def _of(refused: Claim) -> Which:
    """Its recipients, whoever has them now, while they decide on their notice's state."""
    live = select(notice.c.key).where(notice.c.state.is_(None), notice.c.key == refused.key)
    return recipient.c.notice.in_(live) & recipient.c.address.in_(refused.addresses)
