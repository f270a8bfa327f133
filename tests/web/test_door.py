"""The local pages' door: a word in the address, and nothing else, opens them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.office.links import change_lock, local_address
from tests.web.conftest import House

PAGES = ["/", "/outbox", "/console/login"]


@pytest.fixture
def stranger(house: House) -> TestClient:
    return house.client(is_inside=False)


@pytest.mark.parametrize("path", PAGES)
def test_the_word_becomes_a_cookie_and_leaves_the_address_and_another_opens_nothing(
    house: House, stranger: TestClient, path: str
) -> None:
    for word in ("", "x", "签" * 32, "a" * 32):
        assert "Set-Cookie" not in stranger.get(path, params={"token": word}).headers
        assert "/feeds/" not in stranger.get(path).text
        assert stranger.get(path).status_code in (200, 403)
    answer = stranger.get(f"{path}?token={house.door}")
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    marks = {"HttpOnly", "SameSite=lax", "Path=/"}
    assert marks <= set(answer.headers["Set-Cookie"].split("; "))
    inside = stranger.get(path)
    assert (inside.status_code, house.table.plan.tag in inside.text) == (200, True)


def test_the_rest_of_the_address_stays_and_nothing_behind_the_word_is_part_of_it(
    house: House,
) -> None:
    for behind in ("", "。", "/", "）", "\n"):
        stranger = house.client(is_inside=False)
        sent = {"token": ["x", house.door + behind], "page": "2"}
        assert stranger.get("/outbox", params=sent).headers["Location"] == "/outbox?page=2"
        assert stranger.get("/outbox").status_code == 200


@pytest.mark.parametrize("path", ["/outbox", "/console", "/console/ledger"])
@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("127.0.0.1", {"Host": "127.0.0.1"}),
        ("127.0.0.1", {"Host": "localhost:8026"}),
        ("::1", {"Host": "[::1]"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1;host=localhost"}),
    ],
)
def test_neither_name_nor_address_of_this_machine_opens_it(
    house: House, host: str, headers: dict[str, str], path: str
) -> None:
    answer = house.client(host, is_inside=False).get(path, headers=headers)
    assert (answer.status_code, house.table.plan.name in answer.text) == (403, False)


def test_another_lock_closes_the_door_to_all(house: House) -> None:
    inside, old = house.client(), house.door
    with house.database.write() as connection:
        change_lock(connection)
    assert house.door != old
    assert inside.get("/outbox").status_code == 403
    inside.get(f"/?token={old}")
    assert inside.get("/outbox").status_code == 403
    inside.get(f"/?token={house.door}")
    assert inside.get("/outbox").status_code == 200


def test_the_word_outlasts_a_restart_and_links_of_units_need_none(house: Any) -> None:
    address = local_address(house.application, "http://127.0.0.1", "/outbox")
    assert address == f"http://127.0.0.1/outbox?token={house.door}"
    browser = house.client(is_inside=False)
    for path in (house.url("helan"), "/healthz"):
        assert browser.get(path).status_code == 200
    browser.get(address)
    restarted = house.client()
    restarted.cookies = browser.cookies
    assert restarted.get("/outbox").status_code == 200


def test_two_installations_on_one_host_leave_each_others_cookies_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {house.cookie(name) for name in ("door", "form", "console", "known", "who")}
    monkeypatch.setattr(type(house.key), "derive", lambda *given: "otherone")
    assert names.isdisjoint(house.cookie(name) for name in ("door", "form", "console"))
