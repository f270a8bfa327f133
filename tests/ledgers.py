"""Ledgers without a row, as opening one for the first time leaves them: copied, not migrated; and
notices put there by hand.
"""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from reminder.domain.notices import Kind, State
from reminder.ledger.database import open_database
from reminder.ledger.schema import notice, recipient


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
