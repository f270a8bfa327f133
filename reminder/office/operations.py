"""What an operator orders by hand: release, drop, resend, register, preview."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.characters import one_line
from reminder.domain.needless import still_asked, why_needless
from reminder.domain.notices import (
    ON_HOLD,
    Kind,
    NoticeDraft,
    Reason,
    State,
    copy_key,
    original,
    still_reached,
)
from reminder.domain.occasions import digest_draft, digest_units
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Signature
from reminder.domain.units import Unit
from reminder.errors import ReminderError, UnknownError, UsageError
from reminder.ledger import notices, registrations
from reminder.ledger.holds import hold_new, let_finished_go, lift_holds
from reminder.ledger.notices import Composed
from reminder.ledger.views import NoticeView, has_notices, read_notice, read_notices
from reminder.mail.chunks import batched
from reminder.mail.transports import Envelope, opened
from reminder.office import clocks
from reminder.office.application import Application
from reminder.office.notice_writer import draft_of
from reminder.office.stopping import stop_done

RESENT_USEFUL = timedelta(days=7)
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


def find_unit(app: Application, name: str) -> Unit:
    """By id, full name or alias. Raises `UnknownError`."""
    unit = app.table.directory.named(name)
    if unit is None:
        raise UnknownError(f"no unit {name!r}", hint="`reminder units` lists them.")
    return unit


def find_subject(app: Application, connection: Connection, name: str) -> str:
    """The id under which a unit's notices stand, also of one that has left since.

    Raises `UnknownError`.
    """
    unit = app.table.directory.named(name)
    if unit is None and has_notices(connection, name):
        return name
    return find_unit(app, name).id


def find_task(app: Application, task_id: str) -> Task:
    task = app.table.plan.by_id.get(task_id)
    if task is None:
        raise UnknownError(f"no task {task_id!r}", hint="`reminder tasks` lists them.")
    return task


def find_notice(connection: Connection, key: str) -> NoticeView:
    view = read_notice(connection, key)
    if view is None:
        raise UnknownError(f"no notice {key!r}", hint="`reminder ledger list` lists them.")
    return view


def month_of(app: Application, period: str) -> int:
    """Of a period such as 2026-03. Raises `UsageError` for one that the plan has not."""
    plan = app.table.plan
    if month := plan.month_of(period):
        return month
    raise UsageError(f"no period {period!r} in this plan", hint=f"e.g. {plan.period(3)}")


def release(app: Application, period: str | None = None) -> list[str]:
    """Queues what is held, composed now. Without a period the hold itself is lifted.

    While digests are approved one by one, those are left alone. Nothing goes before it is due.
    """
    clocks.refuse_wrong(app.clock, app.table)
    at, released = app.clock.now(), []
    with app.database.write() as connection:
        let_finished_go(connection)
        if period is None:
            lift_holds(connection, app.notice_writer.stream, at)
        keys = [
            view.key
            for view in read_notices(connection, period=period, state=State.HELD)
            if (view.stream == app.notice_writer.stream or view.sha256)
            and (view.sha256 or view.reason in ON_HOLD or not app.settings.mail.approval)
        ]
    for some in batched(keys):
        with app.database.write() as connection:
            held = [v for v in read_notices(connection, keys=some) if v.state is State.HELD]
            released += [view.key for view in held if _release(app, connection, view, at)]
    return released


def _release(app: Application, connection: Connection, view: NoticeView, at: datetime) -> bool:
    if view.sha256:  # it was on its way
        notices.revive(connection, view.key, at, Reason.RELEASED)
        app.notice_writer.renew_old(connection, [view.key], at)
        return True
    if view.reason in ON_HOLD or view.due <= at:
        return app.notice_writer.release(connection, view, at, Reason.RELEASED)
    if view.reason == Reason.RELEASED:
        return False
    notices.set_state(connection, view.key, State.HELD, Reason.RELEASED, at)
    return True


def drop(app: Application, key: str) -> None:
    """Gives up what waits, and settles what was refused or too late: it is never sent."""
    with app.database.write() as connection:
        view = find_notice(connection, key)
        if not may_be_dropped(view):
            why = f"{view.state} ({view.reason})"
            raise UsageError(f"{key} is {why}: only what waits can be dropped, or did not arrive")
        notices.set_state(connection, key, State.EXPIRED, Reason.DROPPED, app.clock.now())


def may_be_dropped(view: NoticeView) -> bool:
    """Also what has ended without arriving: somebody has seen to it then."""
    too_late = view.state is State.EXPIRED and view.reason in (Reason.TOO_LATE, Reason.UNKNOWN)
    waits = view.waiting and view.state is not State.SENDING
    return waits or too_late or view.state is State.REFUSED


def resend(app: Application, key: str) -> str:
    """A new notice `KEY#2`, composed now, for the unit's addresses that were not reached.

    Raises `UsageError` when there is nothing to send again.
    """
    clocks.refuse_wrong(app.clock, app.table)
    with app.database.write() as connection:
        return make_again(app, connection, find_notice(connection, key))


def make_again(app: Application, connection: Connection, view: NoticeView) -> str:
    """As `resend`, in the caller's transaction; a digest that nobody has read waits for it."""
    if view.kind is Kind.REPORT:
        raise UsageError(f"{view.key}: a report is not sent again")
    if view.waiting:
        raise UsageError(f"{view.key} is {view.state}: it has not ended yet")
    at = app.clock.now()
    base = original(view.key)
    family = [
        other
        for other in read_notices(connection, kind=view.kind, period=view.period, unit=view.unit)
        if original(other.key) == base
    ]
    if any(other.waiting for other in family):
        raise UsageError(f"{base} is on its way again already")
    reached = {
        person.address.lower()
        for other in family
        for person in other.recipients
        if person.state is State.SENT and still_reached(other.stream, app.notice_writer.stream)
    }
    if why := why_needless_now(app, connection, view):
        raise NeedlessError(view.key, why)
    progress = app.notice_writer.progress(connection, at)
    before = still_asked(app.table, draft_of(connection, view), progress)
    draft = replace(
        before,
        key=copy_key(base, len(family) + 1),
        useful_until=max(view.useful_until, at + RESENT_USEFUL),
        tasks=(),
    )
    known = app.notice_writer.known(connection, before, at)
    rehearsal = view.rehearsal or app.notice_writer.rehearsal
    missing = tuple(a for a in app.composer.addresses(before) if a.lower() not in reached)
    if not missing:
        hint = "" if reached else "Put an address into units.toml first."
        raise UsageError(f"{view.key}: nobody is left to reach", hint=hint)
    approves = app.settings.mail.approval and view.kind is Kind.DIGEST
    if approves and not any(other.sha256 for other in family):
        app.notice_writer.put(connection, [draft], at, State.HELD, Reason.APPROVAL)
        return draft.key
    if at < view.due and not view.rehearsal:
        raise UsageError(f"{view.key} was given up before it was due: nothing goes early")
    if view.kind is Kind.RECEIPT:
        words = notices.content_of(connection, view.key)
        if words is None:
            raise UsageError(f"{view.key}: what it said is not kept any more")
        composed = app.composer.again(draft.key, at, words, to_unit=before)
    else:
        composed = app.composer.compose(replace(before, key=draft.key), known, rehearsal=rehearsal)
    if not app.notice_writer.rehearsal:
        composed = replace(composed, recipients=missing)
    notices.add(
        connection,
        draft,
        at,
        composed=composed,
        reason=Reason.RESENT,
        stream=app.notice_writer.stream,
        rehearsal=rehearsal,
    )
    hold_new(connection, draft.key, at)
    return draft.key


