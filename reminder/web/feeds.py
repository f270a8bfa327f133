"""Calendar feeds over HTTP: a signed address, a strong ETag, 304 for who has the latest."""

import logging
import re
from email.utils import format_datetime

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reminder.errors import LedgerError
from reminder.feed.query import QueryError, parse_query
from reminder.feed.sheets import Rendered
from reminder.storage.ledger.links import FEED, check_link, touch
from reminder.web.site import Site, site_of

log = logging.getLogger(__name__)

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)
# Calendar programs ask every few hours; a quarter of an hour spares a reload its trip.
_CACHE = "private, max-age=900"


def feed(request: Request) -> Response:
    """A forged, revoked or unknown link is a plain 404, each like the other."""
    site = site_of(request)
    name = request.path_params["name"]
    if not _may_open(site, name, request.path_params["token"]):
        raise HTTPException(404)
    used = BackgroundTask(_note_use, site, name)
    try:
        query = parse_query(request.scope["query_string"].decode("latin-1"))
    except QueryError as error:
        return PlainTextResponse(f"{error}\n", status_code=400, background=used)
    rendered = site.feeds.rendered(name, query)
    zipped = accepts_gzip(",".join(request.headers.getlist("accept-encoding")))
    headers = _headers(rendered, zipped)
    # If-Modified-Since is passed over: a plan can change twice in one second, and a dropped
    # event leaves a feed older than it was.
    if is_fresh(",".join(request.headers.getlist("if-none-match")), headers["ETag"]):
        return Response(status_code=304, headers=headers, background=used)
    headers["Content-Type"] = "text/calendar; charset=utf-8"
    headers["Content-Disposition"] = f'inline; filename="{name}.ics"'
    if zipped:
        headers["Content-Encoding"] = "gzip"
    body = rendered.gzip if zipped else rendered.body
    return Response(body, headers=headers, background=used)


def _may_open(site: Site, name: str, token: str) -> bool:
    """Every answer costs the same: a link that is no longer good takes no shorter way."""
    with site.database.read() as connection:
        signed = check_link(connection, site.key, FEED, name, token)
    known = site.feeds.has(name)
    return signed and known


def _note_use(site: Site, name: str) -> None:
    """One at a time: a ledger that is being written must not keep every thread waiting."""
    if not site.noting.acquire(blocking=False):
        return
    try:
        touch(site.database, FEED, name, site.clock.now())
    except LedgerError as error:
        log.warning("the use of the feed %s was not noted: %s", name, error)
    finally:
        site.noting.release()


def _headers(rendered: Rendered, zipped: bool) -> dict[str, str]:
    headers = {
        "ETag": rendered.etag_gzip if zipped else rendered.etag,
        "Cache-Control": _CACHE,
        "Vary": "Accept-Encoding",
    }
    if rendered.last_modified:
        headers["Last-Modified"] = format_datetime(rendered.last_modified, usegmt=True)
    return headers


def is_fresh(if_none_match: str, etag: str) -> bool:
    """RFC 9110, 13.1.2: `*` or a list, compared weakly."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def accepts_gzip(accept_encoding: str) -> bool:
    """RFC 9110, 12.5.3: by name, else by `*`; a weight of 0 is a refusal."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        weights[coding.strip().lower()] = float(weight[1]) if weight else 1.0
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)
