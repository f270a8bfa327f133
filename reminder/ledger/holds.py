"""What waits for the operator: all mails, or digests that wait for approval."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, func, select, update

from reminder.domain.notices import APPROVED_KINDS, ON_HOLD, UNREAD, Kind, Reason, State
from reminder.ledger.history import Change, note_act, record
from reminder.ledger.notices import ON_THEIR_WAY, set_states
from reminder.ledger.rows import batched, drop_setting, put_new_setting, put_setting, read_setting
from reminder.ledger.schema import notice, start

_HOLD, _RELEASED = "hold", "hold-released"


@dataclass(frozen=True)
class Hold:
    """`reason` is HOLD (the first start), RESTORED or BY_HAND; `why` the rest, in English.

    A first start holds what is new; the other two also what was on its way. `years` are those of
    tables that came later than others; none where it is everything's first start.
    """

    reason: Reason
    since: datetime
    why: str = ""
    years: tuple[int, ...] = ()

    @property
    def of_all(self) -> bool:
        return self.reason is not Reason.HOLD


def is_all_held(connection: Connection) -> bool:
    return read_setting(connection, _HOLD) is not None


def hold_mark(connection: Connection) -> str:
    """Another one for each hold of all; empty while there is none."""
    return read_setting(connection, _HOLD) or ""


def read_hold(
    connection: Connection, stream: str, table: tuple[str, int] | None = None
) -> Hold | None:
    """Why nothing goes on that stream; None where mails go. Of one table, by its plan's id and
    year, or of any that is held."""
    value = read_setting(connection, _HOLD)
    if value is not None:
        facts = json.loads(value)
        since = datetime.fromisoformat(facts["since"])
        return Hold(Reason(facts["reason"]), since, facts["why"])
    query = select(start).where(start.c.stream == stream).order_by(start.c.plan, start.c.year)
    starts = connection.execute(query).all()
    held = [row for row in starts if row.held and table in (None, (row.plan, row.year))]
    if not held:
        return None
    later = held if any(not row.held for row in starts) else []
    # A year alone says which of one plan's tables; of several plans not.
    named = later if len({row.plan for row in starts}) > 1 else []
    which = ", ".join(f"{row.plan} {row.year}" for row in named)
    years = tuple(sorted({row.year for row in later}))
    return Hold(Reason.HOLD, min(row.at for row in held), which, years)


def begin_hold(connection: Connection, hold: Hold) -> bool:
    """Holds all that has not gone, whatever its stream; False when that was so already.

    What a mail server is just being told is recorded as it ends.
    """
    facts = {"reason": hold.reason, "since": hold.since.isoformat(), "why": hold.why}
    if not put_new_setting(connection, _HOLD, json.dumps(facts)):
        return False
    query = select(notice.c.key).where(notice.c.state.is_(None), notice.c.key.in_(ON_THEIR_WAY))
    keys = connection.scalars(query).all()
    set_states(connection, keys, State.HELD, hold.reason, hold.since)
    note_act(connection, hold.since, _HOLD, "held", hold.why)
    return True


def let_finished_go(connection: Connection) -> None:
    """What was being sent when the hold began, and ended after all, is not held."""
    held = (notice.c.state == State.HELD) & notice.c.sha256.is_not(None)
    ended = update(notice).where(held, notice.c.key.not_in(ON_THEIR_WAY))
    connection.execute(ended.values(state=None))


def hold_new(connection: Connection, key: str, at: datetime) -> None:
    """What was just queued, where everything is held."""
    if hold := read_hold(connection, ""):
        set_states(connection, [key], State.HELD, hold.reason, at)


def lift_starts(connection: Connection, stream: str, at: datetime, plan: str = "") -> None:
    """What holds first starts: of that plan's tables, or of all."""
    starts = update(start).where(start.c.stream == stream).values(held=False)
    connection.execute(starts.where(start.c.plan == plan) if plan else starts)
    note_act(connection, at, _HOLD, "released", plan)


