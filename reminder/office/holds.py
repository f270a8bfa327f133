"""Nothing goes until somebody has looked: held by hand, or since the ledger is another one."""

import logging
from datetime import datetime

from reminder.domain.characters import one_line
from reminder.domain.notices import Reason
from reminder.errors import UsageError
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.mark import name_ledger

log = logging.getLogger(__name__)


def hold(database: Database, at: datetime, why: str) -> bool:
    """Nothing goes from now on, but what a server is just being told. False when it was so."""
    try:
        words = one_line(why) if why else ""
    except ValueError as error:
        raise UsageError(f"--why {error}") from None
    with database.write() as connection:
        return begin_hold(connection, Hold(Reason.BY_HAND, at, words))


def hold_if_restored(database: Database, at: datetime) -> None:
    """A ledger that is another than the one last used here, or an older copy of it, sends
    nothing. Raises `LedgerError`."""
    mark = database.mark
    with database.read() as connection:
        if mark.is_kept(connection) and not mark.why_other(connection):
            return
    with database.write() as connection:
        why = mark.why_other(connection)
        begun = bool(why) and begin_hold(connection, Hold(Reason.RESTORED, at, why))
        name_ledger(connection)
        noted = mark.last(connection)
    mark.write(noted)
    if begun:
        log.error("this ledger is not the one last used here (%s): everything is held", why)


def note_how_far(database: Database) -> None:
    """At the end of a pass: the ledger has come so far, if it is still the same one."""
    with database.read() as connection:
        noted = database.mark.follow(connection)
    database.mark.write(noted)
