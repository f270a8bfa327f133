"""How many notices stand in which state, and which of them nobody has seen to."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from reminder.domain.notices import WAITING, Kind, Reason, State
from reminder.domain.units import Directory
from reminder.ledger.schema import history, notice, recipient
from reminder.ledger.views import NoticeView, derived_state, read_notices

DETAILED = 200  # notices that anybody reads one by one


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


_LATER = notice.alias()
_REFUSED = select(recipient.c.notice).where(recipient.c.state == State.REFUSED)
_ON_ITSELF = or_(
    notice.c.state == State.REFUSED,
    and_(notice.c.state == State.EXPIRED, notice.c.reason.in_((Reason.TOO_LATE, Reason.UNKNOWN))),
)
_BY_RECIPIENTS = and_(
    notice.c.state.is_(None), notice.c.key.in_(_REFUSED), derived_state() == State.REFUSED
)
_AGAIN = exists().where(
    _LATER.c.kind == notice.c.kind,
    _LATER.c.period == notice.c.period,
    _LATER.c.unit == notice.c.unit,
    or_(
        _LATER.c.created > notice.c.created,
        and_(_LATER.c.created == notice.c.created, _LATER.c.key > notice.c.key),
    ),
)


@dataclass
class UnsettledDigests:
    """Of one month's digests: the units whose mail was refused, or was too late to go; of those
    the ones that may have had it, as far as a restored ledger knows."""

    period: str
    refused: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.refused) + len(self.expired)


def read_unsettled(
    connection: Connection, stream: str, directory: Directory
) -> list[UnsettledDigests]:
    """The oldest first. Who had no address and has none is told otherwise, and known."""
    query = select(notice.c.period, notice.c.unit, notice.c.state, notice.c.reason).where(
        notice.c.kind == Kind.DIGEST, *_left(stream), or_(_ON_ITSELF, _BY_RECIPIENTS)
    )
    found: dict[str, UnsettledDigests] = {}
    for row in connection.execute(query.order_by(notice.c.period, notice.c.unit)):
        unit = directory.units.get(row.unit)
        if row.reason == Reason.NO_ADDRESS and row.state and not (unit and unit.has_address):
            continue
        of_month = found.setdefault(row.period, UnsettledDigests(row.period))
        (of_month.expired if row.state == State.EXPIRED else of_month.refused).append(row.unit)
        if row.reason == Reason.UNKNOWN:
            of_month.unknown.append(row.unit)
    return list(found.values())


def refused_reports(connection: Connection, stream: str, at: datetime) -> list[str]:
    """Keys of what the operator was to read, is of use and was not sent again."""
    query = select(notice.c.key).where(
        notice.c.kind == Kind.REPORT, notice.c.stream == stream,
        notice.c.useful_until > at, _BY_RECIPIENTS,
    )  # fmt: skip
    return list(connection.scalars(query.order_by(notice.c.created, notice.c.key)))


def _left(stream: str) -> Iterator[ColumnElement[bool]]:
    yield notice.c.stream == stream
    yield notice.c.rehearsal.is_(False)
    yield ~_AGAIN


def count_state(connection: Connection, state: State) -> int:
    """Notices on which that state is set, or which have a recipient in it."""
    by_recipient = select(recipient.c.notice).where(recipient.c.state == state)
    which = (notice.c.state == state) | notice.c.key.in_(by_recipient)
    return connection.scalar(select(func.count()).select_from(notice).where(which)) or 0
