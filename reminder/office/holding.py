"""Holding everything by hand, and giving up what must not go again."""

from reminder.domain.characters import one_line
from reminder.domain.notices import WAITING, Reason, State
from reminder.errors import UsageError
from reminder.ledger import notices
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.views import read_notices
from reminder.office.application import Application


def hold(app: Application, why: str) -> bool:
    """Nothing goes from now on, but what a server is just being told. False when it was so."""
    try:
        words = one_line(why) if why else ""
    except ValueError as error:
        raise UsageError(f"--why {error}") from None
    with app.database.write() as connection:
        return begin_hold(connection, Hold(Reason.BY_HAND, app.clock.now(), words))


def drop_period(app: Application, period: str) -> tuple[int, int]:
    """Gives up all of a period that waits, of a month with its days, and settles what may have
    gone. How many, and how many are just being sent."""
    with app.database.write() as connection:
        views = [
            view
            for state in (*WAITING, State.EXPIRED)
            for view in read_notices(connection, state=state)
            if f"{view.period}-".startswith(f"{period}-")
            and (view.waiting or view.reason == Reason.UNKNOWN)
        ]
        keys = [view.key for view in views if view.state is not State.SENDING]
        now = app.clock.now()
        notices.set_states(connection, keys, State.EXPIRED, Reason.DROPPED, now)
    return len(keys), len(views) - len(keys)
