"""The server under clients that are broken, slow or too many, over real sockets."""

import logging
import re
import socket
import threading
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reminder.web import connection, polls, server
from reminder.web.connection import Connection
from reminder.web.security import HEADERS
from tests.web.conftest import PATIENT, Connect, stop
from tests.web.test_attacks import ask

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /healthz HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


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


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answer)]


def test_a_path_with_bare_chinese_is_understood(connect: Connect) -> None:
    """As curl sends what somebody copied with the stop behind it."""
    head = b"GET /healthz\xe3\x80\x82 HTTP/1.1\r\nConnection: close\r\n" + HOST + b"X: \xe9\r\n\r\n"
    assert answers(connect, head).endswith(b"\r\n\r\nok")


REFUSED = {
    b"GET /healthz\r\n\r\n": 400,
    b"GET /healthz HTTP/1.1\r\n\r\n": 400,
    GET + HOST + b"\r\n": 400,
    b"GET /healthz HTTP/1.1\r\nHost: [\r\n\r\n": 400,
    b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n": 400,
    b"GET http://[/healthz HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET ftp://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET ws://127.0.0.1/healthz HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET http:///healthz HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /healthz HTTP/2.0\r\n" + HOST + b"\r\n": 505,
    POST + b"Content-Length: -1\r\n\r\n": 400,
    POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
    POST + b"Content-Length: 4\r\n" + CHUNKED + b"0\r\n\r\n" + GET + b"\r\n": 400,
    POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n": 400,
    POST + b"Content-Length : 1\r\n\r\nx": 400,
    POST + b"Content-Length: +1\r\n\r\nx": 400,
    POST + b"Transfer-Encoding: gzip\r\n\r\n": 501,
    POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": 501,
    POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n": 400,
    POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n": 400,
    GET + b"X: a\r\n b\r\n\r\n": 400,
    GET + b"X: a\rb\r\n\r\n": 400,
    GET + b"X: a\nY: b\r\n\r\n": 400,
    GET + b"X: a\x00b\r\n\r\n": 400,
    GET.replace(b"\r\n", b"\n") + b"\n": 400,
    b"GET healthz HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n" + GET + b"\r\n": 400,
    POST + CHUNKED + b"ZZZ\r\n": 400,
    b"HEAD /healthz HTTP/1.1\r\n" + HOST + CHUNKED + b"ZZZ\r\n": 400,
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n": 414,
    b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n": 414,
    GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n": 431,
    GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n": 431,
    GET + b"X: a\r\n" * 1000 + b"\r\n": 431,
}


