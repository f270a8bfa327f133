"""One month: its tasks with their lights, who has signed, what became of its mails."""

import re
from typing import Any

import pytest

from reminder.domain.notices import Reason, State
from reminder.domain.registrations import Signature
from reminder.office import registrations
from tests.web.console.conftest import (
    LEADER,
    RELATED,
    Secretary,
    at,
    logged_in,
    put,
    sign,
)


def cell(page: str, unit: str) -> str:
    """The row of that unit in the table of signings."""
    rows = page[page.index("签收与邮件") :].split("<tr>")
    [row] = [row for row in rows if f'href="/console/units/{unit}"' in row]
    return row


def test_every_month_has_its_page_and_the_live_one_needs_no_name(secretary: Secretary) -> None:
    page = secretary.get("/console/month").text
    assert "<h1>4月" in page
    assert 'href="/console/month/2026-04" aria-current="page"' in page
    for month in range(1, 13):
        assert f"<h1>{month}月" in secretary.get(f"/console/month/2026-{month:02}").text


def test_tasks_stand_with_wording_units_and_reports(house: Any, secretary: Secretary) -> None:
    app, by = house.application, Signature("值班员", f"page/{LEADER}/1")
    unit, task = house.table.directory[LEADER], house.table.plan.by_id["2026-04-2"]
    registrations.report_progress(app, unit, task, by, words="方案已报批 <i>", percent=60)
    page = secretary.get("/console/month/2026-04").text
    for task in house.table.month_tasks(4):
        assert task.title in page
    for words in ("4月内（4月1日—4月30日）", "各市、县（区）人大常委会（27个）", "办公厅"):
        assert words in page
    for words in ("反馈进展 60%", "方案已报批 &lt;i&gt;"):
        assert words in page


def test_who_has_signed_who_has_not_and_who_is_not_asked(house: Any, secretary: Secretary) -> None:
    sign(house, RELATED)
    page = secretary.get("/console/month").text
    assert re.search("已签收1/3[0-9]<", page)
    for words in ("已签收", "值班员，", "未登记联系人"):
        assert words in cell(page, RELATED)
    assert "未签收" in cell(page, "xingqing")
    assert page.index("xingqing") < page.rindex(f"/console/units/{RELATED}")
    page = secretary.get("/console/month/2026-02").text
    parallel = {unit.id for unit in house.table.directory.single if unit.relation == "parallel"}
    assert (reached := parallel & set(house.table.reached(2)))
    assert all("无需签收" in cell(page, unit) for unit in reached)


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (State.REFUSED, Reason.NO_ADDRESS, "需另行告知"),
        (State.HELD, Reason.APPROVAL, "待审核"),
        (State.EXPIRED, Reason.DROPPED, "已取消"),
    ],
)
def test_a_mails_state_stands_in_words(
    house: Any, secretary: Secretary, state: State, reason: Reason, words: str
) -> None:
    put(house, RELATED, reason, state)
    assert words in cell(secretary.get("/console/month").text, RELATED)


@pytest.mark.parametrize(("year", "month"), [(2025, 1), (2027, 12)])
def test_out_of_the_plans_year_the_nearest_month_is_shown(
    house: Any, year: int, month: int
) -> None:
    at(house, f"{year}-06-01T10:00+08:00")
    client = logged_in(house)
    assert f"<h1>{month}月" in client.get("/console/month").text
    assert client.get("/console").status_code == 200
