"""What people name: units, tasks, notices, months. Each raises an error with a hint."""

from dataclasses import dataclass

from sqlalchemy import Connection

from reminder.domain.plan import Plan, Task
from reminder.domain.series import running
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.errors import UnknownError, UsageError
from reminder.ledger.views import NoticeFilter, NoticeView, page_of, read_notice
from reminder.office.application import Application


@dataclass(frozen=True)
class Choices:
    """What a page may be about instead: the tables that run, one of each plan, and all years of
    the plan that it is about."""

    plans: tuple[Plan, ...]
    years: tuple[int, ...]


def choices(app: Application, unit: str = "") -> Choices | None:
    """Of those that name the unit, if it is given; None where there is one table."""
    if len(app.tables) == 1:
        return None

    def named(table: Timetable) -> bool:
        return not unit or bool(table.named_as(unit)) or table is app.table

    today = app.table.local_day(app.clock.now())
    plans = (running(series, today) for series in app.office.series.values())
    years = tuple(table.plan.year for table in app.series if named(table))
    found = Choices(tuple(table.plan for table in plans if named(table)), years)
    return found if len(found.plans) + len(found.years) > 2 else None


def about_unit(app: Application, unit: str) -> Application:
    """About the first plan that names the unit, unless this one does: no link of a unit opens
    another office's plan."""
    if len(app.tables) == 1 or app.table.named_as(unit):
        return app
    today = app.table.local_day(app.clock.now())
    tables = (running(series, today) for series in app.office.series.values())
    plan = next((table.plan for table in tables if table.named_as(unit)), app.table.plan)
    return app.about(plan.id, plan.year)


def about_owner(app: Application, name: str) -> Application:
    """About the only plan that has that task or session, unless one was asked for.

    Raises `UsageError` where several have it: ids are those of one plan.
    """
    if app.is_chosen or len(app.tables) == 1:
        return app
    owners = [
        plan
        for plan, series in app.office.series.items()
        if any(table.plan.has(name) or name in table.plan.meetings for table in series)
    ]
    if len(owners) > 1:
        raise UsageError.because("several_plans", name=name, plans=owners)
    return app.about(owners[0]) if owners and owners[0] != app.table.plan.id else app


def find_unit(app: Application, name: str) -> Unit:
    """By id, full name or alias. Raises `UnknownError`."""
    if unit := app.table.directory.named(name):
        return unit
    raise UnknownError.because("no_unit", name=name)


def find_subject(app: Application, connection: Connection, name: str) -> str:
    """The id under which a unit's notices stand, also of one that has left since.

    Raises `UnknownError`.
    """
    left = NoticeFilter(unit=name, rehearsals=True)
    has_left = app.table.directory.named(name) is None and page_of(connection, left, most=1)
    return name if has_left else find_unit(app, name).id


def find_task(app: Application, task_id: str, month: int = 0) -> Task:
    """By its key, ID@2026-07, or by its id alone: of a task that has several times the one that
    stands in that month, if only one does. Raises `UnknownError`, `UsageError`."""
    table = app.about_task(task_id).table
    if task := table.plan.by_id.get(task_id):
        return task
    times = [task for task in table.plan.tasks if task.table_id == task_id]
    if not times:
        raise UnknownError.because("no_task", name=task_id)
    of_month = [task for task in times if month and month in table.months_of(task)]
    if len(of_month) == 1:
        return of_month[0]
    keys = [task.id for task in of_month or times]
    raise UsageError.because("several_times", task=task_id, keys=keys)


def find_notice(connection: Connection, key: str) -> NoticeView:
    if view := read_notice(connection, key):
        return view
    raise UnknownError.because("no_notice", key=key)


def month_of(app: Application, period: str) -> int:
    """Of a period such as 2026-03. Raises `UsageError` for one that the plan has not."""
    if month := app.table.plan.month_of(period):
        return month
    plan = app.table.plan
    example = plan.period(plan.months[2])
    raise UsageError.because("no_period", period=period, plan=plan.name, example=example)
