"""From the mail to 办结 and back: a unit answers, the secretariat sees it, the calendar follows."""

import re
from datetime import datetime
from time import monotonic
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from reminder.clock import Clock
from reminder.ledger.access import FEED, LinkView
from reminder.office.login import set_password
from tests.browser.conftest import Served, faults

pytestmark = pytest.mark.long

LEAD, OTHER = "deputies", "general-office"
PASSWORD = "correct horse battery"
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>"
CONSOLE = (
    "",
    "/sheet",
    "/month",
    "/units",
    f"/units/{LEAD}",
    "/ledger",
    "/outgoing",
    "/meetings",
    "/plan",
    "/links",
)


@pytest.fixture
def secretary(chromium: Browser, served: Served) -> Page:
    """At a desk, logged in by the password."""
    set_password(served.app, PASSWORD)
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = context.new_page()
    page.goto(served.page("/console"))
    assert faults(page) == []
    log_in(page)
    return page


def log_in(page: Page) -> None:
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("年度代表工作安排表")


def feed(served: Served, name: str) -> str:
    with urlopen(LinkView(FEED, name).address(served.base, served.app.key)) as answer:
        return str(answer.read().decode())


def feed_until(served: Served, name: str, words: str) -> bool:
    """A poll may be answered from memory for a second more."""
    end = monotonic() + 5
    while monotonic() < end:
        if words in feed(served, name):
            return True
    return False


def test_what_a_unit_reports_is_sent_back_then_confirmed_and_its_calendar_says_so(
    page: Page, served: Served, secretary: Page
) -> None:
    lead, other = (served.app.table.directory[unit].to[0] for unit in (LEAD, OTHER))
    page.goto(served.link_in(lead))
    page.get_by_label("登记人").first.fill("值班员")
    page.get_by_role("button", name="确认签收").click()
    expect(page.get_by_role("status")).to_contain_text("已签收")
    page.get_by_text("登记进展或完成").first.click()
    page.get_by_label("进展情况").first.fill("方案已报")
    page.get_by_label("进度").first.fill("60")
    page.get_by_role("button", name="提交反馈").first.click()
    expect(page.get_by_text("值班员 反馈进展 60%：方案已报")).to_be_visible()
    finish(page, ATTACK)
    assert faults(page) == []
    assert "✓" not in feed(served, LEAD)

    secretary.goto(f"{served.base}/console")
    expect(secretary.get_by_text(ATTACK, exact=True)).to_be_visible()
    expect(secretary.get_by_role("link", name="4月签收")).to_contain_text("1/")
    assert faults(secretary) == []
    secretary.get_by_text("退回", exact=True).first.click()
    secretary.get_by_label("退回原因").first.fill("请补充文号")
    secretary.get_by_role("button", name="退回").first.click()
    page.reload()
    expect(page.get_by_text("已退回：请补充文号").first).to_be_visible()
    finish(page, "12号文")
    secretary.goto(f"{served.base}/console")
    secretary.get_by_role("button", name="确认办结").click()
    expect(secretary.get_by_role("status")).to_be_visible()

    page.reload()
    expect(page.get_by_text(re.compile("已办结")).first).to_be_visible()
    assert feed_until(served, LEAD, "✓")
    assert "✓" not in feed(served, "plan")
    served.app.tick()
    receipt = served.mail_to(lead, "登记回执")
    assert "如非本单位操作，请联系" in receipt
    assert ATTACK not in receipt  # who has the link writes no mails

    # The other lead of the same task knows of the office's word, and of nothing else.
    page.context.clear_cookies()
    page.goto(served.link_in(other))
    expect(page.get_by_text(re.compile("已办结")).first).to_be_visible()
    assert ATTACK not in page.content()
    assert "值班员" not in page.content()


def finish(page: Page, words: str) -> None:
    page.get_by_text("登记进展或完成").first.click()
    page.get_by_label("说明").first.fill(words)
    page.get_by_role("button", name="登记完成").first.click()
    expect(page.get_by_text("待复核（已登记4月1日完成）").first).to_be_visible()


