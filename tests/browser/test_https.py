"""An https site behind the nginx of the recipe, in a real browser."""

import re
import socket
from pathlib import Path

import pytest
from playwright.sync_api import expect

from reminder.office.login import set_password
from tests.browser.conftest import launched, serving
from tests.nginx import NAME, free_port, nginx, recipe

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery"


def test_who_comes_over_http_signs_or_logs_in_over_https(tmp_path: Path) -> None:
    listener, http, https = socket.create_server(("127.0.0.1", 0)), free_port(), free_port()
    to, folder = listener.getsockname()[1], tmp_path / "nginx"
    with (
        serving(tmp_path, listener, f"https://{NAME}:{https}") as served,
        nginx(folder, https, recipe(folder, http, https, to)),
        launched(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser,
        browser.new_context(ignore_https_errors=True) as context,
    ):
        page, link = context.new_page(), served.link_in("deputies@")
        page.goto(link.replace(served.base, f"http://{NAME}:{to}"))
        assert page.url == link
        page.get_by_label("登记人").first.fill("值班员")
        page.get_by_role("button", name="确认签收").click()
        expect(page.get_by_role("status")).to_contain_text("已签收")
        set_password(served.app, PASSWORD)
        page.goto(served.page("/console"))
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("年度代表工作安排表")
        page.goto(f"{served.base}/outbox")
        page.get_by_role("link", name=re.compile("承办2项")).first.click()
        expect(page.frame_locator("iframe").locator("body")).to_contain_text("工作提示")
        assert all(re.match("__Host-", str(each.get("name"))) for each in context.cookies())
