"""Cookies and headers of a site with https, below a path, and beside another installation."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import House

HSTS = "Strict-Transport-Security"


def visited(house: House, base: str) -> Any:
    """A page with a form, as the site's own address shows it."""
    house.set(web=house.settings.web.model_copy(update={"base_url": base}))
    client = TestClient(house.app, base_url="https://proxy.test", follow_redirects=False)
    return client.get(f"/console/login?token={house.door}")


def test_over_https_nobody_else_can_set_a_cookie(house: House) -> None:
    cookie = visited(house, "https://reminder.npc.test").headers["Set-Cookie"]
    assert cookie.startswith("__Host-door-")
    assert {"Secure", "Path=/"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()


def test_below_a_path_of_another_host_a_cookie_stays_there(house: House) -> None:
    answer = visited(house, "https://npc.test/reminder")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Secure-door-")
    assert {"Secure", "Path=/reminder"} <= set(cookie.split("; "))
    assert HSTS not in answer.headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/static/style.css", "feed"])
def test_an_https_site_is_asked_for_over_https_from_then_on(house: House, path: str) -> None:
    path = house.url("helan") if path == "feed" else path
    assert HSTS not in house.client().get(path).headers
    house.set(web=house.settings.web.model_copy(update={"base_url": "https://reminder.npc.test"}))
    client = house.client()
    for _ in range(2):  # a feed's second answer comes out of memory
        assert client.get(path).headers[HSTS] == "max-age=31536000"
