"""What a person may do with what waits: let it go, or drop it with a reason.

What was shown goes and nothing else: a page's form carries the hash of it, and each mail is
looked at again in the transaction that queues it. So many a transaction go at once; whoever is
killed between two has released the first ones, and the hold stands until all are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.notices import (
    CLEARED,
    ON_HOLD,
    Reason,
    State,
)
from reminder.errors import DeclinedError
from reminder.ledger import holds, notices
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeView, read_notices
from reminder.office.application import Application
from reminder.office.four_eyes import refuse_own_words
from reminder.office.holds import refuse_wrong_clock, why_too_late
from reminder.office.outgoing import OutgoingMail, StoredMail, Wait, as_of
from reminder.office.waiting import (
    Choice,
    hash_of,
    held_among,
    held_views,
    read_keys,
    read_mails,
    read_waiting,
)

WHY = 200  # characters of a reason


@dataclass(frozen=True)
class Seen:
    """What somebody has looked at, at which moment, and the hash of all of it."""

    choice: Choice
    shown: datetime
    sha256: str


def let_go(app: Application, seen: Seen, who: str = "") -> int:
    """Approves what was to be read, releases what is held, as it was shown. Returns how many.

    Before it is due it waits for its moment. Raises `DeclinedError` when it would read otherwise
    now.
    """
    refuse_wrong_clock(app.clock, app.tables)
    if not app.is_current():
        raise DeclinedError("files_not_in_force")
    at = app.clock.now()
    shown = _as_shown(app, seen, at)
    _refuse_own(app, shown, who)
    hashes = {one.key: one.sha256 for one in shown}
    count = 0
    for keys in batched(hashes):
        with app.database.write(who) as connection:
            holds.let_finished_go(connection)
            views = held_among(connection, keys)
            mails = read_mails(app, connection, views, seen.shown)
            same = [one for one in mails if one.sha256 == hashes[one.key]]
            count += len(_let_go(app, connection, same, at))
    if seen.choice.of_hold:
        lift(app, who)
    app.wake()
    return count


def lift(app: Application, who: str = "") -> None:
    """What comes goes by itself again. Of several plans a first start is lifted of one alone."""
    at, stream, plan = app.clock.now(), app.settings.stream, app.table.plan.id
    with app.database.write(who) as connection:
        _give_up_over(connection, held_views(app, connection), stream, at)
        holds.let_finished_go(connection)
        holds.lift_starts(connection, stream, at, plan if len(app.office.series) > 1 else "")
        holds.lift_hold_of_all(connection, at)


def drop(app: Application, seen: Seen, why: str, who: str = "") -> int:
    """They are never sent, and never made again. Returns how many."""
    if not why.strip():
        raise DeclinedError("no_reason_to_drop")
    if len(why) > WHY:
        raise DeclinedError("reason_too_long", most=WHY)
    at = app.clock.now()
    hashes = {one.key: one.sha256 for one in _as_shown(app, seen, at)}
    for keys in batched(hashes):
        with app.database.write(who) as connection:
            held = [view.key for view in held_among(connection, keys)]
            notices.set_states(connection, held, State.EXPIRED, Reason.DROPPED, at, why.strip())
    return len(hashes)


def _as_shown(app: Application, seen: Seen, at: datetime) -> list[OutgoingMail]:
    choice, shown = seen.choice, seen.shown
    if shown > at:
        raise DeclinedError("reads_otherwise")
    with app.database.read() as connection:
        if choice.is_of_keys:
            mails = read_keys(app, connection, choice.keys, shown)
        else:
            mails = choice.pick(read_waiting(app, connection, shown))
    is_timely = all(_is_of_today(app, one.view, shown, at) for one in mails)
    if not is_timely or hash_of(mails) != seen.sha256:
        raise DeclinedError("reads_otherwise")
    return mails


def _refuse_own(app: Application, mails: Iterable[OutgoingMail], who: str) -> None:
    """Nobody lets go what tells of their own edits, where somebody else has to."""
    if put_in := [one.view.created for one in mails if one.wait is not Wait.MOMENT]:
        with app.database.read() as connection:
            refuse_own_words(connection, app.settings, who, min(put_in))


def _is_of_today(app: Application, view: NoticeView, shown: datetime, at: datetime) -> bool:
    """On a later day than it was shown it would say 〔补发〕."""
    day = app.table.local_day
    return at < view.due or view.reason in CLEARED or day(as_of(view, shown)) == day(at)


def _let_go(
    app: Application,
    connection: Connection,
    mails: Iterable[OutgoingMail],
    at: datetime,
    *,
    is_read: bool = True,
) -> list[str]:
    """Keys of those for which anything changed. What somebody has read is approved."""
    done, queued, approved = list[str](), [], dict[str, str]()
    for one in mails:
        view = one.view
        if not _may_go(app, connection, one, at):
            continue
        done.append(view.key)
        if view.sha256:
            _go_on(connection, one, at)
        elif view.reason in ON_HOLD or not is_read:
            queued.append((view.key, one.composed(), Reason.RELEASED))
        elif at < view.due:  # nothing goes before that, and no bytes are kept until then
            approved[view.key] = one.composed().approval
        else:
            queued.append((view.key, one.composed(), Reason.APPROVED))
    notices.fix_all(connection, queued, at)
    holds.note_approved(connection, approved, at)
    for key, _, reason in queued:
        if reason is Reason.APPROVED:
            holds.hold_new(connection, key, at)
    return done


def _may_go(app: Application, connection: Connection, one: OutgoingMail, at: datetime) -> bool:
    """What is over, or would go to nobody, ends here."""
    view = one.view
    if view.useful_until <= at:
        _give_up_over(connection, [view], app.settings.stream, at)
        return False
    if one.mail is None:
        state = State.REFUSED if one.why_not is Reason.NO_ADDRESS else State.EXPIRED
        notices.set_states(connection, [view.key], state, one.why_not or Reason.DONE, at)
        return False
    return view.reason not in CLEARED or one.reads_otherwise


def _go_on(connection: Connection, one: OutgoingMail, at: datetime) -> None:
    """It was on its way: with the bytes that it has, unless it is too old for them."""
    notices.revive(connection, one.key, at, Reason.RELEASED)
    if isinstance(one.mail, StoredMail) and one.mail.is_kept:
        return
    composed = one.composed()
    reached = notices.reached(connection, one.key, one.view.stream)  # by a copy
    left = tuple(each for each in composed.recipients if each.lower() not in reached)
    if left:
        notices.renew(connection, one.key, replace(composed, recipients=left), at)


def _give_up_over(
    connection: Connection, views: Iterable[NoticeView], stream: str, at: datetime
) -> None:
    """What is over while it was held is sent by nobody."""
    hold = holds.read_hold(connection, stream)
    for view in views:
        if view.useful_until <= at:
            why = why_too_late(hold, view.due)
            notices.set_states(connection, [view.key], State.EXPIRED, why, at)


# On the command line nobody is shown anything


def release(app: Application, period: str | None = None, who: str = "") -> list[str]:
    """Lets go what is held, composed now. Without a period the hold itself is lifted.

    While digests are approved one by one, those are left alone. Nothing goes before it is due.
    """
    refuse_wrong_clock(app.clock, app.tables)
    at, released, stream = app.clock.now(), list[str](), app.settings.stream
    plan = app.table.plan.id if app.is_chosen else None
    with app.database.write(who) as connection:
        holds.let_finished_go(connection)
        held = read_notices(connection, plan=plan, period=period, state=State.HELD)
        held = [view for view in held if _is_released(app, view)]
        _give_up_over(connection, held, stream, at)
    for keys in batched(view.key for view in held):
        with app.database.write(who) as connection:
            released += _release(app, connection, held_among(connection, keys), at)
    if period is None:
        with app.database.write(who) as connection:
            holds.lift_starts(connection, stream, at, plan or "")
            if plan is None:
                holds.lift_hold_of_all(connection, at)
    return released


def _is_released(app: Application, view: NoticeView) -> bool:
    """What was on its way on another stream goes on there."""
    if view.sha256:
        return True
    is_ours = view.stream == app.settings.stream
    return is_ours and (view.reason in ON_HOLD or not app.settings.mail.approval)


def _release(
    app: Application, connection: Connection, views: Sequence[NoticeView], at: datetime
) -> list[str]:
    """What is not due yet waits for its moment, whatever it says by then."""
    early = [v.key for v in views if at < v.due and not (v.sha256 or v.reason in ON_HOLD)]
    cleared = [v.key for v in views if v.key in early and v.reason != Reason.RELEASED]
    notices.set_states(connection, cleared, State.HELD, Reason.RELEASED, at)
    mails, go = read_mails(app, connection, [v for v in views if v.key not in early], at), []
    for one in mails:
        if one.is_to_be_read_again and app.settings.mail.approval:
            notices.hold_again(connection, one.key, at)
        else:
            go.append(one)
    return [*cleared, *_let_go(app, connection, go, at, is_read=False)]
