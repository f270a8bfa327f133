"""Polls of calendars are answered out of memory while nothing that the feeds say has changed."""

import re
from asyncio import Task, create_task, to_thread
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.calendar.query import Query, QueryError, parse_query
from reminder.clock import monotonic
from reminder.errors import LedgerError

LATEST = 1.0  # seconds that a look at the ledger holds: so long a revoked link may still answer
LONGEST = 3600.0  # seconds that an answer is kept; then the use of its link is noted again
MEMORY = 32 * 2**20  # bytes
_OVERHEAD = 4096  # bytes that an answer takes beside its content
Poll = tuple[bytes, Query | None]  # path, and what is asked for
_NO_BODY = {"type": "http.response.body", "body": b""}
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


class EncodedFeed:
    """In one encoding: the messages of ASGI are made once and sent over and over."""

    def __init__(self, body: bytes, common: dict[str, str], whole: dict[str, str]) -> None:
        self.etag = common["ETag"]
        self.size = len(body)
        length = {"Content-Length": str(len(body))}
        self.whole = _start(200, common | whole | length)
        self.body = {"type": "http.response.body", "body": body}
        self.unchanged = _start(304, common)


@dataclass(frozen=True)
class FeedAnswer:
    """For whoever asks: an ASGI application."""

    changed: datetime | None
    plain: EncodedFeed
    gzip: EncodedFeed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = _fields(scope)
        encoded = self.gzip if accepts_gzip(fields.get(b"accept-encoding", "")) else self.plain
        is_fresh = self._is_fresh(fields, encoded.etag)
        await send(encoded.unchanged if is_fresh else encoded.whole)
        await send(_NO_BODY if is_fresh or scope["method"] == "HEAD" else encoded.body)

    def _is_fresh(self, fields: dict[bytes, str], etag: str) -> bool:
        """RFC 9110, 13.2.2: a tag outweighs a moment, also a tag that does not fit."""
        if tags := fields.get(b"if-none-match"):
            return is_fresh(tags, etag)
        return is_unchanged(fields.get(b"if-modified-since", ""), self.changed)

    @property
    def size(self) -> int:
        return self.plain.size + self.gzip.size


class FeedCache:
    """Answers to good links, of one version of the feeds. Belongs to the server's own thread."""

    def __init__(self, read_version: Callable[[], str]) -> None:
        self.version = ""
        self._read_version = read_version
        self._answers: dict[Poll, FeedAnswer] = {}
        self._size = 0
        self._looked = self._begun = -LONGEST
        self._look: Task[None] | None = None

    def before(self, app: ASGIApp) -> ASGIApp:
        """The application answers what is not in the cache."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            known = None
            if scope["path"].startswith("/feeds/") and scope["method"] in ("GET", "HEAD"):
                with suppress(LedgerError):  # the application will find the same, and say it
                    known = await self.get(poll_of(scope))
            await (known or app)(scope, receive, send)

        return answer

    async def get(self, poll: Poll) -> FeedAnswer | None:
        """Looks whether the version is another one, at most once a second. Raises `LedgerError`."""
        if monotonic() - self._looked >= LATEST:
            if self._look is None or self._look.done():
                self._look = create_task(self._look_now())
            await self._look
        return self._answers.get(poll)

    def put(self, poll: Poll, answer: FeedAnswer, version: str) -> None:
        """`version` was in force before the answer was made."""
        if version != self.version or poll in self._answers:
            return
        self._answers[poll] = answer
        self._size += answer.size + _OVERHEAD
        while self._size > MEMORY:
            oldest = self._answers.pop(next(iter(self._answers)))
            self._size -= oldest.size + _OVERHEAD

    async def _look_now(self) -> None:
        now = monotonic()
        # Not by one of the threads that make pages: they may all be busy.
        version = await to_thread(self._read_version)
        if version != self.version or now - self._begun >= LONGEST:
            self.version, self._begun = version, now
            self._answers.clear()
            self._size = 0
        self._looked = now


def poll_of(scope: Scope) -> Poll:
    return scope["raw_path"], _query(scope["query_string"])


@lru_cache(maxsize=256)
def _query(sent: bytes) -> Query | None:
    """Programs that put a new number behind every poll ask for the same each time."""
    try:
        return parse_query(sent.decode("latin-1"))
    except QueryError:
        return None


def is_fresh(if_none_match: str, etag: str) -> bool:
    """RFC 9110, 13.1.2: `*` or a list, compared weakly."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def is_unchanged(if_modified_since: str, changed: datetime | None) -> bool:
    """RFC 9110, 13.1.3: what is no date is passed over."""
    since = _date(if_modified_since) if if_modified_since else None
    return since is not None and changed is not None and changed <= since


@lru_cache(maxsize=64)
def _date(value: str) -> datetime | None:
    """RFC 9110, 5.6.7: in any of three forms, one of which names no zone."""
    try:
        moment = parsedate_to_datetime(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str) -> bool:
    """RFC 9110, 12.5.3: by name, else by `*`; a weight of 0 is a refusal."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        weights[coding.strip().lower()] = float(weight[1]) if weight else 1.0
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _fields(scope: Scope) -> dict[bytes, str]:
    """RFC 9110, 5.3: of a field that comes twice the values are one list."""
    fields: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        fields[name] = f"{fields[name]},{text}" if name in fields else text
    return fields


def _start(status: int, headers: dict[str, str]) -> Message:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
