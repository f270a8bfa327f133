"""Nothing goes until somebody has looked: held by hand, or since the ledger is another one; nor
by a wrong clock, or to a real server at a moment that is not now."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from reminder.clock import RELEASED, Clock
from reminder.documents.office import Office
from reminder.domain.addresses import is_reserved
from reminder.domain.characters import one_line
from reminder.domain.notices import Reason
from reminder.domain.timetable import Timetable
from reminder.errors import Mistake, ReminderError, UsageError
from reminder.events import Event
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold as Hold  # for pages too
from reminder.ledger.holds import begin_hold
from reminder.ledger.holds import count_for_people as count_for_people  # for pages too
from reminder.ledger.holds import read_hold as read_hold  # for pages too
from reminder.ledger.mark import name_ledger
from reminder.words import Sentence

log = logging.getLogger(__name__)

NEAR = timedelta(hours=1)
STATE = "cli/state.txt"


def hold(database: Database, at: datetime, why: str, who: str = "") -> bool:
    """Nothing goes from now on, but what a server is just being told. False when it was so."""
    try:
        words = one_line(why) if why else ""
    except Mistake as error:
        raise UsageError.because("wrong_value", option="--why", wrong=error.sentence) from None
    with database.write(who) as connection:
        return begin_hold(connection, Hold(Reason.BY_HAND, at, words))


def hold_if_restored(database: Database, at: datetime) -> None:
    """A ledger that is another than the one last used here, or an older copy of it, sends
    nothing. Raises `LedgerError`."""
    mark = database.mark
    with database.read() as connection:
        is_same = mark.is_kept(connection) and not mark.why_other(connection)
        if is_same and not mark.has_moved(connection):
            return
    with database.write() as connection:
        why = mark.why_other(connection)
        begun = bool(why) and begin_hold(connection, Hold(Reason.RESTORED, at, why))
        name_ledger(connection)
        mark.note_place(connection)
        noted = mark.last(connection)
    mark.write(noted)
    if begun:
        words = "this ledger is not the one last used here (%s): everything is held"
        log.error(words, why, extra=Event.HELD.of())


def note_how_far(database: Database) -> None:
    """At the end of a pass: the ledger has come so far, if it is still the same one."""
    with database.read() as connection:
        noted = database.mark.follow(connection)
    database.mark.write(noted)


def hold_words(hold: Hold) -> Sentence:
    facts = {"reason": hold.reason, "years": hold.years, "why": hold.why}
    return Sentence(STATE, "held", facts)


def hold_hint(hold: Hold) -> Sentence:
    """What to type next."""
    return Sentence(STATE, "to_release", {"is_restored": hold.reason is Reason.RESTORED})


def why_too_late(hold: Hold | None, due: datetime) -> Reason:
    """Why what was due then and is over did not go: a restored ledger does not know whether it
    did."""
    is_unknown = hold and hold.reason is Reason.RESTORED and due <= hold.since
    return Reason.UNKNOWN if is_unknown else Reason.TOO_LATE


def clock_fault(clock: Clock, tables: Sequence[Timetable], at: datetime) -> Sentence | None:
    """Why that moment cannot be now; None when it can. All that a wrong clock passed
    over would be given up.

    A moment that was asked for need not be now; it may not lie years before the plan either.
    """
    table = min(tables, key=lambda table: table.plan.year)
    day, year = table.local_day(at), table.plan.year
    is_before_us = clock.is_real and at < RELEASED
    if is_before_us or day.year < year - 1:
        facts = {"day": day, "year": None if is_before_us else year}
        return Sentence(STATE, "wrong_clock", facts)
    return None


def refuse_wrong_clock(clock: Clock, tables: Sequence[Timetable]) -> None:
    """Raises `ReminderError`."""
    if why := clock_fault(clock, tables, clock.now()):
        raise ReminderError.because("wrong_clock", why=why)


def refuse_far_moment(office: Office, at: datetime, *, really: bool) -> None:
    """A moment that is not now is a trial, on a trial server: raises `UsageError` elsewhere."""
    if really or office.settings.transport != "smtp" or abs(at - Clock().now()) <= NEAR:
        return
    address = None
    if office.settings.smtp_is_local:
        address = next((one for one in office.mailed() if not is_reserved(one)), None)
        if address is None:
            return
    facts = {"moment": at.isoformat(), "server": office.settings.smtp.host, "address": address}
    raise UsageError.because("far_moment", **facts)
