"""What a failing ledger means for its reader: a sentence, and what to do about it."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from reminder.errors import LedgerError
from reminder.ledger.location import DatabaseServer, Place

BUSY_TIMEOUT = 30  # seconds that a writer waits for another
_LITTLE = 64 * 1024  # bytes: less than what SQLite adds to its files in one step
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


# By SQLSTATE, or by its class: what it is, and what to do. PostgreSQL's manual, appendix A.
_OF_SERVER = {
    "08": ("the connection to the ledger {place} was lost: {why}", ""),
    "25006": (
        "the ledger {place} is read-only: {why}",
        "A standby? Name the primary, or all hosts and target_session_attrs=read-write.",
    ),
    "25P03": ("the connection to the ledger {place} was lost: {why}", ""),
    "42501": (
        "this user may not do that in the ledger {place}: {why}",
        "docs/scaling.md says what a role needs.",
    ),
    "53100": ("the disk is full: the ledger {place} cannot be written", "Make room on its server."),
    "53300": ("the ledger {place} takes no more connections: {why}", "Raise max_connections."),
    "55P03": (
        f"the ledger {{place}} has been held by another process for {BUSY_TIMEOUT} s",
        "It may be frozen; to see which it is: "
        "SELECT * FROM pg_stat_activity WHERE application_name = 'reminder'",
    ),
    "57": ("the connection to the ledger {place} was lost: {why}", ""),
    "57014": ("the ledger {place} took too long: {why}", "Is its server well?"),
}
_UNREACHED = (
    "the ledger {place} cannot be reached: {why}",
    "Does REMINDER_DATABASE_URL name the right host, database, user and password?",
)
_UNKNOWN = (
    "the ledger {place} cannot be used: {why}",
    "`reminder ledger verify` says whether it is sound.",
)


@contextmanager
def in_words(place: Place) -> Iterator[None]:
    """The database's errors, through SQLAlchemy or not, as `LedgerError`."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(place, DatabaseServer):
            lost = error.connection_invalidated
            raise _of_server(place, error.orig, was_connected=lost) from error
        raise _of_sqlite(place, error.orig) from error
    except sqlite3.Error as error:
        raise _of_sqlite(Path(str(place)), error) from error
    except NoConnectionError as error:
        raise LedgerError(f"all connections to the ledger {place} are in use") from error


def of_system(path: Path, error: OSError) -> LedgerError:
    """The ledger, or a file beside it, cannot be made, opened or locked."""
    if error.errno in _NO_ROOM:
        return _full(path)
    why = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        why = f"{path.parent} is no folder"
    return LedgerError(
        f"the ledger {path} cannot be opened: {why}",
        hint="Set REMINDER_STATE_DIR to a folder that this user may write.",
    )


def _of_server(
    server: DatabaseServer, error: BaseException | None, *, was_connected: bool
) -> LedgerError:
    """What libpq says itself, of a server that was not reached, has no SQLSTATE."""
    state = getattr(error, "sqlstate", None)
    words, hint = _OF_SERVER.get(state or "") or _OF_SERVER.get((state or "")[:2]) or _UNKNOWN
    if state is None and type(error).__name__ == "OperationalError":
        words, hint = _OF_SERVER["08"] if was_connected else _UNREACHED
    lines = [line for line in str(error).splitlines() if not line.startswith("\t")]  # its advice
    why = lines[0] if state else " ".join(lines)
    return LedgerError(words.format(place=server, why=why), hint=hint)


def _of_sqlite(path: Path, error: BaseException | None) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", 0)
    kind = code & 0xFF
    if kind in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return damaged(path, str(error))
    if kind == sqlite3.SQLITE_FULL or (kind in _DISK and _little_room(path.parent)):
        return _full(path)
    words = f"the ledger {path} cannot be used: {error}"
    if kind in _HELD:
        return LedgerError(
            f"the ledger {path} has been held by another process for {BUSY_TIMEOUT} s",
            hint=f"It may be frozen; to see which it is: fuser -v {path}",
        )
    if kind == sqlite3.SQLITE_READONLY:
        return LedgerError(words, hint=f"This user must be able to write {path} and its folder.")
    if kind in _DISK:
        return LedgerError(words, hint=f"Is the disk of {path.parent} well, below its quota?")
    return LedgerError(words, hint="`reminder ledger verify` says whether it is sound.")


def damaged(path: Path, why: str) -> LedgerError:
    return LedgerError(
        f"the ledger {path} is damaged or is no ledger: {why}",
        hint="Put a backup in its place; the file is left as it is.",
    )


def _full(path: Path) -> LedgerError:
    return LedgerError(
        f"the disk is full: the ledger {path} cannot be written",
        hint=f"Make room on the disk of {path.parent}.",
    )


def _little_room(folder: Path) -> bool:
    """A log that cannot grow is to SQLite an error of the disk like any other."""
    with suppress(OSError):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize < _LITTLE or bool(disk.f_files and not disk.f_ffree)
    return False
