"""What a request must look like before any page sees it."""

import re
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.web.errors import told

TARGET = 8000  # bytes; RFC 9112, 3: so much is wise to take, and no address of ours is a tenth
HEAD = 16384

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._~-]*)(:[0-9]{0,5})?", re.IGNORECASE)


class Bounds:
    """Refuses, with the status that fits."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = _fault(scope)
        app = refusal(scope, status) if status else self._app
        await app(scope, receive, send)


def refusal(scope: Scope, status: HTTPStatus) -> Response:
    """Ends the connection: what follows a doubtful request is more doubtful still."""
    return told(Request(scope), status, headers={"Connection": "close"})


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
