"""Whatever changes in an office, each feed shows the revisions that the rule gives it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from reminder.calendar.entries import PLAN, CalendarEntry, FeedEvents
from reminder.calendar.feeds import Feeds
from reminder.domain.plan import Task, TaskKind
from reminder.domain.timetable import Timetable
from reminder.domain.units import Directory, Unit
from reminder.domain.windows import Progress
from reminder.ledger.database import Database
from reminder.ledger.feeds import KEEP_CANCELLED, EventRow, read_feed
from reminder.ledger.opening import open_database
from reminder.ledger.schema import event, feed, setting
from tests.calendar.conftest import TEMPLATES

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
UNITS = ("ada", "bo", "cy", "di", "ed", "flo")
GROUPS = ("east", "west", "all")
NAMES = (*UNITS[:2], *GROUPS)
TASKS = tuple(f"2026-0{month}-1" for month in range(1, 5))
YEAR_ROUND = ("2026-year-1", "2026-year-2")


@dataclass
class Own:
    """The rule: one feed's events, brought in step by themselves."""

    events: dict[str, tuple[int, EventRow]]

    def sync(self, wanted: list[tuple[str, str]], at: datetime, year: int) -> None:
        for uid, (_, row) in list(self.events.items()):
            if row.cancelled and row.last_modified <= at - KEEP_CANCELLED:
                del self.events[uid]
        for position, (uid, entry) in enumerate(wanted):
            _, row = self.events.get(uid, (0, None))
            if row is None:
                row = EventRow(uid, entry, 0, at, cancelled=False)
            elif row.cancelled or row.entry != entry:
                row = EventRow(uid, entry, row.sequence + 1, at, cancelled=False)
            self.events[uid] = position, row
        for uid in self.events.keys() - {uid for uid, _ in wanted}:
            position, row = self.events[uid]
            if not row.cancelled and CalendarEntry.from_json(row.entry).year == year:
                moved = replace(row, sequence=row.sequence + 1, last_modified=at, cancelled=True)
                self.events[uid] = position, moved

    @property
    def rows(self) -> list[EventRow]:
        ordered = sorted(self.events.values(), key=lambda each: (each[0], each[1].uid))
        return [row for _, row in ordered]


