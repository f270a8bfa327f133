"""A clock that cannot be right begins nothing: all that it passed over would be given up.
A moment that is asked for is a trial: no real mail goes then."""

from datetime import datetime, timedelta

from reminder.clock import RELEASED, Clock
from reminder.documents.office import Office
from reminder.domain.addresses import is_reserved
from reminder.domain.timetable import Timetable
from reminder.errors import ReminderError, UsageError

NEAR = timedelta(hours=1)


def fault(clock: Clock, table: Timetable, at: datetime) -> str:
    """Why that moment cannot be now, in words; empty when it can.

    A moment that was asked for need not be now; it may not lie years before the plan either.
    """
    year = table.plan.year
    if clock.is_real and at < RELEASED:
        why = "before this version was made"
    elif table.local_day(at).year < year - 1:
        why = f"years before the plan of {year}"
    else:
        return ""
    return f"the clock says {table.local_day(at)}, {why}"


def refuse_wrong(clock: Clock, table: Timetable) -> None:
    """Raises `ReminderError`."""
    if why := fault(clock, table, clock.now()):
        raise ReminderError(f"{why}: nothing was begun", hint="Set the machine's clock.")


def refuse_far(office: Office, at: datetime, *, really: bool) -> None:
    """A moment that is not now belongs on a trial server: raises `UsageError` elsewhere."""
    if really or office.settings.transport != "smtp" or abs(at - Clock().now()) <= NEAR:
        return
    server = office.settings.smtp.host
    if not office.settings.smtp_is_local:
        why = f"{server} is a real mail server"
    elif real := [address for address in office.mailed() if not is_reserved(address)]:
        why = f"the mail server on this machine may pass on what goes to {real[0]}"
    else:
        return
    raise UsageError(
        f"{at.isoformat()} is more than an hour from now, and {why}",
        hint="Add --really to send these mails all the same.",
    )
