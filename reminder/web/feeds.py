"""Calendar feeds over HTTP: a signed address, a strong ETag, 304 for who has the latest."""

from datetime import UTC
from email.utils import format_datetime

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.calendar.query import QueryError, parse_query
from reminder.office.application import Application
from reminder.office.links import FEED, feed_of, note_use, open_link
from reminder.web.feed_cache import EncodedFeed, FeedAnswer, poll_of
from reminder.web.page import headers_of


async def feed(request: Request) -> ASGIApp:
    """A forged, revoked or unknown link is a plain 404, each like the other."""
    app, cache = request.app.state.application, request.app.state.feed_cache
    version, name = cache.version, request.path_params["name"]
    answer = await run_sync(_answer, app, request)

    async def answer_and_note(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)
        # From the cache no use is noted for an hour: so only what was noted is kept.
        is_noted = await run_sync(note_use, app, FEED, name)
        if is_noted and isinstance(answer, FeedAnswer):
            cache.put(poll_of(scope), answer, version)

    return answer_and_note


def _answer(app: Application, request: Request) -> ASGIApp:
    subject, token = request.path_params["name"], request.path_params["token"]
    name = feed_of(subject)
    with app.database.read() as connection:
        link = open_link(app, connection, FEED, subject, token)
    # Every answer costs the same: a link that is no longer good takes no shorter way.
    if not app.feeds.has(name) or link is None:
        raise HTTPException(404)
    try:
        query = parse_query(request.scope["query_string"].decode("latin-1"))
    except QueryError as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    rendered = app.feeds.rendered(name, query)
    # All headers, for what is kept goes out as it is.
    common = headers_of(app.settings.web) | {
        # Calendar programs ask every few hours; a quarter of an hour spares a reload its trip.
        "Cache-Control": "private, max-age=900",
        "Vary": "Accept-Encoding",
    }
    if rendered.changed:
        # RFC 9110, 8.8.2.1: never in the future. What is said too early costs one more answer.
        shown = min(rendered.changed, app.clock.now()).astimezone(UTC)
        common["Last-Modified"] = format_datetime(shown, usegmt=True)
    whole = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": f'inline; filename="{name}.ics"',
    }
    plain = EncodedFeed(rendered.body, common | {"ETag": rendered.etag}, whole)
    zipped = whole | {"Content-Encoding": "gzip"}
    gzip = EncodedFeed(rendered.gzip, common | {"ETag": rendered.etag_gzip}, zipped)
    return FeedAnswer(rendered.changed, plain, gzip)
