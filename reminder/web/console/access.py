"""Who may see the console: whoever is logged in, as far as their role goes, and has opened the
door where there is one.
"""

import logging
import re
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.domain.characters import UNSEEN
from reminder.domain.persons import AccountRole
from reminder.errors import DeclinedError
from reminder.events import Event
from reminder.office import login, oidc
from reminder.web.forms import LONGEST, Act, Again, Form, View, get, post
from reminder.web.local import enter, has_opened, local
from reminder.web.page import Page, Refused
from reminder.web.uploads import upload

log = logging.getLogger(__name__)

HOME = "/console"
READ, EDIT, APPROVE, ADMIN = AccountRole
LOGIN = "/console/login"
ACCOUNT, TOTP = "/console/account", "/console/account/totp"
SESSION = "console"  # the cookie of who is logged in
KNOWN = "known"  # the cookie of a browser that has logged in
_A_YEAR = 365 * 24 * 3600
# What people type into forms here.
_TYPED = re.compile(r"who|words|note|why|label|date|done_on|(?:answer|lead|related)\d+")
_NOTHING = Form({})
# Of our own pages only, as a browser writes them: no host, no backslash, nothing unseen, and no
# dots, which it takes out of a path with what stands before them.
_WITHIN = re.compile(r"/console(?:[/?](?!/|\.|%2[eE])(?:(?!//|/\.|/%2[eE])[!-\[\]-~])*)?")


def console_page(path: str, view: View, role: AccountRole = READ) -> Route:
    """Who is not logged in is asked to, and then comes back."""

    def checked(page: Page) -> Response:
        if not _is_logged_in(page):
            return page.to(_login_then(page.request.url.path, page.request.url.query))
        if _owes_code(page):
            return page.to(TOTP)
        if not page.may(role):
            raise Refused(403, "role_too_low", role=role)
        return view(page)

    return open_page(path, checked)


def console_form(
    path: str,
    act: Act,
    again: Again | None = None,
    role: AccountRole = EDIT,
    longest: int = LONGEST,
) -> Route:
    """What was typed stands there to be copied when the session is over, or the role another."""

    def checked(page: Page, form: Form) -> Response:
        if not _is_logged_in(page):
            return _lost(page, form, page.phrase("session_over"))
        if _owes_code(page):
            return _lost(page, form, page.phrase("code_first"))
        if not page.may(role):
            return _lost(page, form, page.phrase("role_too_low", role=role))
        page.end_reading()
        return act(page, form)

    return post(path, checked, _outside, again, longest)


def console_upload(
    path: str, act: Act, again: Again | None = None, role: AccountRole = EDIT
) -> Route:
    """A form with a file, for which another page is asked before it is read."""

    def access(page: Page) -> Response | None:
        if outside := _outside(page):
            return outside
        if not _is_logged_in(page):
            return _lost(page, _NOTHING, page.phrase("session_over"))
        if _owes_code(page):
            return _lost(page, _NOTHING, page.phrase("code_first"))
        if not page.may(role):
            return _lost(page, _NOTHING, page.phrase("role_too_low", role=role))
        return None

    return upload(path, act, access, again)


def open_page(path: str, view: View) -> Route:
    """One that needs no log-in."""

    def referred(page: Page) -> Response:
        answer = view(page)
        # No address here is a secret, and a form that comes too late leads back to its page.
        answer.headers.setdefault("Referrer-Policy", "same-origin")
        return answer

    return get(path, referred, _outside)


def open_form(path: str, act: Act, again: Again | None = None) -> Route:
    return post(path, act, _outside, again)


def _outside(page: Page) -> Response | None:
    """What is answered instead, by the setting `web.console`; raises 404 when there is none."""
    wanted = page.settings.web.console
    if wanted == "off":
        raise HTTPException(404)
    return enter(page) if wanted == "anywhere" else local(page)


def _is_logged_in(page: Page) -> bool:
    word = page.cookie(SESSION)
    page.signed_in = login.signed_in(page.app, page.connection, word, page.at)
    return page.signed_in is not None


