"""What is registered of tasks and meetings, by units and by the secretariat."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, Select, bindparam, delete, exists, func, select

from reminder.domain.notices import Kind
from reminder.domain.registrations import (
    BY_MAIL,
    DECIDING,
    OF_UNITS,
    Act,
    Channel,
    Registration,
    Signature,
)
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Closing, Progress
from reminder.ledger.database import Place, known_revision, reading
from reminder.ledger.history import note_act, read_history
from reminder.ledger.occasions import goes_on, read_start
from reminder.ledger.rows import put
from reminder.ledger.schema import (
    REVISION,
    meeting_date,
    notice,
    registration,
    reminded,
    start,
    task_done,
)


def add(connection: Connection, new: Registration) -> int:
    """Returns its number."""
    day = new.done_on.isoformat() if new.done_on else ""
    row = vars(new) | vars(new.by) | {"done_on": day, "channel": new.by.channel or ""}
    del row["by"], row["id"]
    query = registration.insert().values(row).returning(registration.c.id)
    return connection.scalar(query) or 0


@cache  # to make a statement takes longer than to run it
def _in_force(*columns: str) -> Select[Any]:
    later = registration.alias()
    overruled = exists().where(
        later.c.plan == registration.c.plan,
        later.c.task == registration.c.task,
        later.c.unit == registration.c.unit,
        later.c.period == registration.c.period,
        later.c.id > registration.c.id,
        later.c.act.in_(DECIDING),
    )
    query = select(registration).where(~overruled).order_by(registration.c.id)
    return query.where(*(registration.c[name] == bindparam(name) for name in columns))


def in_force(connection: Connection, plan: str, act: Act, **of: str) -> list[Registration]:
    """Where that act is the last word on the task or month, oldest first: signatures, reports
    that wait for the secretariat, or what it has confirmed; `of` that unit, task or period."""
    return _read(connection, _in_force("plan", "act", *of), plan=plan, act=act, **of)


def of_unit(connection: Connection, plan: str, unit: str, most: int = 500) -> list[Registration]:
    """The latest, the last one first."""
    query = select(registration).filter_by(plan=plan, unit=unit)
    return _read(connection, query.order_by(registration.c.id.desc()).limit(most))


def read_all(connection: Connection, plan: str) -> list[Registration]:
    """The first one first."""
    query = select(registration).where(registration.c.plan == plan)
    return _read(connection, query.order_by(registration.c.id))


def latest_on_tasks(
    connection: Connection, plan: str, periods: Collection[str] = ("",)
) -> dict[tuple[str, str], Registration]:
    """Of each task and unit the last word, of tasks as a whole or of those periods' check-ins."""
    last = select(func.max(registration.c.id)).where(
        registration.c.plan == plan,
        registration.c.act.in_(list(Act)),
        registration.c.period.in_(periods),
        registration.c.task != "",
    )
    last = last.group_by(registration.c.task, registration.c.unit)
    rows = _read(connection, select(registration).where(registration.c.id.in_(last)))
    return {(row.task, row.unit): row for row in rows}


def latest_progress(connection: Connection, plan: str) -> dict[tuple[str, str], Registration]:
    """What units have told last of each task, by the task and the month of a year-round one's
    check-in."""
    last = select(func.max(registration.c.id)).where(
        registration.c.plan == plan, registration.c.act == Act.PROGRESS
    )
    last = last.group_by(registration.c.task, registration.c.period)
    rows = _read(connection, select(registration).where(registration.c.id.in_(last)))
    return {(row.task, row.period): row for row in rows}


def count_like(connection: Connection, new: Registration, since: datetime) -> int:
    """How often the unit itself has done the same since: reported completion of that task, or told
    of progress or signed at all."""
    same = ("act", "unit", "task", "period") if new.act is Act.FINISH else ("act", "unit")
    query = select(func.count()).where(registration.c.at >= since)
    query = query.where(registration.c.plan == new.plan, registration.c.channel == "")
    query = query.where(*(registration.c[name] == getattr(new, name) for name in same))
    return connection.scalar(query) or 0


