"""What came by mail: what waits for somebody, and addresses to which nothing goes."""

from starlette.responses import Response

from reminder.domain.incoming import LetterState
from reminder.errors import DeclinedError, UnknownError
from reminder.office import letters
from reminder.office.stopped import stopped_addresses
from reminder.web.console.access import console_form, console_page
from reminder.web.console.tasks import page_form
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/letters"


def _list(page: Page) -> Response:
    wanted = None if page.query("all") else LetterState.WAITING
    return page.render(
        "console/letters.html",
        here=HERE,
        everything=wanted is None,
        letters=letters.read_letters(page.connection, wanted),
        stopped=list(stopped_addresses(page.connection, page.table)),
        directory=page.table.directory,
    )


def _settle(page: Page, form: Form) -> Response:
    letters.settle(page.app, _number(form), page.who)
    return page.done(HERE, "letter_settled")


def _number(form: Form) -> int:
    number = form["letter"]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise DeclinedError("not_waiting")
    return int(number)


def _clear(page: Page, form: Form) -> str:
    try:
        letters.clear(page.app, form.line("address", 320), page.who)
    except UnknownError:
        raise DeclinedError("not_stopped") from None
    return "address_cleared"


ROUTES = [
    console_page(HERE, _list),
    console_form(f"{HERE}/settle", _settle),
    page_form("/console/address", _clear),
]
