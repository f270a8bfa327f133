"""The days of sessions: what setting one would move, and setting it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from reminder.calendar.contents import Drafts, Selection
from reminder.calendar.entries import Entry
from reminder.calendar.rendering import short_day
from reminder.calendar.wording import short_title
from reminder.domain import moves
from reminder.domain.moves import NoticeMove, WindowMove
from reminder.domain.occasions import reminders, steps_in_reach
from reminder.domain.plan import Meeting, Task
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.domain.wording import day as in_words
from reminder.errors import UnknownError, UsageError
from reminder.ledger import notified
from reminder.ledger.notified import NotifiedCount, read_heard, told_of
from reminder.ledger.registrations import read_dates, set_date, unset_date
from reminder.office.application import Application


class DateError(UsageError):
    """A day that a session cannot have; `words` say it on a page."""

    def __init__(self, message: str, words: str) -> None:
        super().__init__(message)
        self.words = words


@dataclass(frozen=True)
class Sitting:
    """A session with the day that is in force. `planned` is the plan's own, `known` the
    ledger's: it is not in force when the plan was edited against it."""

    meeting: Meeting
    planned: date | None
    known: date | None
    tasks: tuple[Task, ...]

    @property
    def clashes(self) -> bool:
        return self.known not in (None, self.meeting.day)

    @property
    def source(self) -> str:
        if self.known and not self.clashes:
            return "ledger"
        return "plan" if self.planned else ""


@dataclass(frozen=True)
class EntryMove:
    """In how many calendars an entry moves, as `view=due` shows it."""

    task: str
    role: Role
    before: tuple[date, str]
    after: tuple[date, str]
    feeds: int


@dataclass(frozen=True)
class Preview:
    """What the day would move; `day` is None when the plan's own is to count again."""

    sitting: Sitting
    day: date | None
    known: Mapping[str, date]
    windows: tuple[WindowMove, ...]
    notices: tuple[NoticeMove, ...]
    entries: tuple[EntryMove, ...]
    told: tuple[NotifiedCount, ...]

    @property
    def becomes(self) -> date | None:
        return self.day or self.sitting.planned

    @property
    def seen(self) -> str:
        """The same as long as the same would be shown."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:32]


def sittings(app: Application) -> list[Sitting]:
    """In the plan's order by month."""
    known = _known(app)
    found = [_sitting(app, name, known) for name in app.table.plan.meetings]
    return sorted(found, key=lambda sitting: sitting.meeting.month)


def find_sitting(app: Application, name: str) -> Sitting:
    if name not in app.table.plan.meetings:
        raise UnknownError(f"no meeting {name!r}", hint="`reminder meeting list` lists them.")
    return _sitting(app, name, _known(app))


def preview(app: Application, name: str, day: date | None) -> Preview:
    """Raises `UnknownError`, and `DateError` for a day that cannot be."""
    app.refresh()
    sitting, known = find_sitting(app, name), _known(app)
    before = app.table
    after = moves.moved_to(before, name, day or sitting.planned)
    _refuse_impossible(sitting, day, after)
    now = app.clock.now()
    progress = app.container.notice_writer.as_told(app.progress(), now)
    windows = tuple(moves.window_moves(before, after))
    tasks = [move.task for move in windows]
    # A month's digest tells of the next one too.
    months = {month for task in tasks for month in (task.month - 1, task.month) if month}
    periods = [before.plan.period(month) for month in months]
    with app.database.read() as connection:
        old, new = (_calls(app, connection, t, tasks, now, progress) for t in (before, after))
        told = tuple(told_of(connection, [task.id for task in tasks], periods))
    entries = tuple(_entry_moves(before, after, tasks, progress))
    return Preview(sitting, day, known, windows, tuple(moves.notice_moves(old, new)), entries, told)


def save(app: Application, shown: Preview) -> None:
    """Windows, notices to come and calendars follow at once.

    Raises `DateError` when somebody else has moved a session since.
    """
    at, name = app.clock.now(), shown.sitting.meeting.id
    with app.database.write() as connection:
        if read_dates(connection) != shown.known:
            raise DateError("a date was set meanwhile: look again", "会期刚被改动，请重新核对")
        if shown.day:
            set_date(connection, name, shown.day, at)
        else:
            unset_date(connection, name, at)
    app.refresh()
    app.sync_feeds(at)


def _known(app: Application) -> dict[str, date]:
    if not app.has_ledger:
        return {}
    with app.database.read() as connection:
        return read_dates(connection)


def _sitting(app: Application, name: str, known: Mapping[str, date]) -> Sitting:
    plan = app.table.plan
    tasks = tuple(task for task in plan.tasks if name in task.timing.meetings)
    planned = app.as_edited.table.plan.meetings[name].day
    return Sitting(plan.meetings[name], planned, known.get(name), tasks)


def _refuse_impossible(sitting: Sitting, day: date | None, after: Timetable) -> None:
    name, year = sitting.meeting.id, after.plan.year
    if day is None and not sitting.known:
        raise DateError(f"{name} has no date of the ledger's to take away", "没有可撤回的日期")
    if day is not None and day == sitting.known and not sitting.clashes:
        raise DateError(f"{name} has the date {day} already", f"会期已是{in_words(day)}")
    if day is not None and abs(day.year - year) > 1:
        raise DateError(
            f"{day} lies far from the plan's year {year}", f"日期有误：应在{year}年前后一年以内"
        )
    for found in moves.upside_down(after, name):
        brief = after.plan.by_id[found.task].brief
        raise DateError(
            f"{found.task} would be due {found.due}, before it opens on {found.opens}",
            f"“{brief}”将在{in_words(found.due)}到期，早于它的开始日期{in_words(found.opens)}，"
            "请核对日期或安排表",
        )


def _calls(
    app: Application,
    connection: Connection,
    table: Timetable,
    tasks: list[Task],
    now: datetime,
    progress: Progress,
) -> moves.Calls:
    """With what was told already left out: it is not told again."""
    at = moves.next_hour(table, now)
    moved = {task.id for task in tasks}
    steps = [step for step in steps_in_reach(table, at, progress) if step.task in moved]
    rehearsal = app.settings.rehearsal
    told = notified.read_told(connection, steps, rehearsal=rehearsal)
    heard = read_heard(connection, table, steps, at, rehearsal=rehearsal)
    first = [
        (draft.kind, task, draft.unit)
        for draft in reminders(table, at, told, progress, heard)
        if table.directory[draft.unit].tone is not Relation.PARALLEL and not draft.by_digest
        for task, *_ in draft.tasks
    ]
    return moves.calls_from(table, tasks, now, first, progress)


def _entry_moves(
    before: Timetable, after: Timetable, tasks: list[Task], progress: Progress
) -> Iterator[EntryMove]:
    old, new = Drafts(before, progress), Drafts(after, progress)
    for task in tasks:
        leads = before.lead_units(task)
        related = [unit for unit in before.directory.expand(task.related) if unit not in leads]
        for role, units in ((Role.LEAD, leads), (Role.RELATED, related)):
            shown = Selection(((task, role),))
            was, becomes = _entry(old, shown), _entry(new, shown)
            if units and was != becomes:
                yield EntryMove(task.id, role, _short(was), _short(becomes), len(units))


def _entry(drafts: Drafts, shown: Selection) -> Entry:
    [draft] = drafts.of(shown)
    return Entry.from_json(draft.entry)


def _short(entry: Entry) -> tuple[date, str]:
    return short_day(entry), short_title(entry)