def count_by_mail(connection: Connection, unit: str, since: datetime) -> int:
    """What that unit has registered by replies since, of all plans."""
    of_unit = (registration.c.unit == unit) & (registration.c.at >= since)
    by_itself = registration.c.link.startswith(BY_MAIL) & (registration.c.channel == "")
    return connection.scalar(select(func.count()).where(of_unit, by_itself)) or 0


def newest(connection: Connection) -> int:
    """The last one's number; 0 when there is none."""
    return connection.scalar(select(func.max(registration.c.id))) or 0


def untold(
    connection: Connection, since: datetime, **of: str
) -> dict[tuple[str, str], tuple[list[Registration], datetime | None]]:
    """By plan and unit: what it has registered since, of which no receipt tells; and when its last
    receipt was due. `of` may be one plan and unit. Who has signed by telephone is told nothing."""
    query = select(registration).where(registration.c.act.in_(OF_UNITS))
    query = query.where((registration.c.act != Act.SIGN) | (registration.c.channel == ""))
    query = query.where(registration.c.at >= since).order_by(registration.c.id)
    receipts = select(notice.c.key, notice.c.due).where(notice.c.due >= since)
    receipts = receipts.filter_by(kind=Kind.RECEIPT, **of)
    # By the number in the key; a receipt of what was sent back is none of these.
    due = {int(key.split("/")[-2]): due for key, due in connection.execute(receipts)}
    untold: dict[tuple[str, str], tuple[list[Registration], datetime | None]] = {}
    for item in _read(connection, query.filter_by(**of)):
        if item.id in due:
            untold[item.plan, item.unit] = [], due[item.id]
        else:
            untold.setdefault((item.plan, item.unit), ([], None))[0].append(item)
    return {whose: (items, last) for whose, (items, last) in untold.items() if items}


def _read(connection: Connection, query: Select[Any], **values: object) -> list[Registration]:
    return [
        Registration(
            at=row.at,
            act=Act(row.act),
            unit=row.unit,
            period=row.period,
            task=row.task,
            by=_signature(row),
            done_on=date.fromisoformat(row.done_on) if row.done_on else None,
            percent=row.percent,
            message=row.message,
            plan=row.plan,
            id=row.id,
        )
        for row in connection.execute(query, values)
    ]


def _signature(row: Row[Any]) -> Signature:
    channel = Channel(row.channel) if row.channel else None
    return Signature(row.who, row.link, channel, row.clerk)


_TASKS_DONE = select(task_done).where(task_done.c.plan == bindparam("of_plan"))


def read_progress(connection: Connection, table: Timetable, stream: str) -> Progress:
    plan = table.plan.id
    rows = connection.execute(_TASKS_DONE, {"of_plan": plan})
    days = {(row.task, row.period): date.fromisoformat(row.done_on) for row in rows}
    done = {task: day for (task, period), day in days.items() if not period}
    checked_in = {key: day for key, day in days.items() if key[1]}
    reported = {
        (report.task, report.unit, report.period): report.done_on
        for report in in_force(connection, plan, Act.FINISH)
        if report.done_on and report.task not in done
    }
    begun = read_start(connection, stream, plan)
    closed = {
        one.task: _closing(one, table.local_day(one.at))
        for one in _read(connection, _in_force("plan", "unit"), plan=plan, unit="")
        if one.act in (Act.CARRY, Act.END)
    }
    started = table.local_day(begun) if begun else None
    return Progress(done, checked_in, started, reported, closed)


def _closing(act: Registration, on: date) -> Closing:
    if act.act is Act.CARRY:
        return Closing(on, onto=act.message)
    return Closing(on, why=act.message)