class Office:
    """A small office that changes, its feeds, and the same feeds each on its own."""

    def __init__(self, database: Database, table: Timetable) -> None:
        units = {unit: Unit(unit, unit) for unit in UNITS}
        units |= {
            "east": Unit("east", "east", members=UNITS[:3]),
            "west": Unit("west", "west", members=UNITS[3:5]),
            "all": Unit("all", "all", members=UNITS[:5]),
        }
        rows = [("ada",), ("east",), ("east", "bo"), ("all",), ("west",), ("all",)]
        tasks = [_task(task, lead) for task, lead in zip((*TASKS, *YEAR_ROUND), rows, strict=True)]
        plan = replace(table.plan, tasks=tuple(tasks), office="ada", meetings={})
        self.database = database
        self.table = replace(table, plan=plan, directory=Directory(units))
        self.at = AT
        self.done: dict[str, date] = {}
        self.checked_in: dict[tuple[str, str], date] = {}
        self.feeds = Feeds(database, lambda: self.table, "reminder.example", TEMPLATES)
        self.dropped: dict[str, Task] = {}
        self.own: dict[str, Own] = {}

    def join_or_leave(self, unit: str, group: str) -> None:
        units = dict(self.table.directory.units)
        members = units[group].members
        if unit in units and members != (unit,):
            left = tuple(member for member in members if member != unit)
            units[group] = replace(units[group], members=left if unit in members else (*left, unit))
            self._staff(units)

    def come_or_go(self, unit: str) -> None:
        units = dict(self.table.directory.units)
        if unit not in units:
            units[unit] = Unit(unit, unit)
        elif unit not in NAMES and all(units[each].members != (unit,) for each in GROUPS):
            del units[unit]
            for group in GROUPS:
                left = tuple(member for member in units[group].members if member != unit)
                units[group] = replace(units[group], members=left)
        self._staff(units)

    def assign(self, task_id: str, lead: tuple[str, ...], related: tuple[str, ...]) -> None:
        self._put(replace(_task(task_id, lead), related=related))

    def drop_or_restore(self, task_id: str) -> None:
        tasks = {task.id: task for task in self.table.plan.tasks}
        if task_id in tasks:
            self.dropped[task_id] = tasks.pop(task_id)
            self._plan(tasks)
        else:
            self._put(self.dropped[task_id])

    def register(self, task_id: str, month: int) -> None:
        """Done, or open again."""
        if month and task_id in YEAR_ROUND:
            period = f"2026-{month:02}"
            if not self.checked_in.pop((task_id, period), None):
                self.checked_in[task_id, period] = date(2026, month, 3)
        elif not self.done.pop(task_id, None):
            self.done[task_id] = date(2026, 4, 3)

    def wait(self, days: int) -> None:
        self.at += timedelta(days=days)

    def next_year(self) -> None:
        plan = self.table.plan
        self.table = replace(self.table, plan=replace(plan, year=plan.year + 1))

    def sync(self) -> None:
        progress = Progress(dict(self.done), dict(self.checked_in))
        self.feeds.sync(lambda _: progress, self.at)
        wanted = {name: self._wanted(name, progress) for name in self.feeds.names()}
        with self.database.read() as connection:
            for name in self.own.keys() | wanted.keys():
                own = self.own.setdefault(name, Own({}))
                own.sync(wanted.get(name, []), self.at, self.table.plan.year)
                assert read_feed(connection, name)[0] == own.rows

    def _wanted(self, name: str, progress: Progress) -> list[tuple[str, str]]:
        events, tasks = FeedEvents(self.table, progress, ""), self.table.plan.tasks
        if name == PLAN:
            return list(events.entries([(task, None) for task in tasks]).items())
        roles = ((task, self.table.role(name, task)) for task in tasks)
        return list(events.entries([(task, role) for task, role in roles if role]).items())

    def _put(self, task: Task) -> None:
        self._plan({each.id: each for each in self.table.plan.tasks} | {task.id: task})

    def _plan(self, tasks: dict[str, Task]) -> None:
        ordered = tuple(tasks[task_id] for task_id in sorted(tasks))
        self.table = replace(self.table, plan=replace(self.table.plan, tasks=ordered))

    def _staff(self, units: dict[str, Unit]) -> None:
        self.table = replace(self.table, directory=Directory(units))


def _task(task_id: str, lead: tuple[str, ...]) -> Task:
    month = 0 if task_id in YEAR_ROUND else int(task_id[5:7])
    kind = TaskKind.MONTH if month else TaskKind.YEAR
    return Task(task_id, kind, task_id, "", lead, month=month, number=1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(tmp_path_factory.mktemp("agendas") / "ledger.db")
    yield database
    database.close()


def empty(database: Database) -> None:
    with database.write() as connection:
        for table in (event, feed):
            connection.execute(delete(table))
        connection.execute(delete(setting).where(setting.c.name == "feed-input-hash"))


tasks = st.sampled_from((*TASKS, *YEAR_ROUND))
leads = st.sampled_from([*((name,) for name in NAMES), ("east", "bo")])
related = st.sampled_from([(), *((name,) for name in NAMES)])
changes = st.one_of(
    st.tuples(st.just("join_or_leave"), st.sampled_from(UNITS), st.sampled_from(GROUPS)),
    st.tuples(st.just("come_or_go"), st.sampled_from(UNITS[2:])),
    st.tuples(st.just("assign"), tasks, leads, related),
    st.tuples(st.just("drop_or_restore"), tasks),
    st.tuples(st.just("register"), tasks, st.integers(0, 12)),
    st.tuples(st.just("wait"), st.sampled_from((30, 61))),
    st.tuples(st.just("next_year")),
)


@given(st.lists(st.lists(changes, min_size=1, max_size=3), max_size=8))
@settings(max_examples=15, deadline=None)
def test_each_feed_moves_as_the_rule_says(
    shared: Database, table: Timetable, steps: list[list[tuple[str, ...]]]
) -> None:
    empty(shared)
    office = Office(shared, table)
    office.sync()
    for step in steps:
        for name, *words in step:
            getattr(office, name)(*words)
        office.wait(1)
        office.sync()
