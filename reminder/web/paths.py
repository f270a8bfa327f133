"""Which page is meant, whatever stands before and behind its path."""

from http import HTTPStatus
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.domain.characters import as_address
from reminder.web.bounds import refusal


class Paths:
    """The application knows its pages without the path that readers see before them.

    A proxy may pass that path on or take it off, so both are understood. It is put back in front
    of every address that goes out: `root` in the templates, `Site.to` in redirects and
    `Site.outside` in cookies.
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
