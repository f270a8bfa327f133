"""A PostgreSQL server of the tests' own, mostly on loopback: begun for who asks, gone with them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import Any

import psycopg

from reminder.ledger.database import DatabaseServer, open_database, place_of
from reminder.ledger.schema import metadata

# PostgreSQL refuses to run as root: then it runs as the user that its package makes.
_AS = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
_MADE = ["--username=reminder", "--encoding=UTF8", "--locale=C"]
# One role needs its password.
_WHO = (
    "local all all trust\nlocal replication all trust\nhost all guarded all scram-sha-256\n"
    "host all all samenet trust\nhost replication all samenet trust\n"
)
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "16MB",
    # What the tests kill is processes, not the machine.
    "fsync": "off",
    "full_page_writes": "off",
}
# Of tables with a few rows: TRUNCATE makes new files of all of them, and takes ten times as long.
_EMPTY = "; ".join(
    [
        *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)),
        "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences "
        "WHERE schemaname = 'public'",
    ]
)


class PostgreSQL:
    """A running server. Databases are made on it with the role `reminder`, who owns them.

    `inside` is what to put before its command where the address is another host's. `copied` is
    what makes its files, where they are not new ones.
    """

    def __init__(
        self,
        folder: Path,
        address: str = "127.0.0.1",
        inside: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        copied: Callable[[Path], None] | None = None,
    ) -> None:
        self.folder = folder
        self._address = address
        self._inside = inside
        self._settings = _SETTINGS | (settings or {})
        self._running: subprocess.Popen[bytes] | None = None
        self._emptied: DatabaseServer | None = None
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        (copied or _new)(folder / "data")
        self.start()

    def start(self) -> None:
        words = [f"-p{self.port}", f"-k{self.folder}", f"-h{self._address}"]
        words += [f"-c{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                [*self._inside, program("postgres"), "-D", self.folder / "data", *words],
                cwd="/",
                stderr=log,
                **({} if self._inside else _AS),
            )
        while not self._ready():
            assert self._running.poll() is None, (self.folder / "log").read_text()
            sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends all sessions at once, SIGQUIT is a crash."""
        assert self._running
        self._running.send_signal(how)
        self._running.wait()

    def copy_files(self, target: Path) -> None:
        """All of it, as it is now: what a standby or a restore begins with."""
        words = ["-h", self.folder, "-p", str(self.port), "-U", "reminder", "-D", target]
        as_server(program("pg_basebackup"), *words, "-X", "stream", "-c", "fast", "--no-sync")

    def follow(self, data: Path) -> None:
        """For `copied`: the files of a standby, which needs `primary_conninfo` too."""
        self.copy_files(data)
        as_server("touch", data / "standby.signal")

    def asked(self, words: str, database: str = "postgres") -> Any:
        """One value."""
        with closing(self._connect(database)) as connection:
            row = connection.execute(words).fetchone()  # type: ignore[call-overload]
        return row and row[0]

    def place(self, database: str) -> DatabaseServer:
        return _server(f"postgresql://reminder@{self._address}:{self.port}/{database}")

    def nearby(self, database: str) -> DatabaseServer:
        """By its socket, which is there whatever host it is on."""
        where = f"host={self.folder}&port={self.port}"
        return _server(f"postgresql://reminder@/{database}?{where}")

    def create(self, database: str, *more: str) -> DatabaseServer:
        """Without tables."""
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.execute(f"CREATE DATABASE {database} TEMPLATE template0 {' '.join(more)}")
        return self.place(database)

    def emptied(self) -> DatabaseServer:
        """A ledger with nothing in it: much cheaper than a new one."""
        if self._emptied is None:
            self._emptied = self.create("ledger")
            open_database(self._emptied).close()
        self.execute(_EMPTY, "ledger")
        return self._emptied

    def execute(self, words: Any, database: str = "postgres") -> None:
        with closing(self._connect(database)) as connection:
            connection.execute(words)

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            self.nearby(database).url, autocommit=True, options="-c lock_timeout=5s"
        )

    def _ready(self) -> bool:
        with suppress(psycopg.OperationalError):
            self._connect("postgres").close()
            return True
        return False


def _new(data: Path) -> None:
    as_server(program("initdb"), "-D", data, "-A", "trust", "--no-sync", *_MADE)
    (data / "pg_hba.conf").write_text(_WHO)


def as_server(*words: Any) -> None:
    subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, check=True, **_AS)


def _server(url: str) -> DatabaseServer:
    place = place_of(url)
    assert isinstance(place, DatabaseServer)
    return place


def program(name: str) -> str | None:
    """Debian keeps the server's programs out of the path."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else shutil.which(name)


@contextmanager
def running(
    address: str = "127.0.0.1",
    inside: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    copied: Callable[[Path], None] | None = None,
) -> Iterator[PostgreSQL]:
    with tempfile.TemporaryDirectory(prefix="reminder-pg-") as name:
        folder = Path(name)
        if _AS:
            shutil.chown(folder, "postgres", "postgres")
        server = PostgreSQL(folder, address, inside, settings, copied)
        try:
            yield server
        finally:
            server.stop()
