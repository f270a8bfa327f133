"""Of which publications units are told together, and what their digests had told them before."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from reminder.domain.notices import ON_ITS_WAY, Kind, State, still_reached
from reminder.domain.supplements import Batch
from reminder.domain.versions import Tell
from reminder.ledger.publications import note_told
from reminder.ledger.rows import batched, drop_setting, put_setting, read_setting
from reminder.ledger.schema import notice, publication, recipient

_OPEN, _REHEARSED = "supplement-open", "supplement-rehearsed"
_DECIDED = (publication.c.number, publication.c.at, publication.c.tell, publication.c.told)


def undecided(connection: Connection, *, rehearsal: bool) -> list[Row[Any]]:
    """Publications of which it is not decided yet whom to tell, the first one first: of a
    rehearsal those since its last decision, for it tells nobody."""
    after = int(read_setting(connection, _REHEARSED) or 0) if rehearsal else 0
    query = select(*_DECIDED).where(publication.c.told.is_(None), publication.c.number > after)
    return list(connection.execute(query.order_by(publication.c.number)))


def decide(
    connection: Connection, numbers: Collection[int], at: datetime, *, rehearsal: bool
) -> None:
    """That nobody is told of them by a mail of its own."""
    if rehearsal:
        put_setting(connection, _REHEARSED, str(max(numbers)))
    else:
        note_told(connection, numbers, at)


def open_batch(
    connection: Connection, numbers: Collection[int], at: datetime, *, rehearsal: bool
) -> None:
    """From now on units are told of them, until `close_batch`."""
    decide(connection, numbers, at, rehearsal=rehearsal)
    put_setting(connection, _name(_OPEN, rehearsal=rehearsal), f"{max(numbers)} {at.isoformat()}")


def read_open(connection: Connection, *, rehearsal: bool) -> tuple[int, datetime] | None:
    """The newest publication of the batch of which units are being told, and since when."""
    value = read_setting(connection, _name(_OPEN, rehearsal=rehearsal))
    if value is None:
        return None
    number, _, moment = value.partition(" ")
    return int(number), datetime.fromisoformat(moment)


def close_batch(connection: Connection, number: int, *, rehearsal: bool) -> None:
    """All its notices are there. Another process may have begun the next one meanwhile."""
    found = read_open(connection, rehearsal=rehearsal)
    if found and found[0] == number:
        drop_setting(connection, _name(_OPEN, rehearsal=rehearsal))


def _name(name: str, *, rehearsal: bool) -> str:
    return f"rehearsal/{name}" if rehearsal else name


def read_batch(connection: Connection, number: int) -> Batch:
    """Those that were decided together with that one; in a rehearsal, which decides nothing, all
    before it that are not decided."""
    told = connection.scalar(select(publication.c.told).where(publication.c.number == number))
    query = select(publication.c.number, publication.c.tell).order_by(publication.c.number)
    query = query.where(publication.c.told == told if told else publication.c.told.is_(None))
    rows = connection.execute(query.where(publication.c.number <= number)).all()
    return Batch(
        number,
        min(row.number for row in rows) - 1,
        tuple(row.number for row in rows if row.tell == Tell.NOW),
    )


def told_by_digest(connection: Connection, number: int) -> Batch:
    """Publications up to that one of which digests tell."""
    query = select(publication.c.number).where(publication.c.number <= number)
    query = query.where(publication.c.tell == Tell.DIGEST).order_by(publication.c.number)
    return Batch(number, 1, tuple(connection.scalars(query)))


@dataclass(frozen=True)
class PastTelling:
    """A unit's digest: of which month, and what was in force when it was composed; None while it
    waits without bytes, for it will tell what is in force then."""

    key: str
    period: str
    publication: int | None


def past_tellings(
    connection: Connection,
    plan: str,
    units: Collection[str],
    stream: str,
    at: datetime,
    *,
    rehearsal: bool,
) -> dict[str, list[PastTelling]]:
    """By unit, the first one first: digests that went or are on their way, and held ones."""
    went = select(recipient.c.notice).where(recipient.c.state.in_((*ON_ITS_WAY, State.SENT)))
    held = (notice.c.state == State.HELD) & (notice.c.useful_until > at)
    sent = notice.c.state.is_(None) & notice.c.sha256.is_not(None) & notice.c.key.in_(went)
    query = select(notice).where(or_(held, sent)).order_by(notice.c.period, notice.c.created)
    query = query.filter_by(plan=plan, kind=Kind.DIGEST, rehearsal=rehearsal)
    found: dict[str, list[PastTelling]] = defaultdict(list)
    for part in batched(units):
        for row in connection.execute(query.where(notice.c.unit.in_(part))):
            if still_reached(row.stream, stream):
                # What was composed before there were publications knew what came first.
                number = (row.publication or 1) if row.sha256 else None
                found[row.unit].append(PastTelling(row.key, row.period, number))
    return found
