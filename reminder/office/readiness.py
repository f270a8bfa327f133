"""Whether work is being done: one answer for `/readyz` and for `reminder status`."""

from datetime import datetime, timedelta

from reminder.errors import LedgerError
from reminder.ledger import leases
from reminder.ledger.database import Database
from reminder.ledger.occasions import last_tick

EVERY = timedelta(seconds=30)  # between two ticks of a daemon
STALLED = 3 * EVERY


def why_not_ready(database: Database, now: datetime, facts: str = "") -> str:
    """Empty when the ledger answers and somebody has ticked lately.

    `facts`, where there are many replicas, stands for the files this one has read.
    """
    try:
        with database.read() as connection:
            ticked = last_tick(connection)
            other = facts and leases.config_hash_in_force(connection) not in (None, facts)
    except LedgerError as error:
        return str(error)
    if other:
        return "another replica that began later has other files"
    if ticked is None:
        return "nobody has ticked yet"
    if abs(now - ticked) > STALLED:  # either way: the clock may have been set back
        return f"the last tick was at {ticked.isoformat()}"
    return ""
