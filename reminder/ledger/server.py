"""A ledger on a PostgreSQL server: how it is connected to, and one writer at a time there.

A process that is frozen or cut off keeps no lock and no connection for ever, and one whose
server is gone notices within a quarter of a minute.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

from reminder.errors import LedgerError
from reminder.ledger.database import Database
from reminder.ledger.failures import BUSY_TIMEOUT, in_words
from reminder.ledger.location import DatabaseServer
from reminder.ledger.mark import Mark

# Whoever holds it writes. Any number that other programs on that database do not take.
WRITERS_LOCK = 0x72656D696E646572  # "reminder"
CONNECTIONS = 20  # of one process; PostgreSQL has 100 for all unless told otherwise
# What libpq does unless the URL says otherwise. Seconds, but for tcp_user_timeout.
_CLIENT = {
    "application_name": "reminder",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_SESSION = {
    "TimeZone": "UTC",
    "lock_timeout": f"{BUSY_TIMEOUT}s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15s",
}


class ServerDatabase(Database):
    """Writers take a lock that PostgreSQL gives back with the end of their transaction."""

    def __init__(self, server: DatabaseServer, mark: Path | None) -> None:
        recorder, reader = _engine(server, read_only=False), _engine(server, read_only=True)
        writer = recorder.execution_options()
        event.listen(writer, "begin", _alone)
        kept = Mark(mark, alone=False)
        super().__init__(server, kept, writer=writer, recorder=recorder, reader=reader)
        # Also when nobody closes it: a server likes to be told that a session ends.
        self._end = weakref.finalize(self, _dispose, recorder, reader)

    def close(self) -> None:
        self._end()


@contextmanager
def reading(server: DatabaseServer) -> Iterator[Connection]:
    """One consistent state: makes, migrates, changes nothing. Raises `LedgerError`."""
    engine = _engine(server, read_only=True)
    try:
        with in_words(server), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _engine(server: DatabaseServer, *, read_only: bool) -> Engine:
    def connect() -> psycopg.Connection[Any]:
        connection = psycopg.connect(**(_CLIENT | conninfo_to_dict(server.url)))  # type: ignore[arg-type]
        try:
            _set_up(server, connection)
        except BaseException:  # raised again: nobody else closes it
            connection.close()
            raise
        # Said with every BEGIN, whatever this role or database is told, and a pooler forgets.
        level = psycopg.IsolationLevel
        connection.isolation_level = level.REPEATABLE_READ if read_only else level.READ_COMMITTED
        connection.read_only = read_only or None
        return connection

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=QueuePool,
        pool_pre_ping=True,  # a server that was started anew costs no pass
        pool_timeout=BUSY_TIMEOUT,
        pool_size=CONNECTIONS // 2,
        max_overflow=0,
    )


def _set_up(server: DatabaseServer, connection: psycopg.Connection[Any]) -> None:
    chosen = ", ".join(
        f"set_config('{name}', '{value}', false)" for name, value in _SESSION.items()
    )
    row = connection.execute(
        # What is committed is on disk, whatever this database or role has been told.
        "SELECT current_setting('server_encoding'), set_config('synchronous_commit', replace("
        f"current_setting('synchronous_commit'), 'off', 'on'), false), {chosen}"
    ).fetchone()
    connection.commit()
    if row and row[0] != "UTF8":
        raise LedgerError(
            f"the database {server} keeps text as {row[0]}, which cannot hold what is mailed",
            hint="createdb --encoding=UTF8 --template=template0 makes one that can.",
        )


def _dispose(*engines: Engine) -> None:
    for engine in engines:
        engine.dispose()


def _alone(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
