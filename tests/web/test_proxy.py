"""The recipe for nginx, as it is shipped, in front of the real server."""

import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest

from reminder.office.links import PAGE
from reminder.web.app import create_app
from tests.nginx import NAME, free_port, nginx, recipe
from tests.web.conftest import House


@dataclass
class Proxy:
    """As clients reach it: they say whichever name they like."""

    http: int
    https: int
    folder: Path

    def ask(self, path: str, host: str = NAME, *, over: str = "https", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, "", host, over, named)

    def connect(self) -> ssl.SSLSocket:
        context = ssl._create_unverified_context()
        client = socket.create_connection(("127.0.0.1", self.https), timeout=10)
        return context.wrap_socket(client, server_hostname=NAME)

    def send(
        self, method: str, path: str, body: str, host: str, over: str, headers: dict[str, str]
    ) -> Any:
        if over == "http":
            client = HTTPConnection("127.0.0.1", self.http, timeout=10)
        else:
            context = ssl._create_unverified_context()
            client = HTTPSConnection("127.0.0.1", self.https, timeout=10, context=context)
        with closing(client):
            client.request(method, path, body, {"Host": host} | headers)
            answer = client.getresponse()
            answer.words = answer.read().decode()  # type: ignore[attr-defined]
            return answer


@pytest.fixture
def proxy(house: House, tmp_path: Path, serve: Any) -> Iterator[Proxy]:
    found = Proxy(free_port(), free_port(), tmp_path / "nginx")
    web = house.settings.web.model_copy(update={"base_url": f"https://{NAME}:{found.https}"})
    house.set(web=web)
    with serve(create_app(house.application))() as known:
        to = known.getpeername()[1]
    with nginx(found.folder, found.https, recipe(found.folder, found.http, found.https, to)):
        yield found


def test_another_name_gets_no_answer(proxy: Proxy) -> None:
    for host in ("127.0.0.1", "localhost", "evil.example", "127.0.0.1:8026"):
        for over in ("http", "https"):
            with pytest.raises(RemoteDisconnected):
                proxy.ask("/outbox", host, over=over)


def test_by_its_own_name_a_stranger_is_led_to_https_and_reads_no_mail(proxy: Proxy) -> None:
    answer = proxy.ask("/units/x/y?a=b", over="http")
    wanted = f"https://{NAME}:{proxy.https}/units/x/y?a=b"
    assert (answer.status, answer.headers["Location"]) == (301, wanted)
    for path in ("/outbox", "/console"):
        answer = proxy.ask(path, X_Forwarded_For="127.0.0.1")
        assert (answer.status, "reminder console url" in answer.words) == (403, True)
    assert "/feeds/" not in proxy.ask("/").words


def test_a_unit_signs_through_it(house: House, proxy: Proxy) -> None:
    house.application.tick()
    path = house.url("deputies", PAGE)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    form = "who=a&period=2026-04"
    own = {"Origin": f"https://{NAME}:{proxy.https}"}
    foreign = {"Origin": f"http://{NAME}"}
    statuses = [
        proxy.send("POST", f"{path}/sign", form, NAME, "https", kind | origin).status
        for origin in (own, foreign)
    ]
    assert statuses == [303, 403]


def test_its_logs_hold_nothing_that_opens_anything(house: House, proxy: Proxy) -> None:
    page = house.url("deputies", PAGE)
    feed = house.url("helan")
    for path in (page, f"{page}/mails", feed, page.replace("/units", "//%75nits"), f"/{feed}"):
        for over in ("http", "https"):
            proxy.ask(path, over=over, Referer=f"https://{NAME}{page}")
    proxy.ask(f"/?token={house.door}")
    proxy.send("POST", page, "x" * 70_000, NAME, "https", {})
    logs = "".join(path.read_text() for path in proxy.folder.glob("*.log"))
    assert "GET /units/-/deputies/mails 200" in logs
    for secret in (page.split("/")[2], feed.split("/")[2], house.door):
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
