"""Browsers that have opened an https site over http are sent to its address."""

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.web.cookies import set_cookie
from reminder.web.site import site_of

# Calendar programs and monitors come as they like, and send no form.
_LEFT_ALONE = ("/feeds/", "/static/", "/healthz", "/readyz")


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
    answer = RedirectResponse(site_of(request).settings.web.base_url + path, 307)
    set_cookie(request, answer, "seen", "1", samesite="lax")
    return answer
