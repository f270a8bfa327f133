"""What a request may look like at all, before any page sees it."""

import re
from http import HTTPStatus
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

TARGET = 8000  # RFC 9112, 3: so much is wise to take; no address of ours is a tenth of it
HEAD = 16384
FIELDS = 100

_ABSOLUTE = re.compile(rb"https?://([^/]*)", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]*)(:[0-9]{0,5})?", re.IGNORECASE)


class Bounds:
    """Refuses with the status that fits; passes on a path that begins with a slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if status := _fault(scope):
            await _refusal(status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refusal(status: HTTPStatus) -> Response:
    """Ends the connection: what follows a doubtful request is more doubtful still."""
    return PlainTextResponse(status.phrase, status, {"Connection": "close"})


def _fault(scope: Scope) -> HTTPStatus | None:
    headers = Headers(scope=scope)
    if not scope["http_version"].startswith("1."):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    if "content-length" in headers and "transfer-encoding" in headers:
        # RFC 9112, 6.3: where they disagree, a proxy before us may see another request.
        return HTTPStatus.BAD_REQUEST
    if len(scope["raw_path"]) + len(scope["query_string"]) > TARGET:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if len(headers) > FIELDS or sum(len(name) + len(value) for name, value in headers.raw) > HEAD:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    _take_origin(scope)
    if not _HOST.fullmatch(Headers(scope=scope).get("host", "")):
        return HTTPStatus.BAD_REQUEST
    # A route's `$` matches before a newline too.
    return None if scope["path"].isprintable() else HTTPStatus.NOT_FOUND


def _take_origin(scope: Scope) -> None:
    """RFC 9112, 3.2.2: a request may name the whole address, which then outweighs Host."""
    if absolute := _ABSOLUTE.match(scope["raw_path"]):
        scope["raw_path"] = scope["raw_path"][absolute.end() :] or b"/"
        scope["path"] = unquote(scope["raw_path"].decode("ascii"))
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [*others, (b"host", absolute[1])]
