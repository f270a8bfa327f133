"""Forms: what tells that a page of ours sent them, and what they may hold."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from reminder.web.app import create_app
from reminder.web.forms import LONGEST, Form, post
from reminder.web.page import Page
from tests.web.test_server import answers, first

KIND = {"Content-Type": "application/x-www-form-urlencoded"}


def _taken(page: Page, form: Form) -> Response:
    return PlainTextResponse(f"{form.line('who', 10)}|{form.text('words', 20)}|{form['day']}")


def _with_pages(made: Starlette) -> Starlette:
    made.router.routes.append(post("/take", _taken))
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


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ({"who": " 张\u202e  三 ", "day": ["1", "2"]}, "张 三||2"),
        ({"who": "张\0三", "day": "\0"}, "张 三||"),  # PostgreSQL's text has no NUL
    ],
)
def test_a_form_of_ours_is_taken(reader: TestClient, sent: dict[str, Any], taken: str) -> None:
    answer = send(reader, sent)
    assert (answer.status_code, answer.text) == (200, taken)


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
        {"Referer": "https://evil.example/page"},
        {"Origin": "null", "Referer": "http://127.0.0.1/page"},
    ],
)
def test_a_foreign_page_sends_nothing(reader: TestClient, headers: dict[str, str]) -> None:
    assert send(reader, {"who": "a"}, **headers).status_code == 403


def test_a_page_of_ours_sends_whatever_its_browser_says_of_it(reader: TestClient) -> None:
    for headers in (
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:80"},
        {"Referer": "http://127.0.0.1/units/x/y"},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ):
        assert send(reader, {"who": "a"}, **headers).status_code == 200


@pytest.mark.parametrize("own", ["https://提醒.test", "https://xn--o0uo23h.test:443"])
def test_over_https_a_form_comes_from_the_sites_own_address(house: Any, own: str) -> None:
    client = over_https(house, own)
    assert send(client, {"who": "a"}, Origin="https://xn--o0uo23h.test").status_code == 200
    for other in ("https://xn--o0uo23h.test:8443", "https://evil.test", "null"):
        assert send(client, {"who": "a"}, Origin=other).status_code == 403


def test_form_from_another_address_of_the_site_is_told_the_right_one(house: Any) -> None:
    """The second stands behind a proxy with TLS, of which its settings say nothing."""
    for own, words in (
        ("https://reminder.npc.test", "请用 https://reminder.npc.test 打开本站"),
        ("", "在 web.base_url 中设置浏览器所用的网址"),
    ):
        client = over_https(house, own)
        answer = send(client, {"who": "a"}, Origin="https://alias.npc.test", Host="127.0.0.1:8026")
        assert (answer.status_code, words in answer.text) == (403, True)


@pytest.mark.parametrize("host", ["reminder.npc.test", "10.0.0.5:8026"])
def test_form_of_an_https_site_that_stood_on_a_page_of_http_is_told_so(
    house: Any, host: str
) -> None:
    """Somebody in between may have shown that page; and none of the site's cookies comes."""
    client = over_https(house, "https://reminder.npc.test")
    answer = send(client, {"who": "a"}, Origin=f"http://{host}", Host=host)
    assert answer.status_code == 403
    assert "请用 https://reminder.npc.test 打开" in answer.text


def test_a_form_in_other_clothes_or_broken_is_no_fault_of_ours(reader: TestClient) -> None:
    for kind in ("text/plain", "application/json", "multipart/form-data", ""):
        answer = reader.post("/take", content="who=a", headers={"Content-Type": kind})
        assert answer.status_code == 415
    for body in (b"who=%zz&day=%ff", b"\xff\xfe", b"a&b&c", b"=" * 50, b"who=" + b"&" * 2000):
        assert reader.post("/take", content=body, headers=KIND).status_code in (200, 400)


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"who": "x" * LONGEST}, 413, "内容过长"),
        ({"\udcff": ""}, 400, "无法识别"),
        ({"words": "长" * 21}, 422, "最多20字"),
    ],
)
def test_why_a_form_was_not_read_is_said_in_chinese(
    reader: TestClient, sent: dict[str, str], status: int, words: str
) -> None:
    body = urlencode(sent, errors="surrogateescape")
    answer = reader.post("/take", content=body, headers=KIND)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_a_form_as_long_as_allowed_comes_through_a_real_connection(
    app: Starlette, house: Any, serve: Callable[..., Any]
) -> None:
    connect = serve(app)
    kind = KIND["Content-Type"]
    head = f"POST /take HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    for size, status in ((LONGEST, 200), (LONGEST + 1, 413), (10 * LONGEST, 413)):
        sent = f"{head}Content-Length: {size}\r\n\r\npad={'x' * (size - 4)}".encode()
        assert first(answers(connect, sent)) == status
