"""What a change would move, and whom it concerns: windows, reminders, calendars, units."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row

from reminder.calendar.entries import FeedEvents
from reminder.documents.office import Office
from reminder.domain import changes
from reminder.domain.changes import NoticeMove
from reminder.domain.occasions import reminders, steps_in_reach
from reminder.domain.plan import Task
from reminder.domain.plan_changes import PlanChanges, compare
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Directory, Relation, Unit
from reminder.domain.windows import Window
from reminder.domain.workdays import DAY
from reminder.ledger import occasions
from reminder.office.application import Application
from reminder.office.corrections import Hearing


@dataclass(frozen=True)
class WindowMove:
    """Also of one that is no longer provisional; of a task that both tables have."""

    task: Task
    before: Window
    after: Window


@dataclass(frozen=True)
class EntryMove:
    """In how many calendars an entry moves, comes or goes, as `view=due` shows it."""

    task: str
    role: Role
    before: tuple[date, str] | None
    after: tuple[date, str] | None
    feeds: int


@dataclass(frozen=True)
class UnitMove:
    """What becomes otherwise of a unit or group: it comes, leaves, or is written to elsewhere.
    `loses_all`: it stands in digests to come, and would in none any more."""

    before: Unit | None
    after: Unit | None
    loses_all: bool = False

    @property
    def unit(self) -> Unit:
        found = self.after or self.before
        assert found
        return found

    @property
    def is_readdressed(self) -> bool:
        if not (self.before and self.after):
            return False
        return self.before.addresses != self.after.addresses


@dataclass(frozen=True)
class TableEffects:
    """Of one plan's table of one year; None for one that is new, or is taken away."""

    plan: tuple[str, int]  # its id and year
    before: Timetable | None = field(repr=False)
    after: Timetable | None = field(repr=False)
    changes: PlanChanges | None = field(default=None, repr=False)
    windows: tuple[WindowMove, ...] = ()
    notices: tuple[NoticeMove, ...] = ()
    entries: tuple[EntryMove, ...] = ()
    notified: tuple[Row[Any], ...] = ()

    @property
    def table(self) -> Timetable:
        found = self.after or self.before
        assert found
        return found

    @property
    def times(self) -> list[WindowMove]:
        """Of tasks that have several: what the table says of those says not which one moves."""
        return [move for move in self.windows if move.task.id != move.task.table_id]

    @property
    def rows(self) -> int:
        return len(self.changes.tasks) + len(self.changes.meetings) if self.changes else 1

    @property
    def mails(self) -> int:
        return sum(len(move.units) for move in self.notices)

    def task(self, name: str) -> Task:
        """By its key: also one that is dropped."""
        found = [table.find(name) for table in (self.after, self.before) if table]
        return next(filter(None, found))


@dataclass(frozen=True)
class Effects:
    """`days` are those that become working days, or days of rest. `hearing` are the units that get
    a mail where it is told at once."""

    tables: tuple[TableEffects, ...]
    units: tuple[UnitMove, ...]
    days: tuple[tuple[date, bool], ...]
    hearing: tuple[str, ...] = ()

    @property
    def concerned(self) -> list[str]:
        """Units that have a part in a row that is changed, each once."""
        changed = [one.changes for one in self.tables if one.changes]
        return list(dict.fromkeys(unit for each in changed for unit in each.by_unit))

    @property
    def unaddressed(self) -> list[str]:
        """Of those the ones that no mail reaches."""
        silent = {
            unit.id
            for one in self.tables
            for unit in one.table.directory.single
            if not unit.has_address
        }
        return [unit for unit in self.concerned if unit in silent]

    def __bool__(self) -> bool:
        return bool(self.tables or self.units or self.days)


def effects(app: Application, connection: Connection, before: Office, after: Office) -> Effects:
    """Of going from one to the other now. Tables of which nothing moves are left out."""
    olds, news = ({(t.plan.id, t.plan.year): t for t in o.tables} for o in (before, after))
    found = []
    for key in dict.fromkeys((*news, *olds)):
        old, new = olds.get(key), news.get(key)
        if old and new and old.input_hash != new.input_hash:
            moves = _Moves(app, connection, old, new).found()
            if moves.changes or moves.windows or moves.notices or moves.entries:
                found.append(moves)
        elif not (old and new):
            found.append(TableEffects(key, old, new))
    units = tuple(_unit_moves(before, after, app.clock.now()))
    hearing = tuple(_hearing(app, connection, after)) if found else ()
    return Effects(tuple(found), units, _days(before, after), hearing)


def _hearing(app: Application, connection: Connection, after: Office) -> Iterator[str]:
    heard: set[str] = set()
    at, containers = app.clock.now(), app.containers
    for plan, series in app.office.series.items():
        progress = containers.of(series[-1]).notice_writer.progress(connection, at)
        of_plan = Hearing(plan, at, progress)
        heard |= containers.corrections.of_draft(connection, of_plan, after)
    yield from (unit.id for unit in after.table.directory.single if unit.id in heard)


def said_otherwise(before: Office, after: Office, at: datetime) -> Effects:
    """What the documents say otherwise, without what that moves in mails and calendars."""
    olds, news = ({(t.plan.id, t.plan.year): t for t in o.tables} for o in (before, after))
    found = []
    for key in dict.fromkeys((*news, *olds)):
        old, new = olds.get(key), news.get(key)
        changes = compare(old, new) if old and new else None
        if changes is None or changes:
            found.append(TableEffects(key, old, new, changes))
    return Effects(tuple(found), tuple(_unit_moves(before, after, at)), _days(before, after))


