"""What the mail server said of each recipient, recorded as far as the claim still stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, exists, func, insert, select, update

from reminder.domain.notices import Answer, Reason
from reminder.ledger.claims import Claimed
from reminder.ledger.columns import Moment, Words
from reminder.ledger.schema import history, notice, recipient


@dataclass(frozen=True)
class Result:
    """What became of a claimed notice's recipients; who is to be tried again waits until then."""

    claimed: Claimed
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


_HELD = (recipient.c.notice == bindparam("family")) & (recipient.c.claim == bindparam("held"))
_STILL_HELD = _HELD & (recipient.c.address == bindparam("person"))
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
    .where(_STILL_HELD)
    .with_for_update(),
)
_ANSWERED = (
    update(recipient)
    .where(_STILL_HELD)
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
    .where(notice.c.key == bindparam("family"), exists().where(_HELD))
    .values(
        attempts=notice.c.attempts + 1,
        reason=func.coalesce(bindparam("why", type_=String), notice.c.reason),
        updated=bindparam("moment"),
    )
)
