"""The year, a month, a unit: where the tasks stand, and what the secretariat says of them."""

import re
from collections.abc import Callable
from datetime import date

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.plan import TaskKind
from reminder.domain.timetable import Role, Timetable
from reminder.domain.units import Unit
from reminder.errors import DeclinedError, UnknownError, UsageError
from reminder.office import links, registrations
from reminder.office.overview import (
    SHOWN,
    Overview,
    read_month,
    read_overview,
    read_signing_now,
    read_unit,
)
from reminder.web.console.access import SECRETARIAT, console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page, page_number
from reminder.web.timeline import Timeline, Year, task_bar

NOTE = 200  # characters
_MONTH = re.compile(r"/console/month/(\d{4}-\d{2})")
_UNIT = re.compile(r"/console/units/([a-z0-9-]+)")
Act = Callable[[Page, Form], str]  # returns the name of the message that says what was done


def year_page(page: Page, form: Form | None = None, refused: str = "") -> Response:
    overview = read_overview(page.app, page.connection, page.at)
    drawn = _picture(page.table, overview, page.table.local_day(page.at))
    return _render(
        page, "year.html", form, refused, back="/console", overview=overview, drawn=drawn
    )


def _picture(table: Timetable, overview: Overview, on: date) -> Timeline:
    year = table.plan.year
    rows = [row for rows in overview.months.values() for row in rows]
    bars = [task_bar(year, row.task, row.window, row.status) for row in rows]
    bars += [task_bar(year, row.task, None, row.status) for row in overview.year_round]
    return Timeline(Year(year, on, bars))


def month_page(page: Page, form: Form | None = None, refused: str = "") -> Response:
    """Of the address, or the one that the form came from."""
    plan, number = page.table.plan, page_number(page)
    came_from = _MONTH.fullmatch(form["back"]) if form else None
    period = came_from[1] if came_from else page.part("period")
    live = page.table.shown_month(page.at)
    month = plan.month_of(period) if period else live
    if not month:
        raise HTTPException(404)
    shown = read_month(page.app, page.connection, page.at, month, number)
    if number > shown.pages:
        raise HTTPException(404)
    return _render(
        page,
        "month.html",
        form,
        refused,
        here="/console/month",
        back=f"/console/month/{plan.period(month)}",
        month=month,
        live=live,
        number=number,
        shown=shown,
    )


def _units(page: Page) -> Response:
    number, table = page_number(page), page.table
    units, month = table.directory.single, table.shown_month(page.at)
    pages = -(-len(units) // SHOWN)
    if number > pages:
        raise HTTPException(404)
    return _render(
        page,
        "units.html",
        here="/console/units",
        month=month,
        signing=read_signing_now(page.app, page.connection, page.at),
        count=len(units),
        rows=[(unit, *_counts(table, unit)) for unit in units[(number - 1) * SHOWN :][:SHOWN]],
        number=number,
        pages=pages,
    )


def _counts(table: Timetable, unit: Unit) -> tuple[int, int]:
    """How many tasks it leads, and how many it is related to."""
    roles = [table.role(unit.id, task) for task in table.plan.tasks]
    return roles.count(Role.LEAD), roles.count(Role.RELATED)


def unit_page(page: Page, form: Form | None = None, refused: str = "") -> Response:
    """Of the address, or the one that the form came from."""
    came_from = _UNIT.fullmatch(form["back"]) if form else None
    unit = page.table.directory.units.get(came_from[1] if came_from else page.part("unit"))
    if unit is None or unit.is_group:
        raise HTTPException(404)
    return _render(
        page,
        "unit.html",
        form,
        refused,
        here="/console/units",
        back=f"/console/units/{unit.id}",
        unit=unit,
        shown=read_unit(page.app, page.connection, page.at, unit),
        link=links.unit_address(page.app, page.connection, page.base, links.PAGE, unit.id),
    )


def _render(
    page: Page,
    template: str,
    form: Form | None = None,
    refused: str = "",
    *,
    here: str = "/console",
    back: str = "",
    **facts: object,
) -> Response:
    """`here` is its entry in the navigation, `back` where its forms return to. A form that was
    refused is shown again with what was typed: nobody types it twice.
    """
    return page.render(
        f"console/{template}",
        status=422 if refused else 200,
        here=here,
        back=back,
        refused=refused,
        typed=form.values if form else {},
        table=page.table,
        at=page.at,
        today=page.table.local_day(page.at),
        **facts,
    )


def _confirm(page: Page, form: Form) -> str:
    registrations.confirm(page.app, form["unit"], form["task"], form["period"], SECRETARIAT)
    return "confirmed"


def _send_back(page: Page, form: Form) -> str:
    words = form.text("words", registrations.WORDS)
    registrations.send_back(
        page.app, form["unit"], form["task"], form["period"], words, SECRETARIAT
    )
    return "returned"


def _undo(page: Page, form: Form) -> str:
    if form["unit"] not in page.table.directory.units:
        raise DeclinedError("nothing_to_undo")
    registrations.undo(page.app, form["unit"], form["task"], form["period"], SECRETARIAT)
    return "undone"


def _finish(page: Page, form: Form) -> str:
    """For good, or with a period for that month's check-in of a year-round task."""
    task = page.table.plan.by_id.get(form["task"])
    if task is None or task.kind is TaskKind.STANDING:
        raise DeclinedError("no_such_task")
    period = form["period"] if task.kind is TaskKind.YEAR and form["scope"] != "year" else ""
    day, note = form.day("done_on"), form.line("note", NOTE)
    registrations.refuse_impossible(page.table, day, page.table.local_day(page.at), period)
    registrations.register(page.app, [task.id], period or None, day, note, SECRETARIAT)
    return "done"


def _reopen(page: Page, form: Form) -> str:
    try:
        registrations.reopen(page.app, form["task"], form["period"], SECRETARIAT)
    except (UsageError, UnknownError):
        raise DeclinedError("not_registered_as_done") from None
    return "reopened"


def _form(path: str, act: Act) -> Route:
    """Back to the page it came from, which shows again what was typed when it is refused."""

    def acted(page: Page, form: Form) -> Response:
        return page.done(_back(form["back"]), act(page, form))

    return console_form(path, acted, _again)


def _back(path: str) -> str:
    return path if _MONTH.fullmatch(path) or _UNIT.fullmatch(path) else "/console"


def _again(page: Page, form: Form, refused: str) -> Response:
    if _MONTH.fullmatch(form["back"]):
        return month_page(page, form, refused)
    if _UNIT.fullmatch(form["back"]):
        return unit_page(page, form, refused)
    return year_page(page, form, refused)


ROUTES = [
    console_page("/console", year_page),
    console_page("/console/month", month_page),
    console_page("/console/month/{period}", month_page),
    console_page("/console/units", _units),
    console_page("/console/units/{unit}", unit_page),
    _form("/console/confirm", _confirm),
    _form("/console/return", _send_back),
    _form("/console/undo", _undo),
    _form("/console/done", _finish),
    _form("/console/reopen", _reopen),
]
