"""What a shell may offer in an id's place: of the folder in REMINDER_CONFIG, or the shipped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reminder.cli.context import load
from reminder.errors import ReminderError

if TYPE_CHECKING:
    from reminder.documents.office import Office


def unit_ids(incomplete: str) -> list[str]:
    office = _office()
    return _beginning(incomplete, office.table.directory.units if office else ())


def task_ids(incomplete: str) -> list[str]:
    office = _office()
    return _beginning(incomplete, (task.id for task in office.table.plan.tasks) if office else ())


def _office() -> Office | None:
    """None where files have mistakes: a shell that waits for an id is no place to name them."""
    try:
        return load()
    except (ReminderError, OSError):
        return None


def _beginning(incomplete: str, ids: Iterable[str]) -> list[str]:
    return [name for name in ids if name.startswith(incomplete)]
