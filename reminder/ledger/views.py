"""Notices as people and scripts read them, with their recipients and derived states."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Select,
    String,
    bindparam,
    case,
    func,
    select,
    tuple_,
)

from reminder.domain.notices import (
    DECIDING,
    REMINDERS,
    UNREACHED,
    WAITING,
    Kind,
    State,
    derive_state,
)
from reminder.domain.units import Unit
from reminder.ledger.rows import batched
from reminder.ledger.schema import message, notice, recipient

PAGE_SIZE = 50


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
    plan: str
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
    publication: int | None
    approved: str | None
    stream: str
    rehearsal: bool
    created: datetime
    updated: datetime

    @property
    def waiting(self) -> bool:
        return self.state in WAITING


def read_notices(
    connection: Connection,
    *,
    plan: str | None = None,
    kind: Kind | None = None,
    period: str | None = None,
    unit: str | None = None,
    state: State | None = None,
    keys: Iterable[str] | None = None,
) -> list[NoticeView]:
    """In the order in which they were made."""
    equal = {"plan": plan, "kind": kind, "period": period, "unit": unit}
    query = select(notice).filter_by(**{k: v for k, v in equal.items() if v is not None})
    if state:
        query = query.where(in_state(state))
    parts = [query] if keys is None else [query.where(notice.c.key.in_(k)) for k in batched(keys)]
    rows = [row for part in parts for row in connection.execute(part).mappings()]
    rows.sort(key=lambda row: (row["created"], row["key"]))
    views = []
    for part in batched(rows):
        recipients = _recipients(connection, [row["key"] for row in part])
        views += [_view(row, recipients[row["key"]]) for row in part]
    return views


def _recipients(connection: Connection, keys: list[str]) -> dict[str, list[RecipientView]]:
    query = select(recipient).where(recipient.c.notice.in_(keys)).order_by(recipient.c.id)
    by_key = defaultdict(list)
    for row in connection.execute(query):
        state = State(row.state)
        view = RecipientView(row.address, state, row.reason, row.reply, row.not_before)
        by_key[row.notice].append(view)
    return by_key


def _view(row: RowMapping, recipients: list[RecipientView]) -> NoticeView:
    reason = row["reason"]
    if row["state"]:
        state = State(row["state"])
    else:
        state, derived = derive_state(one.state for one in recipients)
        deciding = [one.reason for one in recipients if one.state is state]
        reason = derived or (deciding[0] if deciding else reason)
    derived_values = {
        "kind": Kind(row["kind"]),
        "state": state,
        "reason": str(reason),
        "recipients": tuple(recipients),
    }
    return NoticeView(**(dict(row) | derived_values))


def read_notice(connection: Connection, key: str) -> NoticeView | None:
    return next(iter(read_notices(connection, keys=[key])), None)


def newest_copies(
    connection: Connection,
    plan: str,
    kind: Kind,
    period: str,
    unit: str | None = None,
    *,
    rehearsal: bool,
) -> dict[str, NoticeView]:
    """By the unit: its last copy is what became of the notice."""
    views = read_notices(connection, plan=plan, kind=kind, period=period, unit=unit)
    return {view.unit: view for view in views if view.rehearsal == rehearsal}


def has_planned(connection: Connection) -> bool:
    """Whether any notice but a rehearsal was ever due here."""
    query = select(notice.c.key).where(
        notice.c.state.is_distinct_from(State.BASELINE), notice.c.rehearsal.is_(False)
    )
    return connection.execute(query.limit(1)).first() is not None


@cache  # to make a statement takes longer than to run it
def derived_state() -> ColumnElement[str]:
    """The notice's own, or as `derive_state` finds it from its recipients'."""
    ranks = {str(state): rank for rank, state in enumerate(DECIDING)}
    named = {rank: state for state, rank in ranks.items()}
    ranks[State.BOUNCED] = ranks[State.REFUSED]
    first = (
        select(func.min(case(ranks, value=recipient.c.state, else_=len(DECIDING))))
        .where(recipient.c.notice == notice.c.key)
        .scalar_subquery()
    )
    return func.coalesce(notice.c.state, case(named, value=first, else_=State.SENT))


def in_state(state: State) -> ColumnElement[bool]:
    """Where few are in it they are found by an index, not by a look at each. No notice is bounced,
    but some have a recipient who is."""
    if state is State.SENT:
        return derived_state() == state
    of_people = UNREACHED if state is State.REFUSED else (state,)
    some = select(recipient.c.notice).where(recipient.c.state.in_(of_people))
    if state is State.BOUNCED:
        return notice.c.state.is_(None) & notice.c.key.in_(some)
    return (derived_state() == state) & ((notice.c.state == state) | notice.c.key.in_(some))


@dataclass(frozen=True)
class NoticeFilter:
    """Which notices; `period` is a month such as 2026-03, with the days in it. Without a `plan`
    those of all."""

    period: str = ""
    kind: Kind | None = None
    state: State | None = None
    unit: str = ""
    rehearsals: bool = False
    plan: str = ""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.plan:
            yield notice.c.plan == self.plan
        if self.period:
            # A month's days come after it and before the next month, as text too.
            month = int(self.period[5:])
            yield notice.c.period >= self.period
            yield notice.c.period < f"{self.period[:5]}{month + 1:02}"
        if self.kind:
            yield notice.c.kind == self.kind
        if self.state:
            yield in_state(self.state)
        if self.unit:
            yield notice.c.unit == self.unit
        if not self.rehearsals:
            yield notice.c.rehearsal.is_(False)


def page_of(
    connection: Connection, wanted: NoticeFilter, before: str = "", most: int = PAGE_SIZE
) -> list[NoticeView]:
    """Up to so many, newest first: the first ones, or those that follow the notice `before`."""
    query = select(notice.c.key).where(*wanted.conditions())
    if before:
        created = select(notice.c.created).where(notice.c.key == before).scalar_subquery()
        query = query.where(tuple_(notice.c.created, notice.c.key) < tuple_(created, before))
    query = query.order_by(notice.c.created.desc(), notice.c.key.desc()).limit(most)
    return read_notices(connection, keys=connection.scalars(query).all())[::-1]


def refused(connection: Connection, wanted: NoticeFilter) -> list[tuple[str, str]]:
    """Keys and units of what was refused and not sent again since; `wanted` has no state."""
    columns = (notice.c.key, notice.c.plan, notice.c.kind, notice.c.period, notice.c.unit)
    query = select(*columns, derived_state().label("state")).where(*wanted.conditions())
    rows = connection.execute(query.order_by(notice.c.created, notice.c.key))
    newest = {(row.plan, row.kind, row.period, row.unit): row for row in rows}.values()
    return sorted((row.key, row.unit) for row in newest if row.state == State.REFUSED)


@dataclass(frozen=True)
class SentMail:
    """`content` is the stored bytes."""

    key: str
    kind: Kind
    as_of: datetime
    content: bytes = field(repr=False)


def mailed_to(
    connection: Connection, unit: Unit, first: int = 0, most: int = 1, *, key: str = ""
) -> list[SentMail]:
    """What the unit has had, the latest first, after the `first` ones, or that one alone; no
    rehearsal, and for 24 months."""
    wanted = {"unit": unit.id, "addresses": [*unit.to, *unit.cc], "key": key}
    rows = connection.execute(_accepted(), wanted | {"first": first, "most": most})
    return [SentMail(r.key, Kind(r.kind), r.as_of, zlib.decompress(r.content)) for r in rows]


@cache  # as above
def _accepted() -> Select[str, str, datetime, bytes]:
    """By at least one of the unit's mailboxes."""
    to_unit = (Kind.DIGEST, Kind.SUPPLEMENT, Kind.RECEIPT)
    kinds = notice.c.kind
    # Some reminders go to others of the house alone.
    mine = recipient.c.address.in_(bindparam("addresses", expanding=True))
    had_it = (recipient.c.state == State.SENT) & (kinds.in_(to_unit) | mine)
    # Counted, not sought with EXISTS: SQLite would look through all that was ever sent for each.
    count = select(func.count(case((had_it, 1)))).where(recipient.c.notice == notice.c.key)
    key = bindparam("key", type_=String)
    return (
        select(notice.c.key, notice.c.kind, notice.c.as_of, message.c.content)
        .join(message, message.c.notice == notice.c.key)
        .where(notice.c.unit == bindparam("unit"), kinds.in_((*to_unit, *REMINDERS)))
        .where(notice.c.rehearsal.is_(False), count.scalar_subquery() > 0)
        .where((key == "") | (notice.c.key == key))
        .order_by(notice.c.created.desc(), notice.c.key.desc())
        .offset(bindparam("first", type_=Integer))
        .limit(bindparam("most", type_=Integer))
    )
