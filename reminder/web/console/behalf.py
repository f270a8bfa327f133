"""What the secretariat notes for units: what they say by telephone, at its desk or in a letter, and
calls."""

from dataclasses import replace

from reminder.domain.plan import Task
from reminder.domain.registrations import Channel, Signature
from reminder.domain.units import Unit
from reminder.errors import DeclinedError
from reminder.office import calls, registrations
from reminder.office.registrations import WHO, WORDS
from reminder.web.console.tasks import page_form
from reminder.web.forms import Form, percentage
from reminder.web.page import Page


def _unit(page: Page, form: Form) -> Unit:
    unit = page.table.directory.units.get(form["unit"])
    if unit is None or unit.is_group:
        raise DeclinedError("no_such_unit")
    return unit


def _told(page: Page, form: Form) -> Signature:
    """Whose word it is, and how it came."""
    channels = {str(channel): channel for channel in Channel}
    if form["channel"] not in channels:
        raise DeclinedError("no_channel")
    return replace(page.signature, who=form.line("who", WHO), channel=channels[form["channel"]])


def about_task(page: Page, form: Form) -> tuple[Task, str]:
    """A task; of a year-round one also the month that is meant, if it is not the whole year."""
    name, _, period = form.line("about", 100).partition(" ")
    task = page.table.find(name)
    if task is None:
        raise DeclinedError("no_such_task")
    return task, period


def _sign(page: Page, form: Form) -> str:
    unit, by, words = _unit(page, form), _told(page, form), form.text("words", calls.MESSAGE)
    page.end_reading()
    is_new = registrations.sign(page.app, unit, form["period"], by)
    if words:
        calls.note_call(page.app, unit, by, words)
    return "signed_for" if is_new else "already"


def _progress(page: Page, form: Form) -> str:
    unit, by, (task, _) = _unit(page, form), _told(page, form), about_task(page, form)
    words, percent = form.text("words", WORDS), percentage(form.line("percent", 20))
    if form["closes"]:
        raise DeclinedError("told_as_done")
    page.end_reading()
    registrations.report_progress(page.app, unit, task, by, words=words, percent=percent)
    return "progress_for"


def _finish(page: Page, form: Form) -> str:
    unit, by, (task, period) = _unit(page, form), _told(page, form), about_task(page, form)
    day, words, closes = form.day("done_on"), form.text("words", WORDS), bool(form["closes"])
    page.end_reading()
    is_new = registrations.finish(
        page.app, unit, task, by, done_on=day, words=words, period=period, closes=closes
    )
    if not is_new:
        return "same"
    return "closed_for" if closes else "finished_for"


def _call(page: Page, form: Form) -> str:
    unit, by = _unit(page, form), replace(page.signature, who=form.line("who", WHO))
    words = form.text("words", calls.MESSAGE)
    page.end_reading()
    calls.note_call(page.app, unit, by, words)
    return "call_noted"


_PLACES = {"year": "calls", "month": "signing"}
ROUTES = [
    page_form("/console/sign-for", _sign, **_PLACES),
    page_form("/console/progress-for", _progress),
    page_form("/console/finish-for", _finish),
    page_form("/console/call", _call, **_PLACES),
]
