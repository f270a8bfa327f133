"""`/console/units`: every unit, and all that is known of one."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reminder.domain.outcomes import KINDS
from reminder.domain.registrations import DECIDING, NAMES, Act, Registration
from reminder.domain.timetable import MONTHS, Role, Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.ledger import registrations
from reminder.ledger.links import PAGE, check_link, link_token, page_url
from reminder.ledger.views import latest_to
from reminder.office.lights import Known, Standing, read_known, standings
from reminder.office.signing import read_signing, shown_month
from reminder.web.console.frame import ACCEPTED, Refusal, shown
from reminder.web.console.guard import page
from reminder.web.site import Site, page_number, site_of

MAILS = 50
WAYS = {"page": "单位页面", "console": "管理页面", "command": "命令行", "direct": "无需复核"}
SHOWN = 200  # units, or lines of history, on one page


def _units(request: Request) -> Response:
    site, number = site_of(request), page_number(request)
    table, at = site.table, site.clock.now()
    units, month = table.directory.single, shown_month(table, at)
    pages = -(-len(units) // SHOWN)
    if number > pages:
        raise HTTPException(404)
    with site.database.read() as connection:
        known = read_known(connection, table, site.app.settings.stream)
        signing = read_signing(connection, table, month, at, known.progress)
    return shown(
        request,
        "units.html",
        here="/console/units",
        month=month,
        signing=signing,
        count=len(units),
        rows=[
            (unit, *_counts(table, unit)) for unit in units[(number - 1) * SHOWN : number * SHOWN]
        ],
        number=number,
        pages=pages,
    )


def unit_page(request: Request, refusal: Refusal = ACCEPTED, unit_id: str = "") -> Response:
    """Of the address, or of `unit_id` when its form was refused."""
    site = site_of(request)
    unit = site.table.directory.units.get(unit_id or request.path_params.get("unit", ""))
    if unit is None or unit.is_group:
        raise HTTPException(404)
    return shown(
        request,
        "unit.html",
        here="/console/units",
        back=f"/console/units/{unit.id}",
        refusal=refusal,
        unit=unit,
        acts=NAMES,
        kinds=KINDS,
        ways=WAYS,
        **_read(request, site, unit),
    )


def _read(request: Request, site: Site, unit: Unit) -> dict[str, object]:
    table, at = site.table, site.clock.now()
    month, on = shown_month(table, at), table.local_day(at)
    period = table.plan.period(month)
    with site.database.read() as connection:
        known = read_known(connection, table, site.app.settings.stream, period)
        signed = registrations.signed_months(connection, unit.id)
        history = registrations.of_unit(connection, unit.id, SHOWN)
        mails = latest_to(connection, unit.id, MAILS)
        link = _link(request, connection, site, unit)
    return {
        "led": _standings(table, unit, Role.LEAD, month, on, known),
        "related": _standings(table, unit, Role.RELATED, month, on, known),
        "pending": [one for one in known.pending if one.unit == unit.id],
        "history": history,
        "undoable": _undoable(history, signed, known),
        "mails": mails,
        "link": link,
    }


def _link(request: Request, connection: Connection, site: Site, unit: Unit) -> str:
    """Of the unit's own page; empty when it was revoked."""
    word = link_token(connection, site.key, PAGE, unit.id)
    if not check_link(connection, site.key, PAGE, unit.id, word):
        return ""
    return page_url(site.base(request), word, unit.id)


def _standings(
    table: Timetable, unit: Unit, role: Role, month: int, on: date, known: Known
) -> list[Standing]:
    """Month by month, then the year-round ones as of that month."""
    rows = [(m, table.plan.month(m)) for m in MONTHS] + [(month, table.plan.year_round)]
    return [
        found
        for m, tasks in rows
        for found in standings(
            table,
            [task for task in tasks if table.role(unit.id, task) is role],
            m,
            on,
            known,
            only=unit.id,
        )
    ]


def _counts(table: Timetable, unit: Unit) -> tuple[int, int]:
    """How many tasks it leads, and how many it is related to."""
    roles = [table.role(unit.id, task) for task in table.plan.tasks]
    return roles.count(Role.LEAD), roles.count(Role.RELATED)


def _undoable(
    history: list[Registration], signed: Mapping[str, Registration], known: Known
) -> set[int]:
    """What still holds: signings, reports that wait, and what was confirmed of them."""
    found = {one.id for one in (*signed.values(), *known.pending)}
    decided: set[tuple[str, str]] = set()
    for one in history:
        if one.task and one.act in DECIDING and (one.task, one.period) not in decided:
            decided.add((one.task, one.period))
            if one.act is Act.CONFIRM and _is_done(known.progress, one):
                found.add(one.id)
    return found


def _is_done(progress: Progress, said: Registration) -> bool:
    if said.period:
        return (said.task, said.period) in progress.checked_in
    return said.task in progress.done


ROUTES = [page("/console/units", _units), page("/console/units/{unit}", unit_page)]
