"""Opens the ledger's database: one writer at a time, nothing lost on a crash."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from reminder.errors import LedgerError
from reminder.storage.ledger.schema import REVISION

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
BUSY_TIMEOUT = 30  # seconds that a writer waits for another


class Database:
    """`write` is a transaction begun with BEGIN IMMEDIATE: what it reads, nobody changes
    before it writes. `read` sees one consistent state and can write nothing.

    Raises `LedgerError` when the file cannot be opened, or is no ledger.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = _engine(path, read_only=False)
        self._reader = _engine(path, read_only=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with _in_words(self.path), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with _in_words(self.path), self._reader.begin() as connection:
            yield connection

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """The writing and the reading one, for who wants to listen to them."""
        return self._writer, self._reader

    def close(self) -> None:
        self._writer.dispose()
        self._reader.dispose()


def open_database(path: Path) -> Database:
    """Makes the file (mode 0600) and its tables when they are not there yet."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(
            f"the ledger {path} cannot be opened: {error.strerror}",
            hint="Set REMINDER_STATE_DIR to a folder that this user may write.",
        ) from None
    if path.stat().st_mode & 0o077:
        raise LedgerError(
            f"the ledger {path} can be read by others: it holds the installation key",
            hint=f"chmod 600 {path}",
        )
    database = Database(path)
    with _in_words(path):
        if _revision(database) != REVISION:
            _migrate(database)
    return database


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        known = connection.execute(
            text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
        ).first()
        if not known:
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found) if found else None


def _migrate(database: Database) -> None:
    # Alembic costs a tenth of a second to import, and only a new version needs it.
    from reminder.storage.migrations.upgrade import upgrade

    with database.path.with_suffix(".migrating").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _revision(database) != REVISION:
            upgrade(database._writer)


def _engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        # The driver must not begin transactions on its own: by default it opens none before
        # a SELECT, and a read followed by a write would then lose updates.
        max_overflow=-1,  # a thread that waits for the writer's lock keeps none else waiting
        connect_args={"isolation_level": None, "timeout": BUSY_TIMEOUT},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise LedgerError(
                f"the ledger {path} is damaged or is no ledger: {error.orig}",
                hint="Put a backup in its place; the file is left as it is.",
            ) from error
        raise LedgerError(f"the ledger {path} cannot be used: {error.orig}") from error
