"""The ledger's database: one writer at a time, nothing lost on a crash."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine

from reminder.errors import LedgerError
from reminder.ledger.location import Place
from reminder.ledger.mark import Mark
from reminder.ledger.rows import read_setting

BUSY_TIMEOUT = 30  # seconds that a writer waits for another
MOVED_TO = "moved-to"  # the setting of a ledger that was copied elsewhere


class Database:
    """`write` is a transaction of one writer at a time: what it reads, nobody changes before
    it writes. `record` is one for statements that are safe by themselves, because they name
    what they change as they found it; on a server it waits for no other writer. `read` sees one
    consistent state and can write nothing. `in_words` makes the database's errors a `LedgerError`.

    Raises `LedgerError` when the database cannot be used, or is not the one that was opened:
    what is written to a file that somebody deleted is lost when the process ends.
    """

    def __init__(
        self,
        place: Place,
        mark: Mark,
        in_words: Callable[[], AbstractContextManager[None]],
        *,
        writer: Engine,
        recorder: Engine,
        reader: Engine,
    ) -> None:
        self.place = place
        self.mark = mark
        self.in_words = in_words
        self.writer = writer
        self.reader = reader
        self._recorder = recorder

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._begin(self.writer) as connection:
            refuse_moved(connection, self.place)
            yield connection

    def record(self) -> AbstractContextManager[Connection]:
        return self._begin(self._recorder)

    def read(self) -> AbstractContextManager[Connection]:
        return self._begin(self.reader)

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        self.check()
        with self.in_words(), engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Before each use. Raises `LedgerError` when it is not what was opened."""

    def close(self) -> None:
        self._recorder.dispose()
        self.reader.dispose()


def refuse_moved(connection: Connection, place: Place) -> None:
    """Who went on with a ledger that was copied elsewhere would send again."""
    target = read_setting(connection, MOVED_TO)
    if target is not None:
        raise LedgerError(
            f"the ledger {place} was moved to {target}: two that go on would send twice",
            hint="Set REMINDER_DATABASE_URL to the other. If that one was never in use: "
            "reminder ledger copy --undo",
        )