def _owes_code(page: Page) -> bool:
    """Until they have set up two-step log-in, where everybody must, there is only that page. Who
    has no password comes by the identity provider, which has codes of its own."""
    is_wanted = (
        page.settings.console.totp == "required"
        and not page.person.has_totp
        and page.person.has_password
    )
    return is_wanted and not page.request.scope["path"].startswith(ACCOUNT)


def _lost(page: Page, form: Form, why: str) -> Response:
    """The page that it was typed on is no more, or not for this person."""
    came_from = urlsplit(page.request.headers.get("referer", ""))
    path = came_from.path.removeprefix(page.root)
    return page.render(
        "console/lost.html",
        status=403,
        why=why,
        typed=[form[name] for name in form.values if _TYPED.fullmatch(name) and form[name]],
        login=_login_then(path, came_from.query),
    )


def _login_then(path: str, query: str) -> str:
    back = f"{path}?{query}" if query else path
    return f"{LOGIN}?next={quote(back, safe='')}"


def _login_page(page: Page) -> Response:
    wanted = page.query("next")
    return page.to(within(wanted)) if _is_logged_in(page) else log_in_again(page, wanted)


def log_in_again(
    page: Page, wanted: str, refused: DeclinedError | None = None, name: str = ""
) -> Response:
    reason, status = refused.reason if refused else "", 422 if refused else 200
    answer = page.render(
        "console/login.html",
        status={"wait": 429, "many_log_in": 503}.get(reason, status),
        refused=page.phrase(reason, **refused.facts) if refused else "",
        next=within(wanted),
        ways=login.ways_in(page.app, page.connection),
        name=name,
        has_provider=oidc.is_offered(page.app),
    )
    if refused and answer.status_code != 422:
        answer.headers["Retry-After"] = str(refused.facts.get("seconds", 2))
    return answer


def _log_in(page: Page, form: Form) -> Response:
    wanted, client = form["next"], page.request.client
    address, by_door = client.host if client else "", has_opened(page)
    given = login.LogIn(
        name=form.line("name", login.NAME),
        password=form.values.get("password", ""),  # blanks around it are part of it
        known=page.cookie(KNOWN),
        ended=page.cookie(SESSION),
        by_door=by_door,
        address=address,
        code=form["code"],
        agent=agent_of(page.request),
    )
    page.end_reading()
    try:
        session, known = login.log_in(page.app, given, page.at)
    except DeclinedError as error:
        if seconds := error.facts.get("seconds"):
            words = "console: log-in from %s refused, %d seconds to wait"
            log.warning(words, address, seconds, extra=Event.LOGIN_REFUSED.of(client=address))
        elif error.reason == "wrong_password":
            refused = Event.LOGIN_REFUSED.of(client=address)
            log.warning("console: wrong password from %s", address, extra=refused)
        return log_in_again(page, wanted, error, given.name)
    name = given.name or "the one account"
    entered = Event.LOGGED_IN.of(person=name, client=address)
    log.info("console: %s logged in from %s", name, address, extra=entered)
    answer = page.to(within(wanted))
    page.set_cookie(answer, SESSION, session)
    page.set_cookie(answer, KNOWN, known, seconds=_A_YEAR)
    return answer


def agent_of(request: Request) -> str:
    """The program, as it calls itself."""
    return UNSEEN.sub(" ", request.headers.get("user-agent", ""))


def _log_out(page: Page, form: Form) -> Response:
    login.log_out(page.app.database, page.cookie(SESSION))
    answer = page.done(LOGIN, "logged_out")
    page.set_cookie(answer, SESSION, "", seconds=0)
    return answer


def within(path: str) -> str:
    """That page of the console, else its first one."""
    return path if _WITHIN.fullmatch(path) else HOME


ROUTES = [
    open_page(LOGIN, _login_page),
    open_form(LOGIN, _log_in),
    open_form("/console/logout", _log_out),
]
