"""Calendar feeds over HTTP: a signed address, a strong ETag, 304 for who has the latest."""

from datetime import UTC
from email.utils import format_datetime

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.calendar.feeds import RenderedFeed
from reminder.calendar.query import QueryError, parse_query
from reminder.ledger.links import FEED, check_link, feed_of
from reminder.web.feed_answer import Encoded, FeedAnswer
from reminder.web.feed_cache import poll_of
from reminder.web.security import headers_of
from reminder.web.site import Site, site_of
from reminder.web.uses import note_use


async def feed(request: Request) -> ASGIApp:
    """A forged, revoked or unknown link is a plain 404, each like the other."""
    site, name = site_of(request), request.path_params["name"]
    version = site.feed_cache.version
    answer = await run_sync(_answer, request)

    async def answer_and_note(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)
        # From the cache no use is noted for an hour: so only what was noted is kept.
        is_noted = await run_sync(note_use, site, FEED, name)
        if is_noted and isinstance(answer, FeedAnswer):
            site.feed_cache.put(poll_of(scope), answer, version)

    return answer_and_note


def _answer(request: Request) -> ASGIApp:
    site = site_of(request)
    name = request.path_params["name"]
    if not _may_open(site, name, request.path_params["token"]):
        raise HTTPException(404)
    try:
        query = parse_query(request.scope["query_string"].decode("latin-1"))
    except QueryError as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    shown = feed_of(name)
    rendered = site.feeds.rendered(shown, query)
    common = _headers(site, rendered)
    whole = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": f'inline; filename="{shown}.ics"',
    }
    plain = Encoded(rendered.body, common | {"ETag": rendered.etag}, whole)
    zipped = whole | {"Content-Encoding": "gzip"}
    gzip = Encoded(rendered.gzip, common | {"ETag": rendered.etag_gzip}, zipped)
    return FeedAnswer(rendered.changed, plain, gzip)


def _may_open(site: Site, name: str, token: str) -> bool:
    """Every answer costs the same: a link that is no longer good takes no shorter way."""
    with site.database.read() as connection:
        is_signed = check_link(connection, site.key, FEED, name, token)
    has_feed = site.feeds.has(feed_of(name))
    return is_signed and has_feed


def _headers(site: Site, rendered: RenderedFeed) -> dict[str, str]:
    """All of them, for what is kept goes out as it is."""
    headers = headers_of(site.settings.web) | {
        # Calendar programs ask every few hours; a quarter of an hour spares a reload its trip.
        "Cache-Control": "private, max-age=900",
        "Vary": "Accept-Encoding",
    }
    if rendered.changed:
        # RFC 9110, 8.8.2.1: never in the future. What is said too early costs one more answer.
        shown = min(rendered.changed, site.clock.now()).astimezone(UTC)
        headers["Last-Modified"] = format_datetime(shown, usegmt=True)
    return headers
