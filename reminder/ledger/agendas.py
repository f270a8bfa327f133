"""Which feeds share their events: those with the same past that want the same now.

An agenda is the events that one or more feeds show. Each feed shows just what it would show if
it had events of its own; a hundred thousand units in a few groups have a few agendas.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import TypeVar

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from reminder.ledger.events import Draft, bring_in_step, copy_events, drop_outlived
from reminder.ledger.schema import event, feed, setting

_SECOND = timedelta(seconds=1)  # the grain of Last-Modified
_FORMED = setting.c.name == "feeds-formed"
_MADE_FROM = setting.c.name == "feeds-made-from"
_AT_ONCE = 5000  # feeds written by one statement
Wanted = TypeVar("Wanted", bound=Hashable)  # what a feed should show


def made_from(connection: Connection) -> str:
    """The fingerprint of what the events were last made from; empty before the first time."""
    found: str | None = connection.execute(select(setting.c.value).where(_MADE_FROM)).scalar()
    return found or ""


def note_made_from(connection: Connection, fingerprint: str) -> None:
    connection.execute(delete(setting).where(_MADE_FROM))
    connection.execute(insert(setting).values(name="feeds-made-from", value=fingerprint))


def read_formed(connection: Connection) -> datetime | None:
    """Since when the feeds are the same but for their events' own moments."""
    found: str | None = connection.execute(select(setting.c.value).where(_FORMED)).scalar()
    return datetime.fromisoformat(found) if found else None


def note_formed(connection: Connection, at: datetime, others: bool) -> None:
    """Before a change of the feeds; `others` says that more than events will move: the table,
    a feed's name, an event that is dropped.

    All feeds take a moment later than any before when that of their events would not do:
    because the table changes twice in a second, or the clock was set back.
    """
    at = at.replace(microsecond=0)
    youngest = connection.execute(select(func.max(event.c.last_modified))).scalar()
    moments = [moment for moment in (youngest, read_formed(connection)) if moment]
    following = max([at, *(moment + _SECOND for moment in moments)])
    if others or following > at:
        connection.execute(delete(setting).where(_FORMED))
        value = following.astimezone(UTC).isoformat()
        connection.execute(insert(setting).values(name="feeds-formed", value=value))


def agenda_of(connection: Connection, name: str) -> int:
    """0, which has no events, until the feed was first brought in step."""
    return connection.execute(select(feed.c.agenda).where(feed.c.name == name)).scalar() or 0


def sync_events(
    connection: Connection,
    wanted: Mapping[str, Wanted],
    drafts: Callable[[Wanted], Sequence[Draft]],
    at: datetime,
    is_over: Callable[[str], bool] = lambda entry: False,
    *,
    regroup: bool = True,
) -> None:
    """Makes each feed show the drafts of its contents, as `bring_in_step` does it.

    The drafts are asked for once an agenda, not once a feed. A feed that is not wanted any
    more has its events cancelled. Without `regroup` no feed may want other contents than the
    last time; the contents themselves may have moved.
    """
    at = at.replace(microsecond=0)
    drop_outlived(connection, at)
    new = _regroup(connection, wanted) if regroup else []
    shown = {agenda: wanted.get(name) for agenda, name in _samples(connection)}
    in_step = ((agenda, () if found is None else drafts(found)) for agenda, found in shown.items())
    bring_in_step(connection, in_step, at, is_over)
    if new:
        homes = _homes(connection, shown, drafts)
        begun = _take_in(connection, homes, {name: wanted[name] for name in new})
        fresh = ((agenda, drafts(found)) for agenda, found in begun.items())
        bring_in_step(connection, fresh, at, is_over)


def _regroup(connection: Connection, wanted: Mapping[str, Wanted]) -> list[str]:
    """Gives feeds that part with the others of their agenda a copy of it; the most stay.

    Returns the feeds that have no agenda yet.
    """
    new = dict.fromkeys(wanted)
    parties: dict[int, dict[Wanted | None, list[str]]] = {}
    for name, agenda in connection.execute(select(feed.c.name, feed.c.agenda)):
        parties.setdefault(agenda, {}).setdefault(wanted.get(name), []).append(name)
        new.pop(name, None)
    numbers = _numbers(connection)
    filled = set(connection.scalars(select(event.c.agenda).distinct()))
    for agenda, divided in parties.items():
        if agenda not in filled:
            _forget(connection, divided.pop(None, []))
        for names in sorted(divided.values(), key=len)[:-1]:
            number = next(numbers)
            copy_events(connection, agenda, to=number)
            _move(connection, names, number)
    return list(new)


def _homes(
    connection: Connection,
    shown: Mapping[int, Wanted | None],
    drafts: Callable[[Wanted], Sequence[Draft]],
) -> dict[Wanted, int]:
    """Agendas that a new feed may join: nothing else stands in them than what it wants."""
    counted = select(event.c.agenda, func.count()).group_by(event.c.agenda)
    sizes = {row[0]: row[1] for row in connection.execute(counted)}
    return {
        found: agenda
        for agenda, found in shown.items()
        if found is not None and sizes.get(agenda, 0) == len(drafts(found))
    }


def _take_in(
    connection: Connection, homes: Mapping[Wanted, int], new: Mapping[str, Wanted]
) -> dict[int, Wanted]:
    """Gives new feeds an agenda, and returns those agendas that have no events yet."""
    numbers = _numbers(connection)
    begun: dict[Wanted, int] = {}
    left = iter(new.items())
    while some := list(islice(left, _AT_ONCE)):
        rows = []
        for name, contents in some:
            agenda = homes.get(contents) or begun.get(contents)
            if agenda is None:
                agenda = begun[contents] = next(numbers)
            rows.append({"name": name, "agenda": agenda})
        connection.execute(insert(feed), rows)
    return {agenda: contents for contents, agenda in begun.items()}


def _samples(connection: Connection) -> Sequence[Row[int, str]]:
    """One feed of every agenda."""
    query = select(feed.c.agenda, func.min(feed.c.name)).group_by(feed.c.agenda)
    return connection.execute(query).all()


def _numbers(connection: Connection) -> Iterator[int]:
    highest: int | None = connection.execute(select(func.max(feed.c.agenda))).scalar()
    return count((highest or 0) + 1)


def _move(connection: Connection, names: list[str], agenda: int) -> None:
    statement = update(feed).where(feed.c.name == bindparam("of")).values(agenda=agenda)
    connection.execute(statement, [{"of": name} for name in names])


def _forget(connection: Connection, names: list[str]) -> None:
    if names:
        statement = delete(feed).where(feed.c.name == bindparam("of"))
        connection.execute(statement, [{"of": name} for name in names])
