"""What units register of months and tasks, by their links or through the secretariat, which notes
what it was told (代登记): every act one row of history, with a receipt."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.notices import Kind, State
from reminder.domain.occasions import gets_digest
from reminder.domain.plan import Task, TaskKind
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.errors import DeclinedError
from reminder.ledger import registrations
from reminder.ledger.views import newest_copies
from reminder.office.application import Application
from reminder.office.completion import close, progress_in
from reminder.office.signatures import day_within
from reminder.office.stored_drafts import stop_done

# More are nobody's work: words on progress of one unit, reports of completion of one of its tasks.
# Each has a number of its own, so whoever spends one keeps the unit from nothing else; a month is
# signed once.
A_DAY = {Act.SIGN: 40, Act.PROGRESS: 30, Act.FINISH: 5}
WHO = 40  # characters of a name
WORDS = 1000  # characters of a report


def to_sign(
    connection: Connection, app: Application, unit: Unit, progress: Progress, at: datetime
) -> str:
    """The period of the digest that is in force, empty for a unit that is not asked to sign it."""
    table, month = app.table, app.table.shown_month(at)
    is_running = table.plan.month_at(table.local_day(at)) in table.plan.months
    is_asked = is_running and is_to_be_signed(connection, app, unit, month, progress, at)
    return table.plan.period(month) if is_asked else ""


def is_to_be_signed(
    connection: Connection,
    app: Application,
    unit: Unit,
    month: int,
    progress: Progress,
    at: datetime,
) -> bool:
    """Nobody signs for a mail that the secretariat has not let go."""
    table, rehearsal = app.table, app.settings.rehearsal
    if unit.tone is Relation.PARALLEL or unit.is_group or at < table.digest_due(month):
        return False
    if not gets_digest(table, unit.id, month, day_within(table, month, at), progress):
        return False
    plan, period = table.plan.id, table.plan.period(month)
    mails = newest_copies(connection, plan, Kind.DIGEST, period, unit.id, rehearsal=rehearsal)
    return not (unit.id in mails and mails[unit.id].state is State.HELD)


def sign(app: Application, unit: Unit, period: str, by: Signature) -> bool:
    """The digest that is in force; the secretariat signs for a unit that of an earlier month too.

    False when it was signed before: nothing is written then.
    """
    with app.database.write(by.clerk) as connection:
        number = sign_in(connection, app, unit, period, by)
    app.wake()
    return bool(number)


def sign_in(
    connection: Connection, app: Application, unit: Unit, period: str, by: Signature
) -> int:
    """In the caller's transaction. Its number; 0 when it was signed before."""
    at = app.clock.now()
    if not _may_sign(app, connection, unit, period, by, at):
        raise DeclinedError("not_to_sign")
    signing = _new(app, Registration(at, Act.SIGN, unit.id, period, "", by))
    of = {"unit": unit.id, "period": period}
    if registrations.in_force(connection, signing.plan, Act.SIGN, **of):
        return 0
    return _register(app, connection, signing)


def _may_sign(
    app: Application,
    connection: Connection,
    unit: Unit,
    period: str,
    by: Signature,
    at: datetime,
) -> bool:
    progress, month = progress_in(app, connection), app.table.plan.month_of(period)
    if by.channel and month:
        return is_to_be_signed(connection, app, unit, month, progress, at)
    return bool(period) and period == to_sign(connection, app, unit, progress, at)


# What a unit says of a task


