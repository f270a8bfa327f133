"""A ledger that is a file: who may read it, what is refused, how SQLite is to treat it."""

import logging
import os
import sqlite3
import stat
import time
from collections import Counter
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text

from reminder.errors import LedgerError
from reminder.events import Event
from reminder.ledger.file_errors import BUSY_TIMEOUT, damaged, in_words, lost, opening_in_words

log = logging.getLogger(__name__)

SYNCHRONOUS = "FULL"  # a commit is on disk before it counts
_GLANCE = 0.01  # seconds
# POSIX: a process that closes any descriptor of a file loses all its locks on it. So what is
# open in this process is not looked into by hand.
_IN_USE: Counter[tuple[int, int] | None] = Counter()


class FileEngines:
    """Writes begin with BEGIN IMMEDIATE: SQLite lets one writer in at a time."""

    def __init__(self, path: Path, mode: str = "rw") -> None:
        self.writer = self.recorder = _engine(path, mode, read_only=False)
        self.reader = _engine(path, mode, read_only=True)
        self._path = path
        self._file = _identity(path)
        _IN_USE[self._file] += 1

    def check(self) -> None:
        if _identity(self._path) != self._file:
            raise LedgerError.because("ledger_replaced", path=self._path)

    def in_words(self) -> AbstractContextManager[None]:
        return in_words(self._path)

    def close(self) -> None:
        _IN_USE[self._file] -= 1
        self.writer.dispose()
        self.reader.dispose()


def open_file(path: Path) -> FileEngines:
    """Makes the file when it is not there yet. Raises `LedgerError`."""
    with opening_in_words(path):
        begun = _make(path)
        _refuse_foreign_log(path)
    engines = FileEngines(path)
    try:
        with in_words(path), engines.reader.connect() as connection:
            # A look at every page, some ms a megabyte, before anything is written on top.
            answer = connection.scalar(text("PRAGMA quick_check(1)"))
            if answer != "ok":
                raise damaged(path, answer)
            if begun and not connection.scalar(text("SELECT count(*) FROM sqlite_master")):
                raise lost(path, mark_beside(path), _log(path))
    except LedgerError:
        engines.close()
        raise
    return engines


def as_it_lies(path: Path) -> FileEngines:
    """To be read: makes and changes nothing. Raises `LedgerError`."""
    with opening_in_words(path):
        if not path.exists():
            raise LedgerError.because("no_ledger", place=path)
        _refuse_foreign_log(path)
        # A disk that is read-only has no place for the files that SQLite shares with writers.
        shared = os.access(path.parent, os.W_OK) or _log(path).exists()
        return FileEngines(path, "ro" if shared else "ro&immutable=1")


def was_begun(path: Path) -> bool:
    """Whether there is a ledger, or was one. Raises `LedgerError` where nobody can tell."""
    with opening_in_words(path):
        return path.exists() or _filled(mark_beside(path))


def _make(path: Path) -> bool:
    """Whether it was there, with its tables: whoever makes a ledger ends with its mark."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = _filled(mark_beside(path))
    if (begun or _filled(_log(path))) and not _filled(path):
        raise lost(path, mark_beside(path), _log(path))
    with suppress(FileExistsError):
        # Never one that is there: to close it would drop this process's locks on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not stat.S_ISREG(path.stat().st_mode):
        raise LedgerError.because("ledger_no_file", path=path)
    beside = [Path(f"{path}-shm"), mark_beside(path), lock_beside(path)]
    narrowed = [name for name in (path, _log(path), *beside) if _narrow(name)]
    if narrowed:
        names = ", ".join(map(str, narrowed))
        words = "others could read %s: narrowed to this user"
        log.warning(words, names, extra=Event.NARROWED.of())
    return begun


def _narrow(path: Path) -> bool:
    """Our own file that a mount has widened, as Kubernetes' fsGroup does each time. Says whether
    it was so.

    Nothing else is changed: a link, say, may lead to any file of this user's.
    """
    with suppress(FileNotFoundError):
        status = path.stat()
        if status.st_mode & 0o077:
            if status.st_uid == os.geteuid() and status.st_nlink == 1 and not path.is_symlink():
                with suppress(OSError):
                    path.chmod(0o600)
            if path.stat().st_mode & 0o077:
                raise LedgerError.because("ledger_open_to_others", path=path)
            return True
    return False


def lock_beside(path: Path) -> Path:
    """Of the sender: who shares a ledger shares its lock."""
    return path.resolve().with_suffix(".sender.lock")


def mark_beside(path: Path) -> Path:
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
        raise LedgerError.because("log_of_another", path=path, log=log)


def _filled(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    """None when there is no such file, or it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


# What SQLite is told


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Never creates: a file that was deleted must not come back empty."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        # The driver must not begin transactions on its own: by default it opens none before
        # a SELECT, and a read followed by a write would then lose updates.
        isolation_level=None,
        timeout=BUSY_TIMEOUT,
        check_same_thread=False,
    )


def _engine(path: Path, mode: str, *, read_only: bool) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=partial(connect, path, mode),
        poolclass=QueuePool,
        max_overflow=-1,  # a thread that waits for the writer's lock keeps none else waiting
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        if mode == "rw":
            _into_wal(connection)
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        connection.execute("PRAGMA foreign_keys = ON")
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


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
