"""Feeds: kept in step with plans and state, rendered on demand, written out as files."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from reminder.calendar.entries import PLAN, CalendarEntry, FeedEvents, input_hash, together
from reminder.calendar.rendering import FeedRenderer, FeedWords, Query
from reminder.domain.plan import Plan
from reminder.domain.series import by_series
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from reminder.ledger import feeds as ledger
from reminder.ledger.database import Database
from reminder.ledger.feeds import FeedContent
from reminder.output_files import make_folder, write_file

Registered = Sequence[tuple[Timetable, Progress]]
Contents = dict[str, FeedContent]


class Feeds:
    """All feeds of the plans in force, which `tables` answers with whenever it is asked: one for a
    unit over all plans and years, one for all years of a whole plan."""

    def __init__(
        self,
        database: Database,
        tables: Callable[[], tuple[Timetable, ...]],
        main_plan: Callable[[], str],
        words: FeedWords,
    ) -> None:
        self._database = database
        self._tables = tables
        self._main_plan = main_plan
        self._words = words
        self._plans: tuple[tuple[Timetable, ...], str, dict[str, str]] = (), "", {}
        self._made: dict[tuple[str, int], tuple[str, Contents]] = {}  # by plan and year
        self._renderers: dict[str, FeedRenderer] = {}

    def renderer(self, unit: Unit | None = None) -> FeedRenderer:
        """In that unit's language; without one in the office's."""
        language = (unit and unit.language) or self._words.language
        if language not in self._renderers:
            self._renderers[language] = FeedRenderer(replace(self._words, language=language))
        return self._renderers[language]

    def plans(self) -> dict[str, str]:
        """The feeds of whole plans and the plans' ids, the main one's first."""
        tables, main = self._tables(), self._main_plan()
        if self._plans[0] is not tables or self._plans[1] != main:
            others = {f"{PLAN}.{plan}": plan for plan in by_series(tables) if plan != main}
            self._plans = tables, main, {PLAN: main} | others
        return self._plans[2]

    def names(self) -> list[str]:
        """The whole plans', then those of every unit that is no group."""
        return [*self.plans(), *(unit.id for unit in self._tables()[0].directory.single)]

    def has(self, name: str) -> bool:
        unit = self._tables()[0].directory.units.get(name)
        return (unit is not None and not unit.is_group) or name in self.plans()

    def version(self) -> str:
        """Another one after every change that a reader of any feed sees."""
        with self._database.read() as connection:
            return ledger.read_version(connection)

    def sync(self, latest: Callable[[Connection], Registered], at: datetime) -> bool:
        """Brings the events in step with the plans and what is registered of them. Says whether it
        had to write; without a change it costs one read: every tick may call it.

        `latest` reads what is in force. It is asked again where nobody else can write: another
        process may have brought in step since what was read before.
        """
        made_from = ""
        contents: Contents = {}
        has_written = False
        while True:
            with self._database.read() as connection:
                hashes = self._hashes(latest(connection))
                if ledger.are_in_step(connection, _joined(hashes), at):
                    return has_written
            with self._database.write() as connection:
                ledger.note_change(connection)  # first: another replica that syncs waits here
                registered = latest(connection)
                hashes = self._hashes(registered)
                if made_from != _joined(hashes):
                    made_from, contents = _joined(hashes), self._contents(registered, hashes)
                rest = ledger.bring_in_step(connection, contents, made_from, at, self._is_over)
                version = ledger.read_version(connection)
            has_written = True
            self._write_rest(contents, made_from, at, rest, version)

    def _write_rest(
        self, contents: Contents, made_from: str, at: datetime, rest: Sequence[str], version: str
    ) -> None:
        """Until somebody else writes feeds, who may know better."""
        while rest:
            with self._database.write() as connection:
                if ledger.read_version(connection) != version:
                    return
                ledger.note_change(connection)
                version = ledger.read_version(connection)
                rest = ledger.bring_in_step(
                    connection, contents, made_from, at, self._is_over, rest
                )

    def _hashes(self, registered: Registered) -> list[str]:
        words = (self._words.uid_domain, self._words.language)
        return [input_hash(table, known, *words) for table, known in registered]

    def _contents(self, registered: Registered, hashes: Sequence[str]) -> Contents:
        """Only of tables of which something has changed the events are made anew."""
        tables = [table for table, _ in registered]
        made = dict(zip([(t.plan.id, t.plan.year) for t in tables], hashes, strict=True))
        for (table, progress), (key, made_from) in zip(registered, made.items(), strict=True):
            if key not in self._made or self._made[key][0] != made_from:
                words = (self._words.uid_domain, self._words.language)
                events = FeedEvents(table, progress, *words)
                units = None if len(tables) == 1 else _named(table)
                self._made[key] = made_from, events.contents(units)
        self._made = {key: self._made[key] for key in made}
        feeds: dict[str, list[FeedContent]] = {name: [] for name in self.names()}
        names = {plan: name for name, plan in self.plans().items()}
        for (plan, _), (_, contents) in self._made.items():
            for name, content in contents.items():
                feeds[names[plan] if name == PLAN else name].append(content)
        nothing = FeedContent({}, "nothing")
        return {name: together(parts) if parts else nothing for name, parts in feeds.items()}

    def _is_over(self, uid: str, entry: str) -> bool:
        """Of a year whose table is here no more: it was not called off, it was carried out."""
        period = CalendarEntry.from_json(entry).period
        tables = self._tables()
        mine = [table for table in tables if uid.startswith(f"{table.plan.id}.")]
        return not any(table.plan.month_of(period) for table in mine or tables)

    def rendered(self, name: str, query: Query) -> tuple[bytes, datetime | None]:
        """With the moment since which it is so. Raises `UnknownError`."""
        if not self.has(name):
            raise UnknownError.because("no_feed", name=name)
        tables = self._tables()
        with self._database.read() as connection:
            rows, changed = ledger.read_feed(connection, name)
        whole = self.plans().get(name)
        unit = None if whole else tables[0].directory[name]
        if unit:
            mine = [table for table in tables if table.named_as(unit.id)]
        else:
            mine = [table for table in tables if table.plan.id == whole]
        heading = _heading([table.plan for table in mine or tables[:1]])
        return self.renderer(unit).render(heading, unit, rows, query), changed

    def export(self, folder: Path) -> list[Path]:
        """Every feed as a file, in the view that shows whole windows with full wordings."""
        make_folder(folder)
        for name in self.names():
            write_file(folder / f"{name}.ics", [self.rendered(name, Query())[0]])
        return [folder / f"{name}.ics" for name in self.names()]


def _joined(hashes: Sequence[str]) -> str:
    text = " ".join(hashes)
    return text if len(hashes) == 1 else hashlib.sha256(text.encode()).hexdigest()


def _named(table: Timetable) -> list[Unit]:
    directory, tasks = table.directory, table.plan.tasks
    names = dict.fromkeys(name for task in tasks for name in (*task.lead, *task.related))
    return [directory[unit] for unit in directory.expand(names)]


def _heading(plans: Sequence[Plan]) -> Plan:
    """A calendar is named by the latest year, and by all plans that it is of."""
    tags = dict.fromkeys(plan.tag for plan in plans)
    return replace(plans[-1], tag="·".join(tags))
