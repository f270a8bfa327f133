"""The ledger as people look at it: its notices, one with its history, its copies and its moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping

from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.domain.notices import BY_CHOICE, NEEDLESS, Kind, Reason, State, original
from reminder.errors import DeclinedError, LedgerError, Mistake, UnknownError, UsageError
from reminder.ledger import copying, notices, upgrading
from reminder.ledger.copying import take_back
from reminder.ledger.counts import tally
from reminder.ledger.database import Place, place_of, sender_lock, server_mark
from reminder.ledger.history import read_history
from reminder.ledger.holds import Hold
from reminder.ledger.integrity import verify
from reminder.ledger.own_messages import by_channels
from reminder.ledger.registrations import done_in, ids_used_before
from reminder.ledger.upgrading import Upgrade
from reminder.ledger.views import PAGE_SIZE, NoticeFilter, NoticeView, page_of, read_notices
from reminder.mail.replicas import single_process_lock
from reminder.office import operations
from reminder.office.application import Application
from reminder.office.lookup import find_notice, find_subject

__all__ = ["NoticeView", "take_back", "verify"]

_GIVEN_UP = (Reason.DROPPED, Reason.DONE, Reason.DROPPED_FROM_PLAN, Reason.MOVED, *BY_CHOICE)


def periods_of(app: Application) -> list[str]:
    """The months of all years of the plan."""
    return [table.plan.period(month) for table in app.series for month in table.plan.months]


def filter_by(app: Application, connection: Connection, typed: Mapping[str, str]) -> NoticeFilter:
    """Raises `DeclinedError` for what no notice has."""
    period, kind, state, name = (typed[key].strip() for key in ("period", "kind", "state", "unit"))
    if period and period not in periods_of(app):
        raise DeclinedError("month_not_in_plan")
    if kind not in ("", *Kind) or state not in ("", *State):
        raise DeclinedError("no_such_kind_or_state")
    try:
        unit = find_subject(app, connection, name) if name else ""
    except UnknownError:
        raise DeclinedError("no_such_unit") from None
    return NoticeFilter(
        period,
        Kind(kind) if kind else None,
        State(state) if state else None,
        unit,
        rehearsals=bool(typed["rehearsals"]),
        plan=app.table.plan.id,
    )


def page_of_notices(
    app: Application, connection: Connection, wanted: NoticeFilter, before: str
) -> dict[str, Any]:
    """One page, newest first. `next_page` follows that key, empty on the last one; `counts` are of
    a month's digests, `to_resend` of all that a whole filter may send again."""
    views = page_of(connection, wanted, before, PAGE_SIZE + 1)
    counts, to_resend = None, 0
    if wanted.kind is Kind.DIGEST and wanted.period:
        counts = tally(connection, wanted.plan, wanted.kind, wanted.period)
    if wanted.kind in operations.RESENDABLE and wanted.period:
        to_resend = len(operations.to_resend(app, connection, wanted.kind, wanted.period))
    last = views[PAGE_SIZE - 1].key if len(views) > PAGE_SIZE else ""
    shown = {"views": views[:PAGE_SIZE], "next_page": last}
    return shown | {"counts": counts, "to_resend": to_resend}


def list_notices(
    app: Application, period: str | None, unit: str | None, state: State | None
) -> list[NoticeView]:
    """In the order in which they were made; `unit` by id, name or alias."""
    with app.database.read() as connection:
        unit_id = find_subject(app, connection, unit) if unit else None
        views = read_notices(connection, period=period, unit=unit_id, state=state)
    if not app.is_chosen:
        return views
    plan = app.table.plan
    mine = [view for view in views if view.plan == plan.id]
    return [v for v in mine if not app.year_is_chosen or plan.month_of(v.period[:7])]


def left_to_settle(app: Application, period: str | None, state: State | None) -> list[str]:
    """Keys; of a notice and its copies only the last: the others were sent again already. What
    was given up on purpose is left alone."""
    last = {original(view.key): view for view in list_notices(app, period, None, None)}
    return [
        view.key
        for view in last.values()
        if state in (None, view.state) and view.reason not in _GIVEN_UP
    ]