def test_what_is_no_request_gets_its_status_all_headers_and_no_line_in_the_log(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    for sent, status in REFUSED.items():
        answer = answers(connect, sent)
        assert first(answer) == status, sent[:80]
        assert answer.count(b"HTTP/1.1 ") == 1
        for name, value in HEADERS.items():
            assert f"{name}: {value}".lower().encode() in answer.lower()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_rubbish_after_an_answer_ends_the_connection_quietly(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.sendall(POST + CHUNKED)
    assert first(client.recv(65536)) == 405
    client.sendall(b"ZZZ\r\n")
    assert b"HTTP/1.1 " not in heard(client)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_who_has_sent_all_and_closed_that_side_is_still_answered(connect: Connect) -> None:
    front = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
    for sent, wanted in ((front * 3, [200] * 3), (front + b"GET", [200, 400])):
        client = connect()
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert statuses(heard(client)) == wanted


def test_an_upload_that_nobody_wants_does_not_cost_its_sender_the_answer(connect: Connect) -> None:
    head = POST + b"Connection: close\r\nContent-Length: 9000000\r\n\r\n"
    assert first(answers(connect, head, b"x" * 9_000_000)) == 405


def test_no_answer_waits_for_the_receipt_of_the_one_before(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    be_patient = Connection._be_patient

    def noted(client: Connection, seconds: float) -> None:
        peer = client.transport.get_extra_info("socket")
        made.append(peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        be_patient(client, seconds)

    monkeypatch.setattr(Connection, "_be_patient", noted)
    answers(serve(house.app), GET + b"Connection: close\r\n\r\n")
    assert made
    assert all(made)


def test_an_upgrade_is_answered_as_a_plain_request(connect: Connect) -> None:
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    assert first(answers(connect, GET + upgrade)) == 200


LAST = GET + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
        GET + b"Content-Length: 3\r\n\r\nabc",
        GET + CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
        GET + CHUNKED + b"0\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\n\r\n",
    ],
)
def test_what_comes_behind_a_body_or_an_upgrade_is_not_heard(connect: Connect, head: bytes) -> None:
    assert statuses(answers(connect, head + LAST)) == [200]


def test_requests_are_answered_in_order_however_they_are_cut(connect: Connect) -> None:
    client = connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sent = GET + b"\r\n" + GET.replace(b"healthz", b"nowhere") + b"\r\n" + LAST
    for byte in sent:
        client.sendall(bytes([byte]))
    assert statuses(heard(client)) == [200, 404, 200]


def test_more_requests_than_anybody_waits_for_are_answered_one_by_one(connect: Connect) -> None:
    assert statuses(answers(connect, (GET + b"\r\n") * 2000 + LAST)) == [200] * 2001


def test_a_field_behind_a_body_is_no_part_of_the_request(house: Any, connect: Connect) -> None:
    door = f"Cookie: {house.cookie('door')}={house.door}\r\n".encode()
    head = b"GET /outbox HTTP/1.1\r\n" + HOST
    assert first(answers(connect, head + door + b"Connection: close\r\n\r\n")) == 200
    assert first(answers(connect, head + CHUNKED + b"0\r\n" + door + b"\r\n")) == 403


def test_every_answer_says_when_it_was_given(connect: Connect) -> None:
    for sent in (LAST, b"rubbish\r\n\r\n"):
        [date] = re.findall(rb"\r\ndate: (.*)\r\n", answers(connect, sent), re.IGNORECASE)
        assert parsedate_to_datetime(date.decode()).utcoffset() == timedelta()


POLLS = [(b"GET", b""), (b"HEAD", b""), (b"GET", b"If-None-Match: *\r\n")]


@pytest.mark.parametrize(("method", "field"), POLLS)
def test_an_answer_in_one_piece_is_what_it_was_in_several(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch, method: bytes, field: bytes
) -> None:
    monkeypatch.setattr(polls, "LATEST", 3600)
    app, url = house.app, house.url("helan")
    assert ask(app, url).status == 200
    connect = serve(app)
    poll = b"%b %b HTTP/1.1\r\n" % (method, url.encode()) + HOST + field
    whole = answers(connect, poll + b"\r\n" + LAST).split(b"HTTP/1.1 ")[1]
    apart = answers(connect, poll + b"Connection: close\r\n\r\n").split(b"HTTP/1.1 ")[1]
    assert whole.index(b"date: ") > whole.index(b"etag: ")
    assert apart.index(b"date: ") < apart.index(b"etag: ")
    assert lines(whole) == lines(apart)


def lines(answer: bytes) -> list[bytes]:
    """Without what belongs to the moment, and to the connection."""
    passing = (b"date: ", b"connection: ")
    return sorted(line for line in answer.split(b"\r\n") if not line.startswith(passing))


def test_a_request_that_never_ends_is_given_up(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    connect = serve(house.app)
    assert first(answers(connect, GET + b"X: a")) == 408
    assert first(answers(connect, POST + b"Content-Length: 9\r\n\r\n", b"x")) == 405


def test_who_waits_for_a_page_that_takes_long_gets_it(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.1)

    def page(request: Request) -> Response:
        threading.Event().wait(0.4)
        return PlainTextResponse("done")

    connect = serve(Starlette(routes=[Route("/healthz", page)]))
    assert answers(connect, GET + b"Connection: close\r\n\r\n").endswith(b"done")


def test_a_reader_that_takes_nothing_is_let_go(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    request = f"GET {house.url('plan')} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
    with serve(house.app)() as reader, pytest.raises(OSError, match=r"reset|pipe"):
        reader.sendall(request * 100_000)


def test_a_reader_that_takes_nothing_holds_up_no_stop(
    house: Any, connect: Connect, running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    request = f"GET {house.url('plan')} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
    with connect() as reader:
        reader.settimeout(0.5)
        with pytest.raises(TimeoutError):
            reader.sendall(request * 100_000)
        stop(*running[0])
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize("sent", [POST + b"Content-Length: 9\r\n\r\n", GET + b"\r\n" * 3 + GET])
def test_who_talks_on_holds_up_no_stop(
    connect: Connect, running: Any, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    with connect() as client:
        client.sendall(sent)
        assert client.recv(1)
        stop(*running[0])
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_the_one_that_stalls_longest_makes_room(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 4)
    connect = serve(house.app)
    silent = []
    for _ in range(12):
        silent.append(connect())
        silent[-1].sendall(GET)
    assert first(answers(connect, GET + b"Connection: close\r\n\r\n")) == 200
    assert first(heard(silent[0])) == 503
    silent[-1].sendall(b"Connection: close\r\n\r\n")
    assert first(heard(silent[-1])) == 200
    for client in silent:
        client.close()


HALF = (
    b"POST /console/login HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nab"
)


def test_half_a_form_keeps_no_place(
    house: Any, serve: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "MOST", 4)
    connect = serve(house.app)
    halves = [connect() for _ in range(12)]
    for client in halves:
        client.sendall(HALF)
    for _ in range(5):
        assert first(answers(connect, GET + b"Connection: close\r\n\r\n")) == 200
    assert first(heard(halves[0])) == 503
    for client in halves:
        client.close()
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_who_goes_away_in_the_midst_of_a_form_is_answered_and_no_line_in_the_log(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    client = connect()
    client.sendall(HALF)
    client.shutdown(socket.SHUT_WR)
    assert first(heard(client)) == 400
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_half_a_form_holds_up_no_stop_and_leaves_no_line_in_the_log(
    connect: Connect, running: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with connect() as client:
        client.sendall(HALF)
        assert first(answers(connect, GET + b"Connection: close\r\n\r\n")) == 200
        stop(*running.pop())
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_who_waits_for_a_first_answer_keeps_the_place(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST", 4)
    begun, done = threading.Semaphore(0), threading.Event()

    def page(request: Request) -> Response:
        begun.release()
        done.wait(PATIENT)
        return PlainTextResponse("done")

    connect = serve(Starlette(routes=[Route("/healthz", page)]))
    clients = [connect() for _ in range(4)]
    for client in clients:
        client.sendall(GET + b"Connection: close\r\n\r\n")
        assert begun.acquire(timeout=PATIENT)
    with connect() as fifth:
        assert first(fifth.recv(65536)) == 503
    done.set()
    assert all(heard(client).endswith(b"done") for client in clients)


def test_trouble_of_the_system_is_a_line_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trouble = {"message": "accept failed", "exception": OSError(24, "Too many open files")}
    server._tell(None, trouble)  # type: ignore[arg-type]
    [record] = caplog.records
    assert record.getMessage() == "web server: accept failed: Too many open files"
    assert record.exc_info is None
