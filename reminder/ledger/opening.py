"""Opens a ledger, wherever it is; makes its tables, or brings them to the present version."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

from reminder.errors import LedgerError
from reminder.ledger import file
from reminder.ledger.database import Database, DatabaseServer, Place, refuse_moved
from reminder.ledger.schema import REVISION, metadata

_OURS = {*metadata.tables, "alembic_version"}


def open_database(place: Place, mark: Path | None = None, *, moved: bool = False) -> Database:
    """Makes the tables, and the file (mode 0600), when they are not there yet.

    `mark` is where that of a server lies, if anywhere; a file has its own beside it. With `moved`
    also one that was moved: it can be read, and taken back.

    Raises `LedgerError` for what is no ledger, belongs to a newer version or can be read by
    others, for one that was moved, and when there was a ledger that is gone or empty now.
    """
    database = file.open_file(place) if isinstance(place, Path) else _on_server(place, mark)
    try:
        with database.read() as connection:
            revision = known_revision(connection, place)
        if revision != REVISION:
            _make_tables(database)
        with database.read() as connection:
            if isinstance(place, Path):
                with file.opening_in_words(place):
                    database.mark.begin(connection)
            if not moved:
                refuse_moved(connection, place)
    except LedgerError:
        database.close()
        raise
    return database


@contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """One consistent state of a ledger as it lies there: makes, migrates, changes nothing.

    Raises `LedgerError`.
    """
    database = file.as_it_lies(place) if isinstance(place, Path) else _on_server(place)
    with closing(database), database.read() as connection:
        if known_revision(connection, place) is None:
            raise LedgerError(f"there is no ledger in {place} yet: it is empty")
        yield connection


def known_revision(connection: Connection, place: Place) -> str | None:
    """None when there are no tables yet. Raises `LedgerError` for those of others."""
    tables = set(inspect(connection).get_table_names())
    # On a server, other programs may have tables there, of other names.
    if not (tables & _OURS if isinstance(place, DatabaseServer) else tables):
        return None
    query = text("SELECT version_num FROM alembic_version")
    ours = {"alembic_version", "setting"} <= tables
    revision = connection.scalar(query) if ours else None
    if not revision:
        raise LedgerError(
            f"{place} is a database, but no ledger",
            hint="REMINDER_STATE_DIR or REMINDER_DATABASE_URL can name another place; this one "
            "is left as it is.",
        )
    if revision > REVISION:
        raise LedgerError(
            f"the ledger {place} was made by a newer version of this program: its tables are "
            f"{revision}, this one knows {REVISION}",
            hint="Install the newer version again; the ledger is left as it is.",
        )
    return str(revision)


def _on_server(place: DatabaseServer, mark: Path | None = None) -> Database:
    # The driver takes 50 ms to import: only where it is used.
    from reminder.ledger.server import ServerDatabase

    return ServerDatabase(place, mark)


def _make_tables(database: Database) -> None:
    with database.in_words(), database.writer.begin() as connection:
        revision = known_revision(connection, database.place)
        if revision is None:
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table))
                # Of indexes that seem alike SQLite takes the newest: in one order everywhere.
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index))
            connection.execute(
                text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
            )
            row = text("INSERT INTO alembic_version VALUES (:revision)")
            connection.execute(row, {"revision": REVISION})
        elif revision != REVISION:  # unless another came first
            # Alembic takes a tenth of a second to import, and only an older ledger needs it.
            from reminder.ledger.migrations.upgrade import upgrade

            upgrade(connection)