def lift_hold_of_all(connection: Connection, at: datetime) -> None:
    if drop_setting(connection, _HOLD):
        put_setting(connection, _RELEASED, at.isoformat())


def released_at(connection: Connection) -> datetime | None:
    """When the operator last let go what was held as restored or by hand."""
    value = read_setting(connection, _RELEASED)
    return datetime.fromisoformat(value) if value else None


def count_for_people(
    connection: Connection, stream: str, at: datetime, plan: str = ""
) -> dict[str, int]:
    """How many notices of that plan, or of all, wait for somebody to release or approve them, by
    the reason."""
    query = select(notice.c.reason, func.count()).where(
        notice.c.state == State.HELD,
        notice.c.reason.in_((*ON_HOLD, *UNREAD)),
        (notice.c.stream == stream) | notice.c.sha256.is_not(None),
        notice.c.useful_until > at,
    )
    if plan:
        query = query.where(notice.c.plan == plan)
    rows = connection.execute(query.group_by(notice.c.reason))
    return {row.reason: row[1] for row in rows}


@dataclass(frozen=True)
class Unapproved:
    """A plan's notices of one kind, period and moment; `changed` were approved and read otherwise
    now."""

    plan: str
    period: str
    due: datetime
    count: int
    changed: int
    kind: Kind


def unapproved(connection: Connection, stream: str, plan: str = "") -> list[Unapproved]:
    """Of that plan, or of all."""
    batch = (notice.c.plan, notice.c.period, notice.c.due)
    counts = func.count(), func.count(notice.c.approved)
    query = select(*batch, *counts, notice.c.kind).where(
        notice.c.state == State.HELD, notice.c.reason == Reason.APPROVAL, notice.c.stream == stream
    )
    if plan:
        query = query.where(notice.c.plan == plan)
    rows = connection.execute(query.group_by(*batch, notice.c.kind).order_by(*reversed(batch)))
    return [
        Unapproved(row.plan, row.period, row.due, row[3], row[4], Kind(row.kind)) for row in rows
    ]


_ANY_TIME = datetime.max.replace(tzinfo=UTC)
# Asked at each tick: made once, for making a statement takes longer than running it.
_HELD_DIGESTS = (
    select(notice.c.key)
    .where(
        notice.c.state == State.HELD,
        notice.c.kind.in_(APPROVED_KINDS),
        notice.c.stream == bindparam("of_stream"),
        notice.c.reason.in_(bindparam("reasons", expanding=True)),
        notice.c.due <= bindparam("due_by"),
    )
    .order_by(notice.c.created, notice.c.key)
)


def held_digests(
    connection: Connection,
    stream: str,
    reasons: Collection[Reason],
    *,
    plan: str | None = None,
    period: str | None = None,
    due_by: datetime | None = None,
) -> list[str]:
    """Their keys, in the order in which they were made."""
    of = {"plan": plan, "period": period}
    query = _HELD_DIGESTS.filter_by(**{name: value for name, value in of.items() if value})
    values = {"of_stream": stream, "reasons": list(reasons), "due_by": due_by or _ANY_TIME}
    return list(connection.scalars(query, values))


def note_approved(connection: Connection, hashes: Mapping[str, str], at: datetime) -> None:
    """Each by the hash of the message that was read; its bytes are composed at its moment."""
    for key, sha256 in hashes.items():
        values = {"approved": sha256, "reason": Reason.APPROVED, "updated": at}
        connection.execute(update(notice).where(notice.c.key == key).values(values))
    record(connection, at, [Change(key, State.HELD, Reason.APPROVED) for key in hashes])


def take_back(connection: Connection, keys: Collection[str], at: datetime) -> None:
    """What was approved reads otherwise now: it waits anew, and keeps the old hash as a mark."""
    values = {"reason": Reason.APPROVAL, "updated": at}
    for part in batched(keys):
        connection.execute(update(notice).where(notice.c.key.in_(part)).values(values))
    record(connection, at, [Change(key, State.HELD, Reason.CHANGED) for key in keys])
