"""A whole ledger from one database to another, either way; the old one is closed by a mark."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select

from reminder.errors import LedgerError
from reminder.ledger import integrity
from reminder.ledger.database import Database, forget_moved, note_moved
from reminder.ledger.location import Place
from reminder.ledger.mark import name_ledger
from reminder.ledger.opening import open_database, reading
from reminder.ledger.schema import metadata, notice, setting, start, task_done

AT_ONCE = 500  # rows in memory


def copy(source: Place, target: Place, mark: Path | None = None) -> dict[str, int]:
    """How many rows each table has. For whoever holds the source's sender's lock.

    The source is closed first: whatever has it open plans and claims nothing more, and after a
    crash there is never a second ledger to send from. It is open again when the copy fails.
    Raises `LedgerError` for a source that is not sound and for a target that is in use.
    """
    for fault in integrity.verify(source):
        raise LedgerError(
            f"{source} was not copied, it is not sound: {fault}",
            hint="`reminder ledger verify` names every fault.",
        )
    with closing(open_database(source)) as old, closing(open_database(target, mark)) as new:
        with new.read() as connection:
            _refuse_in_use(connection, target)
        with old.write() as connection:
            note_moved(connection, target)
            name_ledger(connection)
        with reading(source) as there, new.write() as here:
            try:
                counts = _copy(there, here, target)
            except BaseException:  # raised again: the old ledger is the one in use
                take_back(old)  # not after the commit: whether that came through, nobody can tell
                raise
        with new.read() as connection:
            noted = new.mark.last(connection)
        new.mark.write(noted)  # it is the one last used here
    return counts


def take_back(database: Database) -> bool:
    """Opens a ledger again that was closed. False when it was not."""
    with database.record() as connection:
        return forget_moved(connection)


def _copy(old: Connection, new: Connection, target: Place) -> dict[str, int]:
    _refuse_in_use(new, target)
    for table in reversed(metadata.sorted_tables):
        new.execute(delete(table))
    for table in metadata.sorted_tables:
        _copy_rows(table, old, new)
    forget_moved(new)
    counts, wanted = _counts(new), _counts(old)
    wanted[setting.name] -= 1  # the mark
    if counts != wanted:
        raise LedgerError(f"nothing was copied: {target} has {counts} rows, wanted {wanted}")
    for fault in integrity.faults(new):
        raise LedgerError(f"nothing was copied: in {target} {fault}")
    return counts


def _refuse_in_use(connection: Connection, place: Place) -> None:
    for table in (notice, start, task_done):
        if connection.execute(select(table).limit(1)).first():
            raise LedgerError(
                f"the ledger {place} is in use: it has rows in {table.name}",
                hint="Name a database that no office was ever served from.",
            )


def _copy_rows(table: Table, old: Connection, new: Connection) -> None:
    rows = old.execute(select(table).execution_options(yield_per=AT_ONCE))
    for some in rows.mappings().partitions():
        new.execute(insert(table), [dict(row) for row in some])
    if table.autoincrement_column is not None and new.dialect.name == "postgresql":
        _set_sequence(new, table)


def _set_sequence(connection: Connection, table: Table) -> None:
    """PostgreSQL counts on from where it gave out numbers itself."""
    [column] = table.primary_key
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
    connection.execute(select(func.setval(sequence, following, False)))


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
    }
