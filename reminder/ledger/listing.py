"""The ledger page by page, newest first: narrowed and cut by the database, whatever its size."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select

from reminder.domain.notices import Kind, State
from reminder.ledger.schema import notice, recipient
from reminder.ledger.tallies import derived_state
from reminder.ledger.views import NoticeView, read_notices

PAGE = 50
_ON_THE_NOTICE = (State.HELD, State.EXPIRED, State.BASELINE)


@dataclass(frozen=True)
class Wanted:
    """Which notices; `period` is a month such as 2026-03, with the days in it."""

    period: str = ""
    kind: Kind | None = None
    state: State | None = None
    unit: str = ""
    rehearsals: bool = False

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.period:
            # A month's days come after it and before the next month, as text too.
            month = int(self.period[5:])
            yield notice.c.period >= self.period
            yield notice.c.period < f"{self.period[:5]}{month + 1:02}"
        if self.kind:
            yield notice.c.kind == self.kind
        if self.unit:
            yield notice.c.unit == self.unit
        if not self.rehearsals:
            yield notice.c.rehearsal.is_(False)


def page_of(
    connection: Connection, wanted: Wanted, before: str = "", most: int = PAGE
) -> list[NoticeView]:
    """Up to so many, newest first: the first ones, or those that follow the notice `before`."""
    query = select(notice.c.key).where(*wanted.conditions())
    if wanted.state:
        query = query.where(_is_in(wanted.state))
    if before:
        created = select(notice.c.created).where(notice.c.key == before).scalar_subquery()
        same_moment = (notice.c.created == created) & (notice.c.key < before)
        # The first condition alone goes along the index.
        query = query.where(notice.c.created <= created)
        query = query.where((notice.c.created < created) | same_moment)
    query = query.order_by(notice.c.created.desc(), notice.c.key.desc()).limit(most)
    keys = list(connection.scalars(query))
    return read_notices(connection, keys=keys)[::-1]


def _is_in(state: State) -> ColumnElement[bool]:
    """Few wait or were refused: they are found by their recipients, not by a look at each."""
    on_itself = notice.c.state == state
    if state in _ON_THE_NOTICE:
        return on_itself
    if state is State.SENT:
        return derived_state() == state
    some = select(recipient.c.notice).where(recipient.c.state == state)
    derived = notice.c.state.is_(None) & notice.c.key.in_(some) & (derived_state() == state)
    return (on_itself | derived) if state is State.REFUSED else derived


def refused(connection: Connection, wanted: Wanted) -> list[tuple[str, str]]:
    """Keys and units of what was refused and not sent again since; whatever `wanted.state` is."""
    newest = (notice.c.created.desc(), notice.c.key.desc())
    same = (notice.c.kind, notice.c.period, notice.c.unit)
    copies = (
        select(
            notice.c.key,
            notice.c.unit,
            derived_state().label("state"),
            func.row_number().over(partition_by=same, order_by=newest).label("place"),
        )
        .where(*wanted.conditions())
        .subquery()
    )
    query = select(copies.c.key, copies.c.unit).where(
        copies.c.place == 1, copies.c.state == State.REFUSED
    )
    return [(row.key, row.unit) for row in connection.execute(query.order_by(copies.c.key))]
