"""Before every page: which one is meant, whatever stands around its path, and whether by https."""

from http import HTTPStatus
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.domain.characters import as_address
from reminder.web.bounds import refusal
from reminder.web.page import Page
from reminder.web.site import site_of

# Calendar programs and monitors come as they like, and send no form.
_LEFT_ALONE = ("/feeds/", "/static/", "/healthz", "/readyz")


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
        site_of(request).settings.web.is_https
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
