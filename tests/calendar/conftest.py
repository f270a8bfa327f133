"""The shipped plan, a real ledger, and its feeds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from icalendar import Calendar, Component

from reminder.calendar.feeds import Feeds
from reminder.calendar.rendering import FeedWords, parse_query
from reminder.documents.office import load_office
from reminder.domain.plan import Task, Timing
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger.database import Database, open_database
from tests.ledgers import lay

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def table() -> Timetable:
    return load_office().table


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(lay(tmp_path / "ledger.db"))
    yield database
    database.close()


class Desk:
    """The feeds of a plan that can be edited and whose tasks can be done."""

    def __init__(self, database: Database, table: Timetable) -> None:
        self.database = database
        self.table = table
        self.at = AT
        self.done: dict[str, date] = {}
        self.checked_in: dict[tuple[str, str], date] = {}
        self.feeds = self.of_another_process()

    def of_another_process(self) -> Feeds:
        return Feeds(
            self.database,
            lambda: (self.table,),
            lambda: self.table.plan.id,
            FeedWords("reminder.example"),
        )

    def sync(self) -> bool:
        return self.feeds.sync(
            lambda _: [(self.table, Progress(self.done, self.checked_in))], self.at
        )

    def edit(self, change: Callable[[Task], Task | None]) -> None:
        tasks = [changed for task in self.table.plan.tasks if (changed := change(task))]
        self.table = replace(self.table, plan=replace(self.table.plan, tasks=tuple(tasks)))

    def time(self, task_id: str, timing: Timing) -> None:
        self.edit(lambda task: replace(task, timing=timing) if task.id == task_id else task)

    def hold(self, meeting: str, day: date) -> None:
        plan = self.table.plan
        meetings = dict(plan.meetings)
        meetings[meeting] = replace(meetings[meeting], day=day)
        self.table = replace(self.table, plan=replace(plan, meetings=meetings))

    def body(self, feed: str, query: str = "") -> bytes:
        self.sync()
        return self.feeds.rendered(feed, parse_query(query))[0]

    def calendar(self, feed: str, query: str = "") -> Component:
        return Calendar.from_ical(self.body(feed, query))

    def entries(self, feed: str, query: str = "") -> dict[str, Component]:
        """By UID, less the plan's id and the domain."""
        found = self.calendar(feed, query).walk()
        return {
            str(entry["UID"]).removeprefix("npc-deputies.").removesuffix("@reminder.example"): entry
            for entry in found
            if entry.name in ("VEVENT", "VTODO")
        }

    def title(self, feed: str, uid: str, query: str = "") -> str:
        return str(self.entries(feed, query)[uid]["SUMMARY"])


@pytest.fixture
def desk(database: Database, table: Timetable) -> Desk:
    return Desk(database, table)
