"""Text without a table: headings, numbered items, a month before its tasks."""

import pytest

from reminder.documents.plan_import.importing import NoTasksError
from reminder.documents.tables.grid import Table
from tests.documents.plan_import.grids import asked, draft, rows

TITLE = "常委会办公厅2026年工作要点"


def outline(text: str) -> Table:
    return Table((), (TITLE, *filter(None, map(str.strip, text.split("\n")))))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            """一月份
            1.召开会议。
            2.组织培训（代表工委）。
            二月
            慰问（代表工委）；
            走访（代表工委）。""",
            [
                "1月|召开会议|office|",
                "1月|组织培训|deputies|",
                "2月|慰问|deputies|",
                "2月|走访|deputies|",
            ],
        ),
        (
            """为做好工作，制定本要点。
            一、代表工作
            （一）召开会议。6月底前完成。（牵头单位：办公厅；配合单位：高院）
            （二）组织视察（责任单位：代表工委；完成时限：10月15日）
            办公厅
            2026年1月5日""",
            [
                "6月底前|召开会议。6月底前完成|office|court",
                "10月15日前|组织视察|deputies|",
            ],
        ),
        (
            """一、二季度
            （一）4—6月：环境整治。（责任单位：办公厅）
            （二）5月：组织视察（代表工委）。""",
            ["4—6月|环境整治|office|", "5月|组织视察|deputies|"],
        ),
        (
            """1.茶话会
            时间：1月25日
            承办单位：代表工委
            2.运动会
            时间：4月中旬
            承办单位：办公厅
            配合单位：高院""",
            ["1月25日|茶话会|deputies|", "4月中旬|运动会|office|court"],
        ),
        (
            """三月份
            1.召开会议
            五、六月份
            1.组织视察""",
            ["3月|召开会议|office|", "五月、六月份|组织视察|office|"],
        ),
        (
            """一、二月份
            1.召开会议
            二、三月份
            1.组织视察""",
            ["2月|召开会议|office|", "3月|组织视察|office|"],
        ),
        (
            """9月
            1.召开会议（责任单位：办公厅）
            10月—次年3月
            1.组织视察（责任单位：办公厅；完成时间：10月10日—15日）""",
            ["9月|召开会议|office|", "10月10日—15日|组织视察|office|"],
        ),
        (
            """1.召开会议（1月，办公厅）；
            2.1月20日前报送总结（办公厅）；
            3.2026年4月15日前修订方案（办公厅）。
            注：如有变化另行通知。""",
            [
                "1月|召开会议|office|",
                "1月20日前|1月20日前报送总结|office|",
                "4月15日前|2026年4月15日前修订方案|office|",
            ],
        ),
    ],
)
def test_text_without_a_doubt(text: str, wanted: list[str]) -> None:
    taken = draft(outline(text))
    assert (rows(taken), [one for one in asked(taken) if "empty.lead" not in one]) == (wanted, [])


@pytest.mark.parametrize(
    ("text", "wanted", "questions"),
    [
        (
            "4月\n表彰筹备\n读书月启动",
            ["4月|表彰筹备|office|", "4月|读书月启动|office|"],
            ["4 split.lines"],
        ),
        (
            "4月\n1.召开会议（代表工委）\n2.组织培训",
            ["4月|召开会议|deputies|", "4月|组织培训|office|"],
            ["4 empty.lead"],
        ),
        (
            "一、工作\n1.5月召开会议\n二、工作要求\n1.加强领导",
            ["5月|5月召开会议|office|"],
            ["4 text.left-out"],
        ),
        (
            "1.召开会议\n备注：每周一例会",
            ["year|召开会议|office|"],
            ["2 time.none", "3 text.left-out"],
        ),
    ],
)
def test_text_with_doubts(text: str, wanted: list[str], questions: list[str]) -> None:
    taken = draft(outline(text))
    assert (rows(taken), asked(taken)) == (wanted, questions)


def test_a_table_that_lost_its_cells_is_no_text() -> None:
    with pytest.raises(NoTasksError):
        draft(outline("时间\n主要内容\n承办单位\n4月\n召开会议\n办公厅"))
