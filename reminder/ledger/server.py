"""A ledger on a PostgreSQL server: where it is, how it is connected to, one writer at a time
there, and what its errors mean.

A process that is frozen or cut off keeps no lock and no connection for ever, and one whose
server is gone notices within a quarter of a minute.
"""

import re
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from reminder.domain.addresses import host_name
from reminder.errors import LedgerError, Mistake
from reminder.ledger.file_errors import BUSY_TIMEOUT

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
_LOST = ("the connection to the ledger {place} was lost: {why}", "")
# By SQLSTATE, or by its class: what it is, and what to do. PostgreSQL's manual, appendix A.
_WORDS = {
    "08": _LOST,
    "25006": (
        "the ledger {place} is read-only: {why}",
        "A standby? Name the primary, or all hosts and target_session_attrs=read-write.",
    ),
    "25P03": _LOST,
    "42501": (
        "this user may not do that in the ledger {place}: {why}",
        "docs/howto/postgresql.md says what a role needs.",
    ),
    "53100": ("the disk is full: the ledger {place} cannot be written", "Make room on its server."),
    "53300": ("the ledger {place} takes no more connections: {why}", "Raise max_connections."),
    "55P03": (
        f"the ledger {{place}} has been held by another process for {BUSY_TIMEOUT} s",
        "It may be frozen; to see which it is: "
        "SELECT * FROM pg_stat_activity WHERE application_name = 'reminder'",
    ),
    "57": _LOST,
    "57014": ("the ledger {place} took too long: {why}", "Is its server well?"),
}
_UNREACHED = (
    "the ledger {place} cannot be reached: {why}",
    "Does REMINDER_DATABASE_URL name the right host, database, user and password?",
)
_UNKNOWN = (
    "the ledger {place} cannot be used: {why}",
    "`reminder ledger verify` says whether it is sound.",
)


# A password with a bare @ / : ? in it would end up here, and then in words and logs.
_NAME = re.compile(r"[^\s/@:?&%]+")
_PORTS = re.compile(r"[\d,]*", re.ASCII)


@dataclass(frozen=True)
class DatabaseServer:
    """`url` is as libpq reads it, often with a password: shown is only the rest.

    `host` and `port` are lists with commas where there are several; empty for libpq's own.
    """

    url: str = field(repr=False)
    host: str
    port: str
    database: str

    def __str__(self) -> str:
        hosts, ports = self.host.split(","), cycle(self.port.split(","))
        pairs = zip(hosts, ports, strict=False)  # one port, or one for each host
        names = [f"{host}:{port}" if port else host for host, port in pairs]
        return f"{','.join(names)}/{self.database}"


def server_named(url: str) -> DatabaseServer:
    """By libpq's own reading of the URL. Raises `Mistake`, which never repeats it."""
    # The driver takes 50 ms to import: only where it will be used.
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
        host, port, name = (parts.get(key, "") for key in ("host", "port", "dbname"))
        for each in host.split(","):
            if each and not each.startswith("/"):  # but for a socket, in a folder of its own
                host_name(each)
        if "@" in host or not _PORTS.fullmatch(port) or not _NAME.fullmatch(name):
            raise ValueError
        if port.count(",") not in (0, host.count(",")):
            raise ValueError
    except (ProgrammingError, ValueError):
        raise Mistake("unusable_database") from None
    return DatabaseServer(url, host, port, name)


class ServerEngines:
    """Writers take a lock that PostgreSQL gives back with the end of their transaction."""

    def __init__(self, server: DatabaseServer) -> None:
        self._server = server
        self.recorder = _engine(server, read_only=False)
        self.reader = _engine(server, read_only=True)
        self.writer = self.recorder.execution_options()
        event.listen(self.writer, "begin", _alone)
        # Also when nobody closes it: a server likes to be told that a session ends.
        for engine in (self.recorder, self.reader):
            weakref.finalize(self, engine.dispose)

    def check(self) -> None:
        """A server that is away says so itself."""

    def in_words(self) -> AbstractContextManager[None]:
        return _in_words(self._server)

    def close(self) -> None:
        self.recorder.dispose()
        self.reader.dispose()


def _set_up(server: DatabaseServer, connection: Any) -> None:
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


def _engine(server: DatabaseServer, *, read_only: bool) -> Engine:
    # The driver takes 50 ms to import: only where it is used.
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

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


def _alone(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")


@contextmanager
def _in_words(server: DatabaseServer) -> Iterator[None]:
    """The database's errors as `LedgerError`."""
    try:
        yield
    except NoConnectionError as error:
        raise LedgerError(f"all connections to the ledger {server} are in use") from error
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        words, hint = _WORDS.get(state) or _WORDS.get(state[:2]) or _UNKNOWN
        # What libpq says itself, of a server that was not reached, has no SQLSTATE.
        if not state and type(error.orig).__name__ == "OperationalError":
            words, hint = _LOST if error.connection_invalidated else _UNREACHED
        said = [line for line in str(error.orig).splitlines() if line[:1] != "\t"]  # its advice
        why = said[0] if state else " ".join(said)
        raise LedgerError(words.format(place=server, why=why), hint=hint) from error