def report_progress(
    app: Application, unit: Unit, task: Task, by: Signature, *, words: str, percent: int | None
) -> None:
    _refuse_unless_lead(app, unit, task, words)
    if not words and percent is None:
        raise DeclinedError("nothing_to_report")
    if percent is not None and not 0 <= percent <= 100:
        raise DeclinedError("not_a_percentage")
    at, table = app.clock.now(), app.table
    is_year = task.kind is TaskKind.YEAR
    period = table.plan.period(table.running_month(table.local_day(at))) if is_year else ""
    report = Registration(at, Act.PROGRESS, unit.id, period, task.id, by, None, percent, words)
    with app.database.write(by.clerk) as connection:
        if progress_in(app, connection).is_over(task.id):
            raise DeclinedError("already_done")
        _register(app, connection, _new(app, report))
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
    closes: bool = False,
) -> bool:
    """The unit says that it is done; `period` for a year-round task's check-in of that month.

    False when the same was said before. Nudges to the unit stop; the task is closed by the
    secretariat, or at once where `web.finish` is "direct", or where whoever writes it down for the
    unit `closes` it.
    """
    entry = Registration(
        app.clock.now(), Act.FINISH, unit.id, period, task.id, by, done_on, None, words
    )
    with app.database.write(by.clerk) as connection:
        number = finish_in(connection, app, unit, task, entry, closes=closes)
    if number:
        app.wake()
        app.sync_feeds(entry.at)
    return bool(number)


def finish_in(
    connection: Connection,
    app: Application,
    unit: Unit,
    task: Task,
    entry: Registration,
    *,
    closes: bool = False,
) -> int:
    """In the caller's transaction; calendars are brought in step after it. Its number; 0 when the
    same was said before."""
    at, period, done_on, by = entry.at, entry.period, entry.done_on, entry.by
    if done_on is None:
        raise ValueError(f"{task.id}: done on which day?")
    _refuse_unless_lead(app, unit, task, entry.message)
    refuse_impossible(app.table, done_on, app.table.local_day(at), period)
    if period and task.kind is not TaskKind.YEAR:
        raise DeclinedError("not_a_month")
    report, progress = _new(app, entry), progress_in(app, connection)
    if progress.is_over(task.id) or (task.id, period) in progress.checked_in:
        raise DeclinedError("already_done")
    for other in registrations.in_force(connection, report.plan, Act.FINISH, unit=unit.id):
        if replace(other, id=report.id, at=at, by=report.by) == report:
            return 0
    number = _register(app, connection, report)
    if closes or app.settings.web.finish == "direct":
        closing = replace(by, who="", channel=None) if closes else Signature("", "direct")
        close(connection, report.plan, [(task.id, period)], done_on, "", at, closing)
    stop_done(connection, app.table.plan.id, progress_in(app, connection), at)
    return number


def refuse_impossible(table: Timetable, done_on: date, today: date, period: str) -> None:
    """What a plan asks for may have been done in the year before it. With a period it is a
    check-in of that month, which has begun."""
    begun = range(table.plan.months[0], table.running_month(today) + 1)
    if period and table.plan.month_of(period) not in begun:
        raise DeclinedError("not_a_month")
    if done_on > today:
        raise DeclinedError("done_in_the_future")
    if done_on.year < table.plan.year - 1:
        raise DeclinedError("done_too_early", year=table.plan.year - 1)


def _new(app: Application, entry: Registration) -> Registration:
    return replace(entry, plan=app.table.plan.id)


def _refuse_unless_lead(app: Application, unit: Unit, task: Task, words: str) -> None:
    if task.kind is TaskKind.STANDING or app.table.role(unit.id, task) is not Role.LEAD:
        raise DeclinedError("not_a_lead")
    if len(words) > WORDS:
        raise DeclinedError("too_many_words", most=WORDS)


def _register(app: Application, connection: Connection, entry: Registration) -> int:
    """Its number. With its receipt, in one transaction, unless one went just now: then the next
    tick gathers.

    What is tried in a rehearsal must stop no reminder.
    """
    if not entry.by.who.strip():
        raise DeclinedError("no_name")
    if app.settings.rehearsal:
        raise DeclinedError("rehearsal")
    if app.waits_for_clock(entry.at):
        raise DeclinedError("wrong_clock")
    if not entry.by.channel:
        today = registrations.count_like(connection, entry, entry.at - timedelta(days=1))
        if today >= A_DAY[entry.act]:
            raise DeclinedError("too_often")
    number = registrations.add(connection, entry)
    app.containers.receipts.send(connection, entry.at, plan=entry.plan, unit=entry.unit)
    return number
