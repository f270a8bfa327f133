"""A ledger's move to another database, while nobody delivers from it."""

from contextlib import closing
from pathlib import Path

from reminder.errors import LedgerError, UsageError
from reminder.ledger import copying
from reminder.ledger.location import Place, lock_beside, server_mark
from reminder.ledger.opening import open_moved
from reminder.mail.replicas import single_process_lock


def move(source: Place, target: Place, state_dir: Path) -> dict[str, int]:
    """How many rows each table has. Raises `LedgerError` where one of them is in use."""
    if source == target:
        raise UsageError(f"{source} is the source and the target, wanted two")
    with single_process_lock(lock_beside(source, state_dir)) as ours:
        if not ours:
            raise LedgerError(
                f"another process delivers from {source}", hint="Stop the daemon first."
            )
        return copying.copy(source, target, server_mark(state_dir))


def take_back(source: Place) -> bool:
    """Opens a ledger again that was moved. False when it was not."""
    with closing(open_moved(source)) as database:
        return copying.take_back(database)
