"""What a person and what a program is told when something went wrong."""

import logging
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.web.page import HEADERS
from tests.web.test_attacks import Answer, ask
from tests.web.test_units import address

PERSON = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
INSIDE = ("Traceback", "Error", "jinja", "sqlite", "/state", "ledger.db", "nobody_gave_this")


def break_template(house: Any, folder: Path, name: str) -> None:
    place = folder / "zh-CN" / name
    place.parent.mkdir(parents=True)
    place.write_text("{{ nobody_gave_this }}")
    house.set(templates=folder)


def reader(house: Any) -> TestClient:
    return TestClient(house.app, "http://127.0.0.1", raise_server_exceptions=False, headers=PERSON)


def is_page(answer: Answer, *words: str) -> bool:
    body = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    assert {name.lower() for name in HEADERS} <= answer.headers.keys()
    assert not [word for word in INSIDE if word in body]
    return all(word in body for word in words)


def test_an_error_inside_is_a_page_for_a_person_and_a_line_for_a_program(
    house: Any, tmp_path: Path
) -> None:
    break_template(house, tmp_path, "web/front.html")
    answer = reader(house).get("/")
    assert answer.status_code == 500
    for words in ("页面出错了", "请稍后刷新再试", "告知管理员", "2026年4月1日"):
        assert words in answer.text
    assert not [word for word in INSIDE if word in answer.text]
    assert HEADERS["Content-Security-Policy"] == answer.headers["Content-Security-Policy"]
    answer = reader(house).get("/", headers={"Accept": "*/*"})
    assert (answer.headers["Content-Type"][:10], answer.text) == ("text/plain", house.broken)
    assert ask(house.app, f"{house.url('plan')}?view=x", **PERSON).body.startswith(b"view='x'")
    assert ask(house.app, "/feeds/x/plan.ics", **PERSON).body == b"Not Found"


def test_its_reason_stands_in_the_log(
    house: Any, tmp_path: Path, serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    break_template(house, tmp_path, "web/front.html")
    with serve(house.app)() as client, caplog.at_level(logging.ERROR):
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        )
        heard = b"".join(iter(lambda: client.recv(65536), b""))
    assert heard.startswith(b"HTTP/1.1 500")
    assert "'nobody_gave_this' is undefined" in caplog.text
    assert "front.html" in caplog.text


def test_an_error_of_the_page_for_errors_is_told_in_a_line(house: Any, tmp_path: Path) -> None:
    break_template(house, tmp_path, "web/base.html")
    answer = reader(house).get("/")
    assert (answer.status_code, answer.headers["Content-Type"][:10]) == (500, "text/plain")
    assert answer.text == house.broken
    assert "请告知管理员" in answer.text
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize("path", ["page", "/console"])
def test_a_ledger_that_is_away_is_a_page(house: Any, path: str) -> None:
    path = address(house, "deputies") if path == "page" else path
    app = house.app
    house.database.close()
    house.settings.ledger.write_bytes(b"no ledger" * 1000)
    answer = ask(app, path, **PERSON)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert is_page(answer, "暂时无法打开", "请过一分钟刷新再试")
    assert "可能没有保存" not in answer.body.decode()


def test_what_is_asked_wrongly_is_answered_by_a_page(house: Any) -> None:
    form = f"{address(house, 'deputies')}/sign"
    cases = {
        405: (form, {}, "这个地址不能直接打开"),
        404: ("/nowhere%0a", {}, "没有这个页面"),
        414: ("/" + "a" * 9000, {}, "地址过长"),
        431: ("/", {"cookie": "a" * 17000}, "清除浏览器中本网站的 Cookie"),
        400: ("/?a=%00", {}, "请求无法识别"),
    }
    for status, (target, more, words) in cases.items():
        answer = ask(house.app, target, **PERSON, **more)
        assert answer.status == status
        assert is_page(answer, words)
        assert ask(house.app, target, **more).headers["content-type"].startswith("text/plain")
