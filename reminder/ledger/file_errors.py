"""What went wrong with a ledger that is a file, and what to do about it."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from reminder.errors import LedgerError

BUSY_TIMEOUT = 30  # seconds that a writer waits for another
_LITTLE = 64 * 1024  # bytes: less than what SQLite adds to its files in one step
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """SQLite's errors, through SQLAlchemy or not, as `LedgerError`."""
    try:
        yield
    except DBAPIError as error:
        raise _failed(path, error.orig) from error
    except sqlite3.Error as error:
        raise _failed(path, error) from error


@contextmanager
def opening_in_words(path: Path) -> Iterator[None]:
    """The ledger, or a file beside it, cannot be made, opened or locked: as `LedgerError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from None
        why = error.strerror or str(error)
        if isinstance(error, FileExistsError | NotADirectoryError):
            why = f"{path.parent} is no folder"
        facts = {"path": path, "why": why, "errno": error.errno}
        raise LedgerError.because("ledger_not_opened", **facts) from None


def _failed(path: Path, error: BaseException | None) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", 0)
    kind = code & 0xFF
    if kind in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return damaged(path, error)
    if kind == sqlite3.SQLITE_FULL or (kind in _DISK and _little_room(path.parent)):
        return _full(path)
    if kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError.because("ledger_busy", path=path, seconds=BUSY_TIMEOUT)
    facts = {"path": path, "why": str(error), "folder": path.parent}
    facts |= {"is_read_only": kind == sqlite3.SQLITE_READONLY, "is_disk": kind in _DISK}
    return LedgerError.because("ledger_unusable", **facts)


def lost(path: Path, mark: Path, log: Path) -> LedgerError:
    return LedgerError.because("ledger_lost", path=path, mark=mark, log=log)


def damaged(path: Path, why: object) -> LedgerError:
    return LedgerError.because("ledger_damaged", path=path, why=str(why))


def _full(path: Path) -> LedgerError:
    return LedgerError.because("disk_full", path=path, folder=path.parent)


def _little_room(folder: Path) -> bool:
    """A log that cannot grow is to SQLite an error of the disk like any other."""
    with suppress(OSError):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize < _LITTLE or bool(disk.f_files and not disk.f_ffree)
    return False
