"""What came by mail and waits for somebody, who registers it or sees to it otherwise; and addresses
to which nothing goes."""

from collections.abc import Callable

from starlette.responses import Response

from reminder.domain.incoming import LetterState
from reminder.domain.registrations import BY_MAIL, Channel, Signature
from reminder.domain.units import Unit
from reminder.errors import DeclinedError, UnknownError
from reminder.office import letters, registrations
from reminder.office.registrations import WHO, WORDS
from reminder.office.stopped import stopped_addresses
from reminder.web.console.access import console_form, console_page
from reminder.web.console.behalf import about_task
from reminder.web.console.tasks import page_form
from reminder.web.forms import Form, percentage
from reminder.web.page import Page

HERE = "/console/letters"
_NOTHING = Form({})
Act = Callable[[Page, Form, Unit, Signature], str]


def _list(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    wanted = None if page.query("all") else LetterState.WAITING
    connection = page.connection
    return page.render(
        "console/letters.html",
        status=422 if refused else 200,
        here=HERE,
        refused=refused,
        typed=form.values,
        everything=wanted is None,
        shown=list(letters.shown_letters(page.app, connection, wanted)),
        stopped=list(stopped_addresses(connection, page.table)),
        table=page.table,
        directory=page.table.directory,
        today=page.table.local_day(page.at),
    )


def _number(form: Form) -> int:
    number = form["letter"]
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise DeclinedError("not_waiting")
    return int(number)


def _settle(page: Page, form: Form) -> Response:
    letters.settle(page.app, _number(form), page.who)
    return page.done(HERE, "letter_settled")


def _registering(act: Act) -> Callable[[Page, Form], Response]:
    """What the letter says is noted for its unit; then nobody has to see to it any more."""

    def acted(page: Page, form: Form) -> Response:
        letter = letters.waiting_letter(page.connection, _number(form))
        unit = page.table.directory.receiver(letter.unit)
        if unit is None:
            raise DeclinedError("no_such_unit")
        by = Signature(letter.writer[:WHO], f"{BY_MAIL}{letter.id}", Channel.MAIL, page.who)
        message = act(page, form, unit, by)
        letters.settle(page.app, letter.id, page.who)
        return page.done(HERE, message)

    return acted


def _sign(page: Page, form: Form, unit: Unit, by: Signature) -> str:
    period = form["period"]
    page.end_reading()
    return "signed_for" if registrations.sign(page.app, unit, period, by) else "already"


def _progress(page: Page, form: Form, unit: Unit, by: Signature) -> str:
    task, _ = about_task(page, form)
    words, percent = form.text("words", WORDS), percentage(form.line("percent", 20))
    page.end_reading()
    registrations.report_progress(page.app, unit, task, by, words=words, percent=percent)
    return "progress_for"


def _finish(page: Page, form: Form, unit: Unit, by: Signature) -> str:
    task, period = about_task(page, form)
    day, closes = form.day("done_on"), bool(form["closes"])
    page.end_reading()
    is_new = registrations.finish(
        page.app, unit, task, by, done_on=day, period=period, closes=closes
    )
    return "same" if not is_new else "closed_for" if closes else "finished_for"


def _clear(page: Page, form: Form) -> str:
    try:
        letters.clear(page.app, form.line("address", 320), page.who)
    except UnknownError:
        raise DeclinedError("not_stopped") from None
    return "address_cleared"


ROUTES = [
    console_page(HERE, _list),
    console_form(f"{HERE}/settle", _settle, _list),
    console_form(f"{HERE}/sign", _registering(_sign), _list),
    console_form(f"{HERE}/progress", _registering(_progress), _list),
    console_form(f"{HERE}/finish", _registering(_finish), _list),
    page_form("/console/address", _clear),
]
