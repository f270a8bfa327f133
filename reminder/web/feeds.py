"""Calendar feeds over HTTP: a signed address, a strong ETag, 304 for who has the latest."""

from copy import copy
from datetime import UTC
from email.utils import format_datetime

from anyio.to_thread import run_sync
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reminder.calendar.query import QueryError, parse_query
from reminder.calendar.rendered import Rendered
from reminder.ledger.links import FEED, check_link, feed_of
from reminder.web.answers import Answer, Ready, wants_gzip
from reminder.web.polls import poll
from reminder.web.security import headers_of
from reminder.web.site import Site, site_of
from reminder.web.uses import note_use

# Calendar programs ask every few hours; a quarter of an hour spares a reload its trip.
_CACHE = "private, max-age=900"


async def feed(request: Request) -> Response:
    """A forged, revoked or unknown link is a plain 404, each like the other."""
    stamp = site_of(request).kept.stamp
    answer = await run_sync(_answer, request)
    if isinstance(answer, Response):
        return answer
    response = copy(answer.to(request.scope))
    response.background = BackgroundTask(_keep, request, answer, stamp)
    return response


def _answer(request: Request) -> Answer | Response:
    site = site_of(request)
    name = request.path_params["name"]
    if not _may_open(site, name, request.path_params["token"]):
        raise HTTPException(404)
    try:
        query = parse_query(request.scope["query_string"].decode("latin-1"))
    except QueryError as error:
        used = BackgroundTask(note_use, site, FEED, name)
        return PlainTextResponse(f"{error}\n", status_code=400, background=used)
    shown = feed_of(name)
    rendered = site.feeds.rendered(shown, query)
    zipped = wants_gzip(request.scope)
    headers = _headers(site, rendered, zipped)
    more = {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": f'inline; filename="{shown}.ics"',
    }
    if zipped:
        more["Content-Encoding"] = "gzip"
    body = rendered.gzip if zipped else rendered.body
    unchanged = Ready(status_code=304, headers=headers)
    whole = Ready(body, headers=headers | more)
    return Answer(headers["ETag"], rendered.changed, whole, unchanged)


async def _keep(request: Request, answer: Answer, stamp: str) -> None:
    """What is kept is not seen here again for an hour: so only when its use is noted."""
    site = site_of(request)
    if await run_sync(note_use, site, FEED, request.path_params["name"]):
        site.kept.keep(poll(request.scope), answer, stamp)


def _may_open(site: Site, name: str, token: str) -> bool:
    """Every answer costs the same: a link that is no longer good takes no shorter way."""
    with site.database.read() as connection:
        signed = check_link(connection, site.key, FEED, name, token)
    known = site.feeds.has(feed_of(name))
    return signed and known


def _headers(site: Site, rendered: Rendered, zipped: bool) -> dict[str, str]:
    """All of them, for what is kept goes out as it is."""
    headers = headers_of(site.settings.web) | {
        "ETag": rendered.etag_gzip if zipped else rendered.etag,
        "Cache-Control": _CACHE,
        "Vary": "Accept-Encoding",
    }
    if rendered.changed:
        # RFC 9110, 8.8.2.1: never in the future. What is said too early costs one more answer.
        shown = min(rendered.changed, site.clock.now()).astimezone(UTC)
        headers["Last-Modified"] = format_datetime(shown, usegmt=True)
    return headers
