"""The sessions of the year: their days, and what a new day would move."""

from datetime import date

from starlette.responses import Response

from reminder.errors import DeclinedError
from reminder.office import meetings
from reminder.office.meetings import Preview
from reminder.web.console.access import console_form, console_page
from reminder.web.forms import Form, parse_day
from reminder.web.page import Page

HERE = "/console/meetings"


def _list(page: Page) -> Response:
    rows = meetings.dated_meetings(page.app, page.connection)
    return page.render("console/meetings.html", here=HERE, rows=rows)


def _one(page: Page) -> Response:
    """With a date in the address: what it would move. Nothing is changed."""
    asked = page.request.query_params
    if not asked.keys() & {"date", "unset"}:
        return _shown(page)
    try:
        day = None if "unset" in asked else _day(page.query("date"))
        return _shown(page, preview=_preview(page, day))
    except DeclinedError as error:
        return _shown(page, None, page.phrase(error.reason, **error.facts))


def _save(page: Page, form: Form) -> Response:
    """Only what was shown: the form carries a mark of it."""
    typed = form["date"]
    day = None if form["unset"] and not parse_day(typed) else _day(typed)
    preview = _preview(page, day)
    if preview.seen != form["seen"]:
        return _shown(page, form, page.phrase("other_effects"), preview)
    page.end_reading()
    meetings.save(page.app, preview, page.who)
    return page.done(HERE, "date_set" if day else "date_unset")


def _day(typed: str) -> date:
    if day := parse_day(typed):
        return day
    raise DeclinedError("no_date", typed=typed[:40])


def _preview(page: Page, day: date | None) -> Preview:
    return meetings.preview(page.app, page.connection, page.part("meeting"), day)


def _shown(
    page: Page, form: Form | None = None, refused: str = "", preview: Preview | None = None
) -> Response:
    typed = form["date"] if form else page.query("date")
    dated = meetings.find_meeting(page.app, page.connection, page.part("meeting"))
    return page.render(
        "console/meeting.html",
        status=422 if refused else 200,
        here=HERE,
        dated=dated,
        typed=typed or dated.meeting.day or "",
        shown=preview,
        changes=meetings.date_changes(page.connection, page.table.plan.id, dated.meeting.id),
        refused=refused,
        table=page.table,
        today=page.table.local_day(page.at),
    )


ROUTES = [
    console_page(HERE, _list),
    console_page(f"{HERE}/{{meeting}}", _one),
    console_form(f"{HERE}/{{meeting}}", _save, _shown),
]
