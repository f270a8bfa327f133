"""Around every page: what a request must look like, which page is meant, headers, https."""

import re
from http import HTTPStatus
from urllib.parse import quote, unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.domain.characters import as_address
from reminder.web.errors import error_answer
from reminder.web.page import Page

TARGET = 8000  # bytes; RFC 9112, 3: so much is wise to take, and no address of ours is a tenth
HEAD = 16384

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._~-]*)(:[0-9]{0,5})?", re.IGNORECASE)
# Calendar programs and monitors come as they like, and send no form.
_LEFT_ALONE = ("/feeds/", "/static/", "/healthz", "/readyz")


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
    return error_answer(Request(scope), status, headers={"Connection": "close"})


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


class Paths:
    """The application knows its pages without the path that readers see before them.

    A proxy may pass that path on or take it off, so both are understood. It is put back in front
    of every address that goes out: `root` in the templates, `Page.to` in redirects and
    `Page.set_cookie` in cookies.
    """

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = [unquote(part) for part in root.split("/")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self._root) > 1:
            self._take_root(scope)
        self._take_rest(scope)
        # A route's `$` matches before a newline too.
        app = self._app if scope["path"].isprintable() else refusal(scope, HTTPStatus.NOT_FOUND)
        await app(scope, receive, send)

    def _take_rest(self, scope: Scope) -> None:
        if (path := as_address(scope["path"]) or "/") != scope["path"]:
            scope["path"], scope["raw_path"] = path, quote(path).encode()

    def _take_root(self, scope: Scope) -> None:
        # nginx makes // of it where only one of `location` and `proxy_pass` ends in a slash.
        raw = b"/" + scope["raw_path"].lstrip(b"/")
        parts = raw.split(b"/", len(self._root))
        if [unquote(part) for part in parts[: len(self._root)]] == self._root:
            raw = b"/" + b"".join(parts[len(self._root) :]).lstrip(b"/")
        scope["raw_path"], scope["path"] = raw, unquote(raw)


class Upgrade:
    """Comfort, not protection: over http no cookie comes, and a form would be refused after
    somebody has filled it in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        app = self._app
        if request.method in ("GET", "HEAD") and _came_over_http(request):
            app = _to_https(request)
        await app(scope, receive, send)


def _came_over_http(request: Request) -> bool:
    """As far as can be told behind a proxy that may say nothing, or say it wrongly.

    A browser would rather go over https (Upgrade Insecure Requests, 3.2.1). It does already when it
    says where it comes from (Fetch Metadata, 2: to trustworthy addresses alone), or brings a cookie
    that never goes over http. The redirect gives it one, so that it is never sent in a circle.
    """
    headers = request.headers
    return (
        request.app.state.application.settings.web.is_https
        and headers.get("upgrade-insecure-requests") == "1"
        and headers.get("x-forwarded-proto", "http").lower() == "http"
        and "sec-fetch-site" not in headers
        and not any(name.startswith(("__Host-", "__Secure-")) for name in request.cookies)
        and not request.url.path.startswith(_LEFT_ALONE)
    )


def _to_https(request: Request) -> RedirectResponse:
    query = request.url.query
    path: str = request.scope["raw_path"].decode("ascii") + (f"?{query}" if query else "")
    with Page(request) as page:
        answer = RedirectResponse(page.settings.web.base_url + path, 307)
        page.set_cookie(answer, "seen", "1", samesite="lax")
    return answer


class SecurityHeaders:
    """A response that has set one of them itself keeps its own."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
