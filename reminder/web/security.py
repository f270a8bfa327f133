"""Headers that every response carries: nothing from elsewhere, no script, no framing."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reminder.documents.settings import WebSettings

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    # A link is its password: its path must not travel as a referrer, and not to our own style sheet
    # either, whose request a proxy logs. With no referrer at all browsers would post our own forms
    # with an Origin of `null`, as if they came from nowhere.
    "Referrer-Policy": "strict-origin",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nothing that one reader may see stays behind for the next, an error page neither.
    "Cache-Control": "no-store",
}
_A_YEAR = "max-age=31536000"  # RFC 6797


def headers_of(web: WebSettings) -> dict[str, str]:
    """Below a path the host is shared with others: there it is the proxy that speaks for it."""
    is_host_ours = web.is_https and not web.root
    return HEADERS | ({"Strict-Transport-Security": _A_YEAR} if is_host_ours else {})


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
