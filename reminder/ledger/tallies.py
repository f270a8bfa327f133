"""How many notices stand in which state: counted by the database, whatever their number."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, or_, select

from reminder.domain.notices import DECIDING, WAITING, Kind, State
from reminder.ledger.schema import history, notice, recipient
from reminder.ledger.views import NoticeView, read_notices

DETAILED = 200  # notices that anybody reads one by one


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


def _of_one_occasion() -> tuple[Select[Any], Select[Any]]:
    """How many are in which state, and the keys of those that were not accepted."""
    newest = (notice.c.created.desc(), notice.c.key.desc())
    place = func.row_number().over(partition_by=notice.c.unit, order_by=newest).label("place")
    columns = (notice.c.key, notice.c.created, derived_state().label("state"), place)
    copies = (
        select(*columns)
        .where(
            notice.c.kind == bindparam("of_kind"),
            notice.c.period == bindparam("of_period"),
            notice.c.rehearsal == bindparam("of_rehearsal"),
        )
        .subquery()
    )
    counts = (copies.c.place == 1) & (copies.c.state != State.BASELINE)
    others = select(copies.c.key).where(counts, copies.c.state != State.SENT)
    others = others.order_by(copies.c.state.in_(WAITING).desc(), copies.c.created, copies.c.key)
    each = select(copies.c.state, func.count()).where(counts).group_by(copies.c.state)
    return each, others


def _since() -> Select[Any]:
    changed = select(history.c.subject).where(history.c.id > bindparam("change"))
    these = notice.c.key.in_(changed) & (notice.c.kind != Kind.REPORT)
    each = select(derived_state().label("state")).where(these).subquery()
    return select(each.c.state, func.count()).group_by(each.c.state)


_EACH, _OTHERS = _of_one_occasion()
_SINCE = _since()
_LAST = select(func.max(history.c.id))


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
    of = {"of_kind": kind, "of_period": period, "of_rehearsal": rehearsal}
    states = _counted(connection, _EACH, of)
    if states.total() == states[State.SENT]:
        return Tally(states)
    views = read_notices(connection, keys=list(connection.scalars(_OTHERS.limit(DETAILED), of)))
    return Tally(states, tuple(views))


def last_change(connection: Connection) -> int:
    """To ask later what has changed since."""
    return connection.scalar(_LAST) or 0


def states_since(connection: Connection, change: int) -> Counter[State]:
    """Of the notices that changed since, in the state they are in now; the operator's reports
    do not count."""
    return _counted(connection, _SINCE, {"change": change})


def count_waiting(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(notice).where(_waits())) or 0


def first_waiting(connection: Connection) -> list[NoticeView]:
    query = select(notice.c.key).where(_waits()).order_by(notice.c.created, notice.c.key)
    return read_notices(connection, keys=list(connection.scalars(query.limit(DETAILED))))


def _waits() -> ColumnElement[bool]:
    unfinished = select(recipient.c.notice).where(recipient.c.state.in_(WAITING))
    return or_(notice.c.state.in_(WAITING), notice.c.state.is_(None) & notice.c.key.in_(unfinished))


def _counted(
    connection: Connection, query: Select[Any], of: Mapping[str, object]
) -> Counter[State]:
    return Counter({State(name): count for name, count in connection.execute(query, of)})
