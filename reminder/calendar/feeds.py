"""Feeds: kept in step with plan and state, rendered on demand, written out as files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from jinja2 import Environment
from sqlalchemy import Connection

from reminder.calendar.entries import PLAN, CalendarEntry, FeedEvents, input_hash
from reminder.calendar.rendering import FeedRenderer, Query
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from reminder.ledger import feeds as ledger
from reminder.ledger.database import Database
from reminder.output_files import make_folder, write_file


class Feeds:
    """All feeds of the plan in force, which `table` answers with whenever it is asked."""

    def __init__(
        self,
        database: Database,
        table: Callable[[], Timetable],
        uid_domain: str,
        templates: Environment,
    ) -> None:
        self._database = database
        self._table = table
        self._uid_domain = uid_domain
        self.renderer = FeedRenderer(templates, uid_domain)

    def names(self) -> list[str]:
        """The whole plan, then every unit that is no group."""
        return [PLAN, *(unit.id for unit in self._table().directory.single)]

    def has(self, name: str) -> bool:
        unit = self._table().directory.units.get(name)
        return name == PLAN or (unit is not None and not unit.is_group)

    def version(self) -> str:
        """Another one after every change that a reader of any feed sees."""
        with self._database.read() as connection:
            return ledger.read_version(connection)

    def sync(self, progress: Callable[[Connection], Progress], at: datetime) -> bool:
        """Brings the events in step with the plan and what is registered of it. Says whether it
        had to write; without a change it costs one read: every tick may call it.

        `progress` reads the latest, and may bring the table up to date before it is asked for.
        It is asked again where nobody else can write: another process may have brought in step
        since what was read before.
        """
        made_from = ""
        contents: dict[str, ledger.FeedContent] = {}
        has_written = False

        def is_over(entry: str) -> bool:
            return not self._table().plan.month_of(CalendarEntry.from_json(entry).period)

        while True:
            with self._database.read() as connection:
                registered = progress(connection)
                latest = input_hash(self._table(), registered, self._uid_domain)
                if ledger.are_in_step(connection, latest, at):
                    return has_written
            with self._database.write() as connection:
                ledger.note_change(connection)  # first: another replica that syncs waits here
                registered = progress(connection)
                latest = input_hash(self._table(), registered, self._uid_domain)
                if made_from != latest:
                    events = FeedEvents(self._table(), registered, self._uid_domain)
                    made_from, contents = latest, events.contents()
                ledger.bring_in_step(connection, contents, latest, at, is_over)
            has_written = True

    def rendered(self, name: str, query: Query) -> tuple[bytes, datetime | None]:
        """With the moment since which it is so. Raises `UnknownError`."""
        if not self.has(name):
            raise UnknownError(f"{name!r} is no feed")
        table = self._table()
        with self._database.read() as connection:
            rows, changed = ledger.read_feed(connection, name)
        unit = None if name == PLAN else table.directory[name]
        return self.renderer.render(table.plan, unit, rows, query), changed

    def export(self, folder: Path) -> list[Path]:
        """Every feed as a file, in the view that shows whole windows with full wordings."""
        make_folder(folder)
        for name in self.names():
            write_file(folder / f"{name}.ics", [self.rendered(name, Query())[0]])
        return [folder / f"{name}.ics" for name in self.names()]
