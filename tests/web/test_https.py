"""An https site: its cookies and headers; opened over http, browsers are sent to its address."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import House

SITE = "https://reminder.npc.test"
HSTS = "Strict-Transport-Security"
BROWSER = {"Upgrade-Insecure-Requests": "1"}


@pytest.fixture
def browser(house: House) -> TestClient:
    """Which has not been here before, over http."""
    house.set(web=house.settings.web.model_copy(update={"base_url": SITE}))
    return house.client(name="10.0.0.5:8026", is_inside=False)


def opened(browser: TestClient, path: str, **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.get(path, headers=BROWSER | names)


@pytest.mark.parametrize("path", ["/", "/units/x/deputies", "/console?next=%2Fconsole", "/a//x"])
@pytest.mark.parametrize("said", [{}, {"X_Forwarded_Proto": "http"}])
def test_a_page_over_http_leads_to_the_same_page_over_https(
    browser: TestClient, path: str, said: dict[str, str]
) -> None:
    answer = opened(browser, path, **said)
    assert (answer.status_code, answer.headers["Location"]) == (307, SITE + path)


@pytest.mark.parametrize(
    "said", [{"X_Forwarded_Proto": "https"}, {"Sec_Fetch_Site": "none"}, {"Cookie": "__Host-x=y"}]
)
def test_who_came_over_https_stays(browser: TestClient, said: dict[str, str]) -> None:
    assert opened(browser, "/", **said).status_code == 200


def test_behind_a_proxy_that_says_it_wrongly_nobody_goes_in_a_circle(browser: TestClient) -> None:
    """The browser is at https, so it keeps the cookie and brings it along."""
    cookie = opened(browser, "/", X_Forwarded_Proto="http").headers["Set-Cookie"].split(";")[0]
    again = opened(browser, "/", X_Forwarded_Proto="http", Cookie=cookie)
    assert again.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/static/style.css", "feed"])
def test_what_is_no_page_is_left_alone(house: House, browser: TestClient, path: str) -> None:
    path = house.url("helan") if path == "feed" else path
    assert opened(browser, path).status_code == 200
    assert browser.get("/").status_code == 200  # a program, or a browser that does not ask for it


def test_a_site_of_http_sends_nobody_away(house: House) -> None:
    assert opened(house.client(), "/").status_code == 200


@pytest.mark.parametrize(
    ("base", "name", "path"),
    [(SITE, "__Host-door-", "/"), ("https://npc.test/reminder", "__Secure-door-", "/reminder")],
)
def test_over_https_cookies_are_the_sites_own(
    house: House, base: str, name: str, path: str
) -> None:
    """Nobody else can set it; below a path of another host it stays there, and binds no other."""
    web = house.settings.web.model_copy(update={"base_url": base})
    house.set(web=web)
    client = TestClient(house.app, base_url="https://proxy.test", follow_redirects=False)
    answer = client.get(f"/console/login?token={house.door}")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(name)
    assert {"Secure", f"Path={path}"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    assert (HSTS in answer.headers) == (path == "/")


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/static/style.css", "feed"])
def test_an_https_site_is_asked_for_over_https_from_then_on(house: House, path: str) -> None:
    path = house.url("helan") if path == "feed" else path
    assert HSTS not in house.client().get(path).headers
    house.set(web=house.settings.web.model_copy(update={"base_url": SITE}))
    client = house.client()
    for _ in range(2):  # a feed's second answer comes out of memory
        assert client.get(path).headers[HSTS] == "max-age=31536000"
