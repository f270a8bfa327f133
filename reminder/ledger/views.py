"""The ledger as people and scripts read it: notices with their recipients, states derived."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection, RowMapping, func, select

from reminder.domain.notices import WAITING, Kind, Reason, State, derive_state
from reminder.ledger.schema import history, notice, recipient


@dataclass(frozen=True, slots=True)
class RecipientView:
    address: str
    state: State
    reason: str
    reply: str
    not_before: datetime


@dataclass(frozen=True, slots=True)
class NoticeView:
    key: str
    kind: Kind
    unit: str
    period: str
    state: State
    reason: str
    recipients: tuple[RecipientView, ...]
    message_id: str | None
    attempts: int
    due: datetime
    useful_until: datetime
    as_of: datetime | None
    sha256: str | None
    approved: str | None
    stream: str
    rehearsal: bool
    updated: datetime

    @property
    def waiting(self) -> bool:
        return self.state in WAITING


def read_notices(
    connection: Connection,
    *,
    kind: Kind | None = None,
    period: str | None = None,
    unit: str | None = None,
    state: State | None = None,
    keys: Iterable[str] | None = None,
) -> list[NoticeView]:
    """In the order in which they were made."""
    return list(
        each_notice(connection, kind=kind, period=period, unit=unit, state=state, keys=keys)
    )


def each_notice(
    connection: Connection,
    *,
    kind: Kind | None = None,
    period: str | None = None,
    unit: str | None = None,
    state: State | None = None,
    keys: Iterable[str] | None = None,
) -> Iterator[NoticeView]:
    """As `read_notices`, and no more than some hundreds at a time."""
    query = select(notice.c.created, notice.c.key)
    for column, value in (
        (notice.c.kind, kind),
        (notice.c.period, period),
        (notice.c.unit, unit),
    ):
        if value is not None:
            query = query.where(column == value)
    queries = (
        [query] if keys is None else [query.where(notice.c.key.in_(k)) for k in in_parts(keys)]
    )
    found = sorted((row.created, row.key) for q in queries for row in connection.execute(q))
    for some in in_parts(key for _, key in found):
        for view in _views(connection, some):
            if state in (None, view.state):
                yield view


Key = TypeVar("Key", str, int)


def in_parts(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """SQLite limits the variables of one statement."""
    rest = iter(keys)
    while some := list(islice(rest, 500)):
        yield some


def _views(connection: Connection, keys: list[str]) -> Iterator[NoticeView]:
    rows = connection.execute(select(notice).where(notice.c.key.in_(keys))).mappings()
    by_key = {row["key"]: row for row in rows}
    recipients: dict[str, list[RowMapping]] = defaultdict(list)
    people = select(recipient).where(recipient.c.notice.in_(keys)).order_by(recipient.c.id)
    for row in connection.execute(people).mappings():
        recipients[row["notice"]].append(row)
    return (_view(by_key[key], recipients[key]) for key in keys)


def read_notice(connection: Connection, key: str) -> NoticeView | None:
    return next(iter(read_notices(connection, keys=[key])), None)


def latest_to(connection: Connection, unit: str, most: int) -> list[NoticeView]:
    """That unit's, the newest first."""
    query = select(notice.c.key).where(notice.c.unit == unit)
    query = query.order_by(notice.c.created.desc(), notice.c.key.desc()).limit(most)
    return read_notices(connection, keys=list(connection.scalars(query)))[::-1]


def latest_of_units(
    connection: Connection, kind: Kind, period: str, units: Iterable[str], *, rehearsal: bool
) -> dict[str, NoticeView]:
    """Each unit's last copy: it is what became of the notice."""
    newest: dict[str, str] = {}
    for some in in_parts(units):
        query = select(notice.c.unit, notice.c.key).where(
            notice.c.kind == kind,
            notice.c.period == period,
            notice.c.unit.in_(some),
            notice.c.rehearsal.is_(rehearsal),
        )
        rows = connection.execute(query.order_by(notice.c.created, notice.c.key))
        newest.update((row.unit, row.key) for row in rows)
    return {view.unit: view for view in read_notices(connection, keys=newest.values())}


def count_state(connection: Connection, state: State) -> int:
    """Notices on which that state is set, or which have a recipient in it."""
    by_recipient = select(recipient.c.notice).where(recipient.c.state == state)
    which = (notice.c.state == state) | notice.c.key.in_(by_recipient)
    return connection.scalar(select(func.count()).select_from(notice).where(which)) or 0


def has_planned(connection: Connection) -> bool:
    """Whether any notice but a rehearsal was ever due here."""
    query = select(notice.c.key).where(
        notice.c.state.is_distinct_from(State.BASELINE), notice.c.rehearsal.is_(False)
    )
    return connection.execute(query.limit(1)).first() is not None


def has_notices(connection: Connection, unit: str) -> bool:
    query = select(notice.c.key).where(notice.c.unit == unit)
    return connection.execute(query.limit(1)).first() is not None


def read_history(connection: Connection, subject: str) -> list[RowMapping]:
    query = select(history).where(history.c.subject == subject).order_by(history.c.id)
    return list(connection.execute(query).mappings())


def _view(row: RowMapping, recipients: list[RowMapping]) -> NoticeView:
    people = tuple(
        RecipientView(r["address"], State(r["state"]), r["reason"], r["reply"], r["not_before"])
        for r in recipients
    )
    reason = row["reason"]
    if row["state"]:
        state = State(row["state"])
    else:
        state, derived = derive_state(person.state for person in people)
        deciding = [person.reason for person in people if person.state is state]
        reason = Reason.PARTLY if derived else (deciding[0] if deciding else reason)
    return NoticeView(
        key=row["key"],
        kind=Kind(row["kind"]),
        unit=row["unit"],
        period=row["period"],
        state=state,
        reason=str(reason),
        recipients=people,
        message_id=row["message_id"],
        attempts=row["attempts"],
        due=row["due"],
        useful_until=row["useful_until"],
        as_of=row["as_of"],
        sha256=row["sha256"],
        approved=row["approved"],
        stream=row["stream"],
        rehearsal=row["rehearsal"],
        updated=row["updated"],
    )
