"""Readers of copies, as the secretariat puts them back or takes them away."""

import re

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.office import preferences
from reminder.web.console.access import console_form
from reminder.web.forms import Form
from reminder.web.page import Page

_UNIT = re.compile(r"/console/units/([a-z0-9-]+)")


def _act(page: Page, form: Form) -> Response:
    """On the unit's page from which it came."""
    came_from = _UNIT.fullmatch(form["back"])
    unit = page.table.directory.receiver(came_from[1]) if came_from else None
    if unit is None or form["act"] not in ("back", "remove"):
        raise HTTPException(400)
    page.end_reading()
    if form["act"] == "back":
        preferences.put_back(page.app, unit, form["address"], "console", page.who)
        return page.done(form["back"], "reader_back", "#readers")
    preferences.remove_reader(page.app, unit, form["address"], "console", page.who)
    return page.done(form["back"], "reader_removed", "#readers")


ROUTES = [console_form("/console/readers", _act)]
