"""Tasks registered as done by hand, or open again."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.characters import one_line
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Act, Registration, Signature
from reminder.errors import UsageError
from reminder.ledger import registrations
from reminder.office.application import Application
from reminder.office.lookup import find_task, month_of
from reminder.office.notice_writer import stop_done
from reminder.office.process import refuse_wrong_clock

COMMAND = Signature("", "command")


def register(
    app: Application,
    task_ids: Iterable[str],
    month: str | None,
    on: date | None,
    note: str,
    by: Signature = COMMAND,
) -> None:
    """Tasks as done: for good, or for that month's check-in of a year-round task."""
    if note:
        try:
            one_line(note)
        except ValueError as error:
            raise UsageError(f"--note {error}") from None
    refuse_wrong_clock(app.clock, app.table)
    at = app.clock.now()
    tasks = [_registrable(app, task_id, month) for task_id in task_ids]
    day, stream = on or app.table.local_day(at), app.settings.stream
    if day > app.table.local_day(at):
        raise UsageError(f"{day} is yet to come, wanted a day up to today")
    with app.database.write() as connection:
        for task in tasks:
            period = month if month and task.kind is TaskKind.YEAR else ""
            close_task(connection, task.id, period, day, note, at, by)
        stop_done(connection, registrations.read_progress(connection, app.table, stream), at)
    app.sync_feeds(at)


def _registrable(app: Application, task_id: str, month: str | None) -> Task:
    task = find_task(app, task_id)
    if task.kind is TaskKind.STANDING:
        raise UsageError(f"{task_id} is a standing remark: it is never done")
    if month and task.kind is TaskKind.MONTH and month != app.table.plan.period(task.month):
        raise UsageError(f"{task_id} belongs to {app.table.plan.period(task.month)}, not {month}")
    if month and task.kind is TaskKind.YEAR:
        month_of(app, month)
    return task


def reopen(
    app: Application, task_id: str, period: str | None = None, by: Signature = COMMAND
) -> None:
    """All of it, or as `reopen_task` takes a period."""
    find_task(app, task_id)
    at = app.clock.now()
    with app.database.write() as connection:
        if not reopen_task(connection, task_id, at, period, by):
            raise UsageError(f"{task_id} is not registered as done")
    app.sync_feeds(at)


def close_task(
    connection: Connection,
    task: str,
    period: str,
    done_on: date,
    note: str,
    at: datetime,
    by: Signature = COMMAND,
) -> None:
    """For good, or with a period for that month's check-in of a year-round task.

    What units have reported of it is settled with it.
    """
    for report in registrations.pending(connection):
        if (report.task, report.period) == (task, period):
            confirmed = Registration(at, Act.CONFIRM, report.unit, period, task, by, done_on)
            registrations.add(connection, confirmed)
    registrations.note_done(connection, task, period, done_on, note, at)


def reopen_task(
    connection: Connection, task: str, at: datetime, period: str | None, by: Signature
) -> bool:
    """All of it, or one month's check-in, or with an empty period the task as a whole.

    What was confirmed to units is taken back from each of them. False when nothing was
    registered of it.
    """
    if not registrations.forget_done(connection, task, period, at):
        return False
    for report in registrations.confirmed(connection, task):
        if period in (None, report.period):
            undone = Registration(at, Act.UNDO, report.unit, report.period, task, by)
            registrations.add(connection, undone)
    return True
