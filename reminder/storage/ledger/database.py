"""Opens the ledger's database: one writer at a time, nothing lost on a crash."""

import fcntl
import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, text

from reminder.clock import monotonic, sleep
from reminder.errors import LedgerError
from reminder.storage.ledger.failures import BUSY_TIMEOUT, damaged, held, in_words, of_system
from reminder.storage.ledger.schema import REVISION

# POSIX: a process that closes any descriptor of a file loses all its locks on it. So what is
# open in this process is not looked into by hand.
_IN_USE: Counter[tuple[int, int] | None] = Counter()
MOMENT = 0.1  # seconds between two looks whether another has finished migrating


class Database:
    """`write` is a transaction begun with BEGIN IMMEDIATE: what it reads, nobody changes
    before it writes. `read` sees one consistent state and can write nothing.

    Raises `LedgerError` when the file cannot be used, or is not the one that was opened: what
    is written to a file that somebody deleted is lost when the process ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _identity(path)
        _IN_USE[self._file] += 1
        self._log = _log(path)
        self._writer = _engine(path, read_only=False)
        self._reader = _engine(path, read_only=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._refuse_another()
        with in_words(self.path), self._writer.begin() as connection:
            if not self._log.exists():
                raise self._lost()
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._refuse_another()
        with in_words(self.path), self._reader.begin() as connection:
            yield connection

    @property
    def engines(self) -> tuple[Engine, Engine]:
        """The writing and the reading one, for who wants to listen to them."""
        return self._writer, self._reader

    def close(self) -> None:
        _IN_USE[self._file] -= 1
        self._writer.dispose()
        self._reader.dispose()

    def _refuse_another(self) -> None:
        if _identity(self.path) != self._file:
            raise self._lost()

    def _lost(self) -> LedgerError:
        return LedgerError(
            f"the ledger {self.path} was deleted, moved or replaced while in use",
            hint="Put it back; or stop the daemon, put a backup in its place, and start it again.",
        )


def open_database(path: Path) -> Database:
    """Makes the file (mode 0600) and its tables when they are not there yet.

    Raises `LedgerError` for what is no ledger, belongs to a newer version or can be read by
    others, and when there was a ledger that is gone or empty now.
    """
    _make(path)
    database = Database(path)
    try:
        _refuse_damaged(database)
        if _revision(database) != REVISION or not _filled(_mark(path)):
            _migrate(database)
    except LedgerError:
        database.close()
        raise
    return database


def was_begun(path: Path) -> bool:
    """Whether there is a ledger, or was one. Raises `LedgerError` where nobody can tell."""
    try:
        return path.exists() or _filled(_mark(path))
    except OSError as error:
        raise of_system(path, error) from None


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """One consistent state of a ledger as it lies there: makes, migrates, changes nothing.

    Outside a transaction until the first BEGIN. Raises `LedgerError`.
    """
    try:
        path.stat()
        _refuse_foreign_log(path)
    except FileNotFoundError:
        raise LedgerError(f"there is no ledger {path} yet") from None
    except OSError as error:
        raise of_system(path, error) from None
    # A disk that is read-only has no place for the files that SQLite shares with writers.
    shared = os.access(path.parent, os.W_OK) or _log(path).exists()
    connect = _connector(path, "ro" if shared else "ro&immutable=1")
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    with in_words(path), engine.connect() as connection:
        if _known_revision(path, connection) is None:
            raise LedgerError(f"the ledger {path} is empty")
        yield connection


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In this order: once there is a mark, whoever made the ledger has finished.
        if (_filled(_mark(path)) or _filled(_log(path))) and not _filled(path):
            raise _lost(path)
        with suppress(FileExistsError):
            # Never one that is there: to close it would drop this process's locks on it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        mode = path.stat().st_mode
    except OSError as error:
        raise of_system(path, error) from None
    if not stat.S_ISREG(mode):
        raise LedgerError(
            f"the ledger {path} is no file", hint="Set REMINDER_STATE_DIR to another folder."
        )
    if mode & 0o077:
        raise LedgerError(
            f"the ledger {path} can be read by others: it holds the installation key",
            hint=f"chmod 600 {path}",
        )
    _refuse_foreign_log(path)


def _mark(path: Path) -> Path:
    """Locked while the tables are made; filled when they are, so that a loss is seen."""
    return Path(os.path.realpath(path)).with_suffix(".made")


def _log(path: Path) -> Path:
    return Path(f"{os.path.realpath(path)}-wal")


def _refuse_foreign_log(path: Path) -> None:
    """SQLite would write the log of the ledger that was here before into a backup put there."""
    log = _log(path)
    # In this order: a ledger in use says that it has a log before the log has anything.
    if not _filled(log) or _IN_USE[_identity(path)] > 0:
        return
    with path.open("rb") as file:
        header = file.read(20)
    if header == b"SQLite format 3\0\x10\0\1\1":
        raise LedgerError(
            f"{log} is not the log of the ledger {path}, but of one that was there before",
            hint=f"Remove {log}, if {path} is the backup that you want.",
        )


def _filled(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _lost(path: Path) -> LedgerError:
    return LedgerError(
        f"the ledger {path} is gone or empty, but there was one: a new one would send again "
        "what went before",
        hint=f"Put a backup in its place. To begin anew all the same, remove {_mark(path)} "
        f"and {_log(path)}.",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    """None when there is no such file, or it cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_damaged(database: Database) -> None:
    """Before anything is written on top: a look at every page, a few milliseconds a megabyte."""
    with database.read() as connection:
        found = connection.scalar(text("PRAGMA quick_check(1)"))
    if found != "ok":
        raise damaged(database.path, str(found))


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        return _known_revision(database.path, connection)


