"""When an office first started, and which occasions were planned and reported."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from reminder.domain.notices import Kind
from reminder.ledger.notices import AHEAD
from reminder.ledger.rows import put_new, put_setting, read_setting
from reminder.ledger.schema import occasion, start

_LAST_TICK = "last-tick"
_REMINDERS = "reminders-made-from"


def begin(connection: Connection, stream: str, at: datetime, *, held: bool) -> bool:
    """Writes the first start of that stream, once; True when this was it.

    From SMTP back to Maildir is no first start, nor is a second start on either.
    """
    streams = set(connection.scalars(select(start.c.stream)))
    if stream in streams or (stream == "maildir" and "smtp" in streams):
        return False
    connection.execute(start.insert().values(stream=stream, at=at, held=held))
    return True


def set_right(connection: Connection, at: datetime) -> None:
    """A first start that lies ahead was by a wrong clock: it is now."""
    connection.execute(update(start).where(start.c.at > at + AHEAD).values(at=at))


def note_tick(connection: Connection, at: datetime) -> None:
    put_setting(connection, _LAST_TICK, at.isoformat())


def last_tick(connection: Connection) -> datetime | None:
    value = read_setting(connection, _LAST_TICK)
    return datetime.fromisoformat(value) if value else None


def note_reminders_planned(connection: Connection, input_hash: str) -> None:
    put_setting(connection, _REMINDERS, input_hash)


def reminders_planned_from(connection: Connection) -> str | None:
    """What the reminders of a day were last planned from, all of them."""
    return read_setting(connection, _REMINDERS)


def note_occasion(
    connection: Connection, kind: Kind | str, period: str, due: datetime, at: datetime
) -> bool:
    """True when it is new."""
    row = {"key": f"{kind}/{period}", "kind": kind, "period": period}
    return put_new(connection, occasion, row | {"due": due, "planned_at": at})


def note_more(
    connection: Connection, kind: Kind | str, period: str, due: datetime, at: datetime
) -> bool:
    """For one that has new notices: if it is not new itself, its report comes once more."""
    new = note_occasion(connection, kind, period, due, at)
    if not new:
        report_again(connection, kind, period, at)
    return new


def input_hashes(connection: Connection, kind: Kind | str) -> dict[str, str | None]:
    """The periods whose occasion of that kind was planned, and from what when it was complete."""
    query = select(occasion.c.period, occasion.c.input_hash).where(occasion.c.kind == kind)
    return {row.period: row.input_hash for row in connection.execute(query)}


def note_complete(connection: Connection, kind: Kind | str, period: str, input_hash: str) -> None:
    """All its notices are there; from the same input there is nothing more to plan."""
    _update(connection, f"{kind}/{period}", input_hash=input_hash)


def begun(row: RowMapping) -> datetime:
    """From when on its notices could go."""
    planned, due = row["planned_at"], row["due"]
    assert isinstance(planned, datetime)
    assert isinstance(due, datetime)
    return max(planned, due)


def unreported(connection: Connection, at: datetime) -> Sequence[RowMapping]:
    """But for what was planned early, to be approved, until it is due."""
    early = (occasion.c.planned_at < occasion.c.due) & (occasion.c.due > at)
    query = select(occasion).where(occasion.c.reported_at.is_(None), ~early)
    return connection.execute(query.order_by(occasion.c.due)).mappings().all()


def note_reported(connection: Connection, key: str, at: datetime) -> None:
    _update(connection, key, reported_at=at)


def note_interim(connection: Connection, key: str, at: datetime) -> None:
    _update(connection, key, interim_at=at)


def report_again(connection: Connection, kind: str, period: str, at: datetime) -> None:
    """What became of an occasion changed after its report."""
    _update(connection, f"{kind}/{period}", planned_at=at, interim_at=None, reported_at=None)


def last_occasion(connection: Connection, at: datetime) -> RowMapping | None:
    """The digest, nudge or 待确认 occasion that was due last."""
    kinds = occasion.c.kind.in_([Kind.DIGEST, Kind.NUDGE, Kind.OVERDUE])
    query = select(occasion).where(kinds, occasion.c.due <= at)
    return connection.execute(query.order_by(occasion.c.due.desc()).limit(1)).mappings().first()


def _update(connection: Connection, key: str, **values: str | datetime | None) -> None:
    connection.execute(update(occasion).where(occasion.c.key == key).values(values))