def notice_with_history(connection: Connection, key: str) -> tuple[NoticeView, list[RowMapping]]:
    """Raises `UnknownError`."""
    return find_notice(connection, key), read_history(connection, key)


def read_details(app: Application, connection: Connection, key: str) -> dict[str, Any]:
    """`copies` are the other ones, made of the same notice; `content` the stored mail.

    Raises `UnknownError`.
    """
    view, history = notice_with_history(connection, key)
    copies = operations.copies_of(connection, view)
    is_last = copies[-1].key == key
    may_drop = is_last and not view.waiting and operations.may_be_dropped(view)
    return {
        "view": view,
        "copies": [copy for copy in copies if copy.key != key],
        "history": history,
        "content": notices.content_of(connection, key),
        "shorts": [one.content for one in by_channels(connection, key)],
        "may_resend": is_last and operations.may_be_resent(app, connection, view),
        "may_drop": may_drop,
        "may_approve": view.state is State.HELD and view.reason not in NEEDLESS,
    }


def read_content(connection: Connection, key: str) -> bytes:
    """The stored mail. Raises `UnknownError` while it is not composed, and after 24 months."""
    content = notices.content_of(connection, key)
    if content is None:
        raise UnknownError.because("no_mail_kept", key=key)
    return content


def ids_used_again(office: Office) -> Iterator[tuple[str, list[str]]]:
    """Plans' names with ids of tasks that an earlier year has used, though its file is gone."""
    used: Mapping[tuple[str, int], list[str]] = {}
    with suppress(LedgerError):
        used = ids_used_before(office.settings.ledger, office.tables)
    for key, ids in used.items():
        if ids:
            yield office.tables[office.positions[key]].plan.name, ids


def done_otherwise(office: Office) -> Iterator[tuple[str, list[str]]]:
    """Keys under which tasks are registered as done that a revised table has no more, because it
    says another number of times; with the keys in their place, none of them registered."""
    registered: Mapping[str, set[str]] = {}
    with suppress(LedgerError):
        registered = done_in(office.settings.ledger)
    for plan, done in registered.items():
        tasks = [task for table in office.series.get(plan, ()) for task in table.plan.tasks]
        for key in sorted(done.difference(task.id for task in tasks)):
            now = [task.id for task in tasks if task.table_id == key.partition("@")[0]]
            if now and done.isdisjoint(now):
                yield key, now


def place_named(option: str, url: str) -> Place:
    """Raises `UsageError`, which never repeats the URL: it may hold a password."""
    try:
        return place_of(url)
    except Mistake as error:
        raise UsageError.because("wrong_value", option=option, wrong=error.sentence) from None


def backup(settings: Settings, target: Path) -> None:
    """Raises `LedgerError`."""
    copying.backup(settings.ledger, target, settings.lock_path.parent)


def restore(settings: Settings, copy: Path, at: datetime) -> Path | None:
    """While nobody delivers. Everything is held then. Where the ledger is now that was in use.

    Raises `LedgerError`.
    """
    place, state_dir = settings.ledger, settings.state_dir
    hold = Hold(Reason.RESTORED, at, copy.name)
    with single_process_lock(settings.lock_path) as ours:
        if not ours:
            raise LedgerError.because("other_process_delivers", place=place)
        return copying.restore(copy, place, hold, state_dir, server_mark(state_dir))


def upgrade(settings: Settings, *, dry_run: bool) -> Upgrade:
    """While nobody delivers from a file. Raises `LedgerError`."""
    place, room = settings.ledger, settings.lock_path.parent
    with single_process_lock(settings.lock_path) as ours:
        if not (ours or dry_run):
            raise LedgerError.because("other_process_delivers", place=place)
        return upgrading.upgrade(place, room, dry_run=dry_run)


def move(source: Place, target: Place, state_dir: Path) -> dict[str, int]:
    """While nobody delivers from it. How many rows each table has.

    Raises `LedgerError` where one of them is in use.
    """
    if source == target:
        raise UsageError.because("same_ledger", place=source)
    with single_process_lock(sender_lock(source, state_dir)) as ours:
        if not ours:
            raise LedgerError.because("other_process_delivers", place=source)
        return copying.copy(source, target, server_mark(state_dir))
