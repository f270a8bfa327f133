"""A year's working days: turned day by day, or as a notice of holidays says them."""

from calendar import Calendar
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.documents.holiday_notice import read_notice
from reminder.domain.edits import Edit
from reminder.domain.versions import Origin
from reminder.errors import ConfigurationError, DeclinedError
from reminder.office import drafts
from reminder.office.holidays import SaidDay, WorkYear, take_notice, text_of, year_document
from reminder.web.console.access import console_form, console_page, console_upload
from reminder.web.console.upload import not_read, one_at_a_time, read_file
from reminder.web.forms import Form, parse_day
from reminder.web.page import Page

HERE = "/console/workdays"
NOTICE = 1700  # characters; a notice has about one thousand
_WEEKS = Calendar()


@dataclass(frozen=True)
class ShownDay:
    """`turned` in somebody's own draft."""

    said: SaidDay
    turned: bool


def _year(page: Page) -> int:
    """The one that was asked for, or the year of the table."""
    typed = page.query("year") or str(page.table.plan.year)
    if not (typed.isascii() and typed.isdecimal() and 2000 <= int(typed) <= 2200):
        raise HTTPException(404)
    return int(typed)


def _contents(page: Page) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """In force, and with one's own draft."""
    _ = page.connection  # brings what is in force
    draft = drafts.open_draft(page.connection, page.person.name)
    in_force = dict(page.app.office.contents)
    if not draft:
        return in_force, in_force
    return in_force, dict(drafts.outcome(page.app, page.connection, draft).contents)


def _shown(
    page: Page, form: Form | None = None, refused: str = "", slips: list[str] | None = None
) -> Response:
    year = _year(page)
    before, after = (WorkYear(page.settings, held, year) for held in _contents(page))
    months = [
        [
            [
                ShownDay(now, turned=now.works is not before.said(day).works)
                if day.month == month and (now := after.said(day))
                else None
                for day in week
            ]
            for week in _WEEKS.monthdatescalendar(year, month)
        ]
        for month in range(1, 13)
    ]
    return page.render(
        "console/workdays.html",
        status=422 if refused or slips else 200,
        here=HERE,
        year=year,
        months=months,
        working=[month.working for month in after.months],
        guessed=any("guess" in month.layers for month in after.months),
        typed=form["notice"] if form else "",
        slips=slips or [],
        most=NOTICE,
        refused=refused,
    )


def _turn(page: Page, form: Form) -> Response:
    """A day becomes the other kind; turned once more, what it was."""
    day = parse_day(form["day"])
    if day is None:
        raise HTTPException(400)
    _, after = _contents(page)
    works = WorkYear(page.settings, after, day.year).said(day).works
    page.end_reading()
    edit = Edit(year_document(day.year), "day", {"id": day.isoformat(), "works": not works})
    drafts.add(page.app, page.person, edit)
    return page.to(f"{HERE}?year={day.year}#m{day.month}")


def _take_notice(page: Page, form: Form) -> Response:
    text = form.text("notice", NOTICE)
    if not text:
        raise DeclinedError("no_notice", "no notice was pasted")
    return _taken(page, form, text)


def _take_file(page: Page, form: Form) -> Response:
    """It is shown like a pasted one where something is wrong with it."""
    file = read_file(form)
    try:
        with one_at_a_time():
            text = text_of(page.app, file.name, file.content)
    except ConfigurationError as error:
        return _shown(page, form, not_read(page, file.name, error))
    shown = Form({"notice": text.strip()[:NOTICE]})
    return _taken(page, shown, text)


def _taken(page: Page, form: Form, text: str) -> Response:
    """Into the draft, or back with what it contradicts."""
    _, after = _contents(page)
    taken = take_notice(page.settings, after, read_notice(text))
    if taken.notice.faults or not taken.texts:
        return _shown(page, form, slips=[q["text"] for q in taken.questions(replace=True)])
    page.end_reading()
    edits = [
        Edit(name, "text", {"text": words, "origin": Origin.IMPORT})
        for name, words in taken.texts.items()
    ]
    drafts.add(page.app, page.person, *edits)
    return page.done(HERE, "notice_taken", f"?year={taken.notice.year}")


def _days_off(page: Page, form: Form, refused: str) -> Response:
    return _shown(page, form, refused)


ROUTES = [
    console_page(HERE, _shown),
    console_form(f"{HERE}/day", _turn),
    console_form(f"{HERE}/notice", _take_notice, _days_off),
    console_upload(f"{HERE}/upload", _take_file, _days_off),
]
