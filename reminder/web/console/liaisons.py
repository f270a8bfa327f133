"""A list of liaisons is sent; what is not sure of it is answered row by row."""

from collections.abc import Mapping

from starlette.responses import Response

from reminder.errors import ConfigurationError, Fault
from reminder.office.list_uploads import (
    ListAnswer,
    answer_list,
    read_asked,
    take_list,
    units_of,
)
from reminder.office.unit_lists import template_of
from reminder.web.console.access import EDIT, console_form, console_page, console_upload
from reminder.web.console.plan import units_by_name
from reminder.web.console.unit_forms import UNITS, read_draft
from reminder.web.console.upload import (
    AT_ONCE,
    LONGEST,
    TEXT,
    not_read,
    numbers_of,
    one_at_a_time,
    read_file,
)
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/liaisons"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _page(
    page: Page,
    typed: Mapping[str, str] | None = None,
    refused: str = "",
    wrong: Mapping[int, Fault] | None = None,
) -> Response:
    _ = page.table  # brings what is in force
    edit = read_asked(page.connection, page.person)
    asked = edit.args["asked"] if edit else []
    left = [n for n, one in enumerate(asked) if not one.get("done")]
    return page.render(
        "console/liaisons.html",
        status=422 if refused or wrong else 200,
        here=UNITS,
        sent=edit.args if edit else None,
        rows=[{"n": n, "asked": asked[n]} for n in left[:AT_ONCE]],
        open_count=len(left),
        names=units_by_name(page),
        typed=typed or {},
        refused=refused,
        wrong={n: fault.words(page.language) for n, fault in (wrong or {}).items()},
        most=TEXT,
    )


def _sheet(page: Page) -> Response:
    """To be filled in."""
    content = template_of(units_of(page.app, read_draft(page)))
    headers = {"Content-Disposition": 'attachment; filename="liaisons.xlsx"'}
    return Response(content, media_type=_KIND, headers=headers)


def _send(page: Page, form: Form) -> Response:
    file = read_file(form)
    _ = page.table
    page.end_reading()
    try:
        with one_at_a_time():
            take_list(page.app, page.person, file.name, file.content)
    except ConfigurationError as error:
        return _page(page, form.values, not_read(page, file.name, error))
    return page.done(HERE, "list_taken")


def _answer(page: Page, form: Form) -> Response:
    answers = {
        n: ListAnswer(form[f"choice{n}"], form.line(f"answer{n}", TEXT)) for n in numbers_of(form)
    }
    _ = page.table
    page.end_reading()
    wrong = answer_list(page.app, page.person, form["mark"], answers)
    if wrong:
        page.end_reading()
        refused = page.phrase("some_answers_wrong", count=len(wrong))
        return _page(page, form.values, refused, wrong)
    return page.done(HERE, "answers_taken")


def _again(page: Page, form: Form, refused: str) -> Response:
    return _page(page, form.values, refused)


ROUTES = [
    console_page(HERE, _page, EDIT),
    console_page(f"{HERE}/sheet.xlsx", _sheet, EDIT),
    console_upload(f"{HERE}/upload", _send, _again),
    console_form(f"{HERE}/answers", _answer, _again, longest=LONGEST),
]
