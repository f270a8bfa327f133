"""The front page, and what every response has."""

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.ledger.occasions import note_tick
from reminder.web import page
from tests.web.conftest import AT


def test_the_front_page_offers_every_feed_behind_the_door(house: Any, client: TestClient) -> None:
    page = client.get("/").text
    for name in ("helan", "deputies", "plan"):
        url = house.url(name)
        assert f'href="http://127.0.0.1{url}"' in page
        assert f'href="webcal://127.0.0.1{url}?view=due&amp;year-round=0"' in page
    links = [part.split('"')[0] for part in page.split('href="http://127.0.0.1')[1:]]
    assert len(links) == 80
    for link in links:
        assert client.get(link.replace("&amp;", "&")).status_code == 200
    stranger = house.client(is_inside=False).get("/").text
    assert "reminder console url" in stranger
    for word in ("feeds", "outbox", house.table.plan.name):
        assert word not in stranger


def test_of_many_feeds_some_are_shown(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "OFFERED", 3)
    front = client.get("/").text
    assert front.count("webcal:") == 3
    assert "其他单位的日历地址见管理页面" in front


@pytest.mark.parametrize("path", ["/", "/healthz", "/outbox", "/nowhere", "/static/style.css"])
def test_every_response_forbids_what_is_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert {"script-src 'self'", "form-action 'self'"} <= set(policy.split("; "))
    assert not re.search("unsafe|http|data:", policy)
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin"
    assert not re.search('<script| src="http| style=', answer.text)


def test_an_operators_template_wins_over_the_shipped_one(house: Any, tmp_path: Any) -> None:
    (tmp_path / "own" / "zh-CN" / "web").mkdir(parents=True)
    (tmp_path / "own" / "zh-CN" / "web" / "front.html").write_text("{{ plan.tag }}，本地页面")
    house.set(templates=tmp_path / "own")
    assert house.client().get("/").text == "代表工作，本地页面"
    assert "还没有邮件" in house.client().get("/outbox").text


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (4, 503), (None, 503)])
def test_ready_after_a_tick_of_late(
    house: Any, client: TestClient, minutes: int | None, status: int
) -> None:
    if minutes is not None:
        with house.database.write() as connection:
            note_tick(connection, AT - timedelta(minutes=minutes))
    assert client.get("/readyz").status_code == status
    assert client.get("/healthz").text == "ok"
