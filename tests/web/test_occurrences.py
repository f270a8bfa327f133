"""Tasks that have several times, or one of several months: what a unit and the secretariat see of
each, and register of it."""

import csv
import io
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.domain.plan import Task
from reminder.domain.registrations import Signature
from reminder.ledger.notices import content_of
from reminder.ledger.views import read_notices
from reminder.mail.mime import read
from reminder.office import completion
from tests.domain.builders import LEADER, RELATED, at, at_times, task, timetable
from tests.web.console.conftest import logged_in
from tests.web.test_units import Visitor, parts, use

BY = Signature("", "console")
JULY, TODAY = "w-1@2026-07", at(7, 27)


def monthly() -> list[Task]:
    return at_times("每月", title="报送代表履职信息")


def visitor(house: Any, *tasks: Task, moment: datetime = TODAY) -> Visitor:
    use(house, timetable(*tasks), moment)
    return Visitor(house, LEADER)


def test_one_time_is_registered_and_confirmed_and_no_other(house: Any) -> None:
    unit = visitor(house, *monthly())
    assert unit.finish(task=JULY, done_on="2026-07-27").status_code == 303
    assert unit.said()[0].task == JULY
    page = unit.see()
    assert "待复核（已登记7月27日完成）" in parts(page, "7月承办（1项）")
    assert "待确认" in parts(page, "前期事项（待确认6项）")
    console = logged_in(house)
    assert "<h3>报送代表履职信息（7月）</h3>" in console.get("/console").text
    completion.confirm(house.application, LEADER, JULY, "", BY)
    assert set(house.application.progress().done) == {JULY}
    assert "已办结（7月27日）" in unit.see()
    assert "报送代表履职信息（7月）" in console.get(f"/console/units/{LEADER}").text


@pytest.mark.parametrize(
    ("words", "moment", "key", "named"),
    [
        ("每月25日前", at(7, 10), "w-1@2026-07", "（7月）"),
        ("每季度", at(9, 10), "w-1@2026-07", "（第三季度）"),
        ("每半年", at(6, 10), "w-1@2026-01", "（上半年）"),
        ("3—4月、7—8月", at(8, 10), "w-1@2026-07", "（7—8月）"),
        ("4月10日、4月20日", at(4, 9), "w-1@2026-04-10", "（4月10日）"),
        ("5—10月", at(7, 10), "w-1", ""),
    ],
)
def test_a_receipt_names_the_time_of_a_task_that_has_several(
    house: Any, words: str, moment: datetime, key: str, named: str
) -> None:
    unit = visitor(house, *at_times(words, title="报送信息"), moment=moment)
    assert unit.report(task=key, words="已报").status_code == 303
    house.application.tick()
    page = unit.client.get(f"{unit.url}/mails").text
    assert f"登记回执：反馈进展 报送信息{named}</span>" in page


def test_a_report_on_what_goes_on_for_months_stays_in_sight(house: Any) -> None:
    unit = visitor(house, *at_times("5—10月"), moment=at(6, 10))
    unit.finish(task="w-1", done_on="2026-06-10")
    use(house, house.table, at(7, 10))
    assert "待复核" in parts(unit.see(), "前期事项（已登记1项）")


def test_the_year_counts_a_task_once_and_each_of_its_months_shows_it(house: Any) -> None:
    use(house, timetable(*at_times("5—7月"), *at_times("10月—次年3月", 2)), at(8, 10))
    console = logged_in(house)
    year = console.get("/console").text
    assert '<strong>1</strong><span class="pill red">待确认</span>' in year
    assert re.findall(r"<h3>(\d+月) <small>1项", year) == ["7月", "12月"]
    for month, names in (("05", 1), ("07", 1), ("08", 0), ("10", 1), ("12", 1)):
        page = console.get(f"/console/month/2026-{month}").text
        assert len(re.findall(r"<h3>[^<]*的工作</h3>", page)) == names, month


def test_the_secretariat_closes_a_future_time_on_its_month(house: Any) -> None:
    use(house, timetable(*monthly()), at(7, 27))
    console = logged_in(house)
    page = console.get("/console/month/2026-09").text
    [key] = re.findall(r'name="task" value="(w-1[^"]*)"', page)
    form = {"form": "", "back": "/console/month/2026-09", "unit": "", "task": key, "period": ""}
    answer = console.post("/console/done", data=form | {"done_on": "2026-07-27"})
    assert answer.status_code == 303
    assert set(house.application.progress().done) == {"w-1@2026-09"}


def test_a_span_says_which_of_its_months_this_is(house: Any) -> None:
    unit = visitor(house, *at_times("5—10月"), moment=at(7, 10))
    assert "5—10月（5月6日—10月30日） · 第3个月" in parts(unit.see(), "7月承办（1项）")


def test_what_the_table_says_beside_a_task_stands_on_pages_and_in_no_mail(house: Any) -> None:
    said = {"section": "一、调研", "remark": "与<b>结合", "source": "宁人常〔2026〕1号"}
    use(house, timetable(replace(task(7), **said)), at(7, 1))
    words = "类别：一、调研　备注：与&lt;b&gt;结合　依据文件：宁人常〔2026〕1号"
    for name in (LEADER, RELATED):
        assert words in Visitor(house, name).see()
    assert words in logged_in(house).get("/console/month/2026-07").text
    assert house.application.tick().sent
    with house.database.read() as connection:
        [key] = [view.key for view in read_notices(connection, unit=LEADER, kind=Kind.DIGEST)][-1:]
        mail = content_of(connection, key)
    assert "一、调研" not in read(mail)[0].text


def test_the_export_has_a_row_for_each_time_of_a_task(house: Any) -> None:
    use(house, timetable(*at_times("5—10月"), *at_times("每半年", 2)), at(7, 10))
    answer = logged_in(house).get("/console/export.csv", params={"table": "tasks"})
    rows = [row[:2] for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert rows[1:] == [["w-1", "5—10月"], ["w-2@2026-01", "1—6月"], ["w-2@2026-07", "7—12月"]]
