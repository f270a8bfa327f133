"""How far the ledger had come that was last used here: a file beside it knows.

A ledger that lacks that row of the history, or has another one there, is an older copy or
another ledger: what it does not know to have gone would go again. The mark is written after the
ledger, so it may lie behind, never ahead, but for a restore.

Of a ledger on a server whoever has no mark looks where it lies: what is restored from a dump or to
an earlier moment lies elsewhere, and so does what a standby goes on with. Of these a replica that
lives knows how far they had come.
"""

import hashlib
import logging
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, text

from reminder.domain.notices import State
from reminder.events import Event
from reminder.ledger.holds import released_at
from reminder.ledger.rows import put_new_setting, put_setting, read_setting
from reminder.ledger.schema import history
from reminder.ledger.senders import present

log = logging.getLogger(__name__)

_ID = "ledger-id"
LIES = "lies"  # the setting that says where
# Of a server: which one (a copy of its files has the same), which of its histories (a new one
# begins with each standby that is promoted and each restore to a moment), which database.
_MAY_KNOW = text("SELECT has_function_privilege('pg_control_system()', 'execute')")
_WHERE = text(
    "SELECT concat_ws('/', system_identifier, (SELECT oid FROM pg_database "
    "WHERE datname = current_database()), CASE WHEN NOT pg_is_in_recovery() "
    "THEN left(pg_walfile_name(pg_current_wal_lsn()), 8) END) FROM pg_control_system()"
)
_BEGUN = b"There is a ledger here, or there was.\n"
_NEW = _BEGUN + b"Nobody has ticked yet.\n"
_LINE = re.compile(re.escape(_BEGUN) + rb"ledger (\w*), row (\d+) \((\w+)\) of (\S+)\n")
# What a row says, whatever columns later releases add to it: their marks are compared, too.
_SAID = ("id", "at", "subject", "address", "state", "reason", "detail")
# Made once: they are asked with every answer of a mail server.
_FACTS = select(*(history.c[name] for name in _SAID))
_LAST = _FACTS.order_by(history.c.id.desc()).limit(1)
_NUMBERED = _FACTS.where(history.c.id == bindparam("number"))
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Mark:
    """`path` is None where there is no place for one. `alone` is a ledger that is used from one
    machine: it always has its mark, where on a server a new replica begins without."""

    def __init__(self, path: Path | None, *, alone: bool) -> None:
        self._path = path
        self._alone = alone
        self._warned = False

    def begin(self, connection: Connection) -> None:
        """Beside a ledger that was just made. Raises `OSError`."""
        if self._path and not self._read() and not _is_used(connection):
            _write(self._path, _NEW)

    def why_other(self, connection: Connection) -> str:
        """Why this is not the ledger that was last used here, in words; empty when it is."""
        noted = self._read()
        if not noted:
            unknown = self._alone and _is_used(connection)
            if unknown:
                return "it has been used, but not here: there is no mark beside it"
            return self._why_elsewhere(connection)
        if noted == _BEGUN:
            return ""  # all that early versions wrote
        if noted == _NEW:
            return "it has been used, but not here" if _is_used(connection) else ""
        line = _LINE.fullmatch(noted)
        if line is None:
            return f"what {self._path} says of it cannot be read"
        name, number, digest, moment = (part.decode() for part in line.groups())
        at = datetime.fromisoformat(moment)
        if name != ledger_name(connection):
            why = "another ledger was used here last"
        elif int(number) and _digest(_row(connection, int(number))) != digest:
            why = f"it lacks what was recorded here on {at.isoformat(' ', 'minutes')}"
        else:
            return ""
        released = released_at(connection)
        return "" if released and at <= released else why  # that loss was looked at already

    def _why_elsewhere(self, connection: Connection) -> str:
        was = read_setting(connection, LIES)  # nowhere, as far as earlier versions know
        if not was or was == _where(connection) or present(connection):
            return ""
        if not _is_used(connection):
            return ""
        return "its database was restored or moved, and no replica knows how far it had come"

    def has_moved(self, connection: Connection) -> bool:
        """Of a ledger on a server: whether it lies elsewhere than when it was last judged."""
        return not self._alone and _where(connection) != (read_setting(connection, LIES) or "")

    def note_place(self, connection: Connection) -> None:
        """It was judged there."""
        if self.has_moved(connection):
            put_setting(connection, LIES, _where(connection))

    def is_kept(self, connection: Connection) -> bool:
        """Whether it says how far this ledger had come."""
        name = ledger_name(connection)
        return self._path is None or bool(name and f"ledger {name},".encode() in self._read())

    def follow(self, connection: Connection) -> bytes:
        """As `last`; nothing where this is not the ledger that was last used here."""
        return b"" if self._path is None or self.why_other(connection) else self.last(connection)

    def last(self, connection: Connection) -> bytes:
        """What to write when this transaction is on disk."""
        row = connection.execute(_LAST).one_or_none()
        number, at = (row.id, row.at) if row else (0, _NEVER)
        # Of one length, so that one write replaces another whole.
        named = f"ledger {ledger_name(connection)}, row {number:020}"
        line = f"{named} ({_digest(row)}) of {at.isoformat()}\n"
        return _BEGUN + line.encode()

    def write(self, noted: bytes) -> None:
        """One that lies behind does no harm: a failure is told and not raised."""
        if self._path is None or not noted:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._path, noted)
        except OSError as error:
            log.log(
                logging.DEBUG if self._warned else logging.WARNING,
                "%s cannot be written (%s): a restored ledger may not be recognised",
                self._path, error.strerror, extra=Event.UNMARKED.of(),
            )  # fmt: skip
            self._warned = True

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes() if self._path else b""
        except FileNotFoundError:
            return b""
        except OSError as error:
            return f"{error.strerror}".encode()


def name_ledger(connection: Connection) -> None:
    """A name that its copies share."""
    put_new_setting(connection, _ID, secrets.token_hex(8))


def ledger_name(connection: Connection) -> str:
    """Empty until it has one."""
    return read_setting(connection, _ID) or ""


def _where(connection: Connection) -> str:
    """Empty where it cannot be known."""
    is_known = connection.dialect.name == "postgresql" and connection.scalar(_MAY_KNOW)
    return str(connection.scalar(_WHERE)) if is_known else ""


def _is_used(connection: Connection) -> bool:
    """Whether a mail may have gone."""
    claimed = select(history.c.id).where(history.c.state == State.SENDING).limit(1)
    return connection.execute(claimed).first() is not None


def _row(connection: Connection, number: int) -> Row[Any] | None:
    return connection.execute(_NUMBERED, {"number": number}).one_or_none()


def _digest(row: Row[Any] | None) -> str:
    facts = repr((row.id, row.at.isoformat(), *row[2:])) if row else ""
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


def _write(path: Path, noted: bytes) -> None:
    """In place, at once: a process that is killed leaves the old one or the new one."""
    new = not path.exists()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(file, noted)
        if new:
            os.fsync(file)
    finally:
        os.close(file)
