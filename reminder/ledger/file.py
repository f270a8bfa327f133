"""A ledger that is a file: who may read it, what is refused, how SQLite is to treat it."""

import logging
import os
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, text

from reminder.errors import LedgerError
from reminder.ledger.database import Database
from reminder.ledger.failures import BUSY_TIMEOUT, damaged, in_words, of_system
from reminder.ledger.location import lock_beside
from reminder.ledger.mark import Mark

log = logging.getLogger(__name__)

_GLANCE = 0.01  # seconds

# POSIX: a process that closes any descriptor of a file loses all its locks on it. So what is
# open in this process is not looked into by hand.
_IN_USE: Counter[tuple[int, int] | None] = Counter()


class FileDatabase(Database):
    """Writes begin with BEGIN IMMEDIATE: SQLite lets one writer in at a time."""

    def __init__(self, path: Path) -> None:
        writer, reader = _engine(path, read_only=False), _engine(path, read_only=True)
        mark = Mark(_mark(path), alone=True)
        super().__init__(path, mark, writer=writer, recorder=writer, reader=reader)
        self._path = path
        self._file = _identity(path)
        _IN_USE[self._file] += 1

    def check(self) -> None:
        if _identity(self._path) != self._file:
            raise LedgerError(
                f"the ledger {self.place} was deleted, moved or replaced while in use",
                hint="Put it back; or stop the daemon, put a backup in its place, and start it "
                "again.",
            )

    def refuse_lost(self) -> None:
        if _filled(_mark(self._path)):
            raise _lost(self._path)

    def note_begun(self) -> None:
        try:
            if not _filled(_mark(self._path)):
                with self.reader.begin() as connection:
                    self.mark.begin(connection)
        except OSError as error:
            raise of_system(self._path, error) from None

    def close(self) -> None:
        _IN_USE[self._file] -= 1
        super().close()


def open_file(path: Path) -> FileDatabase:
    """Makes the file when it is not there yet. Raises `LedgerError`."""
    _make(path)
    database = FileDatabase(path)
    try:
        # A look at every page, some ms a megabyte, before anything is written on top.
        with database.read() as connection:
            answer = connection.scalar(text("PRAGMA quick_check(1)"))
        if answer != "ok":
            raise damaged(path, str(answer))
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
    """A ledger as it lies there, outside a transaction until the first BEGIN.

    Raises `LedgerError`.
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
        if not stat.S_ISREG(path.stat().st_mode):
            raise LedgerError(
                f"the ledger {path} is no file", hint="Set REMINDER_STATE_DIR to another folder."
            )
        beside = [Path(f"{path}-shm"), _mark(path), lock_beside(path, path.parent)]
        narrowed = [name for name in (path, _log(path), *beside) if _narrow(name)]
    except OSError as error:
        raise of_system(path, error) from None
    if narrowed:
        log.warning("others could read %s: narrowed to this user", ", ".join(map(str, narrowed)))
    _refuse_foreign_log(path)


def _narrow(path: Path) -> bool:
    """Our own file that a mount has widened, as Kubernetes' fsGroup does each time. Says whether
    it was so.

    Nothing else is changed: a link, say, may lead to any file of this user's.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return False
    if not status.st_mode & 0o077:
        return False
    if status.st_uid == os.geteuid() and status.st_nlink == 1 and not path.is_symlink():
        with suppress(OSError):
            path.chmod(0o600)
    if path.stat().st_mode & 0o077:
        raise LedgerError(
            f"the ledger {path} can be read by others: it holds the installation key",
            hint=f"chmod 600 {path}",
        )
    return True


def _mark(path: Path) -> Path:
    """Filled when the tables are made, so that a loss is seen."""
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
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


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


def _into_wal(connection: sqlite3.Connection) -> None:
    """SQLite's own wait does not cover the change to this mode: where another process is about
    to make the same change, it gives up at once."""
    end = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_GLANCE)


def _engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=_connector(path, "rw"),
        poolclass=QueuePool,
        max_overflow=-1,  # a thread that waits for the writer's lock keeps none else waiting
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        _into_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
