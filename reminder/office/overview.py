"""What the secretariat sees: where tasks and signatures stand, whom to phone; the year in one
glance, a month, one unit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from reminder.domain.coming import coming
from reminder.domain.digest import Item
from reminder.domain.notices import Kind, State
from reminder.domain.plan import Task, calendar_month
from reminder.domain.registrations import Act, Registration
from reminder.domain.status import (
    Light,
    TaskState,
    TaskStatus,
    office_status,
    undated_by_now,
)
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress, Window
from reminder.ledger.calls import last_calls, read_calls
from reminder.ledger.counts import read_unsettled, tally
from reminder.ledger.drafts import submitted_drafts
from reminder.ledger.holds import unapproved
from reminder.ledger.incoming import count_waiting
from reminder.ledger.registrations import in_force, latest_on_tasks, of_unit, read_progress
from reminder.ledger.senders import read_alarms
from reminder.ledger.views import NoticeFilter, newest_copies, page_of
from reminder.office.application import Application
from reminder.office.contacts import read_contacts
from reminder.office.registrations import is_to_be_signed
from reminder.office.signatures import Signing, missing_signatures, read_missing, read_signing
from reminder.office.stopped import stopped_addresses

COMING = 5  # days of the next weeks
SHOWN = 200  # units to phone, units of one page, lines of history: more nobody reads
MAILS = 50  # of one unit
LISTED = 20  # leads of one task, those that have said something first


@dataclass(frozen=True)
class LeadStanding:
    """One that leads a task; `last` is its last word on it, or the secretariat's to it."""

    unit: Unit
    status: TaskStatus
    last: Registration | None


@dataclass(frozen=True)
class TaskStanding:
    """A task in one window. `leads` are some of them, and `more` how many others there are.
    `is_late` says that its month is over and its session has no date yet."""

    task: Task
    window: Window
    status: TaskStatus
    leads: Sequence[LeadStanding]
    more: int
    related: Sequence[Unit]
    is_late: bool

    @property
    def period(self) -> str:
        """That of a year-round task's check-in, else empty."""
        return self.window.period

    @property
    def done_on(self) -> date | None:
        return self.status.since

    @property
    def done_as(self) -> str:
        """The period when it was only checked in; empty when it is done for good."""
        return self.period if self.status.state is TaskState.CHECKED_IN else ""

    @property
    def confirmed(self) -> Unit | None:
        """Whose report it was that the secretariat has confirmed."""
        closing = (lead.unit for lead in self.leads if lead.last and lead.last.act is Act.CONFIRM)
        return next(closing, None)


def standing(
    table: Timetable,
    on: date,
    progress: Progress,
    last: Mapping[tuple[str, str], Registration],
    task: Task,
    month: int,
    only: str = "",
) -> TaskStanding:
    """A year-round task as of that month; with `only` of that lead's. `last` is what was said
    last of each task and by each unit."""
    window = table.window_in(task, month)
    status_of = partial(office_status, table, window, on, progress)
    leads = [table.directory[unit] for unit in table.lead_units(task)]
    listed = [unit for unit in leads if only in ("", unit.id)]
    if len(listed) > LISTED:
        listed.sort(key=lambda unit: (task.id, unit.id) not in last)
    return TaskStanding(
        task,
        window,
        status_of(leads),
        [LeadStanding(u, status_of([u]), last.get((task.id, u.id))) for u in listed[:LISTED]],
        len(listed[LISTED:]),
        [table.directory[unit] for unit in task.related],
        window.is_waiting(on),
    )


def _known(
    app: Application, connection: Connection, at: datetime, month: int
) -> tuple[Progress, Callable[..., TaskStanding]]:
    """What is registered, and how tasks stand by it."""
    table = app.table
    progress = read_progress(connection, table, app.settings.stream)
    last = latest_on_tasks(connection, table.plan.id, ("", table.plan.period(month)))
    return progress, partial(standing, table, table.local_day(at), progress, last)


def read_signing_now(
    app: Application, connection: Connection, at: datetime
) -> tuple[Signing, list[str]]:
    """Of the month that is in force, and whose signature is missing for days."""
    table, month = app.table, app.table.shown_month(at)
    progress = read_progress(connection, table, app.settings.stream)
    signing = read_signing(connection, table, month, at, progress)
    rehearsal = app.settings.rehearsal
    return signing, read_missing(connection, table, month, at, signing, rehearsal=rehearsal)


# The year


