"""How many notices stand in which state, and which of them nobody has seen to."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, select, tuple_

from reminder.domain.notices import BY_CHOICE, WAITING, Kind, Reason, State
from reminder.domain.units import Directory
from reminder.ledger.schema import history, notice, recipient
from reminder.ledger.views import NoticeView, derived_state, in_state, read_notices

DETAILED = 200  # notices that anybody reads one by one


@dataclass(frozen=True)
class Tally:
    """Of one occasion: every notice is expected, and is accepted or one of the others.

    `others` are some of those, in the order in which they were made: what waits above all.
    `accepted_at` says of units when theirs was.
    """

    states: Counter[State]
    others: tuple[NoticeView, ...] = ()
    accepted_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def expected(self) -> int:
        return self.states.total()

    @property
    def accepted(self) -> int:
        return self.states[State.SENT]

    @property
    def waiting(self) -> int:
        return sum(self.states[state] for state in WAITING)


def tally(
    connection: Connection, plan: str, kind: Kind, period: str, *, rehearsal: bool = False
) -> Tally:
    """Of copies only the last counts: it is what became of the notice. What is older than
    the first start was never expected."""
    columns = (notice.c.key, notice.c.unit, notice.c.updated, derived_state().label("state"))
    query = select(*columns).filter_by(plan=plan, kind=kind, period=period, rehearsal=rehearsal)
    rows = connection.execute(query.order_by(notice.c.created, notice.c.key))
    newest = {row.unit: row for row in rows}.values()
    expected = [row for row in newest if row.state != State.BASELINE]
    others = [row for row in expected if row.state != State.SENT]
    accepted_at = {row.unit: row.updated for row in expected if row.state == State.SENT}
    others.sort(key=lambda row: row.state not in WAITING)
    views = read_notices(connection, keys=[row.key for row in others[:DETAILED]])
    views.sort(key=lambda view: not view.waiting)
    states = Counter(State(row.state) for row in expected)
    return Tally(states, tuple(views), accepted_at)


def count_withheld(
    connection: Connection, plan: str, kind: Kind, period: str, *, rehearsal: bool = False
) -> int:
    """Copies of that occasion's mails that did not go, by their readers' choice."""
    query = (
        select(func.count()).select_from(history).join(notice, notice.c.key == history.c.subject)
    )
    query = query.where(history.c.address.is_not(None), history.c.reason.in_(BY_CHOICE))
    query = query.where(notice.c.plan == plan, notice.c.kind == kind, notice.c.period == period)
    return connection.scalar(query.where(notice.c.rehearsal.is_(rehearsal))) or 0


def last_change(connection: Connection) -> int:
    """To ask later what has changed since."""
    return connection.scalar(select(func.max(history.c.id))) or 0


def states_since(connection: Connection, change: int) -> Counter[State]:
    """Of the notices that changed since, in the state they are in now; the operator's reports
    do not count."""
    changed = select(history.c.subject).where(history.c.id > change)
    these = notice.c.key.in_(changed) & (notice.c.kind != Kind.REPORT)
    states = select(derived_state().label("state")).where(these).subquery()
    query = select(states.c.state, func.count()).group_by(states.c.state)
    return Counter({State(state): count for state, count in connection.execute(query)})


def count(connection: Connection, *states: State) -> int:
    """Notices on which one of these is set, or which have a recipient in one."""
    return connection.scalar(select(func.count()).select_from(notice).where(_stand(states))) or 0


def first_waiting(connection: Connection) -> list[NoticeView]:
    query = select(notice.c.key).where(_stand(WAITING)).order_by(notice.c.created, notice.c.key)
    return read_notices(connection, keys=connection.scalars(query.limit(DETAILED)).all())


def _stand(states: Collection[State]) -> ColumnElement[bool]:
    people = select(recipient.c.notice).where(recipient.c.state.in_(states))
    return notice.c.state.in_(states) | (notice.c.state.is_(None) & notice.c.key.in_(people))


# What did not arrive and nobody has seen to: neither sent again nor dropped


@dataclass
class UnsettledDigests:
    """Of one month of a plan: the units whose mail was refused or too late to go; of those the ones
    that may have had it, as far as a restored ledger knows."""

    plan: str
    period: str
    refused: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.refused) + len(self.expired)


def read_unsettled(
    connection: Connection, plan: str, stream: str, directory: Directory
) -> list[UnsettledDigests]:
    """Of that plan, or of all without one; the oldest first. Who had no address and has none is
    told otherwise, and known."""
    gave_up = notice.c.reason.in_((Reason.TOO_LATE, Reason.UNKNOWN))
    copy = notice.alias()
    same = [copy.c[name] == notice.c[name] for name in ("plan", "kind", "period", "unit")]
    newer = tuple_(copy.c.created, copy.c.key) > tuple_(notice.c.created, notice.c.key)
    query = select(notice).where(
        notice.c.kind == Kind.DIGEST,
        notice.c.stream == stream,
        notice.c.rehearsal.is_(False),
        in_state(State.REFUSED) | (notice.c.state == State.EXPIRED) & gave_up,
        ~exists().where(*same, newer),  # sent again since
    )
    if plan:
        query = query.where(notice.c.plan == plan)
    months: dict[tuple[str, str], UnsettledDigests] = {}
    order = (notice.c.period, notice.c.plan, notice.c.unit)
    for row in connection.execute(query.order_by(*order)):
        unit = directory.units.get(row.unit)
        if row.reason == Reason.NO_ADDRESS and row.state and not (unit and unit.has_address):
            continue
        key = row.plan, row.period
        month = months.setdefault(key, UnsettledDigests(*key))
        (month.expired if row.state == State.EXPIRED else month.refused).append(row.unit)
        if row.reason == Reason.UNKNOWN:
            month.unknown.append(row.unit)
    return list(months.values())


def refused_reports(connection: Connection, stream: str, at: datetime) -> list[str]:
    """Keys of what the operator was to read, is of use and was not sent again."""
    query = select(notice.c.key).where(
        notice.c.kind == Kind.REPORT,
        notice.c.stream == stream,
        notice.c.useful_until > at,
        notice.c.state.is_(None) & in_state(State.REFUSED),
    )
    return list(connection.scalars(query.order_by(notice.c.created, notice.c.key)))
