"""Recipients are claimed by one UPDATE, and freed when their sender is done with them."""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, true, update

from reminder.domain.notices import Reason, State
from reminder.ledger.history import Change, record
from reminder.ledger.own_messages import claim_own
from reminder.ledger.preferences import may_be_woken
from reminder.ledger.schema import message, notice, recipient

_FEW = 4  # recipients that a notice may have without making a claim smaller
Which = ColumnElement[bool]
QUEUED = recipient.c.state == State.QUEUED
RETRY = recipient.c.state == State.RETRY


@dataclass(frozen=True)
class Claim:
    """One notice's message and those of its recipients that this claim covers; or the message of a
    single address."""

    key: str
    claim: str
    message_id: str
    content: bytes
    addresses: tuple[str, ...]
    attempts: int


def ready(
    connection: Connection,
    stream: str,
    at: datetime,
    limit: int,
    *,
    probe: bool = False,
    route: str = "",
    clock: str = "",
) -> list[str]:
    """Keys of up to `limit` notices with recipients to be reached now, new ones last: what a
    sender left does not wait for a long queue, and who is tried again comes ever more seldom.

    A `probe` takes those that were tried least, or the same few would be asked each time. Whose
    quiet hours it is by the `clock`, `HH:MM`, is left out.
    """
    first = recipient.c.attempts if probe else QUEUED
    query = (
        select(recipient.c.notice)
        .join(notice, notice.c.key == recipient.c.notice)
        .where(
            _is_ready(at, route, clock),
            notice.c.state.is_(None),
            notice.c.stream == stream,
            notice.c.useful_until > at,
        )
        .order_by(first, recipient.c.not_before, recipient.c.id)
        .limit(limit * _FEW)
    )
    return list(dict.fromkeys(connection.scalars(query)))[:limit]


def _is_ready(at: datetime, route: str, clock: str) -> Which:
    """Queued is ready at once, whatever its time: a clock set back must not make it wait."""
    in_time = QUEUED | RETRY & (recipient.c.not_before <= at)
    return (recipient.c.route == route) & in_time & (may_be_woken(clock) if clock else true())


def claim(
    connection: Connection,
    name: str,
    stream: str,
    at: datetime,
    limit: int,
    *,
    probe: bool = False,
    route: str = "",
    clock: str = "",
) -> list[Claim]:
    """Takes up to `limit` ready notices of that stream; `name` is unlike any other claim's."""
    keys = ready(connection, stream, at, limit, probe=probe, route=route, clock=clock)
    if not keys:
        return []
    query = (
        update(recipient)
        .where(recipient.c.notice.in_(keys), _is_ready(at, route, clock))
        .values(state=State.SENDING, claim=name, updated=at)
        .returning(*(recipient.c[one] for one in ("id", "notice", "address", "attempts")))
    )
    rows = connection.execute(query).all()
    changes = [Change(row.notice, State.SENDING, Reason.CLAIMED, row.address) for row in rows]
    record(connection, at, changes)
    claims = []
    for claimed in _packed(connection, name, keys, rows):
        try:
            claims.append(replace(claimed, content=zlib.decompress(claimed.content)))
        except zlib.error as error:  # it holds up no others; `resend` composes it anew
            which, reply = held_by([claimed]), str(error)
            free(connection, which, at, State.REFUSED, Reason.DAMAGED, reply=reply)
    claims.sort(key=lambda one: keys.index(one.key))
    # When none of them could be read: the next ones.
    return claims or claim(connection, name, stream, at, limit, route=route, clock=clock)


def _packed(
    connection: Connection, name: str, keys: Sequence[str], rows: Sequence[Row[Any]]
) -> Iterator[Claim]:
    """Of these recipients, their messages as they are stored: of each notice the one for all, and
    those of single addresses, which a sender may settle or give back without the others."""
    own = claim_own(connection, name, keys)
    apart = {row.id for row in own}
    taken = defaultdict[str, list[Row[Any]]](list)
    for row in rows:
        if row.id not in apart:
            taken[row.notice].append(row)
    columns = (notice.c.key, notice.c.message_id, message.c.content)
    messages = select(*columns).join(message, message.c.notice == notice.c.key, isouter=True)
    for key, message_id, content in connection.execute(messages.where(notice.c.key.in_(taken))):
        addresses = tuple(one.address for one in taken[key])
        attempts = max(one.attempts for one in taken[key])
        yield Claim(key, name, message_id, content or b"", addresses, attempts)
    for row in own:
        rest = (row.content, (row.address,), row.attempts)
        yield Claim(row.notice, row.claim, row.message_id, *rest)


def free(
    connection: Connection, which: Which, at: datetime, state: State, reason: Reason, **more: Any
) -> int:
    """No sender has them any more; each in the history. Returns how many recipients."""
    values = {"state": state, "reason": reason, "claim": None, "updated": at} | more
    columns = (recipient.c.notice, recipient.c.address, recipient.c.reply)
    freed = update(recipient).where(which).values(values).returning(*columns)
    rows = connection.execute(freed).all()
    changes = [Change(row.notice, state, reason, row.address, row.reply) for row in rows]
    record(connection, at, changes)
    return len(rows)


def held_by(claimed: Sequence[Claim]) -> Which:
    names, keys = {one.claim for one in claimed}, [one.key for one in claimed]
    return recipient.c.notice.in_(keys) & recipient.c.claim.in_(names)
