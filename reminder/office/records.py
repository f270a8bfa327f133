"""The ledger by hand: what it says of notices, its copies, its move to another database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reminder.documents.office import Office
from reminder.domain.notices import Reason, State, original
from reminder.errors import LedgerError, UsageError
from reminder.ledger import integrity
from reminder.ledger.location import Place, lock_beside, place_of, server_mark
from reminder.ledger.registrations import dates_of
from reminder.ledger.rows import read_history
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.replicas import single_process_lock
from reminder.office.lookup import find_notice, find_subject

if TYPE_CHECKING:
    from reminder.office.application import Application

__all__ = ["NoticeView", "Place"]

_GIVEN_UP = (Reason.DROPPED, Reason.DONE, Reason.DROPPED_FROM_PLAN, Reason.MOVED)


def list_notices(
    app: Application, period: str | None, unit: str | None, state: State | None
) -> list[NoticeView]:
    """In the order in which they were made; `unit` by id, name or alias."""
    with app.database.read() as connection:
        unit_id = find_subject(app, connection, unit) if unit else None
        return read_notices(connection, period=period, unit=unit_id, state=state)


def notice_with_history(app: Application, key: str) -> tuple[NoticeView, list[Mapping[Any, Any]]]:
    """Raises `UnknownError`."""
    with app.database.read() as connection:
        return find_notice(connection, key), [*read_history(connection, key)]


def left_to_settle(app: Application, period: str | None, state: State | None) -> list[str]:
    """Keys; of a notice and its copies only the last: the others were sent again already. What
    was given up on purpose is left alone."""
    last = {original(view.key): view for view in list_notices(app, period, None, None)}
    return [
        view.key
        for view in last.values()
        if state in (None, view.state) and view.reason not in _GIVEN_UP
    ]


def session_dates(office: Office) -> dict[str, date]:
    """As set by hand, in a ledger as it lies there; none where there is no ledger."""
    with suppress(LedgerError):
        return dates_of(office.settings.ledger)
    return {}


def backup(app: Application, file: Path) -> None:
    """Raises `LedgerError`."""
    integrity.backup(app.settings.ledger, file)


def verify(app: Application) -> list[str]:
    """What is wrong, in words; changes nothing."""
    return list(integrity.verify(app.settings.ledger))


def place_named(option: str, url: str) -> Place:
    """Raises `UsageError`, which never repeats the URL: it may hold a password."""
    try:
        return place_of(url)
    except ValueError as error:
        raise UsageError(f"{option} {error}") from None


def move(source: Place, target: Place, state_dir: Path) -> dict[str, int]:
    """While nobody delivers from it. How many rows each table has.

    Raises `LedgerError` where one of them is in use.
    """
    if source == target:
        raise UsageError(f"{source} is the source and the target, wanted two")
    with single_process_lock(lock_beside(source, state_dir)) as ours:
        if not ours:
            raise LedgerError(
                f"another process delivers from {source}", hint="Stop the daemon first."
            )
        return integrity.copy(source, target, server_mark(state_dir))


def take_back(source: Place) -> bool:
    """Opens a ledger again that was moved. False when it was not."""
    return integrity.take_back(source)
