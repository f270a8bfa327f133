"""The web application: which address leads where."""

import logging
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.documents.settings import Settings
from reminder.documents.templates import environment, phrase
from reminder.errors import DeclinedError, LedgerError
from reminder.office.application import Application
from reminder.office.status import why_not_ready
from reminder.web import console, outbox, units
from reminder.web.access import enter, has_opened
from reminder.web.bounds import Bounds
from reminder.web.errors import told
from reminder.web.feed_cache import CachedFeeds, FeedCache
from reminder.web.feeds import feed
from reminder.web.forms import get
from reminder.web.middleware import Paths, Upgrade
from reminder.web.page import MESSAGES, Page, Refused
from reminder.web.security import SecurityHeaders, headers_of
from reminder.web.site import Site

log = logging.getLogger(__name__)


def create_app(application: Application) -> Starlette:
    settings = application.settings
    templates = environment(settings, autoescape=True)
    feed_cache = FeedCache(application.database)
    app = Starlette(
        routes=_routes(settings),
        middleware=[
            Middleware(Bounds),
            Middleware(Paths, settings.web.root),
            Middleware(CachedFeeds, feed_cache),
            Middleware(SecurityHeaders, headers_of(settings.web)),
            Middleware(Upgrade),
        ],
        exception_handlers={
            Exception: _failed,
            LedgerError: _unavailable,
            HTTPException: _refused,
            DeclinedError: _declined,
        },
    )
    app.router.redirect_slashes = False
    app.state.site = Site(application, templates, feed_cache)
    # Also where not even the page for errors can be made, by a mistake in an operator's template.
    shipped = environment(settings.model_copy(update={"templates": None}), autoescape=True)
    app.state.broken = phrase(shipped, MESSAGES, "broken") + "\n"
    return app


def _routes(settings: Settings) -> list[Route]:
    return [
        get("/", _front),
        Route("/healthz", _healthz),
        get("/readyz", _readyz),
        get("/static/style.css", _style),
        Route("/feeds/{token}/{name}.ics", feed),
        *units.ROUTES,
        *console.ROUTES,
        *(outbox.ROUTES if settings.transport == "maildir" else ()),
    ]


def _front(page: Page) -> Response:
    """To a stranger it says nothing: the links are for who has opened the door."""
    if entered := enter(page):
        return entered
    is_inside = has_opened(page)
    return page.render(
        "front.html",
        is_inside=is_inside,
        subscriptions=page.subscriptions() if is_inside else [],
        has_console=page.settings.web.console != "off",
    )


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


def _failed(request: Request, error: Exception) -> Response:
    """The server logs the error, with its traceback."""
    return told(request, 500, request.app.state.broken)


def _refused(request: Request, error: Exception) -> Response:
    """For a person, a page; whatever is not there looks the same to all."""
    assert isinstance(error, HTTPException)
    refused = error if isinstance(error, Refused) else None
    if request.method == "POST" and error.status_code not in (404, 405):
        reason = refused or DeclinedError("unreadable")
        return _not_taken(request, error.status_code, reason, error.headers)
    return told(request, error.status_code, error.detail, refused=refused, headers=error.headers)


def _declined(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeclinedError)
    return _not_taken(request, 422, error)


def _not_taken(
    request: Request,
    status: int,
    refused: DeclinedError | Refused,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A form that cannot be shown again."""
    with Page(request) as page:
        reason = page.phrase(refused.reason, **refused.facts)
        answer = page.render("refused.html", status=status, reason=reason)
    answer.headers.update(headers or {})
    return answer


def _unavailable(request: Request, error: Exception) -> Response:
    log.error("no answer to a reader: %s", error)
    return told(request, 503, "unavailable\n", headers={"Retry-After": "60"})
