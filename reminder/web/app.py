"""The web application: which address leads where, and what is around every page."""

import logging
import re
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.documents.templates import environment, render
from reminder.domain.characters import as_address
from reminder.events import Event
from reminder.office.application import Application
from reminder.office.status import why_not_ready
from reminder.web import local, metrics, readers, units
from reminder.web.errors import HANDLERS, error_answer
from reminder.web.feeds import FeedCache, feed
from reminder.web.forms import get
from reminder.web.page import TABLE, Page, headers_of

log = logging.getLogger(__name__)

TARGET = 8000  # bytes; RFC 9112, 3: so much is wise to take, and no address of ours is a tenth
HEAD = 16384
_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._~-]*)(:[0-9]{0,5})?", re.IGNORECASE)
_ABOUT = re.compile(r"/plans/([A-Za-z0-9._-]+)/(\d{4})(/.*)?", re.ASCII)
# Calendar programs and monitors come as they like, and send no form.
_LEFT_ALONE = ("/feeds/", "/static/", "/healthz", "/readyz", metrics.PATH)


def create_app(application: Application) -> Starlette:
    settings = application.settings
    feed_cache, numbers = FeedCache(application.feeds.version), metrics.Metrics()
    app = Starlette(
        routes=[
            get("/", local.front),
            Route("/healthz", _healthz),
            get("/readyz", _readyz),
            get(metrics.PATH, numbers.page),
            get("/static/style.css", lambda page: page.file("style.css", "text/css")),
            get("/static/sheet.css", lambda page: page.file("sheet.css", "text/css")),
            Route("/feeds/{token}/{name}.ics", feed),
            *units.ROUTES,
            *readers.ROUTES,
            _Console(),
            *(local.ROUTES if settings.transport == "maildir" else ()),
        ],
        middleware=[
            Middleware(numbers.around),
            Middleware(_bounded, settings.web.root),
            Middleware(feed_cache.before),
            Middleware(_framed, headers_of(settings.web)),
        ],
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.application, app.state.feed_cache = application, feed_cache
    # Also where not even the page for errors can be made, by a mistake in an operator's template.
    shipped = environment(None, autoescape=True, language=settings.language)
    app.state.broken = render(shipped, "web/broken.txt", {})
    return app


class _Console(BaseRoute):
    """The secretariat's pages, read from disk when somebody first opens one: a tenth of the memory
    of a daemon that only mails and serves calendars."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_ours = f"{scope['path']}/".startswith("/console/")
        return (Match.FULL if is_ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = await run_in_threadpool(lambda: self._router)
        await router(scope, receive, send)

    @cached_property
    def _router(self) -> Router:
        from reminder.web import console

        return Router(console.ROUTES, redirect_slashes=False)


async def _healthz(request: Request) -> Response:
    """In the server's own thread: it answers while all others are busy."""
    return PlainTextResponse("ok")


def _readyz(page: Page) -> Response:
    """Whether work is being done: the ledger answers, and somebody has ticked lately."""
    if why := why_not_ready(page.app, page.at, as_replica=True):
        log.warning("not ready: %s", why, extra=Event.NOT_READY.of())
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready")


def _bounded(app: ASGIApp, root: str) -> ASGIApp:
    """Refuses what no browser sends, with the status that fits. The application knows its pages
    without the path `root` that readers see before them.

    A proxy may pass that path on or take it off, so both are understood. It is put back in front
    of every address that goes out: `root` in the templates, `Page.to` in redirects and
    `Page.set_cookie` in cookies.
    """
    above = [unquote(part) for part in root.split("/")]

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        status = _fault(scope)
        if not status:
            _take_off(above, scope)
            _choose(scope)
            # A route's `$` matches before a newline too.
            status = None if scope["path"].isprintable() else HTTPStatus.NOT_FOUND
        if status:
            # Ends the connection: what follows a doubtful request is more doubtful still.
            closing = error_answer(Request(scope), status, headers={"Connection": "close"})
            await closing(scope, receive, send)
        elif elsewhere := _asked_for(scope):
            await RedirectResponse(f"{root}{elsewhere}", 307)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer


def _fault(scope: Scope) -> HTTPStatus | None:
    path, query, headers = scope["raw_path"], scope["query_string"], scope["headers"]
    if len(path) + len(query) > TARGET:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if sum(len(name) + len(value) for name, value in headers) > HEAD:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    hosts = [value for name, value in headers if name == b"host"]
    # RFC 9112, 3.2: one, and only HTTP/1.0 has none. Links to pages are made of it.
    is_named = len(hosts) == 1 or (not hosts and scope["http_version"] == "1.0")
    if not (is_named and all(_HOST.fullmatch(host) for host in hosts)):
        return HTTPStatus.BAD_REQUEST
    # No page has such a path (`*`, a whole address); no text has a NUL, PostgreSQL's cannot.
    if not path.startswith(b"/") or b"%00" in query:
        return HTTPStatus.BAD_REQUEST
    return None


def _take_off(above: list[str], scope: Scope) -> None:
    if len(above) > 1:
        # nginx makes // of it where only one of `location` and `proxy_pass` ends in a slash.
        raw = b"/" + scope["raw_path"].lstrip(b"/")
        parts = raw.split(b"/", len(above))
        if [unquote(part) for part in parts[: len(above)]] == above:
            raw = b"/" + b"".join(parts[len(above) :]).lstrip(b"/")
        scope["raw_path"], scope["path"] = raw, unquote(raw)
    if (path := as_address(scope["path"]) or "/") != scope["path"]:
        scope["path"], scope["raw_path"] = path, quote(path).encode()


def _choose(scope: Scope) -> None:
    """`/plans/ID/YEAR/…` is the page behind it, about that table."""
    chosen = _ABOUT.fullmatch(scope["path"])
    application: Application = scope["app"].state.application
    if chosen and (table := (chosen[1], int(chosen[2]))) in application.office.positions:
        scope[TABLE] = table
        scope["path"] = chosen[3] or "/"
        scope["raw_path"] = quote(scope["path"]).encode()


def _asked_for(scope: Scope) -> str:
    """Where a page is that was asked for with `?plan=ID&year=YEAR`; empty without."""
    application: Application = scope["app"].state.application
    if len(application.tables) == 1 or scope["path"].startswith(_LEFT_ALONE):
        return ""
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    asked = dict(query)
    if scope["method"] not in ("GET", "HEAD") or asked.get("plan") not in application.office.series:
        return ""
    year = asked.get("year", "")
    known = year.isdecimal() and (asked["plan"], int(year)) in application.office.positions
    plan = application.about(asked["plan"], int(year) if known else None).table.plan
    rest = urlencode([(name, value) for name, value in query if name not in ("plan", "year")])
    where = f"/plans/{plan.id}/{plan.year}{scope['raw_path'].decode('latin-1')}"
    return f"{where}?{rest}" if rest else where


def _framed(app: ASGIApp, headers: dict[str, str]) -> ASGIApp:
    """A response that has set one of the headers itself keeps its own."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for name, value in headers.items():
                    sent.setdefault(name, value)
            await send(message)

        request = Request(scope)
        # Comfort, not protection: over http no cookie comes, and a form would be refused after
        # somebody has filled it in.
        is_lost = request.method in ("GET", "HEAD") and _came_over_http(request)
        await (_to_https(request) if is_lost else app)(scope, receive, send_with_headers)

    return answer


def _came_over_http(request: Request) -> bool:
    """As far as can be told behind a proxy that may say nothing, or say it wrongly.

    A browser would rather go over https (Upgrade Insecure Requests, 3.2.1). It does already when it
    says where it comes from (Fetch Metadata, 2: to trustworthy addresses alone), or brings a cookie
    that never goes over http. The redirect gives it one, so that it is never sent in a circle.
    """
    headers = request.headers
    return (
        request.app.state.application.settings.web.is_https
        and headers.get("upgrade-insecure-requests") == "1"
        and headers.get("x-forwarded-proto", "http").lower() == "http"
        and "sec-fetch-site" not in headers
        and not any(name.startswith(("__Host-", "__Secure-")) for name in request.cookies)
        and not request.url.path.startswith(_LEFT_ALONE)
    )


def _to_https(request: Request) -> RedirectResponse:
    query = request.url.query
    path: str = request.scope["raw_path"].decode("ascii") + (f"?{query}" if query else "")
    with Page(request) as page:
        answer = RedirectResponse(page.settings.web.base_url + path, 307)
        page.set_cookie(answer, "seen", "1", samesite="lax")
    return answer
