"""Answers to calendar polls out of memory, while nothing that they say has changed."""

from asyncio import Task, create_task, to_thread
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.calendar.query import Query, QueryError, parse_query
from reminder.clock import monotonic
from reminder.errors import LedgerError
from reminder.ledger.changes import stamp
from reminder.ledger.database import Database
from reminder.web.answers import Answer, wants_gzip

Poll = tuple[bytes, Query | None, bool]  # path, what is asked for, and whether gzip is wanted

LATEST = 1.0  # seconds that a look at the ledger holds: so long a revoked link may still answer
LONGEST = 3600.0  # seconds that an answer is kept; then the use of its link is looked at again
MEMORY = 32 * 2**20  # bytes
_APIECE = 4096  # bytes that an answer takes beside its content


class Kept:
    """The answers that went through good links. Belongs to the server's own thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: dict[Poll, Answer] = {}
        self._size = 0
        self._looked = self._begun = -LONGEST
        self._look: Task[None] | None = None
        self.stamp = ""

    async def find(self, scope: Scope) -> Answer | None:
        """Whoever asks, for whatever link, waits for the look when one is due.

        Raises `LedgerError`.
        """
        await self.look()
        return self._answers.get(poll(scope))

    async def look(self) -> None:
        """At most once a second. Raises `LedgerError`."""
        if monotonic() - self._looked >= LATEST:
            if self._look is None or self._look.done():
                self._look = create_task(self._look_now())
            await self._look

    def keep(self, asked: Poll, answer: Answer, stamp: str) -> None:
        """`stamp` was the one in force before the answer was made."""
        if stamp != self.stamp or asked in self._answers:
            return
        self._answers[asked] = answer
        self._size += _size(asked, answer)
        while self._size > MEMORY:
            oldest = next(iter(self._answers))
            self._size -= _size(oldest, self._answers.pop(oldest))

    async def _look_now(self) -> None:
        now = monotonic()
        # Not by one of the threads that make pages: they may all be busy.
        found = await to_thread(self._stamp)
        if found != self.stamp or now - self._begun >= LONGEST:
            self.stamp, self._begun = found, now
            self._answers.clear()
            self._size = 0
        self._looked = now

    def _stamp(self) -> str:
        with self._database.read() as connection:
            return stamp(connection)


class Polls:
    """Before the application, which answers whatever is not kept."""

    def __init__(self, app: ASGIApp, kept: Kept) -> None:
        self._app = app
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["path"].startswith("/feeds/") and scope["method"] in ("GET", "HEAD"):
            try:
                answer = await self._kept.find(scope)
            except LedgerError:
                answer = None  # the application will find the same, and say it
            if answer:
                app = answer.to(scope)
        await app(scope, receive, send)


def poll(scope: Scope) -> Poll:
    return scope["raw_path"], _query(scope["query_string"]), wants_gzip(scope)


@lru_cache(maxsize=256)
def _query(sent: bytes) -> Query | None:
    """Programs that put a new number behind every poll ask for the same each time."""
    try:
        return parse_query(sent.decode("latin-1"))
    except QueryError:
        return None


def _size(asked: Poll, answer: Answer) -> int:
    return _APIECE + len(asked[0]) + len(answer.whole.body)
