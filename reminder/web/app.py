"""The web application: which address leads where."""

import logging
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.documents.settings import Settings
from reminder.documents.templates import environment
from reminder.errors import LedgerError
from reminder.office.application import Application
from reminder.office.readiness import why_not_ready
from reminder.web import outbox, units
from reminder.web.bounds import Bounds
from reminder.web.console import routes as console
from reminder.web.door import behind_the_door, enter, has_opened
from reminder.web.errors import BROKEN, told
from reminder.web.feeds import feed
from reminder.web.paths import Paths
from reminder.web.polls import Kept, Polls
from reminder.web.refresh import Sittings
from reminder.web.security import SecurityHeaders, headers_of
from reminder.web.site import Site, site_of
from reminder.web.upgrade import Upgrade

log = logging.getLogger(__name__)


def create_app(application: Application) -> Starlette:
    settings = application.settings
    templates = environment(settings, autoescape=True)
    kept = Kept(application.database)
    app = Starlette(
        routes=_routes(settings),
        middleware=[
            Middleware(Bounds),
            Middleware(Paths, settings.web.root),
            Middleware(Polls, kept),
            Middleware(Sittings, kept, application.refresh),
            Middleware(SecurityHeaders, headers_of(settings.web)),
            Middleware(Upgrade),
        ],
        exception_handlers={
            Exception: _failed,
            LedgerError: _unavailable,
            HTTPException: _refused,
        },
    )
    app.router.redirect_slashes = False
    app.state.site = Site(application, templates, kept)
    return app


def _routes(settings: Settings) -> list[Route]:
    routes = [
        Route("/", _front),
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route("/static/style.css", _style),
        Route("/feeds/{token}/{name}.ics", feed),
        *units.ROUTES,
        *console.ROUTES,
    ]
    if settings.transport == "maildir":
        routes += [
            Route(path, behind_the_door(answer))
            for path, answer in (
                ("/outbox", outbox.outbox),
                ("/outbox/{name}", outbox.mail),
                ("/outbox/{name}/html", outbox.mail_html),
                ("/outbox/{name}/text", outbox.mail_text),
                ("/outbox/{name}/source", outbox.mail_source),
            )
        ]
    return routes


def _front(request: Request) -> Response:
    """To a stranger it says nothing: the links are for who has opened the door."""
    if entered := enter(request):
        return entered
    site = site_of(request)
    is_inside = has_opened(request)
    offered = site.subscriptions(site.base(request)) if is_inside else []
    has_console = site.settings.web.console != "off"
    return site.page(
        "front.html", is_inside=is_inside, subscriptions=offered, has_console=has_console
    )


async def _healthz(request: Request) -> Response:
    """In the server's own thread: it answers while all others are busy."""
    return PlainTextResponse("ok")


def _readyz(request: Request) -> Response:
    """Whether work is being done: the ledger answers, and somebody has ticked lately."""
    site = site_of(request)
    now = site.clock.now()
    if why := site.app.waits_for_clock(now) or why_not_ready(site.database, now, site.facts):
        log.warning("not ready: %s", why)
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready")


def _style(request: Request) -> Response:
    style = site_of(request).templates.get_template("web/style.css").render()
    headers = {"Cache-Control": "max-age=300"}
    return Response(style, media_type="text/css", headers=headers)


def _failed(request: Request, error: Exception) -> Response:
    """The server logs the error, with its traceback."""
    return told(request, 500, BROKEN)


def _refused(request: Request, error: Exception) -> Response:
    """For a person, a page; whatever is not there looks the same to all."""
    assert isinstance(error, HTTPException)
    has_words = error.detail != HTTPStatus(error.status_code).phrase
    if request.method == "POST" and error.status_code not in (404, 405):
        reason = error.detail if has_words else "提交的内容无法识别"
        page = site_of(request).page("refused.html", status=error.status_code, reason=reason)
        page.headers.update(error.headers or {})
        return page
    reason = error.detail if has_words else ""
    return told(request, error.status_code, error.detail, reason=reason, headers=error.headers)


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("no answer to a reader: %s", error)
    return told(request, 503, "unavailable\n", headers={"Retry-After": "60"})
