"""Ledgers without a row, as opening one for the first time leaves them: copied, not migrated;
notices put there by hand; ledgers as earlier versions made them.
"""

import re
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from reminder.domain.notices import Kind, State
from reminder.ledger.database import open_database
from reminder.ledger.schema import notice, recipient
from tests.postgresql import PostgreSQL

EARLIER = Path(__file__).parent / "data" / "ledgers"
# A table with numbers of its own, and one whose bytes PostgreSQL writes otherwise.
_NUMBERED = re.compile(r'(?m)^INSERT INTO "?(\w+)"? \("?id"?,')
_BYTES = re.compile(r"X'([0-9A-Fa-f]*)'")


def put_notice(
    connection: Connection,
    key: str,
    at: datetime,
    state: State | None = None,
    people: Sequence[State] = (),
) -> None:
    """By its key; `people` are the states of its recipients."""
    plan, kind, period, unit = key.partition("#")[0].split("/")
    shared = {"reason": "planned", "attempts": 0, "updated": at}
    connection.execute(
        notice.insert().values(
            **shared, key=key, plan=plan, kind=Kind(kind), period=period, unit=unit,
            state=state, due=at, useful_until=at, stream="smtp", rehearsal=False, created=at,
        )
    )  # fmt: skip
    for number, one in enumerate(people):
        values = {"address": f"{number}@unit.test", "reply": "", "not_before": at}
        connection.execute(recipient.insert().values(**shared, **values, notice=key, state=one))


def lay(path: Path, ledger: bytes = b"") -> Path:
    """Where the rule is not on how a ledger begins: saves its test the migrations' time."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(ledger or _empty())
    return path


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        open_database(path).close()
        return path.read_bytes()


def lay_earlier(path: Path, revision: str) -> Path:
    """A month of mails, and one that waits, as the program of then left them: see
    `tests.ledger.old_ledgers`. 0006 has sessions, pages and a hold by hand as well."""
    folder = EARLIER / revision
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_text(folder / "sqlite.sql") + _text(folder / "rows.sql"))
    if (mark := folder / "ledger.made").exists():
        path.with_suffix(".made").write_bytes(mark.read_bytes())
    return path


def fill_earlier(server: PostgreSQL, database: str, revision: str) -> None:
    """The same in an empty database there."""
    tables, rows = (_text(EARLIER / revision / name) for name in ("postgresql.sql", "rows.sql"))
    counters = "".join(
        f"SELECT setval('{table}_id_seq', max(id)) FROM {table}; "
        for table in sorted(set(_NUMBERED.findall(rows)))
    )
    rows = _BYTES.sub(r"'\\x\1'", rows)
    as_they_were = "SET TimeZone = 'UTC'; SET session_replication_role = replica; "
    server.execute(as_they_were + tables + rows + counters, database)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