def why_needless_now(app: Application, connection: Connection, view: NoticeView) -> Reason | None:
    """Why that notice has nothing to say any more, as things stand."""
    progress = app.notice_writer.progress(connection, app.clock.now())
    return why_needless(app.table, draft_of(connection, view), progress)


def register(
    app: Application,
    task_ids: Iterable[str],
    month: str | None,
    on: date | None,
    note: str,
    by: Signature = registrations.COMMAND,
) -> None:
    """Tasks as done: for good, or for that month's check-in of a year-round task."""
    if note:
        try:
            one_line(note)
        except ValueError as error:
            raise UsageError(f"--note {error}") from None
    clocks.refuse_wrong(app.clock, app.table)
    at = app.clock.now()
    found = [_registrable(app, task_id, month) for task_id in task_ids]
    day, stream = on or app.table.local_day(at), app.notice_writer.stream
    if day > app.table.local_day(at):
        raise UsageError(f"{day} is yet to come, wanted a day up to today")
    with app.database.write() as connection:
        for task in found:
            period = month if month and task.kind is TaskKind.YEAR else ""
            registrations.register_done(connection, task.id, period, day, note, at, by)
        stop_done(connection, registrations.read_progress(connection, app.table, stream), at)
    app.sync_feeds(at)


def _registrable(app: Application, task_id: str, month: str | None) -> Task:
    task = find_task(app, task_id)
    if task.kind is TaskKind.STANDING:
        raise UsageError(f"{task_id} is a standing remark: it is never done")
    if month and task.kind is TaskKind.MONTH and month != app.table.plan.period(task.month):
        raise UsageError(f"{task_id} belongs to {app.table.plan.period(task.month)}, not {month}")
    if month and task.kind is TaskKind.YEAR:
        month_of(app, month)
    return task


