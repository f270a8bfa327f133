"""台账 to take away: a workbook, and CSV that opens in a spreadsheet as it is meant."""

import csv
import io
from contextlib import ExitStack
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from reminder.domain.registrations import Act, Registration, Signature
from reminder.ledger import registrations
from reminder.ledger.schema import registration
from reminder.office import meetings
from reminder.web.console.export import AT_ONCE, writing
from reminder.words import ENGLISH
from tests.office.test_meetings import preview
from tests.web.conftest import AT


def rows(secretary: Any, query: str) -> list[dict[str, str]]:
    answer = secretary.get(f"/console/export.csv?{query}")
    assert answer.status_code == 200
    found = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    return [row | {"编号": row.get("编号", "").removeprefix("'")} for row in found]


def book(secretary: Any, query: str = "") -> Any:
    answer = secretary.get(f"/console/export.xlsx{query}")
    assert answer.status_code == 200
    return load_workbook(io.BytesIO(answer.content))


def say(house: Any, act: Act, **values: Any) -> None:
    by = Signature("值班员", "page")
    said = {"unit": "deputies", "period": "", "task": "2026-04-1", "by": by, "plan": "npc-deputies"}
    with house.database.write() as connection:
        registrations.add(connection, Registration(AT, act, **(said | values)))


def sign(house: Any, unit: str = "helan") -> None:
    say(house, Act.SIGN, unit=unit, period="2026-04", task="")


def test_a_workbook_has_five_sheets_and_every_registration(secretary: Any, house: Any) -> None:
    say(house, Act.FINISH, percent=100, done_on=date(2026, 4, 1))
    say(house, Act.PROGRESS, percent=40, message="正在起草")
    found = book(secretary)
    assert found.sheetnames == ["事项", "签收", "登记记录", "通话", "通知"]
    for sheet in found:
        assert sheet.freeze_panes == "A2"
        assert sheet["A1"].font.bold
        assert sheet.column_dimensions["A"].width > 7
    assert found["事项"]["A2"].value == "2026-01-1"
    # Numbers and days are numbers and days.
    sheet = found["登记记录"]
    assert (sheet["I2"].value, sheet["H2"].value.date()) == (100, date(2026, 4, 1))
    first, second = rows(secretary, "table=registrations")
    assert (first["登记"], first["完成日期"]) == ("登记完成", "2026-04-01")
    assert (second["登记"], second["进度%"], second["说明"]) == ("反馈进展", "40", "正在起草")
    assert second["登记人"] == "值班员"


def test_an_office_that_speaks_english_takes_it_away_in_english(secretary: Any, house: Any) -> None:
    chinese = book(secretary)
    house.set(language=ENGLISH)
    found = book(secretary)
    assert found.sheetnames == ["Tasks", "Receipts", "Registrations", "Calls", "Notices"]
    assert [it.max_column for it in found] == [it.max_column for it in chinese]
    assert all(str(cell.value).isascii() for sheet in found for cell in sheet[1])
    row = rows(secretary, "table=tasks")[0]
    assert (row["Month"], row["Rule"]) == ("January", "month (first and last working day)")


def test_every_task_of_the_plan_stands_in_its_words(secretary: Any, house: Any) -> None:
    assert "'2026-04-1," in secretary.get("/console/export.csv").text  # not taken for a day
    found = rows(secretary, "table=tasks")
    assert [row["编号"] for row in found] == [task.id for task in house.table.plan.tasks]
    row = next(row for row in found if row["编号"] == "2026-04-1")
    assert row["时间安排"] == "4月内（4月1日—4月30日）"
    assert (row["开始"], row["结束"], row["状态"]) == ("2026-04-01", "2026-04-30", "进行中")
    assert "自治区人大常委会代表工作委员会" in row["承办单位"]


def test_states_are_said_in_words(secretary: Any, house: Any) -> None:
    with house.database.write() as connection:
        registrations.note_done(
            connection, "npc-deputies", "2026-04-1", "", date(2026, 4, 1), "", AT
        )
    say(house, Act.FINISH, task="2026-04-2", done_on=date(2026, 4, 1))
    meetings.save(house.application, preview(house.application, "sc-25", date(2026, 5, 27)))
    found = {row["编号"]: row for row in rows(secretary, "")}
    assert (found["2026-04-1"]["状态"], found["2026-04-1"]["办结日期"]) == ("已办结", "2026-04-01")
    assert found["2026-04-2"]["状态"] == "待复核"
    assert "代表工作委员会 2026-04-01" in found["2026-04-2"]["单位登记完成"]
    assert found["2026-05-1"]["状态"] == "未开始"
    assert found["2026-03-4"]["状态"] == "待确认"
    session = found["2026-05-2"]  # whose day counts
    assert (session["结束"], session["推算规则"]) == ("2026-05-26", "按会期推算")
    soft = [task.id for task in house.table.plan.tasks if task.timing.soft]
    assert {found[task]["状态"] for task in soft} <= {"未开始", "进行中"}  # never late


def test_a_task_says_how_far_it_is_in_whose_words(secretary: Any, house: Any) -> None:
    say(house, Act.PROGRESS, percent=20, message="已立项")
    say(house, Act.PROGRESS, percent=40, message="正在起草")
    say(house, Act.PROGRESS, task="2026-year-1", period="2026-03", message="邀请了3人次")
    say(house, Act.PROGRESS, task="2026-04-2", message="别处的", plan="other")
    keys = ("进度%", "最新进展", "反馈单位、反馈人", "反馈时间")
    found = {row["编号"]: tuple(row[key] for key in keys) for row in rows(secretary, "")}
    who, when = "自治区人大常委会代表工作委员会 值班员", "2026-04-01 09:00:00"
    assert found["2026-04-1"] == ("40", "正在起草", who, when)
    assert found["2026-year-1"] == ("", "邀请了3人次", who, when)
    assert found["2026-04-2"] == ("", "", "", "")
    april = {row["编号"]: row["最新进展"] for row in rows(secretary, "period=2026-04")}
    assert (april["2026-04-1"], april["2026-year-1"]) == ("正在起草", "")