def read_overview(app: Application, connection: Connection, at: datetime) -> dict[str, Any]:
    """The facts of the year's page. Months are 1 to 12; each task stands in the one that it ends
    in. `missed` are mails of the month that no server has accepted,
    whether they ended or wait, `missed_as` is the state of all of them, if it is one. `troubles`
    are the names of what the operator was told of and is not over, on whichever machine."""
    table, stream = app.table, app.settings.stream
    month, on = table.shown_month(at), table.local_day(at)
    plan, period = table.plan.id, table.plan.period(month)
    progress, stands = _known(app, connection, at, month)
    months: dict[int, list[TaskStanding]] = {number: [] for number in table.plan.months}
    for task in table.plan.month_tasks:
        ends = min(table.months_of(task)[-1], table.plan.months[-1])
        months[ends].append(stands(task, ends))
    signing = read_signing(connection, table, month, at, progress)
    mails = tally(connection, plan, Kind.DIGEST, period, rehearsal=app.settings.rehearsal)
    missed = [s for s, count in mails.states.items() if count and s is not State.SENT]
    contacts = read_contacts(connection, table, month, on, progress, signing, mails)
    return {
        "month": calendar_month(month),
        "period": period,
        "signing": signing,
        "pending": in_force(connection, plan, Act.FINISH),
        "unapproved": list(unapproved(connection, stream, plan)),
        "unsettled": list(read_unsettled(connection, plan, stream, table.directory)),
        "mails": mails,
        "stopped": [one for one in stopped_addresses(connection, table) if one.unit],
        "letters": count_waiting(connection, plan),
        "missed": mails.expected - mails.accepted,
        "missed_as": missed[0] if len(missed) == 1 else "",
        "contacts": [contact for contact in contacts if contact.calls or contact.mail][:SHOWN],
        "unsigned_count": sum(one.is_unsigned for one in contacts),
        # Of nothing else.
        "unsigned": [one for one in contacts if not (one.calls or one.mail)][:SHOWN],
        "months": {calendar_month(number): rows for number, rows in months.items()},
        "periods": {calendar_month(number): table.plan.period(number) for number in months},
        "year_round": [stands(task, month) for task in table.plan.year_round],
        "undated": undated_by_now(table, at, progress),
        "submitted": submitted_drafts(connection),
        "troubles": sorted({name.partition("@")[0] for name in read_alarms(connection)}),
        "coming": coming(table, at, progress)[:COMING],
        # Tasks that are past, of which nobody has said anything.
        "unconfirmed": sum(
            row.status.light is Light.RED for rows in months.values() for row in rows
        ),
    }


# A month, a unit


def read_month(
    app: Application, connection: Connection, at: datetime, month: int, page: int
) -> dict[str, Any]:
    """The facts of a month's page. `units` get its digest: those of one page, first who has still
    to sign, for they are to be phoned: those above all whose signature is `missing` for days. Of
    the `mails` each has the last copy."""
    table, plan = app.table, app.table.plan
    period, rehearsal = plan.period(month), app.settings.rehearsal
    progress, stands = _known(app, connection, at, month)
    signing = read_signing(connection, table, month, at, progress)
    mails = newest_copies(connection, plan.id, Kind.DIGEST, period, rehearsal=rehearsal)
    accepted_at = {view.unit: view.updated for view in mails.values() if view.state is State.SENT}
    on = table.local_day(at)
    missing = set(missing_signatures(table, month, on, signing, accepted_at))
    awaited, asked = set(signing.unsigned), set(signing.asked)
    units = sorted(
        signing.units, key=lambda u: (u not in missing, u not in awaited, u not in asked)
    )
    of_month = {task.id for task in table.month_tasks(month)}
    return {
        "tasks": [stands(task, month) for task in table.month_tasks(month)],
        "year_round": [stands(task, month) for task in plan.year_round],
        "pending": [
            report
            for report in in_force(connection, plan.id, Act.FINISH)
            if report.period == period or (report.task in of_month and not report.period)
        ],
        "period": period,
        "is_due": at >= table.digest_due(month),
        "signing": signing,
        "units": [table.directory[unit] for unit in units[(page - 1) * SHOWN : page * SHOWN]],
        "pages": max(1, -(-len(units) // SHOWN)),
        "mails": mails,
        "missing": missing,
        "last_calls": last_calls(connection, plan),
    }


def read_unit(app: Application, connection: Connection, at: datetime, unit: Unit) -> dict[str, Any]:
    """The facts of a unit's page: tasks month by month, then the year-round ones as of the
    running month; `open` are those that it leads and of which something may be said,
    what is left of earlier years first. `to_sign` is
    the period that it has still to sign. `undoable` are numbers of what still holds: signings,
    reports that wait, and what was confirmed of them."""
    table, month = app.table, app.table.shown_month(at)
    progress, stands = _known(app, connection, at, month)
    plan, period = table.plan.id, table.plan.period(month)
    signed, pending, confirmed = (
        in_force(connection, plan, act, unit=unit.id) for act in (Act.SIGN, Act.FINISH, Act.CONFIRM)
    )
    may_sign = is_to_be_signed(connection, app, unit, month, progress, at)
    has_signed = any(signing.period == period for signing in signed)
    dated = sorted(table.plan.month_tasks, key=lambda task: table.months_of(task)[-1])
    tasks = [*dated, *table.plan.year_round]
    mails = NoticeFilter(unit=unit.id, rehearsals=True, plan=plan)
    led = [stands(task, month, unit.id) for task in table.leads(unit.id, tasks)]
    left = table.leads(unit.id, table.unregistered(month, table.local_day(at), progress))
    before = [stands(task, month, unit.id) for task in left if not table.plan.has(task.id)]
    return {
        "led": led,
        "open": [row for row in (*before, *led) if not progress.is_over(row.task.id)],
        "to_sign": period if may_sign and not has_signed else "",
        "related": [Item(task, task.number) for task in table.related(unit.id, tasks)],
        "pending": pending,
        "history": of_unit(connection, plan, unit.id, SHOWN),
        "calls": read_calls(connection, plan, unit.id, SHOWN),
        "undoable": {entry.id for entry in (*signed, *pending, *confirmed)},
        "mails": page_of(connection, mails, most=MAILS),
        "stopped": [one for one in stopped_addresses(connection, table) if one.unit == unit],
    }
