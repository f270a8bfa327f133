"""Copies of a ledger: a backup, one that is put back, a move to another database."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from reminder.errors import LedgerError
from reminder.ledger import file
from reminder.ledger.database import MOVED_TO, Database, Place, open_database, reading
from reminder.ledger.file_errors import in_words
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.integrity import damage, faults, verify
from reminder.ledger.mark import LIES, name_ledger
from reminder.ledger.rows import drop_setting, put_setting
from reminder.ledger.schema import metadata
from reminder.output_files import make_folder, sync_folder, write_file

_AT_ONCE = 200  # rows in memory
_OF_USE = ("notice", "start", "task_done")  # tables: a ledger with rows there is an office's
_DRAFTS = ".ledger-backup-"  # folders beside the ledger, that a kill may leave
_HOURS = 6 * 3600.0


def backup(source: Place, target: Path, drafts: Path, *, new: bool = True) -> None:
    """One consistent state, as a file of its own (mode 0600: it holds the installation key),
    whatever database it comes from.

    The daemon goes on meanwhile. `new` never overwrites. No ledger is copied that is not sound;
    the copy has its name when it is whole, sound and on disk, else nothing is left. It is made in
    `drafts`, where nobody else can write. Raises `LedgerError`.
    """
    with _made_in(drafts, target) as draft:
        _take(source, draft)
        digest = hashlib.sha256()
        with draft.open("rb") as content:
            write_file(target, _noted(content, digest), new=new)
        if _digest_of(target) != digest.digest():
            target.unlink()
            raise LedgerError.because("backup_reads_otherwise", path=target)


@contextmanager
def _made_in(drafts: Path, target: Path | None = None) -> Iterator[Path]:
    """SQLite opens what it writes by its path, so in a folder where nobody else can rename."""
    try:
        make_folder(drafts)
        with TemporaryDirectory(prefix=_DRAFTS, dir=drafts) as folder:
            _remove_older(Path(folder))
            yield Path(folder) / "ledger.db"
    except OSError as error:
        where = "" if error.filename in (None, str(target)) else f"{error.filename}: "
        made = target or drafts
        raise LedgerError(f"{made} cannot be made: {where}{error.strerror}") from error


def _remove_older(folder: Path) -> None:
    """What backups that were killed have left beside it: none takes hours."""
    begun = folder.stat().st_mtime
    for other in folder.parent.glob(f"{_DRAFTS}*"):
        with suppress(FileNotFoundError):  # another backup has just ended
            if other.stat().st_mtime < begun - _HOURS:
                rmtree(other)


def _take(source: Place, draft: Path) -> None:
    """A file as it is, whatever its version; of a server's ledger its rows."""
    if isinstance(source, Path):
        _refuse(source, damage(source))
        draft.touch(0o600)
        with in_words(draft), closing(file.connect(source, "ro")) as connection:
            connection.execute("VACUUM INTO ?", [str(draft)])
        _refuse(source, verify(draft))
        return
    with closing(open_database(draft)) as made, reading(source) as there, made.write() as here:
        _copy(there, here, draft)
    _settle(draft)


