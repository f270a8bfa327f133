"""What is registered of tasks and meetings, by units and by the secretariat."""

from collections.abc import Collection
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    RowMapping,
    Select,
    bindparam,
    delete,
    exists,
    func,
    select,
)

from reminder.domain.notices import Kind
from reminder.domain.registrations import DECIDING, OF_UNITS, Act, Registration, Signature
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger.feeds import note_change
from reminder.ledger.location import Place
from reminder.ledger.opening import known_revision, reading
from reminder.ledger.rows import note_act, put, read_history
from reminder.ledger.schema import (
    REVISION,
    meeting_date,
    notice,
    registration,
    start,
    task_done,
)


@cache  # to make a statement takes longer than to run it
def _standing(act: Act) -> Select[Any]:
    """Where that act is the last that decides, oldest first."""
    later = registration.alias()
    overruled = exists().where(
        later.c.task == registration.c.task,
        later.c.unit == registration.c.unit,
        later.c.period == registration.c.period,
        later.c.id > registration.c.id,
        later.c.act.in_(DECIDING),
    )
    query = select(registration).where(registration.c.act == act, registration.c.task != "")
    return query.where(~overruled).order_by(registration.c.id)


def _signatures(column: ColumnElement[str]) -> Select[Any]:
    """Where signing is the last word on a month, in the rows of that unit or month."""
    # Not by the index on tasks, which SQLite prefers: there every month ever signed is one.
    of_a_month = func.coalesce(registration.c.task, "") == ""
    signs = registration.c.act.in_([Act.SIGN, Act.UNDO])
    last = select(func.max(registration.c.id)).where(signs, of_a_month, column == bindparam("of"))
    last = last.group_by(registration.c.period, registration.c.unit)
    query = select(registration).where(registration.c.id.in_(last))
    return query.where(registration.c.act == Act.SIGN)


# Put together once: pages ask these, and putting one together takes longer than asking it.
_PENDING = _standing(Act.FINISH)
_PENDING_OF = _PENDING.where(registration.c.unit == bindparam("of"))
_SIGNED, _SIGNED_BY = _signatures(registration.c.period), _signatures(registration.c.unit)
_LATEST = (
    select(registration)
    .where(registration.c.unit == bindparam("of"))
    .order_by(registration.c.id.desc())
    .limit(bindparam("most", type_=Integer))
)


def add(connection: Connection, new: Registration) -> int:
    """Returns its number."""
    row = {
        "at": new.at,
        "act": new.act,
        "unit": new.unit,
        "period": new.period,
        "task": new.task,
        "done_on": new.done_on.isoformat() if new.done_on else "",
        "percent": new.percent,
        "message": new.message,
        "who": new.by.who,
        "link": new.by.link,
    }
    added = connection.execute(registration.insert().values(row))
    [number] = added.inserted_primary_key or (0,)
    return int(number)


def of_unit(connection: Connection, unit: str, most: int = 500) -> list[Registration]:
    """The latest, the last one first."""
    return _read(connection, _LATEST, of=unit, most=most)


def read_all(connection: Connection) -> list[Registration]:
    """The first one first."""
    return _read(connection, select(registration).order_by(registration.c.id))


def signed(connection: Connection, period: str) -> dict[str, Registration]:
    """Who has signed that month; what was undone does not count."""
    return {one.unit: one for one in _read(connection, _SIGNED, of=period)}


def signed_months(connection: Connection, unit: str) -> dict[str, Registration]:
    return {one.period: one for one in _read(connection, _SIGNED_BY, of=unit)}


def pending(connection: Connection, unit: str | None = None) -> list[Registration]:
    """What units say is done and nobody has confirmed or sent back, oldest first."""
    if unit is None:
        return _read(connection, _PENDING)
    return _read(connection, _PENDING_OF, of=unit)


def confirmed(connection: Connection, task: str) -> list[Registration]:
    """What units said is done and nobody has taken back since it was confirmed."""
    return _read(connection, _standing(Act.CONFIRM).where(registration.c.task == task))


def latest_on_tasks(
    connection: Connection, periods: Collection[str] = ("",)
) -> dict[tuple[str, str], Registration]:
    """Of each task and unit the last word, of tasks as a whole or of those periods' check-ins."""
    last = select(func.max(registration.c.id)).where(
        registration.c.act.in_(list(Act)),
        registration.c.period.in_(periods),
        registration.c.task != "",
    )
    last = last.group_by(registration.c.task, registration.c.unit)
    rows = _read(connection, select(registration).where(registration.c.id.in_(last)))
    return {(row.task, row.unit): row for row in rows}


def count_like(connection: Connection, new: Registration, since: datetime) -> int:
    """How often the unit has done the same since: reported completion of that task, or told of
    progress or signed at all."""
    query = select(func.count()).select_from(registration)
    query = query.where(
        registration.c.unit == new.unit,
        registration.c.at >= since,
        registration.c.act == new.act,
    )
    if new.act is Act.FINISH:
        same = (registration.c.task == new.task) & (registration.c.period == new.period)
        query = query.where(same)
    return connection.scalar(query) or 0


def newest(connection: Connection) -> int:
    """The last one's number; 0 when there is none."""
    return connection.scalar(select(func.max(registration.c.id))) or 0