class _Moves:
    """What moves from one table to another of the same year."""

    def __init__(
        self, app: Application, connection: Connection, before: Timetable, after: Timetable
    ) -> None:
        self.app, self.connection, self.now = app, connection, app.clock.now()
        self.before, self.after = before, after
        self.progress = app.containers.of(_in_force(app, before)).notice_writer.progress(
            connection, self.now
        )

    def found(self) -> TableEffects:
        before, after = self.before, self.after
        changed = compare(before, after)
        moved = [
            WindowMove(after.plan.by_id[name], before.windows[name], window)
            for name, window in after.windows.items()
            if name in before.windows and window != before.windows[name]
        ]
        touched = {move.task.id for move in moved}
        touched |= {task.id for one in changed.tasks for task in (*one.before, *one.after)}
        old, new = (
            [task for task in table.plan.month_tasks if task.id in touched]
            for table in (before, after)
        )
        calls = self._calls(before, old), self._calls(after, new)
        return TableEffects(
            (before.plan.id, before.plan.year),
            before,
            after,
            changed,
            tuple(moved),
            tuple(changes.notice_moves(*calls)),
            tuple(self._entries(old, new)),
            tuple(self._notified(old, new)),
        )

    def _calls(self, table: Timetable, tasks: list[Task]) -> changes.Calls:
        """With what was told already left out: it is not told again."""
        at, rehearsal = changes.next_hour(table, self.now), self.app.settings.rehearsal
        moved = {task.id for task in tasks}
        steps = [s for s in steps_in_reach(table, at, self.progress) if s.task in moved]
        reminded = occasions.read_notified(
            self.connection, table.plan.id, steps, rehearsal=rehearsal
        )
        digests = occasions.read_past_digests(
            self.connection, table, steps, at, rehearsal=rehearsal
        )
        first = [
            (draft.kind, task, draft.unit)
            for draft in reminders(table, at, reminded, self.progress, digests)
            if table.directory[draft.unit].tone is not Relation.PARALLEL and not draft.by_digest
            for task, *_ in draft.tasks
            if task in moved
        ]
        return changes.calls_from(table, tasks, self.now, first, self.progress)

    def _entries(self, old: list[Task], new: list[Task]) -> Iterator[EntryMove]:
        was, becomes = (
            dict(self._shown(*side)) for side in ((self.before, old), (self.after, new))
        )
        for key in dict.fromkeys((*becomes, *was)):
            before, after = was.get(key), becomes.get(key)
            if (before and before[0]) != (after and after[0]):
                feeds = max(side[2] for side in (before, after) if side)
                yield EntryMove(*key, before and before[1], after and after[1], feeds)

    def _shown(
        self, table: Timetable, tasks: Sequence[Task]
    ) -> Iterator[tuple[tuple[str, Role], tuple[object, tuple[date, str], int]]]:
        """By task and role: the entry, its day and title, and in how many calendars it stands."""
        title, events = self.app.feeds.renderer().short_title, FeedEvents(table, self.progress, "")
        for task in tasks:
            leads = table.lead_units(task)
            related = [unit for unit in table.directory.expand(task.related) if unit not in leads]
            for role, units in ((Role.LEAD, leads), (Role.RELATED, related)):
                if units:
                    entry = events.entry(events.period(task), ((task, role),))
                    shown = entry, (entry.short_day, title(entry)), len(units)
                    yield (task.id, role), shown

    def _notified(self, old: list[Task], new: list[Task]) -> list[Row[Any]]:
        """What went already of the months that it touches; a month's digest tells of the next
        one too."""
        sides = (self.before, old), (self.after, new)
        touched = {m for table, tasks in sides for task in tasks for m in table.months_of(task)}
        plan = self.before.plan
        months = {month for m in touched for month in (m - 1, m) if month in plan.months}
        periods, ids = [plan.period(month) for month in months], [task.id for task in old]
        return occasions.count_notified(self.connection, plan.id, ids, periods)


def _in_force(app: Application, table: Timetable) -> Timetable:
    """The one in force of that plan and year."""
    return app.tables[app.office.positions[table.plan.id, table.plan.year]]


def _unit_moves(before: Office, after: Office, now: datetime) -> Iterator[UnitMove]:
    old, new = before.table.directory, after.table.directory
    reached = _reached(before, now), _reached(after, now)
    for name in dict.fromkeys((*old.units, *new.units)):
        was, becomes = old.units.get(name), new.units.get(name)
        loses_all = name in reached[0] and name not in reached[1]
        if was != becomes or loses_all:
            yield UnitMove(was, becomes, loses_all)


def _reached(office: Office, now: datetime) -> set[str]:
    """Units of the digests that are still to come, or are of use."""
    return {
        unit
        for table in office.tables
        for month in table.plan.months
        if table.digest_end(month) > now
        for unit in table.reached(month)
        if _is_written_to(table.directory, unit)
    }


def _is_written_to(directory: Directory, unit: str) -> bool:
    found = directory.receiver(unit)
    return bool(found and found.has_address)


def _days(before: Office, after: Office) -> tuple[tuple[date, bool], ...]:
    """Of the years of the tables, and the one behind them."""
    old, new = before.table.days, after.table.days
    years = {table.plan.year for table in (*before.tables, *after.tables)}
    first, last = date(min(years), 1, 1), date(max(years) + 1, 12, 31)
    all_days = (first + n * DAY for n in range((last - first).days + 1))
    turned = [day for day in all_days if old.is_working(day) != new.is_working(day)]
    return tuple((day, new.is_working(day)) for day in turned)
