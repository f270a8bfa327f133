"""The secretariat's orders: confirm, send back, undo, register as done, reopen."""

import re
from collections.abc import Callable
from datetime import date

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.plan import TaskKind
from reminder.domain.timetable import MONTHS
from reminder.errors import DeclinedError, UnknownError, UsageError
from reminder.office import completion, registrations
from reminder.office.registrations import RegistrationError
from reminder.web.console.frame import Refusal
from reminder.web.console.guard import SECRETARIAT, order
from reminder.web.console.month import month_page
from reminder.web.console.unit import unit_page
from reminder.web.console.year import year_page
from reminder.web.forms import Form, parse_day
from reminder.web.page import Page
from reminder.web.said import told
from reminder.web.site import Site, site_of

NOTE = 200  # characters
_MONTH = re.compile(r"/console/month/(\d{4}-\d{2})")
_UNIT = re.compile(r"/console/units/([a-z0-9-]+)")
Act = Callable[[Site, Form], str]


def _confirm(site: Site, form: Form) -> str:
    registrations.confirm(site.app, form["unit"], form["task"], form["period"], SECRETARIAT)
    return "confirmed"


def _send_back(site: Site, form: Form) -> str:
    words = form.text("words", registrations.WORDS)
    registrations.send_back(
        site.app, form["unit"], form["task"], form["period"], words, SECRETARIAT
    )
    return "returned"


def _undo(site: Site, form: Form) -> str:
    if form["unit"] not in site.table.directory.units:
        raise RegistrationError("nothing_to_undo")
    registrations.undo(site.app, form["unit"], form["task"], form["period"], SECRETARIAT)
    return "undone"


def _finish(site: Site, form: Form) -> str:
    """For good, or with a period for that month's check-in of a year-round task."""
    task = site.table.plan.by_id.get(form["task"])
    if task is None or task.kind is TaskKind.STANDING:
        raise RegistrationError("no_such_task")
    period = form["period"] if task.kind is TaskKind.YEAR and form["scope"] != "year" else ""
    if period and period not in _past_periods(site):
        raise RegistrationError("not_a_month")
    day, note = _day(site, form["done_on"]), form.line("note", NOTE)
    completion.register(site.app, [task.id], period or None, day, note, SECRETARIAT)
    return "done"


def _reopen(site: Site, form: Form) -> str:
    try:
        completion.reopen(site.app, form["task"], form["period"], SECRETARIAT)
    except (UsageError, UnknownError):
        raise RegistrationError("not_registered_as_done") from None
    return "reopened"


def _past_periods(site: Site) -> set[str]:
    """Of the plan, with the one that runs."""
    plan, today = site.table.plan, site.table.local_day(site.clock.now())
    return {plan.period(m) for m in MONTHS if date(plan.year, m, 1) <= today}


def _day(site: Site, text: str) -> date:
    day = parse_day(text)
    if day is None:
        raise RegistrationError("no_day_done")
    registrations.refuse_impossible(site.table, day, site.table.local_day(site.clock.now()))
    return day


def _order(path: str, act: Act) -> Route:
    """Back to the page it came from, which shows again what was typed when it is refused."""

    def answer(request: Request, form: Form) -> Response:
        try:
            done = act(site_of(request), form)
        except DeclinedError as error:
            with Page(request) as page:
                return _again(request, form, page.phrase(error.reason, **error.facts))
        return told(request, _back(form["back"]), done)

    return order(path, answer)


def _back(path: str) -> str:
    return path if _MONTH.fullmatch(path) or _UNIT.fullmatch(path) else "/console"


def _again(request: Request, form: Form, reason: str) -> Response:
    refusal = Refusal(reason, form.values)
    if found := _MONTH.fullmatch(form["back"]):
        return month_page(request, refusal, found[1])
    if found := _UNIT.fullmatch(form["back"]):
        return unit_page(request, refusal, found[1])
    return year_page(request, refusal)


ROUTES = [
    _order("/console/confirm", _confirm),
    _order("/console/return", _send_back),
    _order("/console/undo", _undo),
    _order("/console/done", _finish),
    _order("/console/reopen", _reopen),
]
