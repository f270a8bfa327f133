"""What units and readers have chosen, as it is kept: one row for each that has chosen anything."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
)

from reminder.domain.notices import Kind
from reminder.domain.preferences import EXPIRES, WHOLE, Pause, Preference, QuietHours
from reminder.ledger.history import actor, note_act
from reminder.ledger.rows import batched, put
from reminder.ledger.schema import notice, preference, recipient


def read_preferences(connection: Connection, units: Iterable[str]) -> dict[str, list[Preference]]:
    """By unit, the unit's own among them."""
    found = defaultdict[str, list[Preference]](list)
    for part in batched(units):
        query = select(preference).where(preference.c.unit.in_(part))
        for row in connection.execute(query.order_by(preference.c.address)):
            found[row.unit].append(_read(row))
    return found


def _read(row: Any) -> Preference:
    return Preference(
        row.unit,
        row.address,
        row.label,
        frozenset(Kind(kind) for kind in row.declined.split()),
        QuietHours.parse(row.quiet) if row.quiet else None,
        Pause(*map(date.fromisoformat, (row.pause_from, row.pause_until)))
        if row.pause_from
        else None,
        row.extra,
        row.confirmed,
        row.left,
        row.changed,
        row.who,
    )


def put_preference(
    connection: Connection, chosen: Preference, act: str, by: str, at: datetime
) -> Preference:
    """Also in the history: what was done, and from where."""
    chosen = replace(chosen, changed=at, who=actor(connection))
    pause = chosen.pause
    row = {name: getattr(chosen, name) for name in _AS_THEY_ARE} | {
        "declined": " ".join(sorted(chosen.declined)),
        "quiet": str(chosen.quiet or ""),
        "pause_from": pause.first.isoformat() if pause else "",
        "pause_until": pause.last.isoformat() if pause else "",
    }
    put(connection, preference, row)
    note_act(connection, at, _subject(chosen), act, by)
    return chosen


_AS_THEY_ARE = ("unit", "address", "label", "extra", "confirmed", "left", "changed", "who")


def drop_preference(
    connection: Connection, chosen: Preference, act: str, by: str, at: datetime
) -> None:
    mine = (preference.c.unit == chosen.unit) & (preference.c.address == chosen.address)
    connection.execute(delete(preference).where(mine))
    note_act(connection, at, _subject(chosen), act, by)


def _subject(chosen: Preference) -> str:
    return f"preference/{chosen.unit}/{chosen.address}".rstrip("/")


def forget_unconfirmed(connection: Connection, at: datetime) -> int:
    """Readers who were added and have not answered in time."""
    waiting = preference.c.extra & preference.c.confirmed.is_(None) & preference.c.left.is_(None)
    old = delete(preference).where(waiting, preference.c.changed <= at - EXPIRES)
    return connection.execute(old).rowcount


# Quiet hours


def may_be_woken(clock: str) -> ColumnElement[bool]:
    """Whether it is no quiet hour of a recipient's unit, nor of their own, by the clock `HH:MM`.

    Asked when it is claimed and not when it is queued, so that it counts for what waits, too.
    """
    begin, end = (func.substr(preference.c.quiet, n, 5, type_=String) for n in (1, 7))
    now = bindparam("clock", clock, type_=String)
    by_day = and_(begin < end, begin <= now, now < end)
    over_midnight = and_(begin > end, or_(now >= begin, now < end))
    theirs = preference.c.address.in_((WHOLE, func.lower(recipient.c.address)))
    of = notice.alias()
    asleep = (
        select(preference.c.unit)
        .join(of, of.c.unit == preference.c.unit)
        .where(of.c.key == recipient.c.notice, theirs, preference.c.quiet != "")
        .where(by_day | over_midnight)
        .correlate(recipient)
    )
    return ~asleep.exists()
