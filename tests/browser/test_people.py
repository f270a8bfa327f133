"""Accounts in a browser: made by an admin, opened by a link, on a telephone as well."""

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reminder.domain.persons import AccountRole
from reminder.office.links import ticket_address
from reminder.office.persons import add_person
from tests.browser.conftest import Served, faults, overflow

pytestmark = pytest.mark.long

PASSWORD = "correct horse battery"


def sound(page: Page) -> None:
    for width in (320, 1200):
        page.set_viewport_size({"width": width, "height": 812})
        assert overflow(page) <= 0, page.url
    assert faults(page) == []


def chosen(page: Page, link: str) -> None:
    page.goto(link)
    sound(page)
    page.get_by_label("密码（至少10个字符）").fill(PASSWORD)
    page.get_by_label("再输一遍").fill(PASSWORD)
    page.get_by_role("button", name="设置密码").click()


def log_in(page: Page, name: str) -> None:
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def test_an_admin_lets_somebody_in_who_then_uses_a_code(
    context: BrowserContext, page: Page, served: Served
) -> None:
    word = add_person(served.app, "chen", "陈某", AccountRole.ADMIN)
    chosen(page, ticket_address(served.app, served.base, word))
    expect(page.get_by_role("status")).to_contain_text("密码已设置")
    sound(page)
    log_in(page, "chen")
    page.get_by_role("link", name="人员").click()
    sound(page)
    page.get_by_label("姓名").fill("王某")
    page.get_by_label("用户名").fill("wangmin")
    page.get_by_role("button", name="添加").click()
    sound(page)
    link = page.get_by_label("链接", exact=True).input_value()
    page.get_by_role("button", name="退出", exact=True).click()
    chosen(page, link)
    log_in(page, "wangmin")
    expect(page.get_by_role("link", name="人员")).to_have_count(0)
    page.get_by_role("link", name="王某").click()
    sound(page)
    page.get_by_role("link", name="启用").click()
    sound(page)
    secret = page.locator('input[name="secret"]').input_value()
    page.get_by_label("手机上显示的6位数字").fill(pyotp.TOTP(secret).at(served.app.clock.now()))
    page.get_by_label("登录密码").fill(PASSWORD)
    page.get_by_role("button", name="启用").click()
    expect(page.get_by_role("status")).to_contain_text("两步验证已启用")
    page.get_by_text("换手机或停用").click()
    sound(page)
