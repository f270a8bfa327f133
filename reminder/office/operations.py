"""What may be done with notices by hand: drop, send again."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from reminder.domain.changes import still_asked, why_needless
from reminder.domain.notices import (
    APPROVED_KINDS,
    WAITING,
    Kind,
    NoticeDraft,
    Reason,
    State,
    copy_key,
    original,
)
from reminder.errors import UsageError
from reminder.ledger import notices
from reminder.ledger.bounces import stopped_addresses
from reminder.ledger.holds import hold_new
from reminder.ledger.notices import NewNotice
from reminder.ledger.own_messages import by_channels
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeFilter, NoticeView, read_notices, refused
from reminder.office.application import Application
from reminder.office.holds import refuse_wrong_clock
from reminder.office.lookup import find_notice
from reminder.office.stored_drafts import draft_of

RESENT_USEFUL = timedelta(days=7)
RESENDABLE = (Kind.DIGEST, Kind.NUDGE, Kind.OVERDUE, Kind.SUPPLEMENT, Kind.RECEIPT)
_NEEDLESS = {
    Reason.DROPPED_FROM_PLAN: "what it was about has left the plan",
    Reason.MOVED: "it is due on another day now",
    Reason.DONE: "all of it is done",
}


class NeedlessError(UsageError):
    """Nothing is left to say of that notice: for `reason`."""

    def __init__(self, key: str, reason: Reason) -> None:
        super().__init__(f"{key}: {_NEEDLESS[reason]}, nothing is left to send")
        self.reason = reason


def _asked_for(app: Application, view: NoticeView) -> bool:
    """Of the plan that was asked for; of all where none was."""
    return not app.is_chosen or view.plan == app.table.plan.id


def drop(app: Application, key: str, who: str = "") -> None:
    """Gives up what waits, and settles what was refused or too late: it is never sent."""
    with app.database.write(who) as connection:
        view = find_notice(connection, key)
        if not may_be_dropped(view):
            why = {"state": view.state, "reason": view.reason}
            raise UsageError.because("not_to_drop", key=key, **why)
        notices.set_states(connection, [key], State.EXPIRED, Reason.DROPPED, app.clock.now())


def may_be_dropped(view: NoticeView) -> bool:
    """Also what has ended without arriving: somebody has seen to it then."""
    too_late = view.state is State.EXPIRED and view.reason in (Reason.TOO_LATE, Reason.UNKNOWN)
    waits = view.waiting and view.state is not State.SENDING
    return waits or too_late or view.state is State.REFUSED


def drop_period(app: Application, period: str, who: str = "") -> tuple[int, int]:
    """Gives up all of a period that waits, of a month with its days, and settles what may have
    gone. How many, and how many are just being sent."""
    with app.database.write(who) as connection:
        views = [
            view
            for state in (*WAITING, State.EXPIRED)
            for view in read_notices(connection, state=state)
            if _asked_for(app, view)
            and f"{view.period}-".startswith(f"{period}-")
            and (view.waiting or view.reason == Reason.UNKNOWN)
        ]
        keys = [view.key for view in views if view.state is not State.SENDING]
        now = app.clock.now()
        notices.set_states(connection, keys, State.EXPIRED, Reason.DROPPED, now)
    return len(keys), len(views) - len(keys)


def resend(app: Application, key: str, who: str = "") -> str:
    """A new notice `KEY#2`, composed now, for the unit's addresses that were not reached.

    Raises `UsageError` when there is nothing to send again.
    """
    refuse_wrong_clock(app.clock, app.tables)
    with app.database.write(who) as connection:
        return make_again(app, connection, find_notice(connection, key))


@dataclass(frozen=True)
class _Again:
    """A notice that may go again: `draft` as it was, of a reminder what is still asked; `key` of
    the copy, and the `missing` addresses. `read_first` by the secretariat, if approval is wanted
    and nobody has."""

    draft: NoticeDraft
    key: str
    missing: tuple[str, ...]
    read_first: bool


def may_be_resent(app: Application, connection: Connection, view: NoticeView) -> bool:
    """Whether it did not arrive and may go again."""
    try:
        _to_go_again(app, connection, view)
    except UsageError:
        return False
    return view.state in (State.REFUSED, State.EXPIRED)


def copies_of(connection: Connection, view: NoticeView) -> list[NoticeView]:
    """The notice and all that were made of it to send it again, in that order."""
    same = read_notices(
        connection, plan=view.plan, kind=view.kind, period=view.period, unit=view.unit
    )
    return [copy for copy in same if original(copy.key) == original(view.key)]


def _to_go_again(app: Application, connection: Connection, view: NoticeView) -> _Again:
    """Raises `UsageError` for a notice that does not go again, and says why."""
    if view.kind is Kind.REPORT:
        raise UsageError.because("report_goes_once", key=view.key)
    if view.waiting:
        raise UsageError.because("not_ended_yet", key=view.key, state=view.state)
    at, copies = app.clock.now(), copies_of(connection, view)
    parts = app.containers.of_notice(connection, view)
    if any(copy.waiting for copy in copies):
        raise UsageError.because("on_its_way_again", key=original(view.key))
    progress = parts.notice_writer.progress(connection, at)
    draft = draft_of(connection, view)
    if why := why_needless(parts.table, draft, progress):
        raise NeedlessError(view.key, why)
    draft = still_asked(parts.table, draft, progress)
    reached = notices.reached(connection, view.key, app.settings.stream)
    [facts] = parts.notice_writer.unit_facts(connection, [replace(draft, due=at)])
    addresses = parts.composer.addresses(draft, facts)
    gone = reached | stopped_addresses(connection)
    missing = tuple(address for address in addresses if address.lower() not in gone)
    if not missing:
        raise UsageError.because("nobody_left", key=view.key, has_reached=bool(reached))
    approves = app.settings.mail.approval and view.kind in APPROVED_KINDS
    read_first = approves and not any(copy.sha256 for copy in copies)
    if at < view.due and not (view.rehearsal or read_first):
        raise UsageError.because("given_up_early", key=view.key)
    return _Again(draft, copy_key(original(view.key), len(copies) + 1), missing, read_first)


def make_again(app: Application, connection: Connection, view: NoticeView) -> str:
    """As `resend`, in the caller's transaction; a digest that nobody has read waits for it."""
    again = _to_go_again(app, connection, view)
    at, parts = app.clock.now(), app.containers.of_notice(connection, view)
    writer = parts.notice_writer
    until = max(view.useful_until, at + RESENT_USEFUL)
    draft = replace(again.draft, key=again.key, useful_until=until, tasks=())
    if again.read_first:
        writer.put(connection, [NewNotice(draft, Reason.APPROVAL, state=State.HELD)], at)
        return draft.key
    rehearsal = view.rehearsal or app.settings.rehearsal
    if view.kind is Kind.RECEIPT:
        words = notices.content_of(connection, view.key)
        if words is None:
            raise UsageError.because("words_not_kept", key=view.key)
        [facts] = writer.unit_facts(connection, [replace(again.draft, due=at)])
        shorts = by_channels(connection, view.key)
        composed = parts.composer.receipt_again(draft.key, at, words, again.draft, facts, shorts)
    else:
        context = writer.context(connection, at)
        [facts] = writer.unit_facts(connection, [again.draft], context)
        mail = replace(again.draft, key=draft.key)
        composed = context.compose(mail, facts, rehearsal=rehearsal)
    if not app.settings.rehearsal:
        composed = replace(composed, recipients=again.missing)
    new = NewNotice(draft, reason=Reason.RESENT, composed=composed)
    notices.add(connection, [new], at, stream=writer.stream, rehearsal=rehearsal)
    hold_new(connection, draft.key, at)
    return draft.key


