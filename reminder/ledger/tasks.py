"""What is registered of the tasks, and since when the office is reminded."""

from datetime import date, datetime

from sqlalchemy import Connection, delete, select

from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger import registrations
from reminder.ledger.schema import history, start, task_done

COMMAND = Signature("", "command")
_DONE = select(task_done)
_STARTS = select(start)


def read_progress(connection: Connection, table: Timetable, stream: str) -> Progress:
    done: dict[str, date] = {}
    checked_in: dict[tuple[str, str], date] = {}
    for row in connection.execute(_DONE):
        day = date.fromisoformat(row.done_on)
        if row.period:
            checked_in[row.task, row.period] = day
        else:
            done[row.task] = day
    begun = read_start(connection, stream)
    reported = {
        (said.task, said.unit): said.done_on
        for said in registrations.pending(connection)
        if said.done_on and not said.period and said.task not in done
    }
    return Progress(done, checked_in, table.local_day(begun) if begun else None, reported)


def read_start(connection: Connection, stream: str) -> datetime | None:
    """When this office first started on that stream, in UTC.

    A move from SMTP back to Maildir is no first start; one from Maildir to SMTP is.
    """
    rows = {row.stream: row.at for row in connection.execute(_STARTS)}
    moment: datetime | None = rows.get(stream)
    if moment is None and stream == "maildir":
        return rows.get("smtp")
    return moment


def register_done(
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
    for said in registrations.pending(connection):
        if (said.task, said.period) == (task, period):
            settled = Registration(at, Act.CONFIRM, said.unit, period, task, by, done_on)
            registrations.add(connection, settled)
    same = (task_done.c.task == task) & (task_done.c.period == period)
    connection.execute(delete(task_done).where(same))
    connection.execute(
        task_done.insert().values(
            task=task, period=period, done_on=done_on.isoformat(), note=note, recorded=at
        )
    )
    _record(connection, task, "done", f"{done_on} {note}".strip(), at)


def reopen(
    connection: Connection,
    task: str,
    at: datetime,
    period: str | None = None,
    by: Signature = COMMAND,
) -> bool:
    """All of it, or one month's check-in, or with an empty period the task as a whole.

    What was confirmed to units is taken back from each of them. False when nothing was
    registered of it.
    """
    which = task_done.c.task == task
    if period is not None:
        which &= task_done.c.period == period
    removed = connection.execute(delete(task_done).where(which)).rowcount
    if not removed:
        return False
    for said in registrations.confirmed(connection, task):
        if period in (None, said.period):
            undone = Registration(at, Act.UNDO, said.unit, said.period, task, by)
            registrations.add(connection, undone)
    _record(connection, task, "open", "", at)
    return True


def _record(connection: Connection, task: str, state: str, detail: str, at: datetime) -> None:
    connection.execute(
        history.insert().values(
            at=at, subject=task, address=None, state=state, reason="registered", detail=detail
        )
    )
