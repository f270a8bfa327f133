"""Feeds: kept in step with plan and state, rendered on demand, written out as files."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path

from jinja2 import Environment
from sqlalchemy import Connection

from reminder.calendar.entries import PLAN, CalendarEntry, FeedEvents, input_hash
from reminder.calendar.query import Query
from reminder.calendar.rendering import FeedRenderer
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from reminder.ledger import feeds as ledger
from reminder.ledger.database import Database
from reminder.ledger.feeds import FeedContent
from reminder.output_files import make_folder, write_file

_AT_ONCE = 250  # feeds written in one transaction: others write in between


@dataclass(frozen=True)
class RenderedFeed:
    """A feed as it is since `changed`. Its tag is a hash of the bytes: replicas agree on it."""

    body: bytes = field(repr=False)
    changed: datetime | None

    @cached_property
    def _hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:32]

    @property
    def etag(self) -> str:
        return f'"{self._hash}"'

    @property
    def etag_gzip(self) -> str:
        """RFC 9110, 8.8.3: a strong tag differs where the bytes do, so by encoding too."""
        return f'"{self._hash}-gzip"'

    @cached_property
    def gzip(self) -> bytes:
        return zlib.compress(self.body, wbits=zlib.MAX_WBITS | 16)


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
        self._renderer = FeedRenderer(templates, uid_domain)
        # While they are written, of that input hash.
        self._contents: tuple[str, dict[str, FeedContent]] = ("", {})

    def names(self) -> list[str]:
        """Every unit that is no group, then the whole plan."""
        return [*(unit.id for unit in self._table().directory.single), PLAN]

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
        has_written = False
        while True:
            with self._database.read() as connection:
                latest = self._input_hash(progress(connection))
                is_in_step = ledger.read_input_hash(connection) == latest
                if is_in_step and not ledger.has_outlived(connection, at):
                    return has_written
            with self._database.write() as connection:
                ledger.note_change(connection)  # first: another replica that syncs waits here
                self._bring_in_step(connection, progress(connection), at)
            has_written = True

    def _bring_in_step(self, connection: Connection, progress: Progress, at: datetime) -> None:
        """Some of the feeds; the rest is left to the next transaction."""
        table, latest = self._table(), self._input_hash(progress)
        if self._contents[0] != latest:
            events = FeedEvents(table, progress, self._uid_domain)
            self._contents = (latest, events.contents())
        left = ledger.out_of_step(connection, self._contents[1], at)

        def is_over(entry: str) -> bool:
            return CalendarEntry.from_json(entry).year != table.plan.year

        ledger.bring_in_step(connection, dict(islice(left.items(), _AT_ONCE)), at, is_over)
        if len(left) <= _AT_ONCE:
            ledger.note_input_hash(connection, latest)
            self._contents = ("", {})

    def _input_hash(self, progress: Progress) -> str:
        return input_hash(self._table(), progress, self._uid_domain)

    def rendered(self, name: str, query: Query) -> RenderedFeed:
        """Raises `UnknownError`."""
        if not self.has(name):
            raise UnknownError(f"{name!r} is no feed")
        table = self._table()
        with self._database.read() as connection:
            rows, changed = ledger.read_feed(connection, name)
        unit = None if name == PLAN else table.directory[name]
        return RenderedFeed(self._renderer.render(table.plan, unit, rows, query), changed)

    def short_title(self, entry: CalendarEntry) -> str:
        """As `view=due` shows it."""
        return self._renderer.short_title(entry)

    def export(self, folder: Path) -> list[Path]:
        """Every feed as a file, in the view that shows whole windows with full wordings."""
        make_folder(folder)
        for name in self.names():
            write_file(folder / f"{name}.ics", [self.rendered(name, Query()).body])
        return [folder / f"{name}.ics" for name in self.names()]
