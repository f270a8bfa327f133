"""A copy of the ledger while it is in use, and whether it still is what was recorded."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from sqlalchemy import ColumnElement, Connection, exists, inspect, select, text
from sqlalchemy.exc import DatabaseError

from reminder.domain.notices import State
from reminder.errors import LedgerError
from reminder.ledger import file
from reminder.ledger.failures import in_words
from reminder.ledger.location import Place
from reminder.ledger.notices import KEPT
from reminder.ledger.occasions import last_tick
from reminder.ledger.opening import reading
from reminder.ledger.schema import REVISION, history, message, metadata, notice, recipient
from reminder.output_files import write_file

AT_ONCE = 200  # messages in memory
_OF_NOTICE = (State.HELD, State.EXPIRED, State.BASELINE, State.REFUSED)
_DRAFTS = ".ledger-backup-"  # folders beside the ledger, that a kill may leave
_HOURS = 6 * 3600.0
_OF_RECIPIENT = (State.QUEUED, State.SENDING, State.RETRY, State.SENT, State.REFUSED)


def backup(source: Place, target: Path) -> None:
    """One consistent state, as a file of its own (mode 0600: it holds the installation key).

    The daemon goes on meanwhile. Never overwrites, and copies no ledger that is not sound; the
    copy has its name when it is whole and on disk, else nothing is left. Raises `LedgerError`.
    """
    if not isinstance(source, Path):
        raise LedgerError(
            f"the ledger {source} is copied by PostgreSQL's own means",
            hint=f"pg_dump --format=custom --file={target} --host={source.host} "
            f"--port={source.port or 5432} --dbname={source.database}",
        )
    for fault in verify(source):
        raise LedgerError(
            f"{source} was not copied, it is not sound: {fault}",
            hint="`reminder ledger verify` names every fault.",
        )
    try:
        # SQLite opens what it writes by its path, so in a folder where nobody else can rename.
        with TemporaryDirectory(prefix=_DRAFTS, dir=source.parent) as folder:
            _remove_older(Path(folder))
            draft = Path(folder) / "ledger.db"
            with file.reading(source) as connection, in_words(draft):
                connection.execute(text("VACUUM INTO :draft"), {"draft": str(draft)})
            with draft.open("rb") as content:
                write_file(target, iter(lambda: content.read(2**20), b""), new=True)
    except OSError as error:
        where = "" if error.filename in (None, str(target)) else f"{error.filename}: "
        raise LedgerError(f"{target} cannot be made: {where}{error.strerror}") from error


def _remove_older(folder: Path) -> None:
    """What backups that were killed have left beside it: none takes hours."""
    made = folder.stat().st_mtime
    for other in folder.parent.glob(f"{_DRAFTS}*"):
        with suppress(FileNotFoundError):  # another backup has just ended
            if other.stat().st_mtime < made - _HOURS:
                rmtree(other)


def verify(place: Place) -> Iterator[str]:
    """What is wrong with a ledger, or with a copy of one, in words; nothing is changed.

    Raises `LedgerError` when it cannot be read at all.
    """
    with reading(place) as connection:
        yield from faults(connection)


def faults(connection: Connection) -> Iterator[str]:
    for checks in ((_file,), (_tables,), (_messages, _notices, _recipients)):
        told = False
        try:
            for check in checks:
                for fault in check(connection):
                    told = True
                    yield fault
        except DatabaseError as error:
            told = True
            yield f"the database is damaged: {error.orig}"
        if told:
            return  # what rests on it would be noise


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return  # its server watches over its own
    for row in connection.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield f"the file is damaged: {row[0]}"


def _tables(connection: Connection) -> Iterator[str]:
    """Of the present revision; a ledger of an older one, say a backup, has fewer."""
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    there = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables if revision == REVISION else ():
        if table.name not in there:
            yield f"table {table.name} is missing"


def _messages(connection: Connection) -> Iterator[str]:
    query = select(notice.c.key, notice.c.sha256, message.c.content)
    query = query.join(message, message.c.notice == notice.c.key)
    for row in connection.execute(query.execution_options(yield_per=AT_ONCE)):
        try:
            found = hashlib.sha256(zlib.decompress(row.content)).hexdigest()
        except zlib.error:
            found = ""
        if found != row.sha256:
            yield f"{row.key}: its stored message is not what was recorded"


def _notices(connection: Connection) -> Iterator[str]:
    """Each has its message and somebody to get it, or says why not."""
    ticked = last_tick(connection)
    kept_since = ticked - KEPT if ticked else None
    last = _last_states(connection, history.c.address.is_(None))
    stored = set(connection.scalars(select(message.c.notice)))
    reached = set(connection.scalars(select(recipient.c.notice)))
    for row in connection.execute(select(notice).order_by(notice.c.key)):
        if row.state is not None:
            if row.state not in _OF_NOTICE or not row.reason:
                yield f"{row.key}: {row.state!r} with reason {row.reason!r} is no state of a notice"
            elif last.get((row.key, None)) != row.state:
                yield f"{row.key} is {row.state}, its history says otherwise"
            continue
        if row.key not in reached:
            yield f"{row.key}: nobody is to get it, and no reason is given"
        if not (row.message_id and row.sha256):
            yield f"{row.key}: the hash or the Message-ID of its message is missing"
        elif row.key not in stored and (kept_since is None or row.created >= kept_since):
            yield f"{row.key}: its stored message is missing"


def _recipients(connection: Connection) -> Iterator[str]:
    """Each belongs to a notice, and is where its history says."""
    for table in (message, recipient):
        without = ~exists().where(notice.c.key == table.c.notice)
        for key in connection.scalars(select(table.c.notice).where(without)):
            yield f"table {table.name}, {key}: there is no such notice"
    last = _last_states(connection, history.c.address.is_not(None))
    for row in connection.execute(select(recipient).order_by(recipient.c.id)):
        name = f"{row.notice} {row.address}"
        if row.state not in _OF_RECIPIENT:
            yield f"{name}: {row.state!r} is no state of a recipient"
        elif last.get((row.notice, row.address), State.QUEUED) != row.state:
            yield f"{name} is {row.state}, its history says otherwise"
        if (row.state == State.SENDING) != (row.claim is not None):
            yield f"{name} is {row.state}, {'and' if row.claim else 'but not'} claimed"


def _last_states(
    connection: Connection, which: ColumnElement[bool]
) -> dict[tuple[str, str | None], str]:
    query = select(history.c.subject, history.c.address, history.c.state).where(which)
    rows = connection.execute(query.order_by(history.c.id))
    return {(row.subject, row.address): row.state for row in rows}
