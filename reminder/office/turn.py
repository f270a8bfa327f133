"""The year's turn: what is open of earlier years is done, carried over or ended."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain.characters import one_line
from reminder.domain.plan import Task
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.series import is_next_missing, turning_tables
from reminder.domain.status import TaskStatus, office_status
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Closing, Progress, Window
from reminder.errors import DeclinedError
from reminder.ledger import registrations
from reminder.ledger.registrations import read_progress
from reminder.office.application import Application
from reminder.office.completion import COMMAND
from reminder.office.holds import refuse_wrong_clock
from reminder.office.lookup import find_task
from reminder.office.stored_drafts import stop_done

WHY = 200  # characters of a reason


@dataclass(frozen=True)
class LeftTask:
    """A task of an earlier year that is not done: it is asked for, or `closing` says why not."""

    year: int
    task: Task
    window: Window
    status: TaskStatus
    leads: tuple[Unit, ...]
    closing: Closing | None


@dataclass(frozen=True)
class Turn:
    """`next_missing` is the year whose table is not there though the last one's last month has
    begun, else 0; `onto` are tasks of later tables, which others may be carried to."""

    next_missing: int
    left: tuple[LeftTask, ...]
    onto: tuple[Task, ...]

    @property
    def open(self) -> tuple[LeftTask, ...]:
        return tuple(one for one in self.left if not one.closing)

    @property
    def closed(self) -> tuple[LeftTask, ...]:
        return tuple(one for one in self.left if one.closing)


def read_turn(app: Application, connection: Connection, at: datetime) -> Turn:
    series, on = app.series, app.table.local_day(at)
    progress = read_progress(connection, app.table, app.settings.stream)
    turning = turning_tables(series, on)
    left = [one for table in turning for one in _left(table, on, progress)]
    later = [task for table in series[len(turning) :] for task in table.plan.tasks]
    onto = [task for task in later if task.id in app.table.of_task(task.id).windows]
    missing = series[-1].plan.year + 1 if is_next_missing(series, on) else 0
    return Turn(missing, tuple(left), tuple(one for one in onto if not progress.is_over(one.id)))


def _left(table: Timetable, on: date, progress: Progress) -> Iterator[LeftTask]:
    """In the table's order. What was closed before it was due can be undone too."""
    for window in table.windows.values():
        closing = progress.closed.get(window.task)
        is_open = window.due < on and not progress.is_settled(window)
        if window.task in progress.done or not (closing or is_open):
            continue
        task = table.plan.by_id[window.task]
        leads = tuple(table.directory[unit] for unit in table.lead_units(task))
        status = office_status(table, window, on, progress, leads)
        yield LeftTask(table.plan.year, task, window, status, leads, closing)


def carry(app: Application, task_id: str, onto: str, by: Signature = COMMAND) -> None:
    """结转: it is asked for as that task of a later year's table."""
    table = _earlier(app, task_id)
    later = app.series[app.series.index(table) + 1 :]
    target = next((other.plan for other in later if other.plan.has(onto)), None)
    if target is None:
        message = f"{onto!r} is no task of a year after {table.plan.year}"
        raise DeclinedError("no_task_to_carry_to", message, year=table.plan.year)
    _close(app, Act.CARRY, task_id, find_task(app.about(target.id, target.year), onto).id, by)


def end(app: Application, task_id: str, why: str, by: Signature = COMMAND) -> None:
    """终止: with a word; it is not asked for any more."""
    _earlier(app, task_id)
    if not why.strip():
        raise DeclinedError("no_reason_to_end", "wanted a word why it ends: --why TEXT")
    try:
        one_line(why.strip())
    except ValueError as error:
        raise DeclinedError("unseen_in_reason", f"--why {error}") from None
    if len(why) > WHY:
        message = f"the reason has more than {WHY} characters"
        raise DeclinedError("reason_too_long", message, most=WHY)
    _close(app, Act.END, task_id, why.strip(), by)


def undo(app: Application, task_id: str, by: Signature = COMMAND) -> None:
    """It is open again, and asked for as before."""
    _earlier(app, task_id)
    at = app.clock.now()
    with app.database.write(by.clerk) as connection:
        progress = read_progress(connection, app.table, app.settings.stream)
        if task_id not in progress.closed:
            message = f"{task_id} is neither carried over nor ended"
            raise DeclinedError("not_closed", message)
        registrations.add(connection, _act(app, Act.UNDO, task_id, "", by, at))


def _earlier(app: Application, task_id: str) -> Timetable:
    """The table that has it, of a year that turns; raises `DeclinedError`."""
    for table in turning_tables(app.series, app.table.local_day(app.clock.now())):
        if task_id in table.windows:
            return table
    message = f"{task_id!r} is no task of a year that a next table follows"
    raise DeclinedError("no_task_of_an_earlier_year", message)


def _close(app: Application, act: Act, task_id: str, words: str, by: Signature) -> None:
    refuse_wrong_clock(app.clock, app.tables)
    at = app.clock.now()
    with app.database.write(by.clerk) as connection:
        progress = read_progress(connection, app.table, app.settings.stream)
        if task_id in progress.done:
            raise DeclinedError("already_done", f"{task_id} is registered as done")
        registrations.add(connection, _act(app, act, task_id, words, by, at))
        progress = read_progress(connection, app.table, app.settings.stream)
        stop_done(connection, app.table.plan.id, progress, at)


def _act(
    app: Application, act: Act, task_id: str, words: str, by: Signature, at: datetime
) -> Registration:
    entry = Registration(at, act, "", "", task_id, by, message=words)
    return replace(entry, plan=app.table.plan.id)
