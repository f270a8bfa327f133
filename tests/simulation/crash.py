"""A process that dies: from a chosen step on nothing reaches the disk or the server any more."""

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from reminder.ledger.database import Database


class Killed(BaseException):
    """Not an Exception: no handler of the product may catch it and go on."""


class Life:
    """One process's. Every statement, every commit and every message is a step.

    What a dying Python process would not run, its `finally` clauses, runs here; but it finds
    neither ledger nor server, so it leaves no trace.
    """

    def __init__(self, database: Database, dies_at: int | None = None) -> None:
        self.steps = 0
        self.dies_at = dies_at
        self.dead = False
        self.disk_full = False
        self._doomed = False
        for engine in (database.writer, database.reader):
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "commit", self._commit)

    def step(self) -> None:
        self.steps += 1
        if self._doomed or self.steps == self.dies_at:
            self.dead = True
        if self.dead:
            raise Killed

    def _statement(self, _connection: Connection, _cursor: object, words: str, *_: object) -> None:
        self.step()
        if self.disk_full and not words.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN")):
            error = OSError("database or disk is full")
            raise OperationalError(words, None, error)

    def _commit(self, _connection: Connection) -> None:
        """Dies before the commit at this step, after it at the next one."""
        self.step()
        if self.dies_at == self.steps + 1:
            self.steps += 1
            self._doomed = True