def reopen(
    app: Application, task_id: str, period: str | None = None, by: Signature = registrations.COMMAND
) -> None:
    """All of it, or as `tasks.reopen` takes a period."""
    find_task(app, task_id)
    at = app.clock.now()
    with app.database.write() as connection:
        if not registrations.reopen(connection, task_id, at, period, by):
            raise UsageError(f"{task_id} is not registered as done")
    app.sync_feeds(at)


def preview(app: Application, unit: Unit, period: str) -> Composed:
    """The stored bytes if the digest has them, else what would be composed.

    As it would be composed now while it may still go; else as on the day it is due.
    """
    if unit.is_group:
        raise UsageError(f"{unit.name} is a group: its members get the mails")
    draft = digest_draft(app.table, month_of(app, period), unit.id)
    with app.database.read() as connection:
        family = [
            view
            for view in read_notices(connection, kind=Kind.DIGEST, period=period, unit=unit.id)
            if original(view.key) == draft.key
        ]
        for view in reversed(family):
            content = notices.content_of(connection, view.key)
            if content is not None and view.as_of and view.message_id:
                addresses = tuple(person.address for person in view.recipients)
                return Composed(view.message_id, content, view.as_of, addresses)
    return _composed_now(app, unit, period, draft)


def trial(app: Application, unit: Unit, period: str, address: str) -> Composed:
    """The digest as it would be composed, under a Message-ID of its own: it may meet the real
    one in the same mailbox, and must not pass for it."""
    draft = digest_draft(app.table, month_of(app, period), unit.id)
    moment = app.clock.now().isoformat()
    return _composed_now(
        app, unit, period, replace(draft, key=f"{draft.key}/trial/{address}/{moment}")
    )


def _composed_now(app: Application, unit: Unit, period: str, draft: NoticeDraft) -> Composed:
    if unit.id not in receivers(app, period):
        raise UsageError(f"{unit.name} gets no digest of {period}", hint="It stands in no row.")
    if not unit.has_address:
        raise UsageError(f"{unit.name} has no address: it gets no mail")
    now = app.clock.now()
    at = now if draft.due <= now < draft.useful_until else draft.due
    with app.database.read() as connection:
        known = app.notice_writer.known(connection, draft, at)
    return app.composer.compose(draft, known)


def receivers(app: Application, period: str) -> tuple[str, ...]:
    """Who gets that digest; on a ledger that was not started, who stands in its rows."""
    table, month, progress = app.table, month_of(app, period), app.progress()
    if progress.started is None:
        return table.reached(month)
    return digest_units(table, month, table.local_day(table.digest_due(month)), progress)


def send_to(app: Application, composed: Composed, address: str) -> str:
    """One message outside the ledger. Returns the server's words; raises when it is refused."""
    connection = opened(app.transport)
    try:
        envelope = Envelope(
            composed.message_id, app.settings.mail.sender_address, (address,), composed.content
        )
        answer = connection.send(envelope, lambda: True)[address]
    finally:
        connection.close()
    if answer.state is not State.SENT:
        raise ReminderError(f"{address} was not reached: {answer.reason} {answer.reply}")
    return answer.reply
