"""The recipes for nginx and Caddy, as they are shipped, in front of the real server."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest

from reminder.office.links import PAGE
from reminder.web.app import create_app
from tests.caddy import caddy
from tests.nginx import NAME, free_port, nginx, recipe
from tests.web.conftest import House

pytestmark = pytest.mark.long


@dataclass
class Proxy:
    """As clients reach it: they say whichever name they like."""

    http: int
    https: int
    folder: Path
    name: str = NAME  # for which a client asks before it says a host

    def ask(self, path: str, host: str = NAME, *, over: str = "https", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, "", host, over, named)

    def connect(self) -> ssl.SSLSocket:
        context = ssl._create_unverified_context()
        client = socket.create_connection(("127.0.0.1", self.https), timeout=10)
        return context.wrap_socket(client, server_hostname=self.name)

    def send(
        self, method: str, path: str, body: str, host: str, over: str, headers: dict[str, str]
    ) -> Any:
        client = HTTPConnection("127.0.0.1", self.http, timeout=10)
        if over == "https":
            client.sock = self.connect()
        with closing(client):
            client.request(method, path, body, {"Host": host} | headers)
            answer = client.getresponse()
            answer.words = answer.read().decode()  # type: ignore[attr-defined]
            return answer


@pytest.fixture(params=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, house: House, tmp_path: Path, serve: Any
) -> Iterator[Proxy]:
    found = Proxy(free_port(), free_port(), tmp_path / request.param)
    web = house.settings.web.model_copy(update={"base_url": f"https://{NAME}:{found.https}"})
    house.set(web=web)
    with serve(create_app(house.application))() as known:
        to = known.getpeername()[1]
    ports = (found.http, found.https, to)
    servers = {
        "nginx": lambda: nginx(found.folder, found.https, recipe(found.folder, *ports)),
        "caddy": lambda: caddy(found.folder, *ports),
    }
    with servers[request.param]():
        yield found


def test_another_name_gets_no_answer(proxy: Proxy) -> None:
    for host in ("127.0.0.1", "localhost", "evil.example", "127.0.0.1:8026"):
        for over in ("http", "https"):
            with pytest.raises(RemoteDisconnected):
                proxy.ask("/outbox", host, over=over)
    proxy.name = "evil.example"
    with pytest.raises((RemoteDisconnected, ssl.SSLError)):
        proxy.ask("/outbox", "evil.example")


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/%6detrics", "//metrics", "/./metrics"])
def test_the_numbers_are_for_whoever_asks_the_daemon_itself(proxy: Proxy, path: str) -> None:
    assert proxy.ask(path).status == 404
    assert proxy.ask("/healthz").status == 200


def test_a_table_goes_through_where_one_is_sent(proxy: Proxy) -> None:
    own = {"Origin": f"https://{NAME}:{proxy.https}"}
    statuses = [
        proxy.send("POST", path, "x" * 200_000, NAME, "https", own).status
        for path in ("/console/plan/upload", "/console/login")
    ]
    # The one is answered by the console, which knows nobody. Of the other nginx says what it is;
    # Caddy 2.6 says that it could not pass it on.
    assert statuses in ([403, 413], [403, 502])


TICKET = "a-word-that-lets-somebody-choose-a-password"


def test_its_logs_hold_nothing_that_opens_anything(house: House, proxy: Proxy) -> None:
    page = house.url("deputies", PAGE)
    feed = house.url("helan")
    for path in (page, f"{page}/mails", feed, page.replace("/units", "//%75nits"), f"/{feed}"):
        for over in ("http", "https"):
            proxy.ask(path, over=over, Referer=f"https://{NAME}{page}")
    proxy.ask(f"/console/ticket/{TICKET}")
    proxy.ask(f"/?token={house.door}")
    proxy.send("POST", page, "x" * 70_000, NAME, "https", {})
    logs = "".join(path.read_text() for path in proxy.folder.glob("*.log"))
    assert "/units/-/deputies/mails" in logs
    for secret in (page.split("/")[2], feed.split("/")[2], TICKET, house.door):
        assert secret not in logs


HEAD = f"Host: {NAME}\r\n".encode()
SLOW = {
    "head": b"GET / HTTP/1.1\r\nHost:",
    "body": b"POST /console/login HTTP/1.1\r\n" + HEAD + b"Content-Length: 9\r\n\r\nx",
    "reader": (b"GET /static/style.css HTTP/1.1\r\n" + HEAD + b"\r\n") * 2000,
}


@pytest.mark.parametrize("what", SLOW)
def test_who_is_slow_goes_and_keeps_nobody_out(proxy: Proxy, what: str) -> None:
    clients = [proxy.connect() for _ in range(4)]
    for client in clients:
        client.sendall(SLOW[what])
    assert proxy.ask("/healthz").status == 200
    if what == "reader":
        ended = select.poll()
        ended.register(clients[0], select.POLLRDHUP)
        assert ended.poll(10_000)
    for client in clients:
        with closing(client), suppress(OSError):
            while client.recv(65536):
                pass
