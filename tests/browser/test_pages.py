"""Every page as a browser shows it: axe finds nothing, nothing is wider than a phone; a unit's."""

import socket
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from reminder.domain.registrations import Signature
from reminder.office.lookup import find_task, find_unit
from reminder.office.registrations import finish
from tests.browser.conftest import Served, faults, overflow, serving

pytestmark = pytest.mark.long

LEAD, RELATED = "deputies", "helan"


def link(served: Served, unit: str) -> str:
    return served.link_in(served.app.table.directory[unit].to[0])


def test_local_pages_and_what_a_stranger_reads_are_accessible_and_fit_a_phone(
    context: BrowserContext, page: Page, served: Served
) -> None:
    stranger = context.new_page()  # the browser itself logs a 403 as an error
    for path in ("/", "/outbox"):
        stranger.goto(served.base + path)
        expect(stranger.get_by_text("reminder console url")).to_be_visible()
        assert faults(stranger) == []
        assert overflow(stranger) <= 0
    for path in ("/", "/outbox"):
        page.goto(served.page(path))
        assert page.url == served.base + path
        assert faults(page) == []
        assert overflow(page) <= 0


def test_a_mail_fits_a_phone_whatever_somebody_typed(page: Page, served: Served) -> None:
    app = served.app
    unit, task = find_unit(app, "deputies"), find_task(app, "2026-04-1")
    finish(app, unit, task, Signature("值班员", "page"), done_on=date(2026, 4, 1), words="W" * 200)
    served.app.tick()
    html = served.mail("deputies@", "登记回执").get_body(("html",))
    assert html is not None
    page.set_content(html.get_content())
    assert overflow(page) <= 0


@pytest.mark.long
@pytest.mark.parametrize("unit", [LEAD, RELATED])
def test_the_page_is_accessible_and_fits_a_phone(page: Page, served: Served, unit: str) -> None:
    page.goto(link(served, unit))
    for _ in range(2):
        assert faults(page) == []
        assert overflow(page) <= 0
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.goto(link(served, unit) + "/mails")
    page.get_by_role("main").get_by_role("listitem").get_by_role("link").first.click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("工作提示")
    assert faults(page) == []


def test_a_refused_form_is_where_the_reader_is(context: BrowserContext, served: Served) -> None:
    page = context.new_page()  # the browser itself logs a 422 as an error
    page.goto(link(served, LEAD))
    page.get_by_text("登记进展或完成").first.click()
    page.get_by_label("登记人").nth(1).fill("值班员")
    page.get_by_role("button", name="提交反馈").first.click()
    expect(page.get_by_text("请填写进展情况或进度").nth(1)).to_be_in_viewport()
    assert faults(page) == []


def test_the_address_is_copied_by_a_click(page: Page, served: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(link(served, RELATED))
    page.get_by_role("button", name="复制地址").click()
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("日历地址").input_value()


def test_the_link_reaches_no_other_request_by_its_referrer(page: Page, served: Served) -> None:
    """A proxy logs referrers: the style sheet's request must not carry a link into its log."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    address = link(served, LEAD)
    page.goto(address)
    page.get_by_label("登记人").first.fill("值班员")
    page.get_by_role("button", name="确认签收").click()
    expect(page.get_by_role("status")).to_contain_text("已签收")
    page.goto(address + "/mails")
    page.get_by_role("main").get_by_role("listitem").get_by_role("link").first.click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("工作提示")
    referrers = [request.all_headers().get("referer", "") for request in asked]
    assert any(request.url.endswith("style.css") for request in asked)
    assert set(referrers) <= {"", served.base + "/"}


@pytest.mark.long
def test_a_units_page_in_english_is_accessible_and_fits_a_phone(page: Page, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with serving(tmp_path, listener, base, language="en") as served:
        for unit in (LEAD, RELATED):
            page.goto(link(served, unit))
            for folded in page.locator("summary").all():
                folded.click()
            assert page.locator("html").get_attribute("lang") == "en"
            assert faults(page) == []
            assert overflow(page) <= 0
        page.get_by_role("button", name="Copy the address").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
