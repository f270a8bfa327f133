"""A small token server on loopback (RFC 6749), which can be told to refuse, to fail, to rotate."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Thread
from time import sleep
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from reminder.documents.oauth_section import OAuthSettings

CLIENT, SECRET, REFRESH = "reminder", "a~secret&of=the house", "refresh-0"


@dataclass
class TokenServer:
    """`asked` are the forms that it got. It gives tokens that hold for `lifetime` seconds, but says
    what `instead` says: a status and a body. With `rotates` a refresh token is good for one use."""

    url: str = ""
    lifetime: Any = 3600
    rotates: bool = False
    basic: bool = True  # whether the client may say who it is in a header
    drips: bool = False  # byte by byte
    instead: tuple[int, Any] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    refresh_token: str = REFRESH
    given: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    length: int = 0  # of a token, at least

    def options(self, **more: Any) -> OAuthSettings:
        known = {"token_url": f"{self.url}/token", "client_id": CLIENT, "client_secret": SECRET}
        return OAuthSettings(**{**known, **more})

    def known(self, token: str) -> dict[str, Any]:
        """What a mail server that asks is told of a token (RFC 7662)."""
        is_good = token in self.given and token not in self.withdrawn
        return {"active": is_good, "username": "office"}

    def answer(self, form: dict[str, str], authorization: str = "") -> tuple[int, Any]:
        """RFC 6749 section 2.3.1 has both forms of saying who one is."""
        if authorization and self.basic:
            pair = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            form |= {"client_id": unquote_plus(pair[0]), "client_secret": unquote_plus(pair[2])}
        self.asked.append(form)
        if self.instead:
            return self.instead
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client", "error_description": f"unknown: {form}"}
        if form["grant_type"] == "client_credentials":
            return 200, self._token()
        if form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}
        if self.rotates:
            self.refresh_token = f"refresh-{len(self.asked)}"
            return 200, {**self._token(), "refresh_token": self.refresh_token}
        return 200, self._token()

    def _token(self) -> dict[str, Any]:
        self.given.append(f"token-{len(self.given) + 1}".ljust(self.length, "x"))
        said = {"access_token": self.given[-1], "token_type": "Bearer"}
        return said if self.lifetime is None else {**said, "expires_in": self.lifetime}


@contextmanager
def token_server(tls: SSLContext | None = None, **told: Any) -> Iterator[TokenServer]:
    known = TokenServer(**told)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            is_told = self.path == "/introspect"
            status, said = (
                (200, known.known(form["token"]))
                if is_told
                else known.answer(form, self.headers.get("Authorization", ""))
            )
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            parts = [bytes([byte]) for byte in content] if known.drips else [content]
            with suppress(OSError):  # the client had enough
                for part in parts:
                    self.wfile.write(part)
                    sleep(0.05 * known.drips)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    known.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
