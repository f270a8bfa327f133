"""The console's door: one password for the secretariat, a new session on every log-in."""

import logging
import re
from hmac import compare_digest
from secrets import token_urlsafe
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response

from reminder.storage.ledger import attempts, passwords, sessions
from reminder.web.console.guard import LOGIN, is_logged_in, open_order, open_page
from reminder.web.cookies import cookie, set_cookie
from reminder.web.forms import SESSION, Form, token
from reminder.web.said import said, told
from reminder.web.site import site_of

log = logging.getLogger(__name__)

HOME = "/console"
# Of our own pages only, as a browser writes them: no host, no backslash, nothing unseen.
_WITHIN = re.compile(r"/console(?:[/?](?!/)(?:(?!//)[!-\[\]-~])*)?")
# A browser takes them out of a path, with what stands before them; encoded ones too.
_DOTS = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
SAID = {"out": "已退出"}
_KNOWN = "known"  # the cookie of a browser that has logged in by this password
_A_YEAR = 365 * 24 * 3600
_hashing = Lock()  # 64 MiB each: many at once would be the machine's end


def _form(request: Request) -> Response:
    wanted = request.query_params.get("next", "")
    if is_logged_in(request):
        return site_of(request).to(_within(wanted))
    return _page(request, wanted, said=said(request, SAID))


def _log_in(request: Request, form: Form) -> Response:
    site, wanted, address = site_of(request), form["next"], _address(request)
    with site.database.read() as connection:
        hashed = passwords.kept(connection)
    if not hashed:
        return _page(request, wanted, status=422, refused="尚未设置密码")
    source = f"known/{name}" if (name := _known_as(request, hashed)) else address
    if seconds := _seconds_to_wait(request, source):
        log.warning("console: log-in from %s refused, %d seconds to wait", address, seconds)
        return _later(request, wanted, seconds)
    word = form.values.get("password", "")  # blanks around it are part of it
    with _hashing:
        fits = passwords.fits(hashed, word)
        newer = passwords.hash_of(word) if fits and passwords.is_outdated(hashed) else hashed
    session = _begin(request, source, hashed, newer) if fits else ""
    if not session:
        log.warning("console: wrong password from %s", address)
        return _page(request, wanted, status=422, refused="密码不正确")
    log.info("console: logged in from %s", address)
    answer = site.to(_within(wanted))
    set_cookie(request, answer, SESSION, session, path=HOME)
    known = _proven(request, name or token_urlsafe(12), newer)
    set_cookie(request, answer, _KNOWN, known, seconds=_A_YEAR, path=LOGIN)
    return answer


def _log_out(request: Request, form: Form) -> Response:
    site = site_of(request)
    with site.database.write() as connection:
        sessions.end_session(connection, cookie(request, SESSION))
    answer = told(request, LOGIN, "out")
    set_cookie(request, answer, SESSION, "", seconds=0, path=HOME)
    return answer


def _seconds_to_wait(request: Request, source: str) -> int:
    """Looks before it takes the ledger's only writer: many may ask at once."""
    site = site_of(request)
    at = site.clock.now()
    with site.database.read() as connection:
        if seconds := attempts.seconds_to_wait(connection, source, at):
            return seconds
    with site.database.write() as connection:
        return attempts.count_attempt(connection, source, at)


def _begin(request: Request, source: str, hashed: str, newer: str) -> str:
    """The new session's word; empty when the password was changed meanwhile.

    The session that the request came with ends: its word may be one that somebody gave it.
    """
    site = site_of(request)
    with site.database.write() as connection:
        if passwords.kept(connection) != hashed:
            return ""
        if newer != hashed:
            passwords.keep(connection, newer)
        attempts.forget_attempts(connection, source)
        sessions.end_session(connection, cookie(request, SESSION))
        return sessions.begin_session(connection, site.clock.now())


def _later(request: Request, wanted: str, seconds: int) -> Response:
    wait = f"{seconds}秒" if seconds < 60 else f"{-(-seconds // 60)}分钟"
    refused = f"尝试次数过多，请{wait}后再试"
    answer = _page(request, wanted, status=429, refused=refused)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _page(
    request: Request, wanted: str, *, status: int = 200, said: str = "", refused: str = ""
) -> Response:
    site = site_of(request)
    with site.database.read() as connection:
        has_password = bool(passwords.kept(connection))
    return site.page(
        "console/login.html",
        status=status,
        token=token(request),
        next=_within(wanted),
        has_password=has_password,
        said=said,
        refused=refused,
    )


def _known_as(request: Request, hashed: str) -> str:
    """A browser that has logged in waits for its own mistakes alone: behind a proxy all ask from
    one address, and who guesses there must not keep the secretariat out."""
    sent = cookie(request, _KNOWN)
    name = sent.partition(".")[0]
    wanted = _proven(request, name, hashed)
    return name if name and compare_digest(sent.encode(), wanted.encode()) else ""


def _proven(request: Request, name: str, hashed: str) -> str:
    """A new password knows nobody."""
    proof = site_of(request).key.derive("known", f"{name}\0{hashed}")
    return f"{name}.{proof}"


def _address(request: Request) -> str:
    return attempts.source_of(request.client.host if request.client else "")


def _within(path: str) -> str:
    """That page of the console, else its first one."""
    is_ours = _WITHIN.fullmatch(path) and not _DOTS.search(path.partition("?")[0])
    return path if is_ours else HOME


ROUTES = [
    open_page(LOGIN, _form),
    open_order(LOGIN, _log_in),
    open_order("/console/logout", _log_out),
]