def test_who_has_signed_stands_beside_who_was_asked(secretary: Any, house: Any) -> None:
    sign(house)
    found = [row for row in rows(secretary, "table=signatures") if row["月份"] == "2026年4月"]
    by_unit = {row["单位"]: row for row in found}
    assert by_unit["贺兰县人大常委会"]["签收"] == "已签收"
    assert by_unit["贺兰县人大常委会"]["时间"] == "2026-04-01 09:00:00"
    assert by_unit["中卫市人大常委会"]["签收"] == "未签收"
    every = rows(secretary, "table=signatures")
    assert {row["月份"] for row in every} == {f"2026年{month}月" for month in range(1, 5)}
    # A unit of another body is asked for none.
    others = {house.table.directory["high-court"].name, "自治区党委组织部"}
    assert not others & {row["单位"] for row in every}


def test_notices_say_what_became_of_them(secretary: Any, house: Any) -> None:
    house.application.tick()
    found = {row["编号"]: row for row in rows(secretary, "table=notices")}
    row = found["npc-deputies/digest/2026-04/helan"]
    assert (row["类型"], row["状态"]) == ("月度提示", "已接收")
    assert row["应发时间"] == "2026-04-01 09:00:00"
    assert row["接收时间"]
    assert "（已接收）" in row["收件地址"]
    assert any(row["原因"] == "启用之前，不发" for row in found.values())
    # Before the first start nobody was asked to sign.
    assert {row["月份"] for row in rows(secretary, "table=signatures")} == {"2026年4月"}


def test_a_month_is_a_part_of_every_table(secretary: Any, house: Any) -> None:
    house.application.tick()
    sign(house)
    assert {row["月份"] for row in rows(secretary, "period=2026-04")} == {"4月", "全年", "常态化"}
    assert {row["月份"] for row in rows(secretary, "table=signatures&period=2026-04")} == {
        "2026年4月"
    }
    assert len(rows(secretary, "table=registrations&period=2026-04")) == 1
    assert rows(secretary, "table=registrations&period=2026-03") == []
    notices = rows(secretary, "table=notices&period=2026-03")
    assert {row["期间"] for row in notices} == {"2026年3月"}
    assert book(secretary, "?period=2025-04")["事项"].max_row == 1


def test_csv_is_as_spreadsheets_want_it_and_nothing_else_is_taken_away(secretary: Any) -> None:
    answer = secretary.get("/console/export.csv?table=tasks&period=2026-04")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "filename*=UTF-8''%E4%BA%8B%E9%A1%B92026-04.csv" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert secretary.get("/console/export.csv?table=secrets").status_code == 404
    for period in ("2026-13", "4", "%25", "../x"):
        for kind in ("xlsx", "csv"):
            assert secretary.get(f"/console/export.{kind}?period={period}").status_code == 400


@pytest.mark.parametrize(
    "words", ["=LINK(1)", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]
)
def test_no_cell_is_a_formula(secretary: Any, house: Any, words: str) -> None:
    say(house, Act.PROGRESS, message=words, by=Signature(words, "page"))
    [row] = rows(secretary, "table=registrations")
    assert (row["说明"], row["登记人"]) == (f"'{words}", f"'{words}")
    cell = book(secretary)["登记记录"]["J2"]
    assert cell.data_type == "s"
    assert cell.value.strip() == words.strip()


def test_what_no_spreadsheet_can_hold_is_left_out(secretary: Any, house: Any) -> None:
    say(house, Act.PROGRESS, message="已\x00\x08完成\x1f\ufffe，#N/A " + "长" * 40_000)
    say(house, Act.PROGRESS, message="#N/A")
    say(house, Act.PROGRESS, message='第一行\n第二行，"引用", 完')
    first, second, third = rows(secretary, "table=registrations")
    assert "完成，#N/A " in first["说明"]
    assert "\x08" not in first["说明"]
    sheet = book(secretary)["登记记录"]
    assert len(sheet["J2"].value) < 32_767
    assert (sheet["J3"].value, sheet["J3"].data_type) == ("#N/A", "s")
    assert second["说明"] == "#N/A"
    assert third["说明"] == '第一行\n第二行，"引用", 完'


def test_thousands_of_rows_are_all_there(secretary: Any, house: Any) -> None:
    with house.database.write() as connection:
        row = {
            "act": Act.SIGN, "unit": "helan", "period": "2026-04", "task": "", "done_on": "",
            "percent": None, "message": "", "who": "值班员", "link": "page", "at": AT,
            "plan": "npc-deputies",
        }  # fmt: skip
        connection.execute(registration.insert(), [row] * 3000)
    assert len(rows(secretary, "table=registrations")) == 3000


def test_many_who_export_at_once_keep_nobody_else_waiting(secretary: Any) -> None:
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(writing)
        html = {"Accept": "text/html"}
        answer = secretary.client.get("/console/export.xlsx", headers=html)
        assert (answer.status_code, "请稍后再试" in answer.text) == (503, True)
    assert secretary.get("/console/export.csv").status_code == 200
    assert secretary.get("/console/export.csv?period=x").status_code == 400
    assert secretary.get("/console/export.csv").status_code == 200
