"""The server under clients that are broken, slow or too many, over real sockets."""

import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.web import server
from tests.web.conftest import PATIENT, Connect, stop
from tests.web.console.conftest import logged_in

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /healthz HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(autouse=True)
def _no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    records = caplog.get_records("call")
    assert [record for record in records if record.levelno > logging.INFO] == []


@pytest.fixture
def connect(house: Any, serve: Any) -> Connect:
    return serve(house.app)


def heard(client: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    with client:
        return b"".join(iter(lambda: client.recv(65536), b""))


def answers(connect: Connect, *sent: bytes) -> bytes:
    client = connect()
    for part in sent:
        client.sendall(part)
    return heard(client)


def first(answer: bytes) -> int:
    return int(answer[9:12])


@pytest.mark.parametrize("status", [413, 403])
def test_a_file_that_does_not_end_is_told_so(house: Any, connect: Connect, status: int) -> None:
    cookies = logged_in(house).cookies.jar if status == 413 else ()
    cookie = "; ".join(f"{one.name}={one.value}" for one in cookies)
    client = connect()
    client.sendall(
        b"POST /console/plan/upload HTTP/1.1\r\n" + HOST + f"Cookie: {cookie}\r\n".encode()
        + b"Content-Type: multipart/form-data; boundary=x\r\n" + CHUNKED
    )  # fmt: skip
    for _ in range(60):
        client.sendall(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
    client.sendall(b"0\r\n\r\n")
    client.shutdown(socket.SHUT_WR)
    assert first(heard(client)) == status


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answer)]


class LongPage:
    """What is asked for begins, and ends when it is told."""

    def __init__(self) -> None:
        self.begun, self.done = threading.Semaphore(0), threading.Event()
        self.app = Starlette(routes=[Route("/healthz", self.page)])

    def page(self, request: Request) -> Response:
        self.begun.release()
        self.done.wait(PATIENT)
        return PlainTextResponse("done")


def test_a_path_with_bare_chinese_is_understood_and_an_upgrade_passed_over(
    connect: Connect,
) -> None:
    """As curl sends what somebody copied with the stop behind it."""
    head = b"GET /healthz\xe3\x80\x82 HTTP/1.1\r\nConnection: close\r\n" + HOST + b"X: \xe9\r\n\r\n"
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    for sent in (head, GET + upgrade):
        assert answers(connect, sent).endswith(b"\r\n\r\nok")


REFUSED = {
    b"GET /healthz\r\n\r\n": 400,
    b"GET /healthz HTTP/1.1\r\n\r\n": 400,
    GET + HOST + b"\r\n": 400,
    b"GET /healthz HTTP/1.1\r\nHost: [\r\n\r\n": 400,
    b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n": 400,
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    POST + b"Content-Length: -1\r\n\r\n": 400,
    POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
    POST + b"Content-Length: 4\r\n" + CHUNKED + b"0\r\n\r\n" + GET + b"\r\n": 400,
    POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n": 400,
    GET + b"X: a\r\n b\r\n\r\n": 400,
    GET.replace(b"\r\n", b"\n") + b"\n": 400,
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n": 400,
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n": 414,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST: 431,
    GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n": 431,
    GET + b"X: " + b"a" * 100_000: 431,
}


def test_what_is_no_request_gets_its_status_and_no_line_in_the_log(connect: Connect) -> None:
    for sent, status in REFUSED.items():
        answer = answers(connect, sent)
        assert first(answer) == status, sent[:80]
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("begin", "again", "times"),
    [(GET + b"X: ", b"a", 60_000_000), (b"", GET + b"\r\n", 200_000)],
    ids=["head", "flood"],
)
def test_neither_a_head_without_end_nor_a_flood_is_taken_into_memory(
    connect: Connect, begin: bytes, again: bytes, times: int
) -> None:
    with connect() as client, pytest.raises(OSError, match=r"reset|pipe"):
        client.sendall(begin + again * times)


def test_a_flood_behind_a_page_that_takes_long_leaves_no_line_in_the_log(
    serve: Any, running: Any
) -> None:
    page = LongPage()
    client = serve(page.app)()
    client.sendall(GET + b"\r\n")
    assert page.begun.acquire(timeout=PATIENT)
    client.sendall((GET + b"\r\n") * 100)
    assert statuses(heard(client)) == [400]
    page.done.set()
    stop(*running.pop())


LAST = GET + b"Connection: close\r\n\r\n"


