"""The days of sessions: what setting one would move, and setting it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row

from reminder.calendar.entries import FeedEvents
from reminder.domain import changes
from reminder.domain.changes import NoticeMove
from reminder.domain.occasions import reminders, steps_in_reach
from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.errors import DeclinedError, UnknownError
from reminder.ledger import occasions, registrations
from reminder.ledger.registrations import read_dates
from reminder.office.application import Application
from reminder.office.effects import EntryMove, WindowMove


@dataclass(frozen=True)
class DatedMeeting:
    """With the day that is in force. `planned` is the plan's own, `set_day` the ledger's: it is
    not in force when the plan was edited against it."""

    meeting: Meeting
    planned: date | None
    set_day: date | None
    tasks: tuple[Task, ...]

    @property
    def clashes(self) -> bool:
        return self.set_day not in (None, self.meeting.day)

    @property
    def source(self) -> str:
        if self.set_day and not self.clashes:
            return "ledger"
        return "plan" if self.planned else ""


@dataclass(frozen=True)
class Preview:
    """What the day would move; `day` is None when the plan's own is to count again."""

    dated: DatedMeeting
    day: date | None
    days: Mapping[str, date]  # of all sessions, as they were set when this was made
    windows: tuple[WindowMove, ...]
    notices: tuple[NoticeMove, ...]
    entries: tuple[EntryMove, ...]
    notified: tuple[Row[Any], ...]
    doubts: tuple[str, ...]

    @property
    def becomes(self) -> date | None:
        return self.day or self.dated.planned

    @property
    def seen(self) -> str:
        """The same as long as the same would be shown."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def dated_meetings(app: Application, connection: Connection | None) -> list[DatedMeeting]:
    """In the plan's order by month; without a connection as the plan itself has them."""
    edited, plan = app.as_edited.table.plan.meetings, app.table.plan
    days = read_dates(connection).get(plan.id, {}) if connection else {}
    dated = [
        DatedMeeting(
            meeting,
            edited[name].day,
            days.get(name),
            tuple(task for task in plan.tasks if name in task.timing.meetings),
        )
        for name, meeting in plan.meetings.items()
    ]
    return sorted(dated, key=lambda dated: plan.term.month(dated.meeting.month))


def find_meeting(app: Application, connection: Connection, name: str) -> DatedMeeting:
    for dated in dated_meetings(app, connection):
        if dated.meeting.id == name:
            return dated
    raise UnknownError.because("no_meeting", name=name)


def date_changes(
    connection: Connection, plan: str, name: str
) -> list[tuple[datetime, date | None]]:
    """The last one first; without a day where the plan's own was to count again."""
    return [
        (row["at"], date.fromisoformat(row["detail"]) if row["detail"] else None)
        for row in registrations.read_changes(connection, plan, name)
    ]


def preview(app: Application, connection: Connection, name: str, day: date | None) -> Preview:
    """Raises `UnknownError`, and `DeclinedError` for a day that cannot be."""
    app.refresh_from(connection)
    before = app.table
    plan = before.plan.id
    dated, days = find_meeting(app, connection, name), read_dates(connection).get(plan, {})
    after = changes.moved_to(before, {name: day or dated.planned})
    _refuse_impossible(dated, day, after)
    now = app.clock.now()
    progress = app.container.notice_writer.progress(connection, now)
    windows = tuple(
        WindowMove(before.plan.by_id[name], before.windows[name], window)
        for name, window in after.windows.items()
        if window != before.windows[name]
    )
    tasks = [move.task for move in windows]
    # A month's digest tells of the next one too.
    touched = {m for task in tasks for table in (before, after) for m in table.months_of(task)}
    months = {month for m in touched for month in (m - 1, m) if month in before.plan.months}
    periods = [before.plan.period(month) for month in months]
    old, new = (_calls(app, connection, t, tasks, now, progress) for t in (before, after))
    return Preview(
        dated,
        day,
        days,
        windows,
        tuple(changes.notice_moves(old, new)),
        tuple(_entry_moves(app, before, after, tasks, progress)),
        tuple(occasions.count_notified(connection, plan, [task.id for task in tasks], periods)),
        tuple(_doubts(before, dated.meeting, day, now)),
    )


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


def save(app: Application, shown: Preview, who: str = "") -> None:
    """Windows, notices to come and calendars follow at once.

    Raises `DeclinedError` when somebody else has moved a session since.
    """
    at, name, plan = app.clock.now(), shown.dated.meeting.id, app.table.plan.id
    with app.database.write(who) as connection:
        if read_dates(connection).get(plan, {}) != shown.days:
            raise DeclinedError("date_set_meanwhile", "a date was set meanwhile: look again")
        registrations.set_date(connection, plan, name, shown.day, at)
    app.refresh()
    app.sync_feeds(at)


def _refuse_impossible(dated: DatedMeeting, day: date | None, after: Timetable) -> None:
    name, year = dated.meeting.id, after.plan.year
    if day is None and not dated.set_day:
        raise DeclinedError("no_date_to_unset", f"{name} has no date of the ledger's to take away")
    if day is not None and day == dated.set_day and not dated.clashes:
        raise DeclinedError("date_is_set", f"{name} has the date {day} already", day=day)
    if day is not None and abs(day.year - year) > 1:
        message = f"{day} lies far from the plan's year {year}"
        raise DeclinedError("date_far_off", message, year=year)
    for window in changes.upside_down(after, name):
        task = after.plan.by_id[window.task]
        message = f"{task.id} would be due {window.due}, before it opens on {window.opens}"
        raise DeclinedError("due_before_it_opens", message, task=task, window=window)


def _calls(
    app: Application,
    connection: Connection,
    table: Timetable,
    tasks: list[Task],
    now: datetime,
    progress: Progress,
) -> changes.Calls:
    """With what was told already left out: it is not told again."""
    at, rehearsal = changes.next_hour(table, now), app.settings.rehearsal
    moved = {task.id for task in tasks}
    steps = [step for step in steps_in_reach(table, at, progress) if step.task in moved]
    reminded = occasions.read_notified(connection, table.plan.id, steps, rehearsal=rehearsal)
    digests = occasions.read_past_digests(connection, table, steps, at, rehearsal=rehearsal)
    first = [
        (draft.kind, task, draft.unit)
        for draft in reminders(table, at, reminded, progress, digests)
        if table.directory[draft.unit].tone is not Relation.PARALLEL and not draft.by_digest
        for task, *_ in draft.tasks
    ]
    return changes.calls_from(table, tasks, now, first, progress)


def _entry_moves(
    app: Application, before: Timetable, after: Timetable, tasks: list[Task], progress: Progress
) -> Iterator[EntryMove]:
    title = app.feeds.renderer.short_title
    old, new = (FeedEvents(table, progress, "") for table in (before, after))
    for task in tasks:
        leads = before.lead_units(task)
        related = [unit for unit in before.directory.expand(task.related) if unit not in leads]
        for role, units in ((Role.LEAD, leads), (Role.RELATED, related)):
            was, becomes = (
                events.entry(events.period(task), ((task, role),)) for events in (old, new)
            )
            if units and was != becomes:
                now, then = (was.short_day, title(was)), (becomes.short_day, title(becomes))
                yield EntryMove(task.id, role, now, then, len(units))
