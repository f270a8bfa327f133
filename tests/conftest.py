"""No test sees the settings of whoever runs it; one ledger's tests run on both databases."""

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg as PGDialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as SQLiteDialect
from sqlalchemy.util import LRUCache

from reminder.ledger import file, server
from reminder.ledger.database import Database, Place, open_database
from tests.daemon.trials import Trial, trial
from tests.ledgers import lay
from tests.postgresql import PostgreSQL, program, running

# Without bytecode each worker rewrites all assertions anew, and each process that a test begins
# compiles the product anew: a fifth of the suite's time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through it again is a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("REMINDER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture(autouse=True, scope="session")
def _statements_are_compiled_once() -> Iterator[None]:
    """A process has one ledger; only tests have hundreds. What a statement comes to in a
    database is the same for all of them, and finding it out is a sixth of their time."""
    kept: LRUCache[Any, Any] = LRUCache(2000)

    def engine(*given: Any, **named: Any) -> Engine:
        made = create_engine(*given, **named)
        made._compiled_cache = kept
        return made

    with pytest.MonkeyPatch.context() as patch:
        for module in (file, server):
            patch.setattr(module, "create_engine", engine)
        for dialect in (SQLiteDialect, PGDialect):
            patch.setattr(dialect, "__hash__", lambda self: hash(type(self)))
            patch.setattr(dialect, "__eq__", lambda self, other: type(self) is type(other))
        yield


@pytest.fixture(autouse=True, scope="session")
def _machines_do_not_fail() -> Iterator[None]:
    """What the tests kill is processes, not the machine: what is written need not be on disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "SYNCHRONOUS", "OFF")
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    if program("postgres") is None:
        words = "PostgreSQL's programs are not on this machine: apt-get install postgresql"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Of a ledger that nobody has written to, on either database."""
    if request.param == "sqlite":
        return tmp_path / "state" / "ledger.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.emptied()


@pytest.fixture
def database(place: Place) -> Iterator[Database]:
    database = open_database(lay(place) if isinstance(place, Path) else place)
    yield database
    database.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    """One unit leads a task of March and one of April, one is related, one must see nothing."""
    with trial(tmp_path, small=True) as opened:
        yield opened


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Trial]:
    """The shipped plan: 31 mails in April."""
    with trial(tmp_path) as opened:
        yield opened


@pytest.fixture
def either(tmp_path: Path, place: Place) -> Iterator[Trial]:
    """The same on both databases, for what their statements do."""
    with trial(tmp_path, small=True, place=place) as opened:
        yield opened
