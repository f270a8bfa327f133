"""The office's people, for an admin: who has an account, what they may do, links for passwords."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.persons import AccountRole
from reminder.errors import DeclinedError
from reminder.office import login, oidc, persons
from reminder.office.links import ticket_address
from reminder.web.console.access import ADMIN, console_form, console_page
from reminder.web.forms import Form
from reminder.web.page import Page

HERE = "/console/people"
ONE = f"{HERE}/person"  # by a query: a path that ends in Chinese is cut off there, as links are
Act = Callable[[Page, str, Form], str]  # on that person; the message that says what was done
_NOTHING = Form({})


def _listed(page: Page, form: Form = _NOTHING, refused: str = "") -> Response:
    sessions = login.sessions_of(page.connection, page.at)
    return page.render(
        "console/people.html",
        status=422 if refused else 200,
        here=HERE,
        people=persons.everybody(page.connection),
        shared=login.ways_in(page.app, page.connection).shared,
        seen={one.person: one.seen for one in reversed(sessions)},
        roles=list(AccountRole),
        typed=form.values,
        longest=persons.NAME,
        refused=refused,
    )


def _one(page: Page, form: Form = _NOTHING, refused: str = "", *, word: str = "") -> Response:
    person = persons.find_person(page.connection, form["name"] or page.query("name"))
    return page.render(
        "console/person.html",
        status=422 if refused else 200,
        here=HERE,
        one=person,
        sessions=login.sessions_of(page.connection, page.at, person.name),
        acts=persons.acts_on(page.connection, person.name),
        roles=list(AccountRole),
        has_provider=oidc.is_offered(page.app),
        longest=persons.SUBJECT,
        link=ticket_address(page.app, page.base, word) if word else "",
        refused=refused,
    )


def _add(page: Page, form: Form) -> Response:
    """The link stands on the page that answers, and nowhere else."""
    name, full_name = form.line("name", 100), form.line("full_name", 100)
    word = persons.add_person(page.app, name, full_name, _role(form), page.who)
    return _one(page, form, word=word)


def _link(page: Page, form: Form) -> Response:
    return _one(page, form, word=persons.make_link(page.app, form["name"], page.who))


def _role(form: Form) -> AccountRole:
    try:
        return AccountRole(form["role"])
    except ValueError:
        raise DeclinedError("no_such_role") from None


def _set_role(page: Page, name: str, form: Form) -> str:
    persons.set_role(page.app, name, _role(form), page.who)
    return "role_set"


def _set_subject(page: Page, name: str, form: Form) -> str:
    persons.set_subject(page.app, name, form.line("subject", persons.SUBJECT), page.who)
    return "subject_set"


def _disable(page: Page, name: str, form: Form) -> str:
    persons.disable(page.app, name, page.who)
    return "account_closed"


def _enable(page: Page, name: str, form: Form) -> str:
    persons.enable(page.app, name, page.who)
    return "account_open"


def _reset_totp(page: Page, name: str, form: Form) -> str:
    persons.reset_totp(page.app, name, page.who)
    return "totp_reset"


def _end_sessions(page: Page, name: str, form: Form) -> str:
    persons.end_sessions(page.app, name, page.who)
    return "sessions_ended"


def _form(path: str, act: Act) -> Route:
    def acted(page: Page, form: Form) -> Response:
        message = act(page, form["name"], form)
        query = urlencode({"name": persons.account_name(form["name"])})
        return page.done(ONE, message, f"?{query}")

    return console_form(f"{HERE}/{path}", acted, _one, ADMIN)


ROUTES = [
    console_page(HERE, _listed, ADMIN),
    console_form(HERE, _add, _listed, ADMIN),
    console_page(ONE, _one, ADMIN),
    console_form(f"{HERE}/link", _link, _one, ADMIN),
    _form("role", _set_role),
    _form("subject", _set_subject),
    _form("disable", _disable),
    _form("enable", _enable),
    _form("totp", _reset_totp),
    _form("sessions", _end_sessions),
]
