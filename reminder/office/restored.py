"""A ledger that is not the one last used here sends nothing until somebody has looked."""

import logging
from datetime import datetime

from reminder.domain.notices import Reason
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.mark import name_ledger

log = logging.getLogger(__name__)


def follow(database: Database) -> None:
    """At the end of a pass: it has come so far, if it is still the same."""
    with database.read() as connection:
        noted = database.mark.follow(connection)
    database.mark.write(noted)


def look(database: Database, at: datetime) -> None:
    """Holds everything where it is another or an older one. Raises `LedgerError`."""
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
