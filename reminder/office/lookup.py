"""What people name: units, tasks, notices, months. Each raises an error with a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection

from reminder.domain.plan import Task
from reminder.domain.units import Unit
from reminder.errors import UnknownError, UsageError
from reminder.ledger.views import NoticeView, has_notices, read_notice

if TYPE_CHECKING:
    from reminder.office.application import Application


def find_unit(app: Application, name: str) -> Unit:
    """By id, full name or alias. Raises `UnknownError`."""
    unit = app.table.directory.named(name)
    if unit is None:
        raise UnknownError(f"no unit {name!r}", hint="`reminder units` lists them.")
    return unit


def find_subject(app: Application, connection: Connection, name: str) -> str:
    """The id under which a unit's notices stand, also of one that has left since.

    Raises `UnknownError`.
    """
    unit = app.table.directory.named(name)
    if unit is None and has_notices(connection, name):
        return name
    return find_unit(app, name).id


def find_task(app: Application, task_id: str) -> Task:
    task = app.table.plan.by_id.get(task_id)
    if task is None:
        raise UnknownError(f"no task {task_id!r}", hint="`reminder tasks` lists them.")
    return task


def find_notice(connection: Connection, key: str) -> NoticeView:
    view = read_notice(connection, key)
    if view is None:
        raise UnknownError(f"no notice {key!r}", hint="`reminder ledger list` lists them.")
    return view


def month_of(app: Application, period: str) -> int:
    """Of a period such as 2026-03. Raises `UsageError` for one that the plan has not."""
    plan = app.table.plan
    if month := plan.month_of(period):
        return month
    raise UsageError(f"no period {period!r} in this plan", hint=f"e.g. {plan.period(3)}")