def to_resend(
    app: Application, connection: Connection, kind: Kind, period: str
) -> list[NoticeView]:
    """What was refused in that month and not sent again since, less what has nothing to say any
    more, or nobody to say it to."""
    units = refused(connection, NoticeFilter(period, kind, plan=app.table.plan.id))
    receivers = ((key, app.table.directory.receiver(unit)) for key, unit in units)
    keys = [key for key, unit in receivers if unit and unit.has_address]
    progress = app.container.notice_writer.progress(connection, app.clock.now())
    views = read_notices(connection, keys=keys)
    return [
        view
        for view in views
        if not why_needless(
            app.containers.of_notice(connection, view).table, draft_of(connection, view), progress
        )
    ]


def resend_refused(app: Application, kind: Kind, period: str, who: str = "") -> int:
    """Each to its unit's addresses that were not reached. Returns how many go.

    What somebody else sends again meanwhile, and what nobody is left for, is passed over.
    """
    count = 0
    with app.database.read() as connection:
        keys = [view.key for view in to_resend(app, connection, kind, period)]
    for batch in batched(keys):
        with app.database.write(who) as connection:
            for view in read_notices(connection, keys=batch):
                try:
                    make_again(app, connection, view)
                except UsageError:
                    continue
                count += 1
    app.wake()
    return count
