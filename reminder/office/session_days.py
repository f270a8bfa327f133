"""Days of sessions: as edits of the plan, and as its history tells of them.

A ledger of an earlier release keeps them beside the plan; with the first publication they become
part of it.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from reminder.documents.office import Office
from reminder.domain.edits import Edit
from reminder.domain.plan import Meeting
from reminder.domain.timetable import Timetable
from reminder.errors import ReminderError
from reminder.events import Event
from reminder.ledger.registrations import Days

log = logging.getLogger(__name__)

Load = Callable[[Mapping[str, bytes]], Office]


def session_edits(office: Office, plan: str, name: str, held: Meeting) -> list[Edit]:
    """To that day, in every year's table of the plan that has the session: it is one session."""
    day, until = held.day, held.until if held.length > 1 else None
    said = {"id": name, "date": day and day.isoformat(), "until": until and until.isoformat()}
    return [
        Edit(office.document_at(path), "session", said)
        for path, table in zip(office.paths, office.tables, strict=True)
        if table.plan.id == plan and name in table.plan.meetings
    ]


def with_session_days(office: Office, days: Days, load: Load) -> dict[str, bytes]:
    """The plans' texts that these days change; an empty plan id is any. Those that do not fit the
    plan were not in force either: they stay in the history."""
    wanted = list(_kept(office, days))
    together = [edit for edits in wanted for edit in edits]
    with suppress(ReminderError):
        return _changed(office.contents, together, load)
    contents = dict(office.contents)
    for edits in wanted:
        try:
            contents |= _changed(contents, edits, load)
        except ReminderError as error:
            words, passed = "%s was not in force on the day that was set: %s", Event.SESSION_PASSED
            log.warning(words, edits[0].args, error, extra=passed.of())
    return {name: text for name, text in contents.items() if text != office.contents.get(name)}


def _kept(office: Office, days: Days) -> Iterator[list[Edit]]:
    for plan, series in office.series.items():
        mine = {**days.get("", {}), **days.get(plan, {})}
        meetings = {name: m for table in series for name, m in table.plan.meetings.items()}
        for name in mine.keys() & meetings.keys():
            held = replace(meetings[name], day=mine[name])
            yield session_edits(office, plan, name, held)


def _changed(contents: Mapping[str, bytes], edits: Sequence[Edit], load: Load) -> dict[str, bytes]:
    """Raises `ReminderError` where they do not fit."""
    from reminder.documents.editing import apply  # of a ledger of an earlier release alone

    changes = {name: text for name, text in apply(contents, edits).items() if text is not None}
    load({**contents, **changes})
    return changes


def days_set(before: Office, after: Office) -> Iterator[tuple[str, str, date | None]]:
    """By plan and session those whose day is another now."""
    for plan, series in after.series.items():
        old = _days(before.series.get(plan, ()))
        for name, day in _days(series).items():
            if old.get(name) != day:
                yield plan, name, day


def _days(series: Sequence[Timetable]) -> dict[str, date | None]:
    return {name: held.day for table in series for name, held in table.plan.meetings.items()}
