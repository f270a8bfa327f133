"""Polls of calendars are answered out of memory while nothing that the feeds say has changed."""

from asyncio import Task, create_task, to_thread
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.calendar.query import Query, QueryError, parse_query
from reminder.clock import monotonic
from reminder.errors import LedgerError
from reminder.web.feed_answer import FeedAnswer

Poll = tuple[bytes, Query | None]  # path, and what is asked for

LATEST = 1.0  # seconds that a look at the ledger holds: so long a revoked link may still answer
LONGEST = 3600.0  # seconds that an answer is kept; then the use of its link is noted again
MEMORY = 32 * 2**20  # bytes
_OVERHEAD = 4096  # bytes that an answer takes beside its content


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
