"""办结: what the secretariat makes of what units say, or registers itself; and taking it back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.characters import one_line
from reminder.domain.plan import TaskKind
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.windows import Progress
from reminder.errors import DeclinedError, Mistake, UsageError
from reminder.ledger import registrations
from reminder.office.application import Application
from reminder.office.holds import refuse_wrong_clock
from reminder.office.lookup import find_task, month_of
from reminder.office.stored_drafts import stop_done

COMMAND = Signature("", "command")


def confirm(app: Application, unit: str, task: str, period: str, by: Signature) -> None:
    """办结: the light turns grey, the leads' own feeds and the next digests follow."""
    at = app.clock.now()
    with app.database.write(by.clerk) as connection:
        report = _waiting(app, connection, unit, task, period)
        day = report.done_on or app.table.local_day(at)
        close(connection, report.plan, [(task, period)], day, "", at, by)
        stop_done(connection, app.table.plan.id, progress_in(app, connection), at)
    app.sync_feeds(at)


def send_back(
    app: Application, unit: str, task: str, period: str, words: str, by: Signature
) -> None:
    """With a word: the unit reads it in a mail and on its page, and is reminded as before."""
    if not words.strip():
        raise DeclinedError("no_reason_to_return")
    at = app.clock.now()
    with app.database.write(by.clerk) as connection:
        _waiting(app, connection, unit, task, period)
        answer = Registration(at, Act.RETURN, unit, period, task, by, plan=app.table.plan.id)
        answer = replace(answer, message=words.strip())
        answer = replace(answer, id=registrations.add(connection, answer))
        app.containers.receipts.send_back(connection, answer)
    app.wake()


def undo(app: Application, unit: str, task: str, period: str, by: Signature) -> None:
    """Takes back a signing (no task), a report of completion, or 办结 of a task."""
    at = app.clock.now()
    undone = Registration(at, Act.UNDO, unit, period, task, by, plan=app.table.plan.id)
    with app.database.write(by.clerk) as connection:
        if not task:
            of = {"unit": unit, "period": period}
            if not registrations.in_force(connection, undone.plan, Act.SIGN, **of):
                raise DeclinedError("no_signing_to_undo")
            registrations.add(connection, undone)
            return
        if not _reopen(connection, undone.plan, task, period, at, by):
            _waiting(app, connection, unit, task, period)
            registrations.add(connection, undone)
    app.sync_feeds(at)


def _waiting(
    app: Application, connection: Connection, unit: str, task: str, period: str
) -> Registration:
    of = {"unit": unit, "task": task, "period": period}
    for report in registrations.in_force(connection, app.table.plan.id, Act.FINISH, **of):
        return report
    raise DeclinedError("already_handled")


def register(
    app: Application,
    task_ids: Iterable[str],
    month: str | None,
    on: date | None,
    note: str,
    by: Signature = COMMAND,
) -> list[str]:
    """Tasks as done: for good, or for that month's check-in of a year-round task. Their keys."""
    if note:
        try:
            one_line(note)
        except Mistake as error:
            raise UsageError.because("wrong_value", option="--note", wrong=error.sentence) from None
    refuse_wrong_clock(app.clock, app.tables)
    at = app.clock.now()
    tasks = [_registrable(app, task_id, month) for task_id in task_ids]
    day = on or app.table.local_day(at)
    if day > app.table.local_day(at):
        raise UsageError.because("day_to_come", day=day)
    with app.database.write(by.clerk) as connection:
        close(connection, app.table.plan.id, tasks, day, note, at, by)
        stop_done(connection, app.table.plan.id, progress_in(app, connection), at)
    app.sync_feeds(at)
    return [key for key, _ in tasks]


def _registrable(app: Application, task_id: str, month: str | None) -> tuple[str, str]:
    """With the period of its check-in, which only a year-round one has."""
    app = app.about_task(task_id)
    number = month_of(app, month) if month else 0
    task = find_task(app, task_id, number)
    if task.kind is TaskKind.STANDING:
        raise UsageError.because("remark_is_never_done", task=task_id)
    if not month:
        return task.id, ""
    if task.kind is TaskKind.YEAR:
        return task.id, month
    months = app.table.months_of(task)
    if number not in months:
        period = app.table.plan.period(months[-1])
        raise UsageError.because("task_of_other_month", task=task_id, period=period, month=month)
    return task.id, ""


def reopen(
    app: Application, task_id: str, period: str | None = None, by: Signature = COMMAND
) -> None:
    """All of it, or one month's check-in, or with an empty period the task as a whole."""
    task_id, at = find_task(app, task_id).id, app.clock.now()
    with app.database.write(by.clerk) as connection:
        if not _reopen(connection, app.table.plan.id, task_id, period, at, by):
            raise DeclinedError("not_registered_as_done", f"{task_id} is not registered as done")
    app.sync_feeds(at)


def close(
    connection: Connection,
    plan: str,
    tasks: Iterable[tuple[str, str]],
    day: date,
    note: str,
    at: datetime,
    by: Signature,
) -> None:
    """What units have reported of them is settled with it."""
    for task, period in tasks:
        of = {"task": task, "period": period}
        for report in registrations.in_force(connection, plan, Act.FINISH, **of):
            settled = replace(report, at=at, act=Act.CONFIRM, by=by, done_on=day, message="")
            registrations.add(connection, settled)
        registrations.note_done(connection, plan, task, period, day, note, at)


def _reopen(
    connection: Connection,
    plan: str,
    task: str,
    period: str | None,
    at: datetime,
    by: Signature,
) -> bool:
    """What was confirmed to units is taken back from each of them. False when nothing was
    registered of it."""
    if not registrations.forget_done(connection, plan, task, period, at):
        return False
    for report in registrations.in_force(connection, plan, Act.CONFIRM, task=task):
        if period in (None, report.period):
            undone = replace(report, at=at, act=Act.UNDO, by=by, done_on=None)
            registrations.add(connection, undone)
    return True


def progress_in(app: Application, connection: Connection) -> Progress:
    return registrations.read_progress(connection, app.table, app.settings.stream)
