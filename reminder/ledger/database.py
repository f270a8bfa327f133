"""The ledger's database: where it is, how it is opened, one writer at a time, nothing lost on a
crash.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

from reminder.errors import LedgerError, Mistake
from reminder.ledger import file
from reminder.ledger.file_errors import opening_in_words
from reminder.ledger.history import acted_by
from reminder.ledger.mark import Mark
from reminder.ledger.schema import REVISION, metadata
from reminder.ledger.server import DatabaseServer as DatabaseServer
from reminder.ledger.server import ServerEngines, server_named

Place = Path | DatabaseServer
MOVED_TO = "moved-to"  # the setting of a ledger that was copied elsewhere
_OURS = {*metadata.tables, "alembic_version"}
_VERSIONS = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
_OF_LEDGER = text(
    f"SELECT version_num, (SELECT value FROM setting WHERE name = '{MOVED_TO}') "  # noqa: S608
    "FROM alembic_version"
)
_SQLITE, _POSTGRESQL = "sqlite:///", ("postgresql://", "postgres://")


def place_of(url: str) -> Place:
    """Raises `Mistake`, which never repeats the URL: it may hold a password."""
    if url.startswith(f"{_SQLITE}/"):
        return Path(url.removeprefix(_SQLITE))
    if url.startswith(_POSTGRESQL):
        return server_named(url)
    raise Mistake("unknown_database")


def sender_lock(place: Place, state_dir: Path) -> Path:
    return file.lock_beside(place if isinstance(place, Path) else state_dir / "ledger")


def server_mark(state_dir: Path) -> Path:
    """Of how far a ledger on a server had come when it was last used here."""
    return state_dir / "ledger.server.made"


class Database:
    """`write` is a transaction of one writer at a time: what it reads, nobody changes before
    it writes. `record` is one for statements that are safe by themselves, because they name
    what they change as they found it; on a server it waits for no other writer. `read` sees one
    consistent state and can write nothing.

    Raises `LedgerError` when the database cannot be used, or is not the one that was opened:
    what is written to a file that somebody deleted is lost when the process ends.
    """

    def __init__(self, place: Place, engines: file.FileEngines | ServerEngines, mark: Mark) -> None:
        self.place = place
        self.mark = mark
        self.writer = engines.writer
        self.reader = engines.reader
        self._engines = engines

    @contextmanager
    def write(self, who: str = "") -> Iterator[Connection]:
        """As the act of that person, where it is one."""
        with self._begin(self.writer) as connection:
            _refuse_other(connection, self.place)
            yield acted_by(connection, who)

    def record(self) -> AbstractContextManager[Connection]:
        return self._begin(self._engines.recorder)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._engines.check()
        with self._engines.in_words(), self.reader.connect() as connection:
            yield connection  # and no COMMIT, which a damaged file refuses

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        self._engines.check()
        with self._engines.in_words(), engine.begin() as connection:
            yield connection

    def make_tables(self, check: Callable[[Connection], None] = lambda _: None) -> None:
        """Or brings them to the present version, unless another came first. What `check` raises,
        who is shown them before they count, leaves the old ones."""
        with self._begin(self.writer) as connection:
            revision = known_revision(connection, self.place)
            if revision is None:
                for table in metadata.sorted_tables:
                    connection.execute(CreateTable(table))
                    # Of indexes that seem alike SQLite takes the newest: in one order everywhere.
                    for index in sorted(table.indexes, key=lambda index: str(index.name)):
                        connection.execute(CreateIndex(index))
                connection.execute(text(_VERSIONS))
                row = text("INSERT INTO alembic_version VALUES (:revision)")
                connection.execute(row, {"revision": REVISION})
            elif revision != REVISION:  # unless another came first
                # Alembic takes a tenth of a second to import, and only an older ledger needs it.
                from reminder.ledger.migrations.upgrade import upgrade

                _take_as_long_as_it_takes(connection)
                upgrade(connection)
                check(connection)

    def close(self) -> None:
        self._engines.close()


def open_database(place: Place, mark: Path | None = None, *, moved: bool = False) -> Database:
    """Makes the tables, and the file (mode 0600), when they are not there yet.

    `mark` is where that of a server lies, if anywhere; a file has its own beside it. With `moved`
    also one that was moved: it can be read, and taken back.

    Raises `LedgerError` for what is no ledger, belongs to a newer version or can be read by
    others, for one that was moved, and when there was a ledger that is gone or empty now.
    """
    database = as_it_is(place, mark)
    try:
        with database.read() as connection:
            revision = known_revision(connection, place)
        if revision != REVISION:
            database.make_tables()
        with database.read() as connection:
            if isinstance(place, Path):
                with opening_in_words(place):
                    database.mark.begin(connection)
            if not moved:
                _refuse_other(connection, place)
    except LedgerError:
        database.close()
        raise
    return database


def as_it_is(place: Place, mark: Path | None = None) -> Database:
    """Of whatever version."""
    if isinstance(place, Path):
        return Database(place, file.open_file(place), Mark(file.mark_beside(place), alone=True))
    return Database(place, ServerEngines(place), Mark(mark, alone=False))


def _take_as_long_as_it_takes(connection: Connection) -> None:
    """A migration reads whole tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))


@contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """One consistent state of a ledger as it lies there: makes, migrates, changes nothing.

    Raises `LedgerError`.
    """
    engines = file.as_it_lies(place) if isinstance(place, Path) else ServerEngines(place)
    with closing(engines), engines.in_words(), engines.reader.connect() as connection:
        if known_revision(connection, place) is None:
            raise LedgerError.because("empty_ledger", place=place)
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
        raise LedgerError.because("no_ledger_of_ours", place=place)
    if revision > REVISION:
        raise _of_newer_version(place, revision)
    return str(revision)


def _of_newer_version(place: Place, revision: str) -> LedgerError:
    facts = {"place": place, "revision": revision, "ours": REVISION}
    return LedgerError.because("ledger_of_newer_version", **facts)


def _refuse_other(connection: Connection, place: Place) -> None:
    """Who went on with a ledger that was copied elsewhere would send again; and one that a newer
    version has changed meanwhile is no more for us."""
    revision, target = connection.execute(_OF_LEDGER).one()
    if revision != REVISION:
        raise _of_newer_version(place, revision)
    if target is not None:
        raise LedgerError.because("ledger_moved", place=place, target=target)
