"""Whether nothing may go until the operator releases it, and why: one answer for all replicas."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from reminder.domain.notices import UNFINISHED, Reason, State
from reminder.ledger.notices import set_states
from reminder.ledger.schema import notice, recipient, setting, start
from reminder.ledger.upsert import put, put_new

_HOLD, _RELEASED = "hold", "hold-released"
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
_ON_ITS_WAY = (*UNFINISHED, State.SENDING)


@dataclass(frozen=True)
class Hold:
    """`reason` is HOLD (the first start), RESTORED or BY_HAND; `why` the rest, in English words.

    A first start holds what is new; the other two also what was on its way.
    """

    reason: Reason
    since: datetime
    why: str = ""

    @property
    def of_all(self) -> bool:
        return self.reason is not Reason.HOLD

    @property
    def words(self) -> str:
        return f"{_WORDS[self.reason]}: {self.why}" if self.why else _WORDS[self.reason]

    @property
    def hint(self) -> str:
        return _NEXT[self.reason]


def why_too_late(connection: Connection) -> Callable[[datetime], Reason]:
    """Why what was due at that moment and is over did not go: a restored ledger does not know
    whether it did."""
    hold = read_hold(connection, "")
    since = hold.since if hold and hold.reason is Reason.RESTORED else None
    return lambda due: Reason.UNKNOWN if since and due <= since else Reason.TOO_LATE


def is_all_held(connection: Connection) -> bool:
    return connection.execute(select(setting).where(setting.c.name == _HOLD)).first() is not None


def read_hold(connection: Connection, stream: str) -> Hold | None:
    """Why nothing goes on that stream; None where mails go."""
    value = connection.scalar(select(setting.c.value).where(setting.c.name == _HOLD))
    if value is not None:
        found = json.loads(value)
        since = datetime.fromisoformat(found["since"])
        return Hold(Reason(found["reason"]), since, found["why"])
    begun = connection.scalar(select(start.c.at).where(start.c.stream == stream, start.c.held))
    return Hold(Reason.HOLD, begun) if begun else None


def begin_hold(connection: Connection, hold: Hold) -> bool:
    """Holds all that has not gone, whatever its stream; False when that was so already.

    What a mail server is just being told is recorded as it ends.
    """
    facts = {"reason": hold.reason, "since": hold.since.isoformat(), "why": hold.why}
    if not put_new(connection, setting, {"name": _HOLD, "value": json.dumps(facts)}):
        return False
    waiting = select(recipient.c.notice).where(recipient.c.state.in_(_ON_ITS_WAY))
    query = select(notice.c.key).where(notice.c.state.is_(None), notice.c.key.in_(waiting))
    keys = list(connection.scalars(query))
    set_states(connection, keys, State.HELD, hold.reason, hold.since)
    return True


def let_finished_go(connection: Connection) -> None:
    """What was being sent when the hold began, and ended after all, is not held."""
    waiting = select(recipient.c.notice).where(recipient.c.state.in_(_ON_ITS_WAY))
    ended = (notice.c.state == State.HELD) & notice.c.sha256.is_not(None)
    ended &= notice.c.key.not_in(waiting)
    connection.execute(update(notice).where(ended).values(state=None))


def hold_new(connection: Connection, key: str, at: datetime) -> None:
    """What was just queued, where everything is held."""
    if is_all_held(connection) and (hold := read_hold(connection, "")):
        set_states(connection, [key], State.HELD, hold.reason, at)


def lift_holds(connection: Connection, stream: str, at: datetime) -> None:
    connection.execute(update(start).where(start.c.stream == stream).values(held=False))
    if connection.execute(delete(setting).where(setting.c.name == _HOLD)).rowcount:
        put(connection, setting, {"name": _RELEASED, "value": at.isoformat()})


def released_at(connection: Connection) -> datetime | None:
    """When the operator last let go what was held as restored or by hand."""
    value = connection.scalar(select(setting.c.value).where(setting.c.name == _RELEASED))
    return datetime.fromisoformat(value) if value else None
