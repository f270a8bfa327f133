"""What units and the secretariat have registered: rows are added, never changed."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, select

from reminder.domain.registrations import DECIDING, OF_UNITS, Act, Registration, Signature
from reminder.storage.ledger.schema import registration


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


# Asked at each tick: made once, for making a statement takes longer than running it.
_PENDING = _standing(Act.FINISH)
_PENDING_OF_UNIT = _PENDING.where(registration.c.unit == bindparam("of_unit"))
_CONFIRMED = _standing(Act.CONFIRM).where(registration.c.task == bindparam("of_task"))


def add(connection: Connection, said: Registration) -> int:
    """Returns its number."""
    row = {
        "at": said.at,
        "act": said.act,
        "unit": said.unit,
        "period": said.period,
        "task": said.task,
        "done_on": said.done_on.isoformat() if said.done_on else "",
        "percent": said.percent,
        "words": said.words,
        "who": said.by.who,
        "link": said.by.link,
    }
    added = connection.execute(registration.insert().values(row))
    [number] = added.inserted_primary_key or (0,)
    return int(number)


def of_unit(connection: Connection, unit: str, most: int = 500) -> list[Registration]:
    """The latest, the last one first."""
    return _read(connection, select(registration).where(registration.c.unit == unit), most)


def of_task(connection: Connection, task: str, most: int = 500) -> list[Registration]:
    """Of all units, the last one first."""
    return _read(connection, select(registration).where(registration.c.task == task), most)


def latest(connection: Connection, most: int) -> list[Registration]:
    return _read(connection, select(registration), most)


def each(connection: Connection) -> Iterator[Registration]:
    """All, the first one first, and no more than some hundreds at a time."""
    query = select(registration).order_by(registration.c.id)
    for row in connection.execute(query, execution_options={"yield_per": 500}):
        yield _registration(row)


def signed(
    connection: Connection, period: str, units: Collection[str] | None = None
) -> dict[str, Registration]:
    """Who has signed that month; what was undone does not count."""
    return {said.unit: said for said in _last_words(connection, period, units)}


def signed_months(connection: Connection, unit: str) -> dict[str, Registration]:
    return {said.period: said for said in _last_words(connection, None, [unit])}


def pending(connection: Connection, unit: str | None = None) -> list[Registration]:
    """What units say is done and nobody has confirmed or sent back, oldest first."""
    query = _PENDING if unit is None else _PENDING_OF_UNIT
    return [_registration(row) for row in connection.execute(query, {"of_unit": unit})]


def confirmed(connection: Connection, task: str) -> list[Registration]:
    """What units said is done and nobody has taken back since it was confirmed."""
    return [_registration(row) for row in connection.execute(_CONFIRMED, {"of_task": task})]


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
    found = connection.execute(select(registration).where(registration.c.id.in_(last)))
    return {(row.task, row.unit): _registration(row) for row in found}


def count_since(connection: Connection, unit: str, since: datetime) -> int:
    """How often the unit itself has registered something."""
    query = select(func.count()).select_from(registration)
    query = query.where(
        registration.c.unit == unit,
        registration.c.at >= since,
        registration.c.act.in_(OF_UNITS),
    )
    return connection.scalar(query) or 0


def _last_words(
    connection: Connection, period: str | None, units: Collection[str] | None
) -> Iterator[Registration]:
    # Not by the index on tasks, which SQLite prefers: there every month ever signed is one.
    of_a_month = func.coalesce(registration.c.task, "") == ""
    last = select(func.max(registration.c.id)).where(
        registration.c.act.in_([Act.SIGN, Act.UNDO]), of_a_month
    )
    if period is not None:
        last = last.where(registration.c.period == period)
    if units is not None:
        last = last.where(registration.c.unit.in_(units))
    last = last.group_by(registration.c.period, registration.c.unit)
    query = select(registration).where(registration.c.id.in_(last))
    for row in connection.execute(query.where(registration.c.act == Act.SIGN)):
        yield _registration(row)


def _read(connection: Connection, query: Select[Any], most: int) -> list[Registration]:
    query = query.order_by(registration.c.id.desc()).limit(most)
    return [_registration(row) for row in connection.execute(query)]


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
        words=row.words,
        id=row.id,
    )
