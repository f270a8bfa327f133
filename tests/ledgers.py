"""Ledgers without a row, as opening one for the first time leaves them: copied, not migrated."""

import tempfile
from functools import cache
from pathlib import Path

from reminder.ledger.database import open_database


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
