"""Signing, reporting, confirming: every act one row of history, and a receipt for a unit's own."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.notices import Kind, State
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.timetable import MONTHS, Role, Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.errors import DeclinedError
from reminder.ledger import registrations
from reminder.ledger.views import newest_copies
from reminder.office.application import Application
from reminder.office.completion import close_task, reopen_task
from reminder.office.notice_writer import stop_done

# More are nobody's work: words on progress of one unit, reports of completion of one of its tasks.
# Each has a number of its own, so whoever spends one keeps the unit from nothing else; a month is
# signed once.
A_DAY = {Act.SIGN: 40, Act.PROGRESS: 30, Act.FINISH: 5}
WHO = 40  # characters of a name
WORDS = 1000  # characters of a report


class RegistrationError(DeclinedError):
    """What somebody wanted to register is not accepted."""


def month_to_sign(
    connection: Connection, app: Application, unit: Unit, progress: Progress, at: datetime
) -> int | None:
    """The month of the digest that is in force, for a unit that is asked to sign it.

    Nobody signs for a mail that the secretariat has not let go.
    """
    table = app.table
    if unit.tone is Relation.PARALLEL or unit.is_group:
        return None
    on = table.local_day(at)
    month = table.live_digest(at) or table.running_month(on)
    if on.year != table.plan.year or at < table.digest_due(month):
        return None
    told = unit.id in table.reached(month) or table.unconfirmed(unit.id, month, on, progress)
    return month if told and not _is_held(connection, app, unit, month) else None


def _is_held(connection: Connection, app: Application, unit: Unit, month: int) -> bool:
    period, rehearsal = app.table.plan.period(month), app.settings.rehearsal
    mails = newest_copies(connection, Kind.DIGEST, period, unit.id, rehearsal=rehearsal)
    return unit.id in mails and mails[unit.id].state is State.HELD


def sign(app: Application, unit: Unit, period: str, by: Signature) -> bool:
    """False when it was signed before: nothing is written then."""
    at = app.clock.now()
    with app.database.write() as connection:
        month = month_to_sign(connection, app, unit, _progress(app, connection), at)
        if month is None or app.table.plan.period(month) != period:
            raise RegistrationError("not_to_sign")
        if period in registrations.signed_months(connection, unit.id):
            return False
        _register(app, connection, Registration(at, Act.SIGN, unit.id, period, "", _named(by)))
    app.wake()
    return True


def report_progress(
    app: Application, unit: Unit, task: Task, by: Signature, *, words: str, percent: int | None
) -> None:
    _refuse_unless_lead(app, unit, task)
    if not words and percent is None:
        raise RegistrationError("nothing_to_report")
    if percent is not None and not 0 <= percent <= 100:
        raise RegistrationError("not_a_percentage")
    at = app.clock.now()
    period = app.table.plan.period(app.table.running_month(app.table.local_day(at)))
    said = Registration(
        at,
        Act.PROGRESS,
        unit.id,
        period if task.kind is TaskKind.YEAR else "",
        task.id,
        _named(by),
        percent=percent,
        message=_worded(words),
    )
    with app.database.write() as connection:
        if task.id in _progress(app, connection).done:
            raise RegistrationError("already_done")
        _register(app, connection, said)
    app.wake()


def finish(
    app: Application,
    unit: Unit,
    task: Task,
    by: Signature,
    *,
    done_on: date,
    words: str = "",
    period: str = "",
) -> bool:
    """The unit says that it is done; `period` for a year-round task's check-in of that month.

    False when the same was said before. Nudges to the unit stop; the task is closed by the
    secretariat, or at once where `web.finish` is "direct".
    """
    _refuse_unless_lead(app, unit, task)
    at = app.clock.now()
    today = app.table.local_day(at)
    refuse_impossible(app.table, done_on, today)
    if period and (task.kind is not TaskKind.YEAR or period not in _begun(app.table, today)):
        raise RegistrationError("not_a_month")
    said = Registration(
        at, Act.FINISH, unit.id, period, task.id, _named(by), done_on, message=_worded(words)
    )
    with app.database.write() as connection:
        progress = _progress(app, connection)
        if task.id in progress.done or (period and (task.id, period) in progress.checked_in):
            raise RegistrationError("already_done")
        before = [s for s in registrations.pending(connection, unit.id) if _same(s, said)]
        if any((s.done_on, s.message) == (said.done_on, said.message) for s in before):
            return False
        _register(app, connection, said)
        if app.settings.web.finish == "direct":
            _close(app, connection, said, Signature("", "direct"))
        stop_done(connection, _progress(app, connection), at)
    app.wake()
    app.sync_feeds(at)
    return True


def refuse_impossible(table: Timetable, done_on: date, today: date) -> None:
    """What a plan asks for may have been done in the year before it."""
    if done_on > today:
        raise RegistrationError("done_in_the_future")
    if done_on.year < table.plan.year - 1:
        raise RegistrationError("done_too_early", year=table.plan.year - 1)


def confirm(app: Application, unit: str, task: str, period: str, by: Signature) -> None:
    """办结: the light turns grey, the leads' own feeds and the next digests follow."""
    at = app.clock.now()
    with app.database.write() as connection:
        _close(app, connection, replace(_waiting(connection, unit, task, period), at=at), by)
        stop_done(connection, _progress(app, connection), at)
    app.sync_feeds(at)


