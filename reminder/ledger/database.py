"""Opens the ledger's database: one writer at a time, nothing lost on a crash."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine

from reminder.errors import LedgerError
from reminder.ledger import file
from reminder.ledger.failures import in_words
from reminder.ledger.location import Place
from reminder.ledger.mark import Mark
from reminder.ledger.moved import refuse_moved
from reminder.ledger.revisions import known_revision
from reminder.ledger.schema import REVISION


class Store(Protocol):
    """What lies under a `Database`: a file, or a database on a server.

    `shared` says that tables of others may stand beside the ledger's.
    """

    shared: bool
    mark: Mark
    writer: Engine
    recorder: Engine
    reader: Engine

    @property
    def place(self) -> Place: ...

    def check(self) -> None:
        """Before each use. Raises `LedgerError` when it is not what was opened."""

    def refuse_lost(self) -> None:
        """Raises `LedgerError` when there was a ledger where there are no tables now."""

    def note_begun(self) -> None:
        """Its tables are made."""

    def close(self) -> None: ...


class Database:
    """`write` is a transaction of one writer at a time: what it reads, nobody changes before
    it writes. `record` is one for statements that are safe by themselves, because they name
    what they change as they found it; on a server it waits for no other writer. `read` sees one
    consistent state and can write nothing.

    Raises `LedgerError` when the database cannot be used, or is not the one that was opened:
    what is written to a file that somebody deleted is lost when the process ends.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._begin(self._store.writer) as connection:
            refuse_moved(connection, self.place)
            yield connection

    def record(self) -> AbstractContextManager[Connection]:
        return self._begin(self._store.recorder)

    def read(self) -> AbstractContextManager[Connection]:
        return self._begin(self._store.reader)

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        self._store.check()
        with in_words(self.place), engine.begin() as connection:
            yield connection

    @property
    def place(self) -> Place:
        return self._store.place

    @property
    def mark(self) -> Mark:
        return self._store.mark

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """The writing and the reading one, for who wants to listen to them."""
        return self._store.writer, self._store.reader

    def close(self) -> None:
        self._store.close()


def open_database(place: Place, mark: Path | None = None) -> Database:
    """Makes the tables, and the file (mode 0600), when they are not there yet.

    `mark` is where that of a server lies, if anywhere; a file has its own beside it.

    Raises `LedgerError` for what is no ledger, belongs to a newer version or can be read by
    others, for one that was moved, and when there was a ledger that is gone or empty now.
    """
    database = open_moved(place, mark)
    try:
        with database.read() as connection:
            refuse_moved(connection, place)
    except LedgerError:
        database.close()
        raise
    return database


def open_moved(place: Place, mark: Path | None = None) -> Database:
    """Also one that was moved: it can be read, and opened again."""
    store = _store(place, mark)
    try:
        with in_words(place), store.reader.begin() as connection:
            found = known_revision(connection, place, shared=store.shared)
        if found != REVISION:
            _migrate(store)
        store.note_begun()
    except LedgerError:
        store.close()
        raise
    return Database(store)


def was_begun(place: Place) -> bool:
    """Whether there is a ledger, or was one; on a server, opening says it.

    Raises `LedgerError` where nobody can tell.
    """
    return file.was_begun(place) if isinstance(place, Path) else True


@contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """One consistent state of a ledger as it lies there: makes, migrates, changes nothing.

    Raises `LedgerError`.
    """
    if isinstance(place, Path):
        with file.reading(place) as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
        return
    from reminder.ledger import server

    with server.reading(place) as connection:
        yield connection


def _store(place: Place, mark: Path | None) -> Store:
    if isinstance(place, Path):
        return file.open_file(place)
    # The driver takes 50 ms to import: only where it is used.
    from reminder.ledger import server

    return server.ServerStore(place, mark)


def _migrate(store: Store) -> None:
    # Alembic costs a tenth of a second to import, and only a new version needs it.
    from reminder.ledger.migrations.upgrade import upgrade

    with in_words(store.place), store.writer.begin() as connection:
        # Another may have come first.
        found = known_revision(connection, store.place, shared=store.shared)
        if found is None:
            store.refuse_lost()
        if found != REVISION:
            upgrade(connection)
