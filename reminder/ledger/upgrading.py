"""An earlier version's ledger gets the present tables before somebody's eyes.

The first that opens one does the same by itself.
"""

from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import Connection

from reminder.errors import LedgerError
from reminder.ledger.copying import backup
from reminder.ledger.database import Place, as_it_is, known_revision, reading
from reminder.ledger.integrity import faults
from reminder.ledger.schema import REVISION


@dataclass(frozen=True)
class Upgrade:
    """`backup` is the ledger as it was, of one in a file that was changed."""

    before: str
    after: str
    backup: Path | None = None


class _Tried(Exception):  # noqa: N818 - no error: it was only to be tried
    pass


def upgrade(place: Place, drafts: Path, *, dry_run: bool) -> Upgrade:
    """In one transaction, verified before it ends. Raises `LedgerError`, and then nothing is
    changed."""
    with reading(place) as connection:
        before = known_revision(connection, place) or ""
    kept = None
    if before != REVISION:
        if isinstance(place, Path) and not dry_run:
            kept = _free_name(place, before)
            backup(place, kept, drafts)
        _migrate(place, dry_run=dry_run)
    return Upgrade(before, REVISION, kept)


def _migrate(place: Place, *, dry_run: bool) -> None:
    def check(connection: Connection) -> None:
        if found := list(faults(connection)):
            raise LedgerError.because("not_upgraded", place=place, why=found[0])
        if dry_run:
            raise _Tried

    with closing(as_it_is(place)) as database, suppress(_Tried):
        database.make_tables(check)


def _free_name(place: Path, revision: str) -> Path:
    """`ledger-0010.db`, unless an attempt before has left one."""
    for number in count(1):
        again = f"-{number}" if number > 1 else ""
        path = place.with_name(f"{place.stem}-{revision}{again}{place.suffix}")
        if not path.exists():
            return path
    raise AssertionError
