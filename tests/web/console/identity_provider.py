"""A small identity provider on loopback, which can be told to lie."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.web.conftest import AT

CLIENT, SECRET = "reminder", "a-secret-of-the-house"
NOW = int(AT.timestamp())


@dataclass
class IdentityProvider:
    """`claims` are of whoever logs in; `lies` change what is signed, `key` and `alg` by what."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1001"})
    told_later: dict[str, Any] = field(default_factory=dict)  # by userinfo
    lies: dict[str, Any] = field(default_factory=dict)
    metadata_lies: dict[str, Any] = field(default_factory=dict)
    alg: str = "RS256"
    signs_with: Any = None
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)  # by code

    def authorize(self, address: str) -> str:
        """Where the browser is sent: back, with a code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def metadata(self) -> dict[str, Any]:
        paths = ("authorization", "token", "userinfo")
        ends = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in paths}
        whole = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **ends}
        return whole | self.metadata_lies

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """None where code, client or PKCE is wrong; a code is good once."""
        asked = self.asked.pop(form.get("code", ""), None)
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).partition(b":")
        if asked is None or (unquote(name.decode()), secret.decode()) != (CLIENT, SECRET):
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        times = {"iat": NOW, "exp": NOW + 300, "nonce": asked["nonce"]}
        claims = {"iss": self.issuer, "aud": CLIENT, **times, **self.claims} | self.lies
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.signs_with or self.key
        signed = jwt.encode({"alg": self.alg}, claims, key, algorithms=[self.alg])
        return {"access_token": "t", "token_type": "Bearer", "id_token": signed}


def symmetric() -> OctKey:
    """The client's secret, which whoever has it could sign with."""
    return OctKey.import_key(SECRET)


@contextmanager
def providing() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages = {
                "/.well-known/openid-configuration": provider.metadata(),
                "/keys": {"keys": [provider.key.as_dict(private=False)]},
                "/userinfo": provider.claims | provider.told_later,
            }
            self._say(pages.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(provider.token(form, self.headers.get("Authorization", "")))

        def _say(self, found: dict[str, Any] | None) -> None:
            content = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(200 if found else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()