def test_the_table_is_edited_on_a_phone_and_calendars_follow_when_it_is_published(
    served: Served, secretary: Page
) -> None:
    plan = f"{served.base}/console/plan"
    secretary.set_viewport_size({"width": 375, "height": 812})
    secretary.goto(plan)
    row = secretary.locator("tr", has_text="组织列席代表座谈会")
    row.get_by_role("link", name="修改").click()
    secretary.get_by_label("主要内容").fill("组织列席代表座谈会（改）")
    secretary.get_by_label("简称").fill("座谈会改")
    secretary.get_by_role("button", name="保存到修改稿").click()
    expect(row).to_contain_text("已改")
    expect(row).to_be_in_viewport()
    row.get_by_role("link", name="修改").click()
    secretary.get_by_label("移到哪个月").select_option("11月")
    secretary.get_by_role("button", name="移到该月").click()
    expect(row).to_contain_text("11月")
    secretary.get_by_role("link", name="新增", exact=False).first.click()
    secretary.get_by_label("主要内容").fill(ATTACK)
    secretary.get_by_label("时间", exact=False).first.fill("6月上旬")
    secretary.get_by_label("承办单位", exact=False).fill("代表工作委员会")
    secretary.get_by_role("button", name="保存到修改稿").click()
    expect(secretary.get_by_text("2处修改尚未发布")).to_be_visible()
    assert "座谈会（改）" not in feed(served, LEAD)
    secretary.get_by_role("link", name="查看影响并发布").click()
    secretary.get_by_label("不通知").check()
    secretary.get_by_role("button", name="发布", exact=True).click()
    assert feed_until(served, LEAD, "座谈会（改）")
    secretary.goto(plan)
    expect(row).not_to_contain_text("已改")
    expect(secretary.get_by_role("rowheader", name=ATTACK)).to_be_visible()
    assert "month = 11" in served.app.office.contents["plan/plan_2026.toml"].decode()


def test_a_secretary_with_a_phone_notes_a_call_and_signs_for_who_has_answered(
    served: Served, secretary: Page
) -> None:
    served.app.clock = Clock(datetime.fromisoformat("2026-04-07T10:00+08:00"))
    secretary.set_viewport_size({"width": 375, "height": 812})
    secretary.goto(f"{served.base}/console")
    log_in(secretary)  # a week later
    row = secretary.locator("#calls ~ * tr", has_text="贺兰县人大常委会")
    row.get_by_text("记录通话、代签收").click()
    row.get_by_label("内容").fill("下午再打")
    row.get_by_role("button", name="记下通话").click()
    expect(secretary.get_by_role("status")).to_be_in_viewport()
    expect(row).to_contain_text("已联系：下午再打")
    row.get_by_text("记录通话、代签收").click()
    row.get_by_label("通话人").fill("值班员")
    row.get_by_role("button", name="代签收").click()
    expect(secretary.get_by_role("status")).to_contain_text("已代签收")
    expect(row).to_have_count(0)
    secretary.goto(served.link_in(served.app.table.directory["helan"].to[0]))
    expect(secretary.get_by_text("值班员（电话告知，")).to_be_visible()


def test_on_a_phone_the_year_opens_at_its_month_and_who_logs_out_sees_no_page(
    served: Served, secretary: Page
) -> None:
    expect(secretary.locator("details.fold[open]")).to_have_count(13)
    secretary.set_viewport_size({"width": 375, "height": 812})
    secretary.reload()  # on a phone the year opens at its month
    expect(secretary.locator("details.fold[open]")).to_have_count(1)
    expect(secretary.locator("details.fold[open] summary")).to_contain_text("4月")
    secretary.get_by_role("button", name="退出").click()
    for path in CONSOLE:
        secretary.goto(f"{served.base}/console{path}")
        expect(secretary.get_by_role("heading", level=1)).to_have_text("登录")


def test_the_year_is_printed_on_one_sheet_of_a4_across(served: Served, secretary: Page) -> None:
    secretary.goto(f"{served.base}/console/sheet")
    printed = secretary.pdf(prefer_css_page_size=True)
    assert re.findall(rb"/Type /Page\b", printed) == [b"/Type /Page"]
    [box] = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert [round(float(points) / 72 * 25.4) for points in box] == [297, 210]


def test_a_mails_link_opens_out_of_its_frame_where_forms_work(page: Page, served: Served) -> None:
    page.goto(served.page("/outbox"))
    page.get_by_role("link", name=re.compile("贺兰县|承办2项")).first.click()
    with page.expect_popup() as opened:
        page.frame_locator("iframe").get_by_role("link").first.click()
    unit = opened.value
    unit.get_by_label("登记人").first.fill("值班员")
    unit.get_by_role("button", name="确认签收").click()
    expect(unit.get_by_role("status")).to_contain_text("已签收")
