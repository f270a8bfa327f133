"""The days of sessions: what setting one would move, and setting it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.domain import changes
from reminder.domain.changes import NoticeMove
from reminder.domain.edits import DocumentDraft
from reminder.domain.persons import Person
from reminder.domain.plan import LONGEST_MEETING, Meeting, Task
from reminder.domain.timetable import Timetable
from reminder.domain.versions import Tell
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import registrations
from reminder.office.application import Application
from reminder.office.drafts import (
    DraftOutcome,
    add,
    draft_of,
    open_draft,
    outcome,
    place_of_edit,
    publish_at_once,
)
from reminder.office.effects import Effects, TableEffects, WindowMove, effects
from reminder.office.session_days import session_edits


@dataclass(frozen=True)
class DatedMeeting:
    """With the tasks that name it."""

    meeting: Meeting
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Preview:
    """What another day would move, None for none; `draft` is not kept by anybody."""

    dated: DatedMeeting
    held: Meeting
    draft: DocumentDraft = field(repr=False)
    outcome: DraftOutcome = field(repr=False)
    effects: Effects
    doubts: tuple[str, ...]

    @property
    def day(self) -> date | None:
        return self.held.day

    @property
    def _tables(self) -> list[TableEffects]:
        return [one for one in self.effects.tables if one.before and one.after]

    @property
    def windows(self) -> list[WindowMove]:
        return [move for one in self._tables for move in one.windows]

    @property
    def notices(self) -> list[NoticeMove]:
        return [move for one in self._tables for move in one.notices]

    @property
    def seen(self) -> str:
        """The same as long as the same would be shown."""
        return hashlib.sha256(
            repr((self.held, self.outcome.number, self.effects)).encode()
        ).hexdigest()[:32]


def dated_meetings(app: Application) -> list[DatedMeeting]:
    """In the plan's order by month."""
    plan = app.table.plan
    dated = [
        DatedMeeting(meeting, tuple(task for task in plan.tasks if name in task.timing.meetings))
        for name, meeting in plan.meetings.items()
    ]
    return sorted(dated, key=lambda dated: plan.term.month(dated.meeting.month))


def find_meeting(app: Application, name: str) -> DatedMeeting:
    for dated in dated_meetings(app):
        if dated.meeting.id == name:
            return dated
    raise UnknownError.because("no_meeting", name=name)


def date_changes(
    connection: Connection, plan: str, name: str
) -> list[tuple[datetime, date | None, str]]:
    """The last one first, with who did it; without a day where it was taken away."""
    return [
        (row["at"], date.fromisoformat(row["detail"]) if row["detail"] else None, row["who"])
        for row in registrations.read_changes(connection, plan, name)
    ]


def preview(
    app: Application,
    connection: Connection,
    name: str,
    day: date | None,
    until: date | None = None,
    who: str = "",
) -> Preview:
    """Without `until` it takes as many days as before. Raises `UnknownError`, and `DeclinedError`
    for a day that cannot be."""
    app.refresh_from(connection)
    table, dated = app.table, find_meeting(app, name)
    held = replace(dated.meeting, day=day, length=_length(dated.meeting, day, until))
    _refuse_impossible(table, dated.meeting, held)
    draft = draft_of(app, who, *session_edits(app.office, table.plan.id, name, held))
    found = outcome(app, connection, draft)
    if found.office is None or found.stale:
        raise DeclinedError("draft_has_mistakes", "; ".join(map(str, found.wrong)))
    moves = effects(app, connection, app.office, found.office)
    doubts = tuple(_doubts(table, dated.meeting, day, app.clock.now()))
    return Preview(dated, held, draft, found, moves, doubts)


def _length(meeting: Meeting, day: date | None, until: date | None) -> int:
    if not (day and until):
        return meeting.length if day else 1
    return (until - day).days + 1


def _refuse_impossible(table: Timetable, before: Meeting, held: Meeting) -> None:
    name, year, day = before.id, table.plan.year, held.day
    if day is None and not before.day:
        raise DeclinedError("no_date_to_unset", f"{name} has no date to take away")
    if day is None:
        return
    if (day, held.length) == (before.day, before.length):
        raise DeclinedError("date_is_set", f"{name} has the date {day} already", day=day)
    if abs(day.year - year) > 1:
        message = f"{day} lies far from the plan's year {year}"
        raise DeclinedError("date_far_off", message, year=year)
    if not 1 <= held.length <= LONGEST_MEETING:
        message = f"{name} would take {held.length} days"
        raise DeclinedError("bad_length", message, most=LONGEST_MEETING)
    after = changes.moved_to(table, held)
    for window in changes.upside_down(after, name):
        task = after.plan.by_id[window.task]
        message = f"{task.id} would be due {window.due}, before it opens on {window.opens}"
        raise DeclinedError("due_before_it_opens", message, task=task, window=window)


def _doubts(table: Timetable, meeting: Meeting, day: date | None, now: datetime) -> Iterator[str]:
    """What is odd about a day; it may be right all the same."""
    if day is None:
        return
    if table.plan.month_at(day) not in table.plan.months:
        yield "other-year"
    elif day.month != meeting.month:
        yield "other-month"
    if day < table.local_day(now):
        yield "past"
    if not table.days.is_working(day):
        yield "rest-day"


def save(app: Application, shown: Preview, tell: Tell = Tell.NOW) -> int:
    """Publishes it: windows, notices to come and calendars follow at once.

    Raises `DeclinedError` when something else came into force since.
    """
    return publish_at_once(app, shown.draft, tell=tell, seen=shown.outcome)


def keep(app: Application, shown: Preview, by: Person) -> None:
    """In that person's draft; what else was edited of the session there stays."""
    with app.database.read() as connection:
        draft = open_draft(connection, by.name)
    there = {place_of_edit(edit): edit for edit in draft.edits} if draft else {}
    for edit in shown.draft.edits:
        before = there.get(place_of_edit(edit), edit).args
        said = {name: value for name, value in before.items() if name != "drop"}
        add(app, by, replace(edit, args={**said, **edit.args}))