def test_requests_are_answered_in_order_however_they_are_cut(connect: Connect) -> None:
    client = connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sent = GET + b"\r\n" + GET.replace(b"healthz", b"nowhere") + b"\r\n" + LAST
    for byte in sent:
        client.sendall(bytes([byte]))
    heard_all = heard(client) + answers(connect, b"rubbish\r\n\r\n")
    assert statuses(heard_all) == [200, 404, 200, 400]
    # Each says when it was given.
    dates = re.findall(rb"\r\ndate: (.*)\r\n", heard_all, re.IGNORECASE)
    assert [parsedate_to_datetime(date.decode()).utcoffset() for date in dates] == [timedelta()] * 4


def test_who_has_said_everything_may_still_listen(connect: Connect) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: 127.0.0.1 \t\r\n\r\n"
    client = connect()
    client.sendall(sent + sent)
    client.shutdown(socket.SHUT_WR)
    assert statuses(heard(client)) == [200, 200]


def test_who_is_refused_within_a_long_form_hears_one_answer(connect: Connect) -> None:
    head = b"POST /console/login HTTP/1.1\r\n" + HOST + b"Content-Length: 9000000\r\n"
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    assert statuses(answers(connect, head + kind, b"a" * 9_000_000, LAST)) == [413, 200]


def test_a_field_behind_a_body_is_no_part_of_the_request(house: Any, connect: Connect) -> None:
    door = f"Cookie: {house.cookie('door')}={house.door}\r\n".encode()
    head = b"GET /outbox HTTP/1.1\r\n" + HOST
    assert first(answers(connect, head + door + b"Connection: close\r\n\r\n")) == 200
    behind = b"Connection: close\r\n" + CHUNKED + b"0\r\n" + door + b"\r\n"
    assert first(answers(connect, head + behind)) == 403


def test_a_request_that_never_ends_is_given_up(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    connect = serve(house.app)
    assert first(answers(connect, GET + b"X: a")) == 408
    assert first(answers(connect, POST + b"Content-Length: 9\r\n\r\n", b"x")) == 405


def test_who_waits_for_a_page_that_takes_long_gets_it(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.1)
    page = LongPage()
    threading.Timer(0.4, page.done.set).start()
    assert answers(serve(page.app), LAST).endswith(b"done")


@pytest.fixture
def reader(serve: Any) -> Iterator[socket.socket]:
    """It has taken the first byte of a large answer, and takes no more."""

    def large(request: Request) -> Response:
        return PlainTextResponse("x" * 20_000_000)

    with serve(Starlette(routes=[Route("/healthz", large)]))() as client:
        client.sendall(GET + b"\r\n")
        assert client.recv(1)
        yield client


def test_a_reader_that_takes_nothing_holds_up_no_stop(reader: socket.socket, running: Any) -> None:
    stop(*running[0])


def test_a_reader_that_takes_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, running: Any
) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.2)
    reader = request.getfixturevalue("reader")
    while running[0][0].server_state.connections:
        threading.Event().wait(0.02)
    assert len(heard(reader)) < 20_000_000


HALF = (
    b"POST /console/login HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nab"
)


@pytest.mark.parametrize(
    "sent", [POST + b"Content-Length: 9\r\n\r\n", GET + b"\r\n" * 3 + GET, HALF]
)
def test_who_talks_on_or_stops_in_the_middle_holds_up_no_stop(
    connect: Connect, running: Any, sent: bytes
) -> None:
    with connect() as client:
        client.sendall(sent)
        assert first(answers(connect, LAST)) == 200
        stop(*running.pop())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PLACES", 4)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("begin", "rest", "status"), [(GET, b"\r\n", 200), (HALF, b"b" * 98, 403)], ids=["head", "form"]
)
def test_the_one_that_stalls_longest_makes_room(
    connect: Connect, begin: bytes, rest: bytes, status: int
) -> None:
    stalling = [connect() for _ in range(12)]
    for client in stalling:
        client.sendall(begin)
    for _ in range(3):
        assert first(answers(connect, LAST)) == 200
    # Whose bytes nobody had read when it had to go is reset, before it hears why.
    with suppress(ConnectionResetError):
        assert first(heard(stalling[0])) == 503
    stalling[-1].sendall(rest)
    assert first(stalling[-1].recv(65536)) == status
    for client in stalling:
        client.close()


@pytest.mark.usefixtures("few")
def test_who_waits_for_a_first_answer_keeps_the_place(serve: Any) -> None:
    page = LongPage()
    connect = serve(page.app)
    clients = [connect() for _ in range(4)]
    for client in clients:
        client.sendall(LAST)
        assert page.begun.acquire(timeout=PATIENT)
    with connect() as fifth:
        assert first(fifth.recv(65536)) == 503
    page.done.set()
    assert all(heard(client).endswith(b"done") for client in clients)
