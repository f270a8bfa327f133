"""Calendar feeds over HTTP: a signed address, a strong ETag, 304 for who has the latest.

Polls are answered out of memory while nothing that the feeds say has changed.
"""

import hashlib
import re
import zlib
from asyncio import Task, create_task, to_thread
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.calendar.rendering import Query, parse_query
from reminder.clock import monotonic
from reminder.errors import LedgerError, UsageError
from reminder.office.application import Application
from reminder.office.links import FEED, LinkView, feed_of, note_use, open_link
from reminder.web.page import headers_of

LATEST = 1.0  # seconds that a look at the ledger holds: so long a revoked link may still answer
LONGEST = 3600.0  # seconds that an answer is kept; then the use of its link is noted again
MEMORY = 32 * 2**20  # bytes
_OVERHEAD = 4096  # bytes that an answer takes beside its content
Poll = tuple[bytes, Query]  # path, and what is asked for
_NO_BODY = {"type": "http.response.body", "body": b""}
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


class EncodedFeed:
    """In one encoding: the messages of ASGI are made once and sent over and over."""

    def __init__(self, body: bytes, common: dict[str, str], whole: dict[str, str]) -> None:
        self.etag = common["ETag"]
        length = {"Content-Length": str(len(body))}
        self.whole = _start(200, common | whole | length)
        self.body = {"type": "http.response.body", "body": body}
        self.unchanged = _start(304, common)


class FeedAnswer:
    """For whoever asks: an ASGI application."""

    def __init__(
        self,
        body: bytes,
        changed: datetime | None,
        common: dict[str, str],
        whole: dict[str, str],
    ) -> None:
        """`common` are the headers of every answer, `whole` those with a body alone."""
        gzip = zlib.compress(body, wbits=zlib.MAX_WBITS | 16)
        # A hash of the bytes: replicas agree on it. RFC 9110, 8.8.3: a strong tag differs where
        # the bytes do, so by encoding too.
        tag = hashlib.sha256(body).hexdigest()[:32]
        encoded = whole | {"Content-Encoding": "gzip"}
        self._changed = changed
        self._plain = EncodedFeed(body, common | {"ETag": f'"{tag}"'}, whole)
        self._gzip = EncodedFeed(gzip, common | {"ETag": f'"{tag}-gzip"'}, encoded)
        self.size = len(body) + len(gzip) + _OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            text = value.decode("latin-1")
            # RFC 9110, 5.3: of a field that comes twice the values are one list.
            fields[name] = f"{fields[name]},{text}" if name in fields else text
        encoded = self._gzip if accepts_gzip(fields.get(b"accept-encoding", "")) else self._plain
        is_known = is_fresh(fields, encoded.etag, self._changed)
        await send(encoded.unchanged if is_known else encoded.whole)
        await send(_NO_BODY if is_known or scope["method"] == "HEAD" else encoded.body)


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
        """The application answers what is not in the cache. Whether the version is another one is
        looked at once a second at most."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            known = None
            if scope["path"].startswith("/feeds/") and scope["method"] in ("GET", "HEAD"):
                # The application will find the same mistake or trouble, and say it.
                with suppress(LedgerError, UsageError):
                    if monotonic() - self._looked >= LATEST:
                        if self._look is None or self._look.done():
                            self._look = create_task(self._look_now())
                        await self._look
                    known = self._answers.get(poll_of(scope))
            await (known or app)(scope, receive, send)

        return answer

    def put(self, poll: Poll, answer: FeedAnswer, version: str) -> None:
        """`version` was in force before the answer was made."""
        if version != self.version or poll in self._answers:
            return
        self._answers[poll] = answer
        self._size += answer.size
        while self._size > MEMORY:
            self._size -= self._answers.pop(next(iter(self._answers))).size

    async def _look_now(self) -> None:
        now = monotonic()
        # Not by one of the threads that make pages: they may all be busy.
        version = await to_thread(self._read_version)
        if version != self.version or now - self._begun >= LONGEST:
            self.version, self._begun = version, now
            self._answers.clear()
            self._size = 0
        self._looked = now


async def feed(request: Request) -> ASGIApp:
    """A forged, revoked or unknown link is a plain 404, each like the other."""
    app, cache = request.app.state.application, request.app.state.feed_cache
    version = cache.version
    link, answer = await run_sync(_answer, app, request)

    async def answer_and_note(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)
        # From the cache no use is noted for an hour: so only what was noted is kept.
        is_noted = await run_sync(note_use, app, link)
        if is_noted and isinstance(answer, FeedAnswer):
            cache.put(poll_of(scope), answer, version)

    return answer_and_note


def _answer(app: Application, request: Request) -> tuple[LinkView, ASGIApp]:
    subject, token = request.path_params["name"], request.path_params["token"]
    name = feed_of(subject)
    with app.database.read() as connection:
        link = open_link(connection, app.key, FEED, subject, token)
    # Every answer costs the same: a link that is no longer good takes no shorter way.
    if not app.feeds.has(name) or link is None:
        raise HTTPException(404)
    try:
        _, query = poll_of(request.scope)
    except UsageError as error:
        return link, PlainTextResponse(f"{error}\n", status_code=400)
    body, changed = app.feeds.rendered(name, query)
    # All headers, for what is kept goes out as it is.
    common = headers_of(app.settings.web) | {
        # Calendar programs ask every few hours; a quarter of an hour spares a reload its trip.
        "Cache-Control": "private, max-age=900",
        "Vary": "Accept-Encoding",
    }
    if changed:
        # RFC 9110, 8.8.2.1: never in the future. What is said too early costs one more answer.
        shown = min(changed, app.clock.now()).astimezone(UTC)
        common["Last-Modified"] = format_datetime(shown, usegmt=True)
    whole = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": f'inline; filename="{name}.ics"',
    }
    return link, FeedAnswer(body, changed, common, whole)


def poll_of(scope: Scope) -> Poll:
    """Programs that put a new number behind every poll ask for the same each time."""
    return scope["raw_path"], parse_query(scope["query_string"].decode("latin-1"))


def is_fresh(fields: dict[bytes, str], etag: str, changed: datetime | None) -> bool:
    """RFC 9110, 13.2.2: a tag outweighs a moment, also a tag that does not fit."""
    if tags := fields.get(b"if-none-match"):  # 13.1.2: `*` or a list, compared weakly
        return tags.strip() == "*" or etag in _TAG.findall(tags)
    since = _date(fields.get(b"if-modified-since", ""))
    return since is not None and changed is not None and changed <= since


@lru_cache(maxsize=64)
def _date(value: str) -> datetime | None:
    """RFC 9110, 5.6.7: in any of three forms, one of which names no zone. 13.1.3: what is no date
    is passed over."""
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


def _start(status: int, headers: dict[str, str]) -> Message:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