def untold(
    connection: Connection, since: datetime, *, after: int = 0, unit: str | None = None
) -> dict[str, tuple[list[Registration], datetime | None]]:
    """By unit: what it has registered since, after that number, of which no receipt tells; and
    when its last receipt was due."""
    query = select(registration).where(
        registration.c.id > after, registration.c.at >= since, registration.c.act.in_(OF_UNITS)
    )
    receipts = select(notice.c.key, notice.c.unit, notice.c.due).where(
        notice.c.kind == Kind.RECEIPT, notice.c.due >= since
    )
    if unit is not None:
        query = query.where(registration.c.unit == unit)
        receipts = receipts.where(notice.c.unit == unit)
    # By the number in the key; a receipt of what was sent back is none of these.
    due = {int(row.key.split("/")[-2]): row for row in connection.execute(receipts)}
    receipted: dict[str, tuple[int, datetime | None]] = {}
    if due:
        theirs = registration.c.act.in_(OF_UNITS) & (registration.c.id >= min(due))
        for number in connection.scalars(select(registration.c.id).where(theirs).order_by("id")):
            if number in due:
                receipted[due[number].unit] = number, due[number].due
    untold: dict[str, tuple[list[Registration], datetime | None]] = {}
    for item in _read(connection, query.order_by(registration.c.id)):
        number, last_due = receipted.get(item.unit, (0, None))
        if item.id > number:
            untold.setdefault(item.unit, ([], last_due))[0].append(item)
    return untold


def _read(connection: Connection, query: Select[Any], **values: object) -> list[Registration]:
    return [_registration(row) for row in connection.execute(query, values)]


def _registration(row: Row[Any]) -> Registration:
    return Registration(
        at=row.at,
        act=Act(row.act),
        unit=row.unit,
        period=row.period,
        task=row.task,
        by=Signature(row.who, row.link),
        done_on=date.fromisoformat(row.done_on) if row.done_on else None,
        percent=row.percent,
        message=row.message,
        id=row.id,
    )


def read_progress(connection: Connection, table: Timetable, stream: str) -> Progress:
    done: dict[str, date] = {}
    checked_in: dict[tuple[str, str], date] = {}
    for row in connection.execute(select(task_done)):
        day = date.fromisoformat(row.done_on)
        if row.period:
            checked_in[row.task, row.period] = day
        else:
            done[row.task] = day
    begun = read_start(connection, stream)
    reported = {
        (report.task, report.unit): report.done_on
        for report in pending(connection)
        if report.done_on and not report.period and report.task not in done
    }
    return Progress(done, checked_in, table.local_day(begun) if begun else None, reported)


def read_start(connection: Connection, stream: str) -> datetime | None:
    """When this office first started on that stream, in UTC.

    A move from SMTP back to Maildir is no first start; one from Maildir to SMTP is.
    """
    rows = {row.stream: row.at for row in connection.execute(select(start))}
    moment: datetime | None = rows.get(stream)
    if moment is None and stream == "maildir":
        return rows.get("smtp")
    return moment


def note_done(
    connection: Connection, task: str, period: str, done_on: date, note: str, at: datetime
) -> None:
    """For good, or with a period for that month's check-in of a year-round task."""
    day = done_on.isoformat()
    row = {"task": task, "period": period, "done_on": day, "note": note, "recorded": at}
    put(connection, task_done, row)
    note_act(connection, at, task, "done", f"{day} {note}".strip())


def forget_done(connection: Connection, task: str, period: str | None, at: datetime) -> bool:
    """All of it, or of that period. False when nothing was registered."""
    which = task_done.c.task == task
    if period is not None:
        which &= task_done.c.period == period
    removed = connection.execute(delete(task_done).where(which)).rowcount
    if removed:
        note_act(connection, at, task, "open", "")
    return bool(removed)


SET = "set"
UNSET = "unset"
_DATES = select(meeting_date.c.meeting, meeting_date.c.day).order_by(meeting_date.c.meeting)


def read_dates(connection: Connection) -> dict[str, date]:
    """By the meeting's id; also of meetings that no plan has any more."""
    return {row.meeting: date.fromisoformat(row.day) for row in connection.execute(_DATES)}


def dates_of(place: Place) -> dict[str, date]:
    """Of a ledger as it lies there, which is not made for this. Raises `LedgerError`."""
    with reading(place) as connection:
        return read_dates(connection) if known_revision(connection, place) == REVISION else {}


def set_date(connection: Connection, meeting: str, day: date, at: datetime) -> None:
    row = {"meeting": meeting, "day": day.isoformat(), "recorded": at}
    put(connection, meeting_date, row)
    note_change(connection)
    note_act(connection, at, _subject(meeting), SET, day.isoformat())


def unset_date(connection: Connection, meeting: str, at: datetime) -> bool:
    """The plan's own date counts again. False when none was set."""
    removed = connection.execute(delete(meeting_date).where(meeting_date.c.meeting == meeting))
    if removed.rowcount:
        note_change(connection)
        note_act(connection, at, _subject(meeting), UNSET, "")
    return bool(removed.rowcount)


def read_changes(connection: Connection, meeting: str) -> list[RowMapping]:
    """The last one first: `at`, `state` (set, unset), `detail` (the day)."""
    return read_history(connection, _subject(meeting))[::-1]


def _subject(meeting: str) -> str:
    return f"meeting/{meeting}"
