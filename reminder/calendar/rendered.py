"""An agenda in the bytes of one view, to which each feed that shows it adds its heading."""

import hashlib
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from reminder.calendar.query import Query
from reminder.calendar.rendering import END, component, time_zone
from reminder.domain.plan import Plan
from reminder.ledger.agendas import read_formed
from reminder.ledger.events import read_events, read_revisions

Key = TypeVar("Key")
Value = TypeVar("Value")

MEMORY = 32 * 2**20  # bytes: of events kept, and as many of sheets
_KEY = 500  # bytes that a kept event takes beside its content
# RFC 1952, 2.3: deflate, no flags, no time, system unknown.
_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


@dataclass(frozen=True)
class Sheet:
    """`deflated` is what ends a deflate stream: the heading goes in front, compressed apart.

    `last_modified` is of the youngest event, `changed` of whatever may change the bytes; None
    without any.
    """

    body: bytes = field(repr=False)
    deflated: bytes = field(repr=False)
    digest: bytes = field(repr=False)
    last_modified: datetime | None
    changed: datetime | None

    @property
    def size(self) -> int:
        return len(self.body) + len(self.deflated)


@dataclass(frozen=True)
class Rendered:
    """A feed as it stands now. The tag is a digest of the bytes, so that replicas agree on it."""

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
    def changed(self) -> datetime | None:
        """Since then it is the same."""
        return self.sheet.changed

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


@dataclass(frozen=True)
class _Event:
    """`content` is empty when the view leaves it out."""

    content: bytes
    digest: bytes
    last_modified: datetime


class Renderer:
    """Renders an agenda; an event that has not moved keeps its bytes, whichever agenda it is in.

    For one thread at a time.
    """

    def __init__(self, uid_domain: str) -> None:
        self._uid_domain = uid_domain
        self._kept: Kept[tuple[str, str], _Event] = Kept(MEMORY)

    def sheet(
        self,
        connection: Connection,
        agenda: int,
        query: Query,
        plan: Plan,
        old: Sheet | None = None,
    ) -> Sheet:
        """The old one while its bytes are the same."""
        events = self._rendered(connection, agenda, query, plan.zone)
        digest = hashlib.sha256(f"{plan.zone.key} {plan.year}".encode())
        digest.update(b"".join(each.digest for each in events))
        last_modified = max((each.last_modified for each in events), default=None)
        moments = (last_modified, read_formed(connection))
        changed = max((moment for moment in moments if moment), default=None)
        if old and (old.digest, old.changed) == (digest.digest(), changed):
            return old
        body = b"".join(each.content for each in events) or time_zone(plan.zone, plan.year)
        body += END
        return Sheet(body, _deflate(body, zlib.Z_FINISH), digest.digest(), last_modified, changed)

    def _rendered(
        self, connection: Connection, agenda: int, query: Query, zone: ZoneInfo
    ) -> list[_Event]:
        way = f"{query.canonical} {zone.key}"
        revisions = read_revisions(connection, agenda)
        found = {uid: self._kept.get((each, way)) for uid, each in revisions.items()}
        new = [uid for uid, event in found.items() if event is None]
        for row in read_events(connection, agenda, new):
            content = component(row, query, zone, self._uid_domain)
            digest = hashlib.sha256(content).digest()
            event = found[row.uid] = _Event(content, digest, row.last_modified)
            self._kept.put((revisions[row.uid], way), event, len(content) + _KEY)
        return [event for event in found.values() if event]


def _deflate(content: bytes, end: int) -> bytes:
    """Raw. Pieces apart would repeat what they share: 8 to 20 times as many bytes."""
    stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush(end)
