"""The console's door: one password for the secretariat, a new session on every log-in."""

import logging
import re
from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from reminder.ledger import access
from reminder.office import login
from reminder.web.console.guard import LOGIN, is_logged_in, open_order, open_page
from reminder.web.console.guessing import Guesser, checked, guesser, make_known, room
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


def _form(request: Request) -> Response:
    wanted = request.query_params.get("next", "")
    if is_logged_in(request):
        return site_of(request).to(_within(wanted))
    return _page(request, wanted, said=said(request, SAID))


async def _log_in(request: Request, form: Form) -> Response:
    """The hash is computed apart: while many guess, pages are made as quickly as ever."""
    wanted, address = form["next"], request.client.host if request.client else ""
    hashed = await run_sync(_kept, request)
    if not hashed:
        return await run_sync(partial(_page, request, wanted, status=422, refused="尚未设置密码"))
    who = await run_sync(guesser, request, hashed)
    seconds = await run_sync(_seconds_to_wait, request, who)
    with room(who) as has_room:
        if not seconds and not has_room:
            return await run_sync(_busy, request, wanted)
        if seconds := seconds or await run_sync(_count, request, who):
            log.warning("console: log-in from %s refused, %d seconds to wait", address, seconds)
            return await run_sync(_later, request, wanted, seconds)
        word = form.values.get("password", "")  # blanks around it are part of it
        newer = await checked(hashed, word)
    session = newer and await run_sync(_begin, request, who, hashed, newer)
    if not session:
        log.warning("console: wrong password from %s", address)
        return await run_sync(partial(_page, request, wanted, status=422, refused="密码不正确"))
    log.info("console: logged in from %s", address)
    answer = site_of(request).to(_within(wanted))
    set_cookie(request, answer, SESSION, session, path=HOME)
    make_known(request, answer, who, newer, LOGIN)
    return answer


def _log_out(request: Request, form: Form) -> Response:
    site = site_of(request)
    with site.database.write() as connection:
        access.end_session(connection, cookie(request, SESSION))
    answer = told(request, LOGIN, "out")
    set_cookie(request, answer, SESSION, "", seconds=0, path=HOME)
    return answer


def _kept(request: Request) -> str:
    with site_of(request).database.read() as connection:
        return access.kept_password(connection)


def _seconds_to_wait(request: Request, who: Guesser) -> int:
    """Looks before anybody takes the ledger's only writer: many may ask at once."""
    site = site_of(request)
    with site.database.read() as connection:
        return login.seconds_to_wait(connection, who.sources, site.clock.now())


def _count(request: Request, who: Guesser) -> int:
    site = site_of(request)
    with site.database.write() as connection:
        return login.count_attempt(connection, who.sources, site.clock.now())


def _begin(request: Request, who: Guesser, hashed: str, newer: str) -> str:
    """The new session's word; empty when the password was changed meanwhile.

    The session that the request came with ends: its word may be one that somebody gave it.
    """
    site = site_of(request)
    with site.database.write() as connection:
        if access.kept_password(connection) != hashed:
            return ""
        if newer != hashed:
            access.keep_password(connection, newer)
        access.forget_attempts(connection, who.sources)
        access.end_session(connection, cookie(request, SESSION))
        return login.begin_session(connection, site.clock.now())


def _later(request: Request, wanted: str, seconds: int) -> Response:
    wait = f"{seconds}秒" if seconds < 60 else f"{-(-seconds // 60)}分钟"
    refused = f"尝试次数过多，请{wait}后再试"
    answer = _page(request, wanted, status=429, refused=refused)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _busy(request: Request, wanted: str) -> Response:
    answer = _page(request, wanted, status=503, refused="正在登录的人较多，请过几秒再试")
    answer.headers["Retry-After"] = "2"
    return answer


def _page(
    request: Request, wanted: str, *, status: int = 200, said: str = "", refused: str = ""
) -> Response:
    has_password = bool(_kept(request))
    return site_of(request).page(
        "console/login.html",
        status=status,
        token=token(request),
        next=_within(wanted),
        has_password=has_password,
        said=said,
        refused=refused,
    )


def _within(path: str) -> str:
    """That page of the console, else its first one."""
    is_ours = _WITHIN.fullmatch(path) and not _DOTS.search(path.partition("?")[0])
    return path if is_ours else HOME


ROUTES = [
    open_page(LOGIN, _form),
    open_order(LOGIN, _log_in),
    open_order("/console/logout", _log_out),
]
