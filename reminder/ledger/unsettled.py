"""What did not arrive and nobody has seen to: neither sent again nor dropped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from reminder.domain.notices import Kind, Reason, State
from reminder.domain.units import Directory
from reminder.ledger.schema import notice, recipient
from reminder.ledger.tallies import derived_state

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
class Unsettled:
    """Of one month's digests: the units whose mail was refused, or was too late to go; of those
    the ones that may have had it, as far as a restored ledger knows."""

    period: str
    refused: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.refused) + len(self.expired)


def read_unsettled(connection: Connection, stream: str, directory: Directory) -> list[Unsettled]:
    """The oldest first. Who had no address and has none is told otherwise, and known."""
    query = select(notice.c.period, notice.c.unit, notice.c.state, notice.c.reason).where(
        notice.c.kind == Kind.DIGEST, *_left(stream), or_(_ON_ITSELF, _BY_RECIPIENTS)
    )
    found: dict[str, Unsettled] = {}
    for row in connection.execute(query.order_by(notice.c.period, notice.c.unit)):
        unit = directory.units.get(row.unit)
        if row.reason == Reason.NO_ADDRESS and row.state and not (unit and unit.has_address):
            continue
        of_month = found.setdefault(row.period, Unsettled(row.period))
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
