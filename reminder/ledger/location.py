"""Where the ledger is: a file, or a database on a PostgreSQL server."""

import re
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from reminder.domain.addresses import host_name

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
