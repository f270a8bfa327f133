"""A table of Word, Excel or text is sent; what is not sure of it is answered row by row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from urllib.parse import quote

from starlette.responses import Response

from reminder.documents.plan_answers import shown_tasks
from reminder.errors import ConfigurationError, DeclinedError, Fault
from reminder.office.table_uploads import NEXT, OTHER, Upload, WantedTable, take_table, uploads
from reminder.office.upload_answers import GivenAnswer, answer, open_questions
from reminder.web.console.access import EDIT, console_form, console_page, console_upload
from reminder.web.console.plan import units_by_name
from reminder.web.forms import Form
from reminder.web.page import Page, Refused
from reminder.web.uploads import UploadedFile, UploadForm

HERE, SEND, ANSWERS = "/console/upload", "/console/plan/upload", "/console/upload/answers"
AT_ONCE = 10  # questions on a page
LONGEST = 60_000  # bytes of their answers
TEXT, TITLES = 300, 3000  # characters
_WAIT = 10.0  # seconds
_reading = Lock()


def read_file(form: Form) -> UploadedFile:
    """Raises `DeclinedError` where none was chosen."""
    if not isinstance(form, UploadForm) or not (form.file.name or form.file.content):
        raise DeclinedError("no_file_chosen")
    return form.file


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """A table of the largest size has its hundred megabytes."""
    if not _reading.acquire(timeout=_WAIT):
        raise Refused(503, "upload_busy", {"Retry-After": "10"})
    try:
        yield
    finally:
        _reading.release()


def not_read(page: Page, name: str, error: ConfigurationError) -> str:
    why = "".join(fault.words(page.language) for fault in error.faults[:3])
    return page.phrase("file_not_read", file=name, why=why)


def _page(
    page: Page,
    typed: Mapping[str, str] | None = None,
    refused: str = "",
    wrong: Mapping[int, Fault] | None = None,
) -> Response:
    _ = page.table  # brings what is in force
    found = uploads(page.app, page.connection, page.person)
    wanted = page.query("of")
    chosen = [one for one in found if one.edit.document == wanted] or found
    upload = chosen[0] if chosen else None
    office = page.app.office
    names = map(office.document_at, office.paths)
    tables = [(n, table.plan) for n, table in zip(names, office.tables, strict=True)]
    return page.render(
        "console/upload.html",
        status=422 if refused or wrong else 200,
        here="/console/plan",
        tables=tables,
        series={plan.id: (name, plan) for name, plan in tables}.values(),
        uploads=found,
        upload=upload,
        rows=_rows(upload) if upload else [],
        open_count=len(open_questions(upload)) if upload else 0,
        names=units_by_name(page),
        year=page.table.plan.year,
        next=NEXT,
        other=OTHER,
        typed=typed or {},
        refused=refused,
        wrong={n: fault.words(page.language) for n, fault in (wrong or {}).items()},
        most={"text": TEXT, "titles": TITLES},
    )


def _rows(upload: Upload) -> list[dict[str, object]]:
    """The first questions that are open, each with its number and its tasks as they are now."""
    numbers = open_questions(upload)[:AT_ONCE]
    asked = [upload.asked[n] for n in numbers]
    tasks = shown_tasks(upload.content, asked)
    return [
        {"n": n, "asked": one, "tasks": of}
        for n, one, of in zip(numbers, asked, tasks, strict=True)
    ]


def _send(page: Page, form: Form) -> Response:
    file, year = read_file(form), form["year"]
    wanted = WantedTable(form["of"], int(year) if year.isascii() and year.isdecimal() else 0)
    _ = page.table
    page.end_reading()
    try:
        with one_at_a_time():
            upload = take_table(page.app, page.person, file.name, file.content, wanted)
    except ConfigurationError as error:
        return _page(page, form.values, not_read(page, file.name, error))
    return page.done(HERE, "table_taken", f"?of={quote(upload.edit.document)}")


def _send_again(page: Page, form: Form, refused: str) -> Response:
    return _page(page, form.values, refused)


def _answer(page: Page, form: Form) -> Response:
    answers = {
        n: GivenAnswer(
            form[f"choice{n}"],
            form.text(f"answer{n}", TITLES),
            form.line(f"lead{n}", TITLES),
            form.line(f"related{n}", TITLES),
        )
        for n in numbers_of(form)
    }
    _ = page.table
    page.end_reading()
    wrong = answer(page.app, page.person, form["mark"], answers)
    if wrong:
        page.end_reading()
        refused = page.phrase("some_answers_wrong", count=len(wrong))
        return _page(page, form.values, refused, wrong)
    return page.done(HERE, "answers_taken", f"?of={quote(form['of'])}")


def numbers_of(form: Form) -> list[int]:
    """Of the questions that stood there."""
    return [int(n) for n in form["numbers"].split()[: 4 * AT_ONCE] if n.isascii() and n.isdecimal()]


def _answer_again(page: Page, form: Form, refused: str) -> Response:
    return _page(page, form.values, refused)


ROUTES = [
    console_page(HERE, _page, EDIT),
    console_upload(SEND, _send, _send_again),
    console_form(ANSWERS, _answer, _answer_again, longest=LONGEST),
]
