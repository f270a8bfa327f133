"""The year, a month, a unit: where the tasks stand, and what the secretariat says of them."""

import re
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.plan import TaskKind, calendar_month
from reminder.domain.timetable import Role
from reminder.errors import DeclinedError
from reminder.office import (
    completion,
    drafts,
    links,
    overview,
    preferences,
    registrations,
    unit_edits,
)
from reminder.office.brief import offered_periods
from reminder.office.overview import SHOWN
from reminder.web.console.access import console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page, page_number
from reminder.web.timeline import Year, task_bar, timeline

NOTE = 200  # characters
_MONTH = re.compile(r"/console/month/(\d{4}-\d{2})")
WORDS = 40  # characters that are looked for
_UNIT = re.compile(r"/console/units/([a-z0-9-]+)")
_NOTHING = Form({})
Act = Callable[[Page, Form], str]  # returns the name of the message that says what was done


# Pages; with a form that was refused they are those that it came from


def _year(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    shown = overview.read_overview(page.app, page.connection, page.at)
    facts: dict[str, Any] = {
        "faults": page.app.file_faults,
        "overview": shown,
        "drawn": _picture(page, shown),
        "back": "/console",
    }
    facts["briefs"] = offered_periods(page.app, page.at)
    mine = drafts.open_draft(page.connection, page.person.name)
    facts["returned"] = mine if mine and mine.answer else None
    return _render(page, "year.html", form, refused, **facts)


def _sheet(page: Page) -> Response:
    """The year's picture alone, to print."""
    shown = overview.read_overview(page.app, page.connection, page.at)
    return _render(page, "sheet.html", overview=shown, drawn=_picture(page, shown))


def _picture(page: Page, shown: dict[str, Any]) -> dict[str, Any]:
    term = page.table.plan.term
    rows = [row for rows in shown["months"].values() for row in rows]
    bars = [task_bar(term, row.task, row.window, row.status) for row in rows]
    bars.sort(key=lambda bar: bar.order)
    bars += [task_bar(term, row.task, None, row.status) for row in shown["year_round"]]
    return timeline(Year(term, page.table.local_day(page.at), bars))


def _month(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    plan, number = page.table.plan, page_number(page)
    came_from = _MONTH.fullmatch(form["back"])
    period = came_from[1] if came_from else page.part("period")
    live = page.table.shown_month(page.at)
    month = plan.month_of(period) if period else live
    if not month:
        raise HTTPException(404)
    shown = overview.read_month(page.app, page.connection, page.at, month, number)
    if number > shown["pages"]:
        raise HTTPException(404)
    return _render(
        page,
        "month.html",
        form,
        refused,
        here="/console/month",
        back=f"/console/month/{plan.period(month)}",
        month=calendar_month(month),
        period=plan.period(month),
        live=calendar_month(live),
        months=[(calendar_month(number), plan.period(number)) for number in plan.months],
        number=number,
        shown=shown,
    )


def _units(page: Page) -> Response:
    """Those to whom nobody can write first, the retired last."""
    number, table, units = page_number(page), page.table, list(page.table.directory.single)
    words = page.query("q").strip()[:WORDS]
    if words:
        units = unit_edits.found(units, words)
    elif len(page.app.tables) > 1:  # each plan's page has its own
        units = [unit for unit in units if table.named_as(unit.id)]
    units.sort(key=lambda unit: (unit.retired, unit.has_address))
    pages = max(1, -(-len(units) // SHOWN))
    if number > pages:
        raise HTTPException(404)
    rows = []
    for unit in units[(number - 1) * SHOWN :][:SHOWN]:
        roles = [table.role(unit.id, task) for task in table.plan.tasks]
        rows.append((unit, roles.count(Role.LEAD), roles.count(Role.RELATED)))
    signing, missing = overview.read_signing_now(page.app, page.connection, page.at)
    return _render(
        page,
        "units.html",
        here="/console/units",
        words_wanted=words,
        drafted=unit_edits.units_draft(page.app, page.connection, page.person).touched,
        month=calendar_month(table.shown_month(page.at)),
        signing=signing,
        missing=set(missing),
        count=len(units),
        rows=rows,
        number=number,
        pages=pages,
    )


def _unit(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    came_from = _UNIT.fullmatch(form["back"])
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
        wanted=page.query("task"),
        shown=overview.read_unit(page.app, page.connection, page.at, unit),
        chosen=preferences.choices_of(page.connection, unit),
        link=links.unit_address(page.app, page.connection, page.base, links.PAGE, unit.id),
    )


def _render(
    page: Page, template: str, form: Form = _NOTHING, refused: str = "", **facts: object
) -> Response:
    """`here` is its entry in the navigation, `back` where its forms return to. What was typed
    into a form that was refused stands there again: nobody types it twice."""
    today = page.table.local_day(page.at)
    shared = {"here": "/console", "table": page.table, "at": page.at, "today": today}
    shared |= {"refused": refused, "typed": form.values} | facts
    return page.render(f"console/{template}", status=422 if refused else 200, **shared)


# What is said of tasks


def _confirm(page: Page, form: Form) -> str:
    completion.confirm(page.app, form["unit"], form["task"], form["period"], page.signature)
    return "confirmed"


def _send_back(page: Page, form: Form) -> str:
    words = form.text("words", registrations.WORDS)
    completion.send_back(
        page.app, form["unit"], form["task"], form["period"], words, page.signature
    )
    return "returned"


def _undo(page: Page, form: Form) -> str:
    if form["unit"] not in page.table.directory.units:
        raise DeclinedError("nothing_to_undo")
    completion.undo(page.app, form["unit"], form["task"], form["period"], page.signature)
    return "undone"


def _finish(page: Page, form: Form) -> str:
    """For good, or with a period for that month's check-in of a year-round task."""
    task = page.table.plan.by_id.get(form["task"])
    if task is None or task.kind is TaskKind.STANDING:
        raise DeclinedError("no_such_task")
    period = form["period"] if task.kind is TaskKind.YEAR and form["scope"] != "year" else ""
    day, note = form.day("done_on"), form.line("note", NOTE)
    registrations.refuse_impossible(page.table, day, page.table.local_day(page.at), period)
    completion.register(page.app, [task.id], period or None, day, note, page.signature)
    return "done"


def _reopen(page: Page, form: Form) -> str:
    if form["task"] not in page.table.plan.by_id:
        raise DeclinedError("not_registered_as_done")
    completion.reopen(page.app, form["task"], form["period"], page.signature)
    return "reopened"


def page_form(path: str, act: Act, **places: str) -> Route:
    """Back to the page it came from, which shows again what was typed when it is refused; `places`
    are where on the `year` and the `month` one goes on."""

    def acted(page: Page, form: Form) -> Response:
        origin = _origin(form)
        back = form["back"] if origin is not _year else "/console"
        place = places.get("year" if origin is _year else "month" if origin is _month else "")
        return page.done(back, act(page, form), f"#{place}" if place else "")

    def again(page: Page, form: Form, refused: str) -> Response:
        return _origin(form)(page, form, refused)

    return console_form(path, acted, again)


def _origin(form: Form) -> Callable[[Page, Form, str], Response]:
    if _MONTH.fullmatch(form["back"]):
        return _month
    return _unit if _UNIT.fullmatch(form["back"]) else _year


ROUTES = [
    console_page("/console", _year),
    console_page("/console/sheet", _sheet),
    console_page("/console/month", _month),
    console_page("/console/month/{period}", _month),
    console_page("/console/units", _units),
    console_page("/console/units/{unit}", _unit),
    page_form("/console/confirm", _confirm),
    page_form("/console/return", _send_back),
    page_form("/console/undo", _undo),
    page_form("/console/done", _finish),
    page_form("/console/reopen", _reopen),
]
