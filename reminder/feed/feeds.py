"""Feeds: kept in step with plan and state, rendered on demand, written out as files."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from reminder.feed.calendar import RENDERER, Heading, calendar
from reminder.feed.entries import PLAN, Entry, drafts, feed_names, fingerprint
from reminder.feed.query import Query
from reminder.storage.ledger import events
from reminder.storage.ledger.database import Database

CACHED = 256  # rendered feeds


def sync(database: Database, table: Timetable, progress: Progress, at: datetime) -> bool:
    """Brings the events in step, and says whether it had to write.

    Without a change it costs one read: every tick, export and registration may call it.
    """
    made_from = fingerprint(table, progress)
    with database.read() as connection:
        in_step = events.made_from(connection) == made_from
        if in_step and not events.has_outlived(connection, at):
            return False
    with database.write() as connection:
        wanted = drafts(table, progress)
        events.sync_events(connection, wanted, at, _of_another_year(table))
        events.note_made_from(connection, made_from)
    return True


def _of_another_year(table: Timetable) -> Callable[[str], bool]:
    return lambda entry: Entry.from_json(entry).year != table.plan.year


@dataclass(frozen=True)
class Revision:
    """A feed as it stands now, asked for in one way; equal ones come to the same bytes."""

    digest: str
    last_modified: datetime | None = field(compare=False)
    query: Query = field(compare=False)
    heading: Heading = field(compare=False, repr=False)
    rows: tuple[events.EventRow, ...] = field(compare=False, repr=False)

    @property
    def etag(self) -> str:
        return f'"{self.digest}"'

    @property
    def etag_gzip(self) -> str:
        """RFC 9110, 8.8.3: a strong tag differs where the bytes do, so by encoding too."""
        return f'"{self.digest}-gzip"'


@dataclass(frozen=True)
class Rendered:
    """`last_modified` is of the youngest event; None in a feed without any."""

    body: bytes = field(repr=False)
    gzip: bytes = field(repr=False)
    etag: str
    etag_gzip: str
    last_modified: datetime | None


class Feeds:
    """All feeds of the plan in force, which `table` answers with whenever it is asked."""

    def __init__(self, database: Database, table: Callable[[], Timetable], uid_domain: str) -> None:
        self._database = database
        self._table = table
        self._uid_domain = uid_domain
        self._rendered = lru_cache(maxsize=CACHED)(_render)

    def names(self) -> list[str]:
        return feed_names(self._table())

    def title(self, name: str) -> str:
        """What a calendar program calls the feed. Raises `UnknownError`."""
        table = self._table()
        if name not in feed_names(table):
            raise UnknownError(f"{name!r} is no feed")
        whose = "年度安排" if name == PLAN else table.directory[name].label
        return f"{table.plan.tag}{table.plan.year}·{whose}"

    def revision(self, name: str, query: Query) -> Revision:
        """Enough for a 304; renders nothing. Raises `UnknownError`."""
        plan = self._table().plan
        heading = Heading(self.title(name), plan.zone, self._uid_domain, plan.year)
        with self._database.read() as connection:
            rows = tuple(events.read_feed(connection, name))
        facts = (RENDERER, name, query.canonical, heading, rows)
        digest = hashlib.sha256(repr([*facts, [row.content_hash for row in rows]]).encode())
        youngest = max((row.last_modified for row in rows), default=None)
        return Revision(digest.hexdigest()[:32], youngest, query, heading, rows)

    def render(self, name: str, query: Query) -> Rendered:
        """Raises `UnknownError`."""
        return self.rendered(self.revision(name, query))

    def rendered(self, revision: Revision) -> Rendered:
        return self._rendered(revision)

    def export(self, folder: Path) -> list[Path]:
        """Every feed as a file, in the view that shows whole windows with full wordings."""
        folder.mkdir(parents=True, exist_ok=True)
        return [_write(folder / f"{name}.ics", self._exported(name)) for name in self.names()]

    def _exported(self, name: str) -> bytes:
        return self.render(name, Query()).body


def _render(revision: Revision) -> Rendered:
    body = calendar(revision.rows, revision.query, revision.heading)
    return Rendered(
        body=body,
        gzip=gzip.compress(body, compresslevel=6, mtime=0),
        etag=revision.etag,
        etag_gzip=revision.etag_gzip,
        last_modified=revision.last_modified,
    )


def _write(path: Path, content: bytes) -> Path:
    """Whoever reads the file meanwhile has the old one or the new one, whole."""
    draft = path.with_suffix(".part")
    draft.write_bytes(content)
    draft.replace(path)
    return path
