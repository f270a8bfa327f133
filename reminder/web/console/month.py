"""`/console/month`: one month's tasks, who has signed, what became of its mails."""

from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain.notices import Kind
from reminder.domain.registrations import Registration
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.ledger.views import NoticeView, latest_of_units
from reminder.office.lights import read_known, standings
from reminder.office.signing import Signing, read_signing, shown_month
from reminder.web.console.frame import ACCEPTED, Refusal, shown
from reminder.web.console.guard import page
from reminder.web.site import Site, page_number, site_of

SHOWN = 200  # units on one page


@dataclass(frozen=True)
class Receiver:
    """A unit that gets the month's digest; `mail` is the last copy of it."""

    unit: Unit
    is_asked: bool
    signed: Registration | None
    mail: NoticeView | None


def month_page(request: Request, refusal: Refusal = ACCEPTED, period: str = "") -> Response:
    """Of the address, or of `period` when its form was refused."""
    site, number = site_of(request), page_number(request)
    month = _month(site.table, period or request.path_params.get("period", ""))
    if month is None:
        raise HTTPException(404)
    live = shown_month(site.table, site.clock.now())
    month = month or live
    return shown(
        request,
        "month.html",
        here="/console/month",
        back=f"/console/month/{site.table.plan.period(month)}",
        refusal=refusal,
        month=month,
        live=live,
        number=number,
        **_read(site, month, number),
    )


def _month(table: Timetable, period: str) -> int | None:
    """0 for the one that is in force, None for what is no month of the plan."""
    return 0 if not period else table.plan.month_of(period) or None


def _read(site: Site, month: int, number: int) -> dict[str, object]:
    table, at = site.table, site.clock.now()
    plan, on = table.plan, table.local_day(at)
    period = plan.period(month)
    with site.database.read() as connection:
        known = read_known(connection, table, site.settings.stream, period)
        signing = read_signing(connection, table, month, at, known.progress)
        if number > (pages := max(1, -(-len(signing.units) // SHOWN))):
            raise HTTPException(404)
        units = _in_order(signing)[(number - 1) * SHOWN : number * SHOWN]
        receivers = _receivers(
            connection, table, signing, units, period, rehearsal=site.settings.rehearsal
        )
    return {
        "tasks": standings(table, plan.month(month), month, on, known),
        "year_round": standings(table, plan.year_round, month, on, known),
        "pending": [said for said in known.pending if _is_of(table, said, month)],
        "signing": signing,
        "receivers": receivers,
        "pages": pages,
    }


def _in_order(signing: Signing) -> list[str]:
    """Who has still to sign first: they are to be phoned."""
    awaited = set(signing.unsigned)
    asked = set(signing.asked)
    return sorted(signing.units, key=lambda unit: (unit not in awaited, unit not in asked))


def _receivers(
    connection: Connection,
    table: Timetable,
    signing: Signing,
    units: list[str],
    period: str,
    *,
    rehearsal: bool,
) -> list[Receiver]:
    mails = latest_of_units(connection, Kind.DIGEST, period, units, rehearsal=rehearsal)
    asked = set(signing.asked)
    return [
        Receiver(table.directory[unit], unit in asked, signing.signed.get(unit), mails.get(unit))
        for unit in units
    ]


def _is_of(table: Timetable, said: Registration, month: int) -> bool:
    task = table.plan.by_id.get(said.task)
    if said.period:
        return said.period == table.plan.period(month)
    return task is not None and task.month == month


ROUTES = [page("/console/month", month_page), page("/console/month/{period}", month_page)]
