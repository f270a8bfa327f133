"""A PostgreSQL server of the tests' own, mostly on loopback: begun for who asks, gone with them."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
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
_WHO = "local all all trust\nhost all guarded all scram-sha-256\nhost all all samenet trust\n"
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

    `inside` is what to put before its command where the address is another host's.
    """

    def __init__(
        self, folder: Path, address: str = "127.0.0.1", inside: Sequence[str] = ()
    ) -> None:
        self._folder = folder
        self._address = address
        self._inside = inside
        self._running: subprocess.Popen[bytes] | None = None
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        subprocess.run(
            [program("initdb"), "-D", folder / "data", "-A", "trust", "--no-sync", *_MADE],
            cwd="/",
            stdout=subprocess.DEVNULL,
            check=True,
            **_AS,
        )
        (folder / "data" / "pg_hba.conf").write_text(_WHO)
        self.start()
        self._emptied: DatabaseServer | None = None

    def start(self) -> None:
        words = [f"-p{self.port}", f"-k{self._folder}", f"-h{self._address}"]
        words += [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        with (self._folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                [*self._inside, program("postgres"), "-D", self._folder / "data", *words],
                cwd="/",
                stderr=log,
                **({} if self._inside else _AS),
            )
        while not self._ready():
            assert self._running.poll() is None, (self._folder / "log").read_text()
            sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends all sessions at once, SIGQUIT is a crash."""
        assert self._running
        self._running.send_signal(how)
        self._running.wait()

    def place(self, database: str) -> DatabaseServer:
        return _server(f"postgresql://reminder@{self._address}:{self.port}/{database}")

    def nearby(self, database: str) -> DatabaseServer:
        """By its socket, which is there whatever host it is on."""
        where = f"host={self._folder}&port={self.port}"
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


def _server(url: str) -> DatabaseServer:
    place = place_of(url)
    assert isinstance(place, DatabaseServer)
    return place


def program(name: str) -> str | None:
    """Debian keeps the server's programs out of the path."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(there[-1]) if there else shutil.which(name)


@contextmanager
def running(address: str = "127.0.0.1", inside: Sequence[str] = ()) -> Iterator[PostgreSQL]:
    with tempfile.TemporaryDirectory(prefix="reminder-pg-") as name:
        folder = Path(name)
        if _AS:
            shutil.chown(folder, "postgres", "postgres")
        server = PostgreSQL(folder, address, inside)
        try:
            yield server
        finally:
            server.stop()
