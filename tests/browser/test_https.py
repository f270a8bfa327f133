"""An https site behind the nginx of the recipe, in a real browser."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from reminder.office.login import set_password
from tests.browser.conftest import Served, launched, serving
from tests.nginx import NAME, free_port, nginx, recipe

PASSWORD = "correct horse battery"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Served, int]]:
    """And the port by which it is reached over http, past nginx."""
    listener, http, https = socket.create_server(("127.0.0.1", 0)), free_port(), free_port()
    to = listener.getsockname()[1]
    folder = tmp_path / "nginx"
    with (
        serving(tmp_path, listener, f"https://{NAME}:{https}") as served,
        nginx(folder, https, recipe(folder, http, https, to)),
    ):
        yield served, to


@pytest.fixture
def browser_page() -> Iterator[Page]:
    rules = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    with launched(rules) as browser, browser.new_context(ignore_https_errors=True) as context:
        yield context.new_page()


def test_a_unit_that_opens_its_link_over_http_signs_over_https(
    site: tuple[Served, int], browser_page: Page
) -> None:
    served, to = site
    page, link = browser_page, served.link_in("deputies@")
    page.goto(link.replace(served.base, f"http://{NAME}:{to}"))
    assert page.url == link
    page.get_by_label("登记人").first.fill("值班员")
    page.get_by_role("button", name="确认签收").click()
    expect(page.get_by_role("status")).to_contain_text("已签收")
    assert all(re.match("__Host-", str(found.get("name"))) for found in page.context.cookies())


def test_the_secretariat_logs_in_by_the_address_and_reads_the_outbox(
    site: tuple[Served, int], browser_page: Page
) -> None:
    served, _ = site
    set_password(served.app, PASSWORD)
    page = browser_page
    page.goto(served.page("/console"))
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("年度代表工作安排表")
    page.goto(f"{served.base}/outbox")
    page.get_by_role("link", name=re.compile("承办2项")).first.click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("工作提示")
