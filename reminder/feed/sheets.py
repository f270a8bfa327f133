"""An agenda in the bytes of one view, to which each feed that shows it adds its heading."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from reminder.domain.plan import Plan
from reminder.feed.calendar import END, component, time_zone
from reminder.feed.query import Query
from reminder.storage.ledger.events import EventRow, read_entries, read_events

Key = TypeVar("Key")
Value = TypeVar("Value")

MEMORY = 32 * 2**20  # bytes: of events kept, and as many of sheets
_KEY = 500  # bytes that a kept event takes beside its content
# RFC 1952, 2.3: deflate, no flags, no time, system unknown.
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


@dataclass(frozen=True)
class Sheet:
    """`deflated` is what ends a deflate stream: the heading goes in front, compressed apart."""

    body: bytes = field(repr=False)
    deflated: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    last_modified: datetime | None

    @property
    def size(self) -> int:
        return len(self.body) + len(self.deflated)


@dataclass(frozen=True)
class Rendered:
    """A feed as it stands now. `last_modified` is of the youngest event; None without any.

    The tag is a digest of the bytes, so that replicas agree on it.
    """

    head: bytes = field(repr=False)
    sheet: Sheet = field(repr=False)

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.head + self.sheet.digest).hexdigest()[:32]

    @property
    def etag(self) -> str:
        return f'"{self.digest}"'

    @property
    def etag_gzip(self) -> str:
        """RFC 9110, 8.8.3: a strong tag differs where the bytes do, so by encoding too."""
        return f'"{self.digest}-gzip"'

    @property
    def last_modified(self) -> datetime | None:
        return self.sheet.last_modified

    @property
    def body(self) -> bytes:
        return self.head + self.sheet.body

    @property
    def gzip(self) -> bytes:
        """One member: the heading is flushed to a whole byte, the sheet's stream follows."""
        content = self.sheet.body
        check = zlib.crc32(content, zlib.crc32(self.head))
        size = (len(self.head) + len(content)) & 0xFFFFFFFF
        head = _deflate(self.head, zlib.Z_FULL_FLUSH)
        end = check.to_bytes(4, "little") + size.to_bytes(4, "little")
        return b"".join((_GZIP, head, self.sheet.deflated, end))


class Kept(Generic[Key, Value]):
    """A cache bounded by bytes: what came first goes first. One thread at a time may put."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._items: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key) -> Value | None:
        found = self._items.get(key)
        return found[0] if found else None

    def put(self, key: Key, value: Value, size: int) -> None:
        self._drop(key)
        self._items[key] = value, size
        self._size += size
        while self._size > self._limit:
            self._drop(next(iter(self._items)))

    def _drop(self, key: Key) -> None:
        if key in self._items:
            self._size -= self._items.pop(key)[1]


class Renderer:
    """Renders an agenda; an event that has not moved keeps its bytes, whichever agenda it is in.

    For one thread at a time.
    """

    def __init__(self, uid_domain: str) -> None:
        self._uid_domain = uid_domain
        self._kept: Kept[tuple[EventRow, str], bytes] = Kept(MEMORY)

    def sheet(
        self,
        connection: Connection,
        agenda: int,
        query: Query,
        plan: Plan,
        old: Sheet | None = None,
    ) -> Sheet:
        """The old one while its bytes are the same."""
        rows = read_events(connection, agenda)
        body = b"".join(self._components(connection, agenda, rows, query, plan.zone))
        body = (body or time_zone(plan.zone, plan.year)) + END
        digest = hashlib.sha256(body).digest()
        last_modified = max((row.last_modified for row in rows), default=None)
        if old and (old.digest, old.last_modified) == (digest, last_modified):
            return old
        return Sheet(body, _deflate(body, zlib.Z_FINISH), digest, last_modified)

    def _components(
        self,
        connection: Connection,
        agenda: int,
        rows: Sequence[EventRow],
        query: Query,
        zone: ZoneInfo,
    ) -> list[bytes]:
        way = f"{query.canonical} {zone.key}"
        found = {row: self._kept.get((row, way)) for row in rows}
        new = [row for row, content in found.items() if content is None]
        entries = read_entries(connection, agenda, [row.uid for row in new])
        for row in new:
            content = component(row, entries[row.uid], query, zone, self._uid_domain)
            self._kept.put((row, way), content, len(content) + _KEY)
            found[row] = content
        return [content for content in found.values() if content]


def _deflate(content: bytes, end: int) -> bytes:
    """Raw. Pieces apart would repeat what they share: 6 to 20 times as many bytes."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush(end)
