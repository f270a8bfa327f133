"""How many notices stand in which state: counted by the database, whatever their number."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from reminder.domain.notices import DECIDING, WAITING, Kind, State
from reminder.storage.ledger.schema import history, notice, recipient
from reminder.storage.ledger.views import NoticeView, read_notices

DETAILED = 200  # notices that anybody reads one by one


@dataclass(frozen=True)
class Tally:
    """Of one occasion: every notice is expected, and is accepted or one of the others.

    `others` are some of those, in the order in which they were made: what waits above all.
    """

    states: Counter[State]
    others: tuple[NoticeView, ...] = ()

    @property
    def expected(self) -> int:
        return self.states.total()

    @property
    def accepted(self) -> int:
        return self.states[State.SENT]

    @property
    def waiting(self) -> int:
        return sum(self.states[state] for state in WAITING)


def tally(connection: Connection, kind: Kind, period: str, *, rehearsal: bool = False) -> Tally:
    """Of copies only the last counts: it is what became of the notice. What is older than
    the first start was never expected."""
    newest = (notice.c.created.desc(), notice.c.key.desc())
    copies = (
        select(
            notice.c.key,
            notice.c.created,
            derived_state().label("state"),
            func.row_number().over(partition_by=notice.c.unit, order_by=newest).label("place"),
        )
        .where(notice.c.kind == kind, notice.c.period == period, notice.c.rehearsal.is_(rehearsal))
        .subquery()
    )
    counts = (copies.c.place == 1) & (copies.c.state != State.BASELINE)
    states = _counted(connection, copies.c.state, counts)
    if states.total() == states[State.SENT]:
        return Tally(states)
    others = select(copies.c.key).where(counts, copies.c.state != State.SENT)
    others = others.order_by(copies.c.state.in_(WAITING).desc(), copies.c.created, copies.c.key)
    views = read_notices(connection, keys=list(connection.scalars(others.limit(DETAILED))))
    return Tally(states, tuple(views))


def last_change(connection: Connection) -> int:
    """To ask later what has changed since."""
    return connection.scalar(select(func.max(history.c.id))) or 0


def states_since(connection: Connection, change: int) -> Counter[State]:
    """Of the notices that changed since, in the state they are in now; the operator's reports
    do not count."""
    changed = select(history.c.subject).where(history.c.id > change)
    these = notice.c.key.in_(changed) & (notice.c.kind != Kind.REPORT)
    each = select(derived_state().label("state")).where(these).subquery()
    return _counted(connection, each.c.state)


def count_waiting(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(notice).where(_waits())) or 0


def first_waiting(connection: Connection) -> list[NoticeView]:
    query = select(notice.c.key).where(_waits()).order_by(notice.c.created, notice.c.key)
    return read_notices(connection, keys=list(connection.scalars(query.limit(DETAILED))))


def _waits() -> ColumnElement[bool]:
    unfinished = select(recipient.c.notice).where(recipient.c.state.in_(WAITING))
    return or_(notice.c.state.in_(WAITING), notice.c.state.is_(None) & notice.c.key.in_(unfinished))


def derived_state() -> ColumnElement[str]:
    """The notice's own, or as `derive_state` finds it from its recipients'."""
    ranks = {str(state): rank for rank, state in enumerate(DECIDING)}
    first = (
        select(func.min(case(ranks, value=recipient.c.state, else_=len(ranks))))
        .where(recipient.c.notice == notice.c.key)
        .scalar_subquery()
    )
    named = {rank: state for state, rank in ranks.items()}
    return func.coalesce(notice.c.state, case(named, value=first, else_=State.SENT))


def _counted(
    connection: Connection, state: ColumnElement[str], *which: ColumnElement[bool]
) -> Counter[State]:
    query = select(state, func.count()).where(*which).group_by(state)
    return Counter({State(name): count for name, count in connection.execute(query)})
