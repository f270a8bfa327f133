"""A copy of the ledger while it is in use, and whether it still is what was recorded."""

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import select, text

from reminder.errors import LedgerError
from reminder.storage.ledger.database import Database
from reminder.storage.ledger.schema import message, notice


def backup(source: Path, target: Path) -> None:
    """One consistent state, as a file of its own (mode 0600: it holds the installation key).

    SQLite's online backup: the daemon goes on meanwhile. Never overwrites; a copy that cannot
    be finished leaves nothing behind. Raises `LedgerError`.
    """
    if not source.exists():
        raise LedgerError(f"there is no ledger {source} yet")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise LedgerError(f"{target} cannot be made: {error.strerror}") from None
    try:
        with (
            closing(sqlite3.connect(source)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise LedgerError(f"{source} was not copied: {error}") from error


def verify(database: Database) -> Iterator[str]:
    """What is wrong, in words: the file's own checks, then every stored message's hash."""
    with database.read() as connection:
        for row in connection.execute(text("PRAGMA integrity_check")):
            if row[0] != "ok":
                yield f"the file is damaged: {row[0]}"
        for row in connection.execute(text("PRAGMA foreign_key_check")):
            yield f"table {row[0]}, row {row[1]}: belongs to no {row[2]}"
        query = select(notice.c.key, notice.c.sha256, message.c.content)
        for row in connection.execute(query.join(message, message.c.notice == notice.c.key)):
            try:
                found = hashlib.sha256(zlib.decompress(row.content)).hexdigest()
            except zlib.error:
                found = ""
            if found != row.sha256:
                yield f"{row.key}: its stored message is not what was recorded"