def _settle(draft: Path) -> None:
    """All of it in one file, which can be read where nothing can be written."""
    with in_words(draft), closing(file.connect(draft, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _refuse(source: Place, faults_found: Iterable[str]) -> None:
    for fault in faults_found:
        raise LedgerError.because("not_copied", place=source, why=fault)


def _noted(content: BinaryIO, digest: "hashlib._Hash") -> Iterator[bytes]:
    while part := content.read(2**20):
        digest.update(part)
        yield part


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


def restore(
    copy: Path, place: Place, hold: Hold, state_dir: Path, mark: Path | None
) -> Path | None:
    """Puts that copy in the place of the ledger, with everything held. For whoever holds the
    sender's lock of that place. Where the ledger is now that was there, if one was.

    Killed in between, there is the old one, the new one, or none, which is refused by whoever
    opens it. A server's database must never have been used. Raises `LedgerError`.
    """
    real = Path(os.path.realpath(place)) if isinstance(place, Path) else None
    with _made_in(real.parent if real else state_dir) as draft:
        _take(copy, draft)
        with closing(open_database(draft)) as database, database.write() as connection:
            begin_hold(connection, hold)
        _settle(draft)
        if real:
            return _put(draft, real, hold.since)
        with closing(open_database(place, mark)) as new:
            with reading(draft) as there, new.write() as here:
                _copy(there, here, place)
            _note_use(new)
    return None


def _put(draft: Path, place: Path, at: datetime) -> Path | None:
    """The one that was there is kept beside it, with what its log has."""
    kept = None
    log, shared = Path(f"{place}-wal"), Path(f"{place}-shm")
    if place.exists():
        with suppress(sqlite3.Error), closing(file.connect(place, "rw")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = place.with_name(
            f"{place.stem}-until-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{place.suffix}"
        )
        place.rename(kept)
    if log.exists():
        log.rename(f"{kept or place.with_suffix('.lost')}-wal")
    shared.unlink(missing_ok=True)
    with draft.open("rb") as content:
        os.fsync(content.fileno())
    draft.replace(place)
    sync_folder(place.parent)
    return kept


# From one database to another


def copy(source: Place, target: Place, mark: Path | None = None) -> dict[str, int]:
    """How many rows each table has. For whoever holds the source's sender's lock.

    The source is closed first: whatever has it open plans and claims nothing more, and after a
    crash there is never a second ledger to send from. It is open again when the copy fails.
    Raises `LedgerError` for a source that is not sound and for a target that is in use.
    """
    _refuse(source, verify(source))
    with closing(open_database(source)) as old, closing(open_database(target, mark)) as new:
        with new.read() as connection:
            _refuse_in_use(connection, target)
        with old.write() as connection:
            put_setting(connection, MOVED_TO, str(target))
            name_ledger(connection)
        with reading(source) as there, new.write() as here:
            try:
                counts = _copy(there, here, target)
            except BaseException:  # raised again: the old ledger is the one in use
                # Not after the commit: whether that came through, nobody can tell.
                with old.record() as connection:
                    drop_setting(connection, MOVED_TO)
                raise
        _note_use(new)
    return counts


def _note_use(new: Database) -> None:
    """It is the one last used here."""
    with new.read() as connection:
        noted = new.mark.last(connection)
    new.mark.write(noted)


def take_back(source: Place) -> bool:
    """Opens a ledger again that was moved. False when it was not."""
    with closing(open_database(source, moved=True)) as database, database.record() as connection:
        return drop_setting(connection, MOVED_TO)


def _copy(old: Connection, new: Connection, target: Place) -> dict[str, int]:
    _refuse_in_use(new, target)
    for table in reversed(metadata.sorted_tables):
        new.execute(sa.delete(table))
    for table in metadata.sorted_tables:
        rows = old.execute(select(table).execution_options(yield_per=_AT_ONCE))
        for part in rows.mappings().partitions():
            new.execute(sa.insert(table), [dict(row) for row in part])
        number = table.autoincrement_column
        if number is not None and new.dialect.name == "postgresql":
            # It counts on from where it gave out numbers itself.
            sequence = func.pg_get_serial_sequence(table.name, number.name)
            following = select(func.coalesce(func.max(number), 0) + 1).scalar_subquery()
            new.execute(select(func.setval(sequence, following, False)))
    wanted = _counts(old)
    wanted["setting"] -= sum(drop_setting(new, name) for name in (MOVED_TO, LIES))
    counts = _counts(new)
    if counts != wanted:
        raise LedgerError(f"nothing was copied: {target} has {counts} rows, wanted {wanted}")
    for fault in faults(new):
        raise LedgerError(f"nothing was copied: in {target} {fault}")
    return counts


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    }


def _refuse_in_use(connection: Connection, place: Place) -> None:
    for name in _OF_USE:
        if connection.execute(select(metadata.tables[name]).limit(1)).first():
            raise LedgerError.because("ledger_in_use", place=place, table=name)