def send_back(
    app: Application, unit: str, task: str, period: str, words: str, by: Signature
) -> None:
    """With a word: the unit reads it in a mail and on its page, and is reminded as before."""
    if not words.strip():
        raise RegistrationError("no_reason_to_return")
    at = app.clock.now()
    with app.database.write() as connection:
        _waiting(connection, unit, task, period)
        said = Registration(at, Act.RETURN, unit, period, task, by, message=_worded(words))
        said = replace(said, id=registrations.add(connection, said))
        app.container.receipts.send_back(connection, said)
    app.wake()


def undo(app: Application, unit: str, task: str, period: str, by: Signature) -> None:
    """Takes back a signing (no task), a report of completion, or 办结 of a task."""
    at = app.clock.now()
    with app.database.write() as connection:
        if not task:
            if period not in registrations.signed_months(connection, unit):
                raise RegistrationError("no_signing_to_undo")
            registrations.add(connection, Registration(at, Act.UNDO, unit, period, "", by))
            return
        if not reopen_task(connection, task, at, period, by):
            _waiting(connection, unit, task, period)
            registrations.add(connection, Registration(at, Act.UNDO, unit, period, task, by))
    app.sync_feeds(at)


def _begun(table: Timetable, on: date) -> list[str]:
    """The plan's months up to the running one."""
    return [table.plan.period(month) for month in MONTHS[: table.running_month(on)]]


def _close(app: Application, connection: Connection, said: Registration, by: Signature) -> None:
    day = said.done_on or app.table.local_day(said.at)
    close_task(connection, said.task, said.period, day, "", said.at, by)


def _waiting(connection: Connection, unit: str, task: str, period: str) -> Registration:
    for said in registrations.pending(connection, unit):
        if (said.task, said.period) == (task, period):
            return said
    raise RegistrationError("already_handled")


def _same(one: Registration, other: Registration) -> bool:
    return (one.task, one.period) == (other.task, other.period)


def _register(app: Application, connection: Connection, said: Registration) -> None:
    """With its receipt, in one transaction, unless one went just now: then the next tick gathers.

    What is tried in a rehearsal must stop no reminder.
    """
    if app.settings.rehearsal:
        raise RegistrationError("rehearsal")
    if app.waits_for_clock(said.at):
        raise RegistrationError("wrong_clock")
    if registrations.count_like(connection, said, said.at - timedelta(days=1)) >= A_DAY[said.act]:
        raise RegistrationError("too_often")
    registrations.add(connection, said)
    app.container.receipts.send(connection, said.at, said.unit)


def _refuse_unless_lead(app: Application, unit: Unit, task: Task) -> None:
    if task.kind is TaskKind.STANDING or app.table.role(unit.id, task) is not Role.LEAD:
        raise RegistrationError("not_a_lead")


def _named(by: Signature) -> Signature:
    who = " ".join(by.who.split())[:WHO]
    if not who:
        raise RegistrationError("no_name")
    return Signature(who, by.link)


def _worded(words: str) -> str:
    if len(words) > WORDS:
        raise RegistrationError("too_many_words", most=WORDS)
    return words.strip()


def _progress(app: Application, connection: Connection) -> Progress:
    return registrations.read_progress(connection, app.table, app.settings.stream)