def carry_task(connection: Connection, plan: str, task: str, onto: str) -> None:
    """What is registered of that task is that of another key from now on; not where something is
    registered of that one already."""
    for of in (task_done, registration, reminded):
        rows = of.update().where(of.c.plan == plan, of.c.task == task)
        known = select(of.c.task).where(of.c.plan == plan, of.c.task == onto).limit(1)
        if connection.execute(known).first() is None:
            connection.execute(rows.values(task=onto))


def ids_used(connection: Connection, table: Timetable) -> list[str]:
    """Of the table's tasks those of which the ledger knows something already: their ids are of an
    earlier year's tasks, whose file may be gone."""
    used: set[str] = set()
    for of in (task_done, registration, reminded):
        used |= set(connection.scalars(select(of.c.task).filter_by(plan=table.plan.id)))
    return sorted(used.intersection(table.plan.by_id))


def ids_used_before(place: Place, tables: Iterable[Timetable]) -> dict[tuple[str, int], list[str]]:
    """By plan and year, of tables that have not begun; of a ledger as it lies there. Raises
    `LedgerError`."""
    with reading(place) as connection:
        if known_revision(connection, place) != REVISION:
            return {}
        starts = connection.execute(select(start)).all()
        new = [table for table in tables if goes_on(table, starts)]
        return {(table.plan.id, table.plan.year): ids_used(connection, table) for table in new}


def done_in(place: Place) -> Mapping[str, set[str]]:
    """Tasks by plan, likewise. Raises `LedgerError`."""
    tasks = defaultdict[str, set[str]](set)
    with reading(place) as connection:
        if known_revision(connection, place) == REVISION:
            for row in connection.execute(select(task_done.c.plan, task_done.c.task)):
                tasks[row.plan].add(row.task)
    return tasks


def note_done(
    connection: Connection,
    plan: str,
    task: str,
    period: str,
    done_on: date,
    note: str,
    at: datetime,
) -> None:
    """For good, or with a period for that month's check-in of a year-round task."""
    day = done_on.isoformat()
    row = {"plan": plan, "task": task, "period": period}
    put(connection, task_done, row | {"done_on": day, "note": note, "recorded": at})
    note_act(connection, at, f"{plan}/{task}", "done", f"{day} {note}".strip())


def forget_done(
    connection: Connection, plan: str, task: str, period: str | None, at: datetime
) -> bool:
    """All of it, or of that period. False when nothing was registered."""
    which = (task_done.c.plan == plan) & (task_done.c.task == task)
    if period is not None:
        which &= task_done.c.period == period
    removed = connection.execute(delete(task_done).where(which)).rowcount
    if removed:
        note_act(connection, at, f"{plan}/{task}", "open", "")
    return bool(removed)


SET = "set"
UNSET = "unset"


Days = Mapping[str, Mapping[str, date]]


def read_dates(connection: Connection) -> Days:
    """What a ledger of an earlier release has beside the plans: by the plan's id, which may be
    empty, and the meeting's; also of what no plan has any more."""
    days: dict[str, dict[str, date]] = {}
    for row in connection.execute(_DATES):
        days.setdefault(row.plan, {})[row.meeting] = date.fromisoformat(row.day)
    return days


_DATES = select(meeting_date).order_by(meeting_date.c.plan, meeting_date.c.meeting)


def forget_dates(connection: Connection) -> None:
    """They are part of the plans now."""
    connection.execute(delete(meeting_date))


def note_date(
    connection: Connection, plan: str, meeting: str, day: date | None, at: datetime
) -> None:
    text = day.isoformat() if day else ""
    note_act(connection, at, f"{plan}/meeting/{meeting}", SET if day else UNSET, text)


def read_changes(connection: Connection, plan: str, meeting: str) -> list[RowMapping]:
    """The last one first: `at`, `state` (set, unset), `detail` (the day)."""
    # What a ledger with one plan has noted names no plan.
    return read_history(connection, f"{plan}/meeting/{meeting}", f"meeting/{meeting}")[::-1]
