"""The ledger's database: where it is, one writer at a time, nothing lost on a crash."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from sqlalchemy import Connection, Engine

from reminder.domain.addresses import host_name
from reminder.errors import LedgerError
from reminder.ledger.mark import Mark
from reminder.ledger.schema import read_setting

BUSY_TIMEOUT = 30  # seconds that a writer waits for another
MOVED_TO = "moved-to"  # the setting of a ledger that was copied elsewhere
_SQLITE, _POSTGRESQL = "sqlite:///", ("postgresql://", "postgres://")
_UNKNOWN = (
    "is not a database this version knows, wanted sqlite:////absolute/path.db or "
    "postgresql://user:password@host:port/name"
)
_UNUSABLE = (
    "names no usable host, port or database, wanted postgresql://user:password@host:port/name "
    "(in a password @ is %40, : is %3A, / is %2F, % is %25)"
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


Place = Path | DatabaseServer


def place_of(url: str) -> Place:
    """Raises ValueError, which never repeats the URL: it may hold a password."""
    if url.startswith(f"{_SQLITE}/"):
        return Path(url.removeprefix(_SQLITE))
    if url.startswith(_POSTGRESQL):
        return _server(url)
    raise ValueError(_UNKNOWN)


def lock_beside(place: Place, state_dir: Path) -> Path:
    """Of the sender's lock: who shares a ledger that is a file shares the lock."""
    beside = place if isinstance(place, Path) else state_dir / "ledger"
    return beside.resolve().with_suffix(".sender.lock")


def server_mark(state_dir: Path) -> Path:
    """Of how far a ledger on a server had come when it was last used here."""
    return state_dir / "ledger.server.made"


def _server(url: str) -> DatabaseServer:
    """By libpq's own reading of the URL."""
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
        raise ValueError(_UNUSABLE) from None
    return DatabaseServer(url, host, port, name)


class Database:
    """`write` is a transaction of one writer at a time: what it reads, nobody changes before
    it writes. `record` is one for statements that are safe by themselves, because they name
    what they change as they found it; on a server it waits for no other writer. `read` sees one
    consistent state and can write nothing. `in_words` makes the database's errors a `LedgerError`.

    Raises `LedgerError` when the database cannot be used, or is not the one that was opened:
    what is written to a file that somebody deleted is lost when the process ends.
    """

    def __init__(
        self,
        place: Place,
        mark: Mark,
        in_words: Callable[[], AbstractContextManager[None]],
        *,
        writer: Engine,
        recorder: Engine,
        reader: Engine,
    ) -> None:
        self.place = place
        self.mark = mark
        self.in_words = in_words
        self.writer = writer
        self.reader = reader
        self._recorder = recorder

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._begin(self.writer) as connection:
            refuse_moved(connection, self.place)
            yield connection

    def record(self) -> AbstractContextManager[Connection]:
        return self._begin(self._recorder)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self.check()
        with self.in_words(), self.reader.connect() as connection:
            yield connection  # and no COMMIT, which a damaged file refuses

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        self.check()
        with self.in_words(), engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Before each use. Raises `LedgerError` when it is not what was opened."""

    def close(self) -> None:
        self._recorder.dispose()
        self.reader.dispose()


def refuse_moved(connection: Connection, place: Place) -> None:
    """Who went on with a ledger that was copied elsewhere would send again."""
    target = read_setting(connection, MOVED_TO)
    if target is not None:
        raise LedgerError(
            f"the ledger {place} was moved to {target}: two that go on would send twice",
            hint="Set REMINDER_DATABASE_URL to the other. If that one was never in use: "
            "reminder ledger copy --undo",
        )
