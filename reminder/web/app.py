"""The web application: which address leads where."""

import logging

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.documents.settings import Settings
from reminder.documents.templates import environment, phrase
from reminder.office.application import Application
from reminder.office.status import why_not_ready
from reminder.web import console, local, units
from reminder.web.errors import HANDLERS
from reminder.web.feed_cache import FeedCache
from reminder.web.feeds import feed
from reminder.web.forms import get
from reminder.web.middleware import Bounds, Paths, SecurityHeaders, Upgrade
from reminder.web.page import MESSAGES, Page, headers_of

log = logging.getLogger(__name__)


def create_app(application: Application) -> Starlette:
    settings = application.settings
    templates = environment(settings, autoescape=True)
    feed_cache = FeedCache(application.feeds.version)
    app = Starlette(
        routes=_routes(settings),
        middleware=[
            Middleware(Bounds),
            Middleware(Paths, settings.web.root),
            Middleware(feed_cache.before),
            Middleware(SecurityHeaders, headers_of(settings.web)),
            Middleware(Upgrade),
        ],
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.application, app.state.templates = application, templates
    app.state.feed_cache = feed_cache
    # Also where not even the page for errors can be made, by a mistake in an operator's template.
    shipped = environment(settings.model_copy(update={"templates": None}), autoescape=True)
    app.state.broken = phrase(shipped, MESSAGES, "broken") + "\n"
    return app


def _routes(settings: Settings) -> list[Route]:
    return [
        get("/", local.front),
        Route("/healthz", _healthz),
        get("/readyz", _readyz),
        get("/static/style.css", _style),
        Route("/feeds/{token}/{name}.ics", feed),
        *units.ROUTES,
        *console.ROUTES,
        *(local.ROUTES if settings.transport == "maildir" else ()),
    ]


async def _healthz(request: Request) -> Response:
    """In the server's own thread: it answers while all others are busy."""
    return PlainTextResponse("ok")


def _readyz(page: Page) -> Response:
    """Whether work is being done: the ledger answers, and somebody has ticked lately."""
    app, at = page.app, page.at
    if why := why_not_ready(app, at, as_replica=True):
        log.warning("not ready: %s", why)
        return PlainTextResponse("not ready\n", status_code=503)
    return PlainTextResponse("ready")


def _style(page: Page) -> Response:
    return page.file("style.css", "text/css")
