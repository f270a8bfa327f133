"""What a request may look like at all, before any page sees it."""

import re
from http import HTTPStatus
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.web.errors import told

TARGET = 8000  # RFC 9112, 3: so much is wise to take; no address of ours is a tenth of it
HEAD = 16384
FIELDS = 100

_ABSOLUTE = re.compile(rb"https?://([^/]+)", re.IGNORECASE)
_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._~-]*)(:[0-9]{0,5})?", re.IGNORECASE)


class Bounds:
    """Refuses with the status that fits; passes on a path that begins with a slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if status := _fault(scope):
            await refusal(scope, status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def refusal(scope: Scope, status: HTTPStatus) -> Response:
    """Ends the connection: what follows a doubtful request is more doubtful still."""
    return told(Request(scope), status, headers={"Connection": "close"})


def _fault(scope: Scope) -> HTTPStatus | None:
    version = scope["http_version"]
    if not version.startswith("1."):
        # A line without a version is HTTP/0.9 to the parser, and to nobody else.
        return HTTPStatus.BAD_REQUEST if version < "1" else HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    if len(scope["raw_path"]) + len(scope["query_string"]) > TARGET:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    hosts, size = [], 0
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
    if size > HEAD or len(scope["headers"]) > FIELDS:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    # RFC 9112, 3.2: one, and only HTTP/1.0 has none.
    if len(hosts) > 1 or (version == "1.1" and not hosts):
        return HTTPStatus.BAD_REQUEST
    if not _HOST.fullmatch(_take_origin(scope) or b"".join(hosts)):
        return HTTPStatus.BAD_REQUEST
    # The parser finds a path in any address: of ftp://, of a host alone, of `*`.
    if not scope["raw_path"].startswith(b"/"):
        return HTTPStatus.BAD_REQUEST
    if b"%00" in scope["query_string"]:  # no text has it; PostgreSQL's cannot
        return HTTPStatus.BAD_REQUEST
    return None


def _take_origin(scope: Scope) -> bytes:
    """RFC 9112, 3.2.2: a request may name the whole address, which then outweighs Host."""
    absolute = _ABSOLUTE.match(scope["raw_path"])
    if absolute is None:
        return b""
    scope["raw_path"] = scope["raw_path"][absolute.end() :] or b"/"
    scope["path"] = unquote(scope["raw_path"].decode("ascii"))
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [*others, (b"host", absolute[1])]
    return absolute[1]
