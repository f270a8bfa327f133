"""Nothing goes until somebody has looked: held by hand, or since the ledger is another one."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.characters import one_line
from reminder.domain.notices import Reason
from reminder.errors import UsageError
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold as Hold
from reminder.ledger.holds import begin_hold
from reminder.ledger.holds import read_hold as read_hold
from reminder.ledger.mark import name_ledger

log = logging.getLogger(__name__)

_WORDS = {
    Reason.HOLD: "first start with a mail server",
    Reason.RESTORED: "this ledger is not the one last used here",
    Reason.BY_HAND: "held by hand",
}
_NEXT = {
    Reason.HOLD: "to let go: reminder ledger release",
    Reason.RESTORED: "what went after this copy was made would go again: look with reminder "
    "ledger list --state held, give up what was delivered (also what ended as unknown) with "
    "reminder ledger drop --period P, then: reminder ledger release",
    Reason.BY_HAND: "to let go: reminder ledger release",
}


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


def hold_words(hold: Hold) -> str:
    words = _WORDS[hold.reason]
    return f"{words}: {hold.why}" if hold.why else words


def hold_hint(hold: Hold) -> str:
    """What to type next."""
    return _NEXT[hold.reason]


def why_too_late(connection: Connection) -> Callable[[datetime], Reason]:
    """Why what was due at that moment and is over did not go: a restored ledger does not know
    whether it did."""
    hold = read_hold(connection, "")
    since = hold.since if hold and hold.reason is Reason.RESTORED else None
    return lambda due: Reason.UNKNOWN if since and due <= since else Reason.TOO_LATE
