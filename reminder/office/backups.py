"""The nightly backup: once a day a copy of the ledger in a folder; the oldest ones go."""

import logging
import os
import re
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from reminder.clock import monotonic
from reminder.documents.settings import Settings
from reminder.errors import LedgerError, ReminderError
from reminder.events import Event
from reminder.ledger.copying import backup
from reminder.ledger.database import Database
from reminder.ledger.mark import ledger_name
from reminder.output_files import PART, make_folder

log = logging.getLogger(__name__)

AGAIN = 15 * 60.0  # seconds after a failure
LONG = 2 * 3600.0  # seconds, for one that does not end
SPARED = 100 << 20  # bytes that a copy leaves on the ledger's disk
_OLD_DRAFT = 6 * 3600.0


@dataclass(frozen=True)
class BackupFile:
    """`made` is by the clock of whoever made it."""

    path: Path
    made: datetime
    size: int


def backup_files(settings: Settings, connection: Connection) -> list[BackupFile]:
    """Of that ledger, the newest first. Raises `OSError`; none where none are made."""
    folder = settings.backup.folder
    if folder is None or not folder.exists():
        return []
    ours = re.compile(rf"ledger-\d{{4}}-\d\d-\d\d-{_short_name(connection)}\.db")
    paths = [path for path in folder.iterdir() if ours.fullmatch(path.name)]
    return sorted(map(_seen, paths), key=lambda file: (file.made, file.path), reverse=True)


def last_backup(settings: Settings, connection: Connection) -> BackupFile | None:
    """None also where the folder cannot be read."""
    with suppress(OSError):
        return next(iter(backup_files(settings, connection)), None)
    return None


def _seen(path: Path) -> BackupFile:
    status = path.stat()
    return BackupFile(path, datetime.fromtimestamp(status.st_mtime, UTC), status.st_size)


def _short_name(connection: Connection) -> str:
    """So that two ledgers may share a folder."""
    return ledger_name(connection)[:6]


class Backups:
    """Of one process. What was made lies in the folder, and stands nowhere else."""

    def __init__(
        self, database: Database, settings: Callable[[], Settings], zone: Callable[[], ZoneInfo]
    ) -> None:
        self._database = database
        self._settings = settings
        self._zone = zone
        self._running: threading.Thread | None = None
        self._begun = self._failed = -float("inf")
        self._why = ""

    def begin_if_due(self, at: datetime) -> None:
        """On a thread of its own, which ends with the process."""
        if self._is_running() or not self._is_due(at):
            return
        self._begun = monotonic()
        self._running = threading.Thread(target=self._make, args=(at,), name="backup", daemon=True)
        self._running.start()

    def make_if_due(self, at: datetime) -> None:
        if not self._is_running() and self._is_due(at):
            self._make(at)

    def failure(self) -> str:
        """Why there is none of today, if somebody has to do something about it."""
        if self._is_running() and monotonic() - self._begun > LONG:
            return f"a backup has not ended for {(monotonic() - self._begun) // 3600:.0f} hours"
        return self._why

    def _is_running(self) -> bool:
        return self._running is not None and self._running.is_alive()

    def _is_due(self, at: datetime) -> bool:
        settings = self._settings().backup
        if settings.folder is None:
            self._why = ""
            return False
        if self._why and monotonic() - self._failed < AGAIN:
            return False
        local = at.astimezone(self._zone())
        due = datetime.combine(local.date(), settings.at, local.tzinfo)
        if due > at:
            due = datetime.combine(local.date() - timedelta(days=1), settings.at, local.tzinfo)
        try:
            with self._database.read() as connection:
                files = backup_files(self._settings(), connection)
        except (OSError, LedgerError) as error:
            self._fail(error)
            return False
        return not any(due <= file.made <= at for file in files)

    def _make(self, at: datetime) -> None:
        settings, day = self._settings(), at.astimezone(self._zone()).date()
        try:
            made = self._write(settings, day)
            os.utime(made, (at.timestamp(), at.timestamp()))
            with self._database.read() as connection:
                self._remove_old(backup_files(settings, connection), made, settings.backup.keep)
        except Exception as error:  # noqa: BLE001 - told, and tried again
            self._fail(error)
            return
        self._why = ""
        size = made.stat().st_size >> 10
        log.info("backup %s: %d KiB", made, size, extra=Event.BACKED_UP.of())

    def _write(self, settings: Settings, day: date) -> Path:
        """Never with what the ledger itself may need of its disk."""
        folder, place, room = (
            settings.backup.folder,
            self._database.place,
            settings.lock_path.parent,
        )
        assert folder is not None
        size = sum(map(_size, (place, Path(f"{place}-wal")))) if isinstance(place, Path) else 0
        if shutil.disk_usage(room).free < size + SPARED:
            raise LedgerError.because("no_room_for_backup", folder=room, size=size + SPARED >> 20)
        make_folder(folder)
        with self._database.read() as connection:
            path = folder / f"ledger-{day}-{_short_name(connection)}.db"
        backup(place, path, room, new=False)
        return path

    def _remove_old(self, files: list[BackupFile], made: Path, keep: int) -> None:
        """Nothing that is not ours, and never the one just made, whatever a clock has said."""
        others = [file for file in files if file.path != made]
        for old in others[keep - 1 :]:
            old.path.unlink(missing_ok=True)
            gone = Event.BACKUP_GONE.of()
            log.info("backup %s has gone: %d are kept", old.path.name, keep, extra=gone)
        now = made.stat().st_ctime
        for draft in made.parent.glob(f".{made.name[:7]}*{PART}"):
            if draft.stat().st_mtime < now - _OLD_DRAFT:
                draft.unlink(missing_ok=True)

    def _fail(self, error: Exception) -> None:
        is_named = isinstance(error, ReminderError | OSError)
        if not is_named:
            log.exception("an unforeseen failure of the backup", extra=Event.UNFORESEEN.of())
        self._why, self._failed = str(error), monotonic()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
