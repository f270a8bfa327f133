"""What monitoring asks of the ledger: counts that an index has, and how long deliveries took."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import ColumnElement, Connection, and_, case, extract, func, select, text

from reminder.domain.notices import DECIDING, ON_ITS_WAY, WAITING, Kind, Reason, State
from reminder.ledger.rows import batched
from reminder.ledger.schema import (
    bounced_address,
    history,
    incoming,
    notice,
    recipient,
    server_trouble,
)
from reminder.ledger.views import derived_state

# Of a unit the best that became of its digest; what is older than the first start was never due.
OUTCOMES = ("accepted", "waiting", "refused", "expired", "no-address")
# What is older than that is seen by all: no transaction takes so long.
_SETTLED = timedelta(minutes=1)
# Upper bounds of the times that deliveries took, in seconds: from the second that a server of the
# house takes to the days of one that was away.
BOUNDS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)


def notice_counts(connection: Connection, stream: str) -> Counter[tuple[str, str, str]]:
    """Notices by plan, kind and state. An index has them all; only those are looked at of which
    a recipient has not accepted."""
    of = (notice.c.plan, notice.c.kind)
    whole = (notice.c.state, notice.c.stream, *of)  # in the index's order
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in connection.execute(select(*whole, func.count()).group_by(*whole)):
        if row.stream == stream:
            counts[row.plan, row.kind, row.state or State.SENT] += row[-1]
    not_taken = recipient.c.state.in_((*DECIDING, State.BOUNCED))
    people = select(recipient.c.notice).where(not_taken).distinct().subquery()
    some = select(*of, derived_state().label("state")).join(people, people.c.notice == notice.c.key)
    rows = some.where(notice.c.stream == stream, notice.c.state.is_(None)).subquery()
    for row in connection.execute(select(*rows.c, func.count()).group_by(*rows.c)):
        counts[row.plan, row.kind, State.SENT] -= row[-1]
        counts[row.plan, row.kind, row.state] += row[-1]
    return +counts


def recipient_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """Addresses of notices by route and state."""
    of = (recipient.c.route, recipient.c.state)
    rows = connection.execute(select(*of, func.count()).group_by(*of))
    return {(route, state): count for route, state, count in rows}


def oldest_waiting(connection: Connection, stream: str) -> dict[str, datetime]:
    """By route, since when the oldest on its way could have gone."""
    since = case((notice.c.due > notice.c.created, notice.c.due), else_=notice.c.created)
    query = select(recipient.c.route, func.min(since).label("since")).join(notice)
    query = query.where(
        recipient.c.state.in_(ON_ITS_WAY), notice.c.state.is_(None), notice.c.stream == stream
    )
    rows = connection.execute(query.group_by(recipient.c.route))
    return {row.route: row.since for row in rows}


def digest_outcomes(
    connection: Connection, digests: Iterable[tuple[str, str]], stream: str
) -> Counter[tuple[str, str]]:
    """Units by plan and what became of their digest, of these plans and periods: of several copies
    the best."""
    plans = defaultdict[str, list[str]](list)
    for plan, period in digests:
        plans[period].append(plan)
    counts: Counter[tuple[str, str]] = Counter()
    for period, mine in plans.items():
        for some in batched(mine):
            counts += _outcomes(connection, some, period, stream)
    return counts


def _outcomes(
    connection: Connection, plans: Collection[str], period: str, stream: str
) -> Counter[tuple[str, str]]:
    state = derived_state()
    rank = case(
        (state == State.SENT, 0),
        (state.in_(WAITING), 1),
        (state == State.EXPIRED, 3),
        (notice.c.reason == Reason.NO_ADDRESS, 4),
        else_=2,
    )
    columns = (notice.c.plan, notice.c.unit, func.min(rank).label("best"))
    units = select(*columns).where(
        notice.c.plan.in_(plans),
        notice.c.kind == Kind.DIGEST,
        notice.c.period == period,
        notice.c.stream == stream,
        notice.c.state.is_distinct_from(State.BASELINE),
    )
    rows = units.group_by(notice.c.plan, notice.c.unit).subquery()
    query = select(rows.c.plan, rows.c.best, func.count()).group_by(rows.c.plan, rows.c.best)
    return Counter({(plan, OUTCOMES[best]): n for plan, best, n in connection.execute(query)})


def troubles(connection: Connection) -> dict[str, tuple[int, datetime]]:
    """By route, how many replicas have trouble with it, and since when."""
    columns = (server_trouble.c.route, func.count(), func.min(server_trouble.c.since))
    rows = connection.execute(select(*columns).group_by(server_trouble.c.route))
    return {route: (count, since) for route, count, since in rows}


def count_bounced(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(bounced_address)) or 0


def count_unread(connection: Connection) -> int:
    """Answers that wait for a person."""
    waiting = select(func.count()).select_from(incoming).where(incoming.c.state == "waiting")
    return connection.scalar(waiting) or 0


@dataclass
class Taken:
    """Of one kind: deliveries by the first of `BOUNDS` that they keep, and seconds of all."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: int = 0

    def add(self, seconds: int, count: int) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += count
        self.seconds += seconds * count


class DeliveryTimes:
    """How long all deliveries of this ledger took, from when they could go: every replica and every
    start comes to the same.

    The history is only added to, so that each part of it is counted once. Its last minute is
    counted anew each time: another replica may write a row with a lower number later.
    """

    def __init__(self) -> None:
        self._counted = 0
        self._taken: dict[str, Taken] = {}
        self._lock = Lock()

    def read(self, connection: Connection, at: datetime) -> dict[str, Taken]:
        """By kind."""
        with self._lock:
            upto = connection.scalar(
                select(history.c.id)
                .where(history.c.at < at - _SETTLED)
                .order_by(history.c.id.desc())
                .limit(1)
            )
            if upto is not None and upto > self._counted:
                between = and_(history.c.id > self._counted, history.c.id <= upto)
                _add(self._taken, connection, between)
                self._counted = upto
            taken = {kind: Taken([*it.counts], it.seconds) for kind, it in self._taken.items()}
            _add(taken, connection, history.c.id > self._counted)
        return taken


def _add(taken: dict[str, Taken], connection: Connection, which: ColumnElement[bool]) -> None:
    earlier = history.alias()
    queued = (
        select(func.min(earlier.c.at))
        .where(
            earlier.c.subject == history.c.subject,
            earlier.c.state == State.QUEUED,
            earlier.c.address.is_(None),
        )
        .scalar_subquery()
    )
    begun, due = _epoch(func.coalesce(queued, notice.c.created)), _epoch(notice.c.due)
    end = _epoch(history.c.at)
    seconds = end - case((due > begun, due), else_=begun)
    query = (
        select(notice.c.kind, seconds.label("seconds"), func.count())
        .join(notice, notice.c.key == history.c.subject)
        .where(which, history.c.state == State.SENT, history.c.reason == Reason.ACCEPTED)
        .group_by(text("1"), text("2"))
    )
    for kind, length, count in connection.execute(query):
        taken.setdefault(kind, Taken()).add(max(0, int(length)), count)


def _epoch(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    return extract("epoch", moment)
