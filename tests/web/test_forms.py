"""Forms: what proves that a page of ours sent them, and what they may hold."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from reminder.web.app import create_app
from reminder.web.forms import LONGEST, Form, posts, remember, token
from tests.web.test_server import answers, first


def _page(request: Request) -> Response:
    return remember(request, PlainTextResponse(token(request)))


def _taken(request: Request, form: Form) -> Response:
    return PlainTextResponse(f"{form.line('who', 10)}|{form.text('words', 20)}|{form.all('day')}")


def _with_pages(made: Starlette) -> Starlette:
    made.router.routes += [Route("/page", _page), Route("/take", posts(_taken), methods=["POST"])]
    return made


@pytest.fixture
def app(house: Any) -> Starlette:
    return _with_pages(create_app(house.application))


@pytest.fixture
def reader(app: Starlette) -> TestClient:
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50000))


def over_https(house: Any, base: str) -> TestClient:
    """As a proxy asks for a browser that has opened the site at its address."""
    house.set(web=house.settings.web.model_copy(update={"base_url": base}))
    return TestClient(_with_pages(create_app(house.application)), base_url="https://proxy.test")


def send(reader: TestClient, data: dict[str, Any], **headers: str) -> Any:
    return reader.post("/take", data=data, headers=headers)


def test_a_form_of_ours_is_taken(reader: TestClient) -> None:
    sent = {"token": reader.get("/page").text, "who": " 张\u202e  三 ", "day": ["1", "2"]}
    answer = send(reader, sent)
    assert (answer.status_code, answer.text) == (200, "张 三||['1', '2']")


def test_the_proof_holds_while_the_reader_keeps_the_cookie(reader: TestClient) -> None:
    first, second = reader.get("/page").text, reader.get("/page").text
    assert first == second
    assert send(reader, {"token": first}).status_code == 200


@pytest.mark.parametrize("sent", [{"who": "张"}, {"token": ""}, {"token": "签" * 32}])
def test_without_its_proof_a_form_is_refused(reader: TestClient, sent: dict[str, str]) -> None:
    reader.get("/page")
    assert send(reader, sent).status_code == 403


def test_the_proof_of_who_was_logged_out_is_none(house: Any, reader: TestClient) -> None:
    reader.cookies.set(house.cookie("console"), "a session")
    proof = reader.get("/page").text
    assert send(reader, {"token": proof}).status_code == 200
    reader.cookies.set(house.cookie("console"), "another one")
    assert send(reader, {"token": proof}).status_code == 403


def test_another_readers_proof_is_none(app: Starlette, reader: TestClient) -> None:
    foreign = TestClient(app, base_url="http://127.0.0.1").get("/page").text
    reader.get("/page")
    assert send(reader, {"token": foreign}).status_code == 403
    reader.cookies.clear()
    assert send(reader, {"token": foreign}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "http://127.0.0.1:x"},
        {"Origin": "ftp://127.0.0.1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_sends_nothing_even_with_the_proof(
    reader: TestClient, headers: dict[str, str]
) -> None:
    sent = {"token": reader.get("/page").text}
    assert send(reader, sent, **headers).status_code == 403
    for ours in ("http://127.0.0.1", "http://127.0.0.1:80"):
        assert send(reader, sent, Origin=ours).status_code == 200


@pytest.mark.parametrize("own", ["https://提醒.test", "https://xn--o0uo23h.test:443"])
def test_over_https_a_form_comes_from_the_sites_own_address(house: Any, own: str) -> None:
    client = over_https(house, own)
    sent = {"token": client.get("/page").text}
    assert send(client, sent, Origin="https://xn--o0uo23h.test").status_code == 200
    for other in ("https://xn--o0uo23h.test:8443", "https://evil.test", "null"):
        assert send(client, sent, Origin=other).status_code == 403


def test_form_from_another_address_of_the_site_is_told_the_right_one(house: Any) -> None:
    """The second stands behind a proxy with TLS, of which its settings say nothing."""
    for own, words in (
        ("https://reminder.npc.test", "请用 https://reminder.npc.test 打开本站"),
        ("", "在 web.base_url 中设置浏览器所用的网址"),
    ):
        client = over_https(house, own)
        sent = {"token": client.get("/page").text}
        answer = send(client, sent, Origin="https://alias.npc.test", Host="127.0.0.1:8026")
        assert (answer.status_code, words in answer.text) == (403, True)


def test_form_of_an_https_site_that_stood_on_a_page_of_http_is_told_so(house: Any) -> None:
    """Also when somebody in between showed that page, and the browser has its cookies."""
    client = over_https(house, "https://reminder.npc.test")
    sent = {"token": client.get("/page").text}
    for cookies in (True, False):
        if not cookies:
            client.cookies.clear()
        answer = send(client, sent, Origin="http://reminder.npc.test", Host="reminder.npc.test")
        assert answer.status_code == 403
        assert "请用 https://reminder.npc.test 打开" in answer.text


def test_form_of_an_https_site_without_a_cookie_is_told_the_address(house: Any) -> None:
    client = over_https(house, "https://reminder.npc.test")
    sent = {"token": client.get("/page").text}
    client.cookies.clear()
    assert "请用 https://reminder.npc.test 打开" in send(client, sent).text
    assert (
        "请用 https://reminder.npc.test 打开"
        in send(client, sent, Host="10.0.0.5:8026", Origin="http://10.0.0.5:8026").text
    )


def test_a_form_in_any_other_clothes_is_refused(reader: TestClient) -> None:
    proof = reader.get("/page").text
    for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x", ""):
        answer = reader.post("/take", content=f"token={proof}", headers={"Content-Type": kind})
        assert answer.status_code == 415


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(reader: TestClient) -> None:
    cookie = reader.get("/page").headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


def test_over_https_the_cookie_goes_over_https_only(house: Any) -> None:
    client = over_https(house, "https://reminder.npc.test")
    assert "Secure" in client.get("/page").headers["Set-Cookie"]


@pytest.mark.parametrize(
    "body", [b"token=%zz&who=%ff", b"\xff\xfe", b"a&b&c", b"=" * 50, b"who=" + b"&" * 2000]
)
def test_a_broken_form_is_no_fault_of_ours(reader: TestClient, body: bytes) -> None:
    reader.get("/page")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert reader.post("/take", content=body, headers=kind).status_code in (400, 403)


def test_no_value_holds_a_nul(reader: TestClient) -> None:
    sent = {"token": reader.get("/page").text, "who": "张\0三", "day": "\0"}
    assert send(reader, sent).text == "张 三||[' ']"


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [({"who": "x" * LONGEST}, 413, "内容过长"), ({"\udcff": ""}, 400, "无法识别")],
)
def test_why_a_form_was_not_read_is_said_in_chinese(
    reader: TestClient, sent: dict[str, str], status: int, words: str
) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(sent, errors="surrogateescape")
    answer = reader.post("/take", content=body, headers=kind)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_too_long_a_text_is_refused_with_its_limit(reader: TestClient) -> None:
    answer = send(reader, {"token": reader.get("/page").text, "words": "长" * 21})
    assert (answer.status_code, "最多20字" in answer.text) == (422, True)


def test_a_form_as_long_as_allowed_comes_through_a_real_connection(
    app: Starlette, house: Any, serve: Callable[..., Any]
) -> None:
    connect = serve(app)
    page = answers(connect, b"GET /page HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").decode()
    cookie = page.partition("set-cookie: ")[2].partition(";")[0]
    proof = page.rpartition("\r\n\r\n")[2]
    head = "POST /take HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {}\r\nContent-Type: {}\r\n"
    head = head.format(cookie, "application/x-www-form-urlencoded")
    rest = urlencode({"token": proof, "pad": ""})
    for size, status in ((LONGEST, 200), (LONGEST + 1, 413), (10 * LONGEST, 413)):
        body = rest + "x" * (size - len(rest))
        sent = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        assert first(answers(connect, sent)) == status


def test_a_browser_without_cookies_is_told_so(reader: TestClient) -> None:
    sent = {"token": reader.get("/page").text}
    reader.cookies.clear()
    assert "Cookie" in send(reader, sent).text
    reader.get("/page")
    assert "页面已过期" in send(reader, sent).text