def _known_revision(path: Path, connection: Connection) -> str | None:
    """None when there are no tables yet. Raises `LedgerError` for those of others."""
    tables = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")))
    if not tables:
        return None
    query = text("SELECT version_num FROM alembic_version")
    found = connection.scalar(query) if "alembic_version" in tables else None
    if not found:
        raise LedgerError(
            f"{path} is a database, but no ledger",
            hint="Set REMINDER_STATE_DIR to another folder; the file is left as it is.",
        )
    if found > REVISION:
        raise LedgerError(
            f"the ledger {path} was made by a newer version of this program: its tables are "
            f"{found}, this one knows {REVISION}",
            hint="Install the newer version again; the file is left as it is.",
        )
    return str(found)


def _migrate(database: Database) -> None:
    # Alembic costs a tenth of a second to import, and only a new version needs it.
    from reminder.storage.migrations.upgrade import upgrade

    path = database.path
    with _alone(path) as mark, in_words(path):
        found = _revision(database)
        if found is None and _filled(_mark(path)):
            raise _lost(path)
        if found != REVISION:
            upgrade(database._writer)
        os.write(mark, b"There is a ledger here, or there was.\n")


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """One migrates, the others wait."""
    try:
        descriptor = os.open(_mark(path), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise of_system(path, error) from None
    try:
        _lock(path, descriptor)
        yield descriptor
    except OSError as error:
        raise of_system(path, error) from None
    finally:
        os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    end = monotonic() + BUSY_TIMEOUT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > end:
                raise held(path) from None
            sleep(MOMENT)
        else:
            return


def _connector(path: Path, mode: str) -> Callable[[], sqlite3.Connection]:
    """Never creates: a file that was deleted must not come back empty."""
    address = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        # The driver must not begin transactions on its own: by default it opens none before
        # a SELECT, and a read followed by a write would then lose updates.
        return sqlite3.connect(
            address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT, check_same_thread=False
        )

    return connect


def _engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=_connector(path, "rw"),
        poolclass=QueuePool,
        max_overflow=-1,  # a thread that waits for the writer's lock keeps none else waiting
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
