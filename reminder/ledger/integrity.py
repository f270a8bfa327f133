"""Whether a ledger is what was recorded; copies of it: a backup, or a move to elsewhere."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy import Connection, func, select, text

from reminder.domain.notices import State
from reminder.errors import LedgerError
from reminder.ledger import file
from reminder.ledger.database import MOVED_TO, Place, open_database, reading
from reminder.ledger.file_errors import in_words
from reminder.ledger.mark import name_ledger
from reminder.ledger.notices import KEPT
from reminder.ledger.occasions import last_tick
from reminder.ledger.rows import drop_setting, put_setting
from reminder.ledger.schema import (
    REVISION,
    history,
    message,
    metadata,
    notice,
    own_message,
    recipient,
)
from reminder.output_files import write_file

_AT_ONCE = 200  # rows in memory
_OF_NOTICE = (State.HELD, State.EXPIRED, State.BASELINE, State.REFUSED)
_OF_RECIPIENT = (State.QUEUED, State.SENDING, State.RETRY, State.SENT, State.REFUSED)
_OF_USE = ("notice", "start", "task_done")  # tables: a ledger with rows there is an office's
_DRAFTS = ".ledger-backup-"  # folders beside the ledger, that a kill may leave
_HOURS = 6 * 3600.0


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
    _refuse_unsound(source)
    try:
        # SQLite opens what it writes by its path, so in a folder where nobody else can rename.
        with TemporaryDirectory(prefix=_DRAFTS, dir=source.parent) as folder:
            _remove_older(Path(folder))
            draft = Path(folder) / "ledger.db"
            with in_words(draft), closing(file.connect(source, "ro")) as connection:
                connection.execute("VACUUM INTO ?", [str(draft)])
            with draft.open("rb") as content:
                write_file(target, iter(lambda: content.read(2**20), b""), new=True)
    except OSError as error:
        where = "" if error.filename in (None, str(target)) else f"{error.filename}: "
        raise LedgerError(f"{target} cannot be made: {where}{error.strerror}") from error


def _remove_older(folder: Path) -> None:
    """What backups that were killed have left beside it: none takes hours."""
    begun = folder.stat().st_mtime
    for other in folder.parent.glob(f"{_DRAFTS}*"):
        with suppress(FileNotFoundError):  # another backup has just ended
            if other.stat().st_mtime < begun - _HOURS:
                rmtree(other)


def _refuse_unsound(source: Place) -> None:
    for fault in verify(source):
        raise LedgerError(
            f"{source} was not copied, it is not sound: {fault}",
            hint="`reminder ledger verify` names every fault.",
        )


def verify(place: Place) -> Iterator[str]:
    """What is wrong with a ledger, or with a copy of one, in words; nothing is changed.

    Raises `LedgerError` when it cannot be read at all.
    """
    with reading(place) as connection:
        yield from faults(connection)


def faults(connection: Connection) -> Iterator[str]:
    """Of an older version's ledger, whose tables are others, only the file's."""
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    checks = (_file, _tables, _records) if revision == REVISION else (_file,)
    for check in checks:
        fault = None
        try:
            for fault in check(connection):
                yield fault
        except sa.exc.DatabaseError as error:
            yield (fault := f"the database is damaged: {error.orig}")
        if fault:
            return  # what rests on it would be noise


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return  # its server watches over its own
    for row in connection.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield f"the file is damaged: {row[0]}"


def _tables(connection: Connection) -> Iterator[str]:
    there = sa.inspect(connection).get_table_names()
    yield from (f"table {name} is missing" for name in metadata.tables if name not in there)


def _records(connection: Connection) -> Iterator[str]:
    yield from _messages(connection)
    yield from _notices(connection)
    yield from _recipients(connection)


def _messages(connection: Connection) -> Iterator[str]:
    query = select(notice.c.key, notice.c.sha256, message.c.content)
    query = query.join(message, message.c.notice == notice.c.key)
    for key, sha256, content in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        if _hash(content) != sha256:
            yield f"{key}: its stored message is not what was recorded"
    own = select(own_message).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(own):
        if _hash(row.content) != row.sha256:
            yield f"{row.notice} {row.address}: its own message is not what was recorded"


def _hash(content: bytes) -> str:
    try:
        return hashlib.sha256(zlib.decompress(content)).hexdigest()
    except zlib.error:
        return ""


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
    for table in (message, own_message, recipient):
        without = ~sa.exists().where(notice.c.key == table.c.notice)
        for key in connection.scalars(select(table.c.notice).where(without)):
            yield f"table {table.name}, {key}: there is no such notice"
    same = [recipient.c[name] == own_message.c[name] for name in ("notice", "address")]
    meant = own_message.outerjoin(recipient, sa.and_(*same))
    nobodys = select(own_message.c.notice, own_message.c.address).select_from(meant)
    for key, address in connection.execute(nobodys.where(recipient.c.id.is_(None))):
        yield f"{key} {address}: a message of its own, and is not to get it"
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
    connection: Connection, which: sa.ColumnElement[bool]
) -> dict[tuple[str, str | None], str]:
    query = select(history.c.subject, history.c.address, history.c.state).where(which)
    rows = connection.execute(query.order_by(history.c.id))
    return {(row.subject, row.address): row.state for row in rows}


# From one database to another


def copy(source: Place, target: Place, mark: Path | None = None) -> dict[str, int]:
    """How many rows each table has. For whoever holds the source's sender's lock.

    The source is closed first: whatever has it open plans and claims nothing more, and after a
    crash there is never a second ledger to send from. It is open again when the copy fails.
    Raises `LedgerError` for a source that is not sound and for a target that is in use.
    """
    _refuse_unsound(source)
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
        with new.read() as connection:
            noted = new.mark.last(connection)
        new.mark.write(noted)  # it is the one last used here
    return counts


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
    drop_setting(new, MOVED_TO)
    counts, wanted = _counts(new), _counts(old)
    wanted["setting"] -= 1  # the mark that it was moved
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
            raise LedgerError(
                f"the ledger {place} is in use: it has rows in {name}",
                hint="Name a database that no office was ever served from.",
            )
