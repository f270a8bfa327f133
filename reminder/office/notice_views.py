"""Notices as the secretariat looks at them: a list, one with its history, and what may be done."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from reminder.domain.notices import CLEARED, UNREAD, Kind, State
from reminder.domain.timetable import MONTHS
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import notices
from reminder.ledger.counts import Tally, tally
from reminder.ledger.rows import read_history
from reminder.ledger.views import PAGE_SIZE, NoticeFilter, NoticeView, page_of, read_notice
from reminder.office import operations
from reminder.office.application import Application
from reminder.office.lookup import find_subject


@dataclass(frozen=True)
class NoticeList:
    """One page, newest first. `next_page` follows that key, empty on the last one.

    `counts` are of a month's digests; `to_resend` of all that a whole filter may send again.
    """

    views: list[NoticeView]
    next_page: str
    counts: Tally | None
    to_resend: int


def filter_by(app: Application, connection: Connection, typed: Mapping[str, str]) -> NoticeFilter:
    """Raises `DeclinedError` for what no notice has."""
    period, kind, state = typed["period"], typed["kind"], typed["state"]
    name, unit = typed["unit"].strip(), ""
    if period and period not in map(app.table.plan.period, MONTHS):
        raise DeclinedError("month_not_in_plan")
    if kind not in ("", *Kind) or state not in ("", *State):
        raise DeclinedError("no_such_kind_or_state")
    try:
        unit = find_subject(app, connection, name) if name else ""
    except UnknownError:
        raise DeclinedError("no_such_unit") from None
    return NoticeFilter(
        period=period,
        kind=Kind(kind) if kind else None,
        state=State(state) if state else None,
        unit=unit,
        rehearsals=bool(typed["rehearsals"]),
    )


def list_notices(
    app: Application, connection: Connection, wanted: NoticeFilter, before: str
) -> NoticeList:
    views = page_of(connection, wanted, before, PAGE_SIZE + 1)
    counts, to_resend = None, 0
    if wanted.kind is Kind.DIGEST and wanted.period:
        counts = tally(connection, wanted.kind, wanted.period)
    if wanted.kind in operations.RESENDABLE and wanted.period:
        to_resend = len(operations.to_resend(app, connection, wanted.kind, wanted.period))
    last = views[PAGE_SIZE - 1].key if len(views) > PAGE_SIZE else ""
    return NoticeList(views[:PAGE_SIZE], last, counts, to_resend)


@dataclass(frozen=True)
class NoticeDetails:
    """`copies` are the other ones, made of the same notice; `content` the stored mail."""

    view: NoticeView
    copies: list[NoticeView]
    history: list[RowMapping]
    content: bytes | None
    may_resend: bool
    may_drop: bool
    may_approve: bool


def read_details(app: Application, connection: Connection, key: str) -> NoticeDetails | None:
    view = read_notice(connection, key)
    if view is None:
        return None
    copies = operations.copies_of(connection, view)
    is_last = copies[-1].key == key
    return NoticeDetails(
        view,
        [copy for copy in copies if copy.key != key],
        read_history(connection, key),
        notices.content_of(connection, key),
        may_resend=is_last and operations.may_be_resent(app, connection, view),
        may_drop=is_last and not view.waiting and operations.may_be_dropped(view),
        may_approve=view.state is State.HELD and view.reason in (*UNREAD, *CLEARED),
    )


def read_content(connection: Connection, key: str) -> bytes | None:
    """The stored mail; none while it is not composed, and after 24 months."""
    return notices.content_of(connection, key)
