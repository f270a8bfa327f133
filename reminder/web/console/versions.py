"""What came into force, when and by whom; one version, and how it comes back."""

from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reminder.errors import DeclinedError, UnknownError
from reminder.office import drafts
from reminder.office.history import PastVersion, content_at, read_all, read_version, restoring
from reminder.web.console.access import console_form, console_page
from reminder.web.console.draft import HERE as DRAFT
from reminder.web.forms import Form
from reminder.web.page import Page, page_number

HERE = "/console/versions"
_A_PAGE = 50


def _list(page: Page) -> Response:
    """The last one first."""
    _ = page.connection  # brings what is in force
    document, number = page.query("document"), page_number(page)
    found = read_all(page.connection, document)
    first = (number - 1) * _A_PAGE
    return page.render(
        "console/versions.html",
        here=HERE,
        document=document,
        documents=sorted(page.app.office.contents),
        versions=found[first : first + _A_PAGE],
        count=len(found),
        number=number,
        has_more=len(found) > first + _A_PAGE,
    )


def _read(page: Page) -> PastVersion:
    typed = page.part("number")
    _ = page.connection
    try:
        number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else 0
        return read_version(page.app, page.connection, number)
    except UnknownError:
        raise HTTPException(404) from None


def _one(page: Page) -> Response:
    return page.render(
        "console/version.html",
        here=HERE,
        shown=_read(page),
        table=page.table,
        today=page.table.local_day(page.at),
    )


def _restore(page: Page, form: Form) -> Response:
    """Into the draft, where what it moves is shown."""
    edits = restoring(page.connection, _read(page))
    if not edits:
        raise DeclinedError("in_force_already")
    page.end_reading()
    drafts.add(page.app, page.person, *edits)
    return page.done(DRAFT, "kept_in_draft")


def _file(page: Page) -> Response:
    """A document's text as it was then."""
    version, name = _read(page), page.query("document")
    try:
        content = content_at(page.app, name, version.publication.number)
    except UnknownError:
        raise HTTPException(404) from None
    plain = f"{version.publication.number}-{name.rpartition('/')[2]}"
    disposition = f"attachment; filename*=UTF-8''{quote(plain)}"
    headers = {"Content-Disposition": disposition}
    return Response(content, media_type="application/toml", headers=headers)


ROUTES = [
    console_page(HERE, _list),
    console_page(f"{HERE}/{{number}}", _one),
    console_page(f"{HERE}/{{number}}/file", _file),
    console_form(f"{HERE}/{{number}}/restore", _restore),
]
