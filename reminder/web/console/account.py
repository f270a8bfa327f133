"""One's own account: the password, two-step log-in, sessions; and a first password by a link."""

from markupsafe import Markup
from starlette.responses import Response

from reminder.errors import DeclinedError
from reminder.office import login, one_time_codes, own_account, persons
from reminder.web.console.access import (
    ACCOUNT,
    LOGIN,
    READ,
    SESSION,
    TOTP,
    console_form,
    console_page,
    open_form,
    open_page,
)
from reminder.web.forms import Form
from reminder.web.page import Page

_NOTHING = Form({})


def _account(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    own = login.session_in_use(page.app.database, page.connection, page.cookie(SESSION), page.at)
    return page.render(
        "console/account.html",
        status=422 if refused else 200,
        here=ACCOUNT,
        sessions=login.sessions_of(page.connection, page.at, page.person.name),
        own=own.name if own else "",
        must_use_codes=page.settings.console.totp == "required",
        refused=refused,
    )


def _typed(form: Form, name: str) -> str:
    """Blanks around a password are part of it."""
    return form.values.get(name, "")


def _change_password(page: Page, form: Form) -> Response:
    old, new = _typed(form, "old"), _typed(form, "new")
    _refuse_unlike(form)
    own_account.change_password(page.app, page.person, old, new, page.cookie(SESSION))
    return page.done(ACCOUNT, "password_changed")


def _refuse_unlike(form: Form) -> None:
    if _typed(form, "new") != _typed(form, "again"):
        raise DeclinedError("passwords_differ")


def _totp(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    """A new secret with each look; a form that was refused keeps its own."""
    secret = form["secret"]
    if not one_time_codes.SECRET.fullmatch(secret):
        secret = one_time_codes.new_secret()
    person, plan = page.person, page.app.table.plan
    address = one_time_codes.address_of(secret, person.name, plan.tag)
    return page.render(
        "console/totp.html",
        status=422 if refused else 200,
        here=ACCOUNT,
        secret=secret,
        picture=Markup(one_time_codes.picture(address)),  # noqa: S704 - drawn by segno
        must_use_codes=page.settings.console.totp == "required",
        refused=refused,
    )


def _begin_totp(page: Page, form: Form) -> Response:
    password = _typed(form, "old")
    own_account.begin_totp(page.app, page.person, password, form["secret"], form["code"])
    return page.done(ACCOUNT, "totp_begun")


def _end_totp(page: Page, form: Form) -> Response:
    own_account.end_totp(page.app, page.person, _typed(form, "old"))
    return page.done(ACCOUNT, "totp_ended")


def _end_sessions(page: Page, form: Form) -> Response:
    own_account.end_own_sessions(page.app, page.person, form["session"], page.cookie(SESSION))
    return page.done(ACCOUNT, "sessions_ended")


# Before there is a password: by a link that is good once


def _ticket(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    """Looking at it spends nothing."""
    person = persons.open_ticket(page.app, page.connection, page.part("word"))
    status = 422 if refused else 200 if person else 404
    return page.render("console/ticket.html", status=status, whose=person, refused=refused)


def _choose_password(page: Page, form: Form) -> Response:
    _refuse_unlike(form)
    persons.choose_password(page.app, page.part("word"), _typed(form, "new"))
    return page.done(LOGIN, "password_chosen")


ROUTES = [
    console_page(ACCOUNT, _account),
    console_form(f"{ACCOUNT}/password", _change_password, _account, READ),
    console_page(TOTP, _totp),
    console_form(TOTP, _begin_totp, _totp, READ),
    console_form(f"{TOTP}/off", _end_totp, _account, READ),
    console_form(f"{ACCOUNT}/sessions", _end_sessions, _account, READ),
    open_page("/console/ticket/{word}", _ticket),
    open_form("/console/ticket/{word}", _choose_password, _ticket),
]
