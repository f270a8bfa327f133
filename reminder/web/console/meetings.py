"""The sessions of the year: their days, and what a new day would move."""

from datetime import date

from starlette.responses import Response

from reminder.errors import DeclinedError
from reminder.office import meetings
from reminder.office.four_eyes import needs_other
from reminder.office.meetings import Preview
from reminder.web.console.access import APPROVE, console_form, console_page
from reminder.web.console.draft import HERE as DRAFT
from reminder.web.console.draft import tell_of
from reminder.web.forms import Form, parse_day
from reminder.web.page import Page

HERE = "/console/meetings"


def _list(page: Page) -> Response:
    _ = page.connection  # brings what is in force
    return page.render("console/meetings.html", here=HERE, rows=meetings.dated_meetings(page.app))


def _one(page: Page) -> Response:
    """With a date in the address: what it would move. Nothing is changed."""
    asked = page.request.query_params
    if not asked.keys() & {"date", "unset"}:
        return _shown(page)
    form = Form({name: asked[name] for name in ("date", "until", "unset") if name in asked})
    try:
        return _shown(page, form, preview=_preview(page, form))
    except DeclinedError as error:
        return _shown(page, form, page.phrase(error.reason, **error.facts))


def _save(page: Page, form: Form) -> Response:
    """Only what was shown: the form carries a mark of it. Who may not publish has it in the
    draft."""
    preview = _preview(page, form)
    if preview.seen != form["seen"]:
        return _shown(page, form, page.phrase("other_effects"), preview)
    page.end_reading()
    if form["keep"] or not _may_publish(page):
        meetings.keep(page.app, preview, page.person)
        return page.done(DRAFT, "kept_in_draft")
    meetings.save(page.app, preview, tell_of(form))
    return page.done(HERE, "date_set" if preview.day else "date_unset")


def _may_publish(page: Page) -> bool:
    return page.may(APPROVE) and not needs_other(page.settings, page.who, page.who)


def _day(typed: str) -> date:
    if day := parse_day(typed):
        return day
    raise DeclinedError("no_date", typed=typed[:40])


def _preview(page: Page, form: Form) -> Preview:
    day = None if form["unset"] and not parse_day(form["date"]) else _day(form["date"])
    until = day if "until" in form.values else None  # else as long as before
    if day and form["until"]:
        until = _day(form["until"])
    return meetings.preview(page.app, page.connection, page.part("meeting"), day, until, page.who)


def _shown(
    page: Page, form: Form | None = None, refused: str = "", preview: Preview | None = None
) -> Response:
    _ = page.connection  # brings what is in force
    dated = meetings.find_meeting(page.app, page.part("meeting"))
    held = dated.meeting
    until = held.until if held.length > 1 else None
    return page.render(
        "console/meeting.html",
        status=422 if refused else 200,
        here=HERE,
        dated=dated,
        typed=form["date"] if form else held.day or "",
        typed_until=form["until"] if form and "until" in form.values else until or "",
        shown=preview,
        may_publish=_may_publish(page),
        changes=meetings.date_changes(page.connection, page.table.plan.id, held.id),
        refused=refused,
        table=page.table,
        today=page.table.local_day(page.at),
    )


ROUTES = [
    console_page(HERE, _list),
    console_page(f"{HERE}/{{meeting}}", _one),
    console_form(f"{HERE}/{{meeting}}", _save, _shown),
]
