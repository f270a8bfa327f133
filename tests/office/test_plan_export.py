"""The table as the office prints it: what stands in which cell, in Word and in Excel."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from reminder.documents.office import load_office
from reminder.documents.settings import SHIPPED
from reminder.errors import UsageError
from reminder.office.plan_files import export_plan

SOURCE = Path(__file__).parents[1] / "data" / "plan_2026_source.txt"
HEAD = ["时间", "主要内容", "相关部门", "承办单位"]
SMALL = """\
[[meeting]]
id = "sc"
name = "第二十五次会议"
month = 4

[plan]
id = "small"
year = 2026
name = "年度安排表"
tag = "安排"
office = "代表工作委员会"
timezone = "Asia/Shanghai"

[[month]]
month = 4
lead = ["代表工作委员会"]
related = ["自治区党委组织部"]

[[month.task]]
id = "2026-04-1"
title = "=1+1"
%s

[[month.task]]
id = "2026-04-2"
title = "举办培训班"
"""


def exported(plan: Path, name: str) -> bytes:
    return export_plan(load_office(None, {"plan": plan}), Path(name))


def word_rows(content: bytes) -> list[list[str]]:
    """As python-docx sees them: a merged cell in each place that it covers."""
    (table,) = Document(BytesIO(content)).tables
    return [[cell.text for cell in row.cells] for row in table.rows]


def excel_rows(content: bytes) -> list[list[str]]:
    """Below the title; a merged cell in its first place."""
    sheet = load_workbook(BytesIO(content)).active
    return [[cell.value or "" for cell in row] for row in sheet.iter_rows(min_row=2)]


def test_the_shipped_plan_is_printed_as_its_table_was_issued() -> None:
    """But for the source's slips: units that run together, a blank at a line's end."""
    issued = [line.strip() for line in SOURCE.read_text("utf-8").split("\n")]
    *rows, note = word_rows(exported(SHIPPED / "plan" / "plan_2026.toml", "a.docx"))
    assert rows[0] == HEAD
    printed = [line for row in rows[1:] for line in row[1].split("\n")]
    tasks = [line for line in issued if line.endswith(("；", "。")) and "备注" not in line]
    assert printed == tasks
    assert [row[0] for row in rows[1:]] == [f"{month}月" for month in range(1, 13)] + ["全年"] * 3
    assert note[0].replace("\n", "") == next(line for line in issued if line.startswith("备注"))
    units = {line for row in rows[1:] for cell in row[2:] for line in cell.split("\n")}
    text = "\n".join(issued)
    assert {unit for unit in units if unit not in text} == set()


def test_word_and_excel_hold_the_same() -> None:
    plan = SHIPPED / "plan" / "plan_2026.toml"
    word, excel = word_rows(exported(plan, "a.docx")), excel_rows(exported(plan, "a.XLSX"))
    assert [row[1:] for row in excel[:-1]] == [row[1:] for row in word[:-1]]
    assert [row[0] for row in excel[-4:-1]] == ["全年", "", ""]
    assert excel[-1] == [word[-1][0], "", "", ""]


def test_pages_after_the_first_begin_with_the_heads_again() -> None:
    plan = SHIPPED / "plan" / "plan_2026.toml"
    (table,) = Document(BytesIO(exported(plan, "a.docx"))).tables
    repeated = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert repeated == [True] + [False] * (len(repeated) - 1)
    sheet = load_workbook(BytesIO(exported(plan, "a.xlsx"))).active
    assert sheet.print_title_rows == "$2:$2"


@pytest.mark.parametrize(
    ("says", "times"),
    [
        ("", ["4月"]),
        ("soft = true", ["4月"]),
        ('part = "上旬"', ["4月上旬", "4月"]),
        ("due = 2026-04-15", ["4月15日前", "4月"]),
        ("opens = 2026-04-07\ndue = 2026-04-15", ["4月7日—4月15日", "4月"]),
        ("opens = 2026-04-07", ["4月7日—4月30日", "4月"]),
        ("due = 2026-05-15", ["4月1日—5月15日", "4月"]),
        ('lead = ["办公厅"]', ["4月", "4月"]),
        ('when = "5—10月"', ["5—10月", "4月"]),
        ('when = "适时"', ["4月、适时", "4月"]),
        ('when = "3月、9月"\npart = "上旬"', ["3月上旬、9月上旬", "4月"]),
        ('when = "适时"\ndue = 2026-04-15', ["4月15日前、适时", "4月"]),
        ('when = "会前5个工作日"\nopens = 2026-04-07\nmeetings = ["sc"]', ["会前5个工作日", "4月"]),
        ('when = "5—10月"\nopens = 2026-05-06', ["5月6日—10月31日", "4月"]),
    ],
)
def test_a_task_with_a_time_or_units_of_its_own_has_a_row(
    tmp_path: Path, says: str, times: list[str]
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(SMALL % says, encoding="utf-8")
    rows = word_rows(exported(plan, "a.docx"))[1:]
    assert [row[0] for row in rows] == times
    assert "\n".join(row[1] for row in rows).split("\n") in (
        ["1.=1+1；", "2.举办培训班。"],
        ["1.=1+1。", "2.举办培训班。"],
    )


def test_sections_and_remarks_have_columns_where_there_are_any(tmp_path: Path) -> None:
    row = '\n[[month]]\nmonth = 4\nsection = "{}"\nlead = ["办公厅"]\n[[month.task]]\n'
    task = 'id = "t-{0}"\ntitle = "工作{0}"\nremark = "第{0}项"\n'
    plan = tmp_path / "plan.toml"
    rows = (row.format(name) + task.format(n) for n, name in enumerate(("会议", "会议", "调研")))
    plan.write_text(SMALL % "" + "".join(rows), encoding="utf-8")
    content = exported(plan, "a.docx")
    assert [(row[0], row[1], row[5]) for row in word_rows(content)] == [
        ("类别", "时间", "备注"),
        ("", "4月", ""),
        ("会议", "4月", "第0项"),
        ("会议", "4月", "第1项"),
        ("调研", "4月", "第2项"),
    ]
    document = Document(BytesIO(content))
    cells = [row._tr.tc_lst for row in document.tables[0].rows[2:]]
    assert [[cell.vMerge for cell in row[:2]] for row in cells] == [
        ["restart", "restart"],
        ["continue", "continue"],
        [None, None],
    ]
    assert document.sections[0].page_width > document.sections[0].page_height


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(re.sub(r"(?s)%s.*", "", SMALL), encoding="utf-8")
    sheet = load_workbook(BytesIO(exported(plan, "a.xlsx"))).active
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("=1+1。", "s")


def test_remarks_with_units_of_their_own_are_rows(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    remark = '[[standing]]\nid = "s-1"\ntitle = "推送资料"\nlead = ["办公厅"]\n'
    plan.write_text(SMALL % "" + remark, encoding="utf-8")
    *_, last = word_rows(exported(plan, "a.docx"))
    assert last == ["常态化", "推送资料。", "", "办公厅"]


def test_what_is_higher_than_a_row_of_excel_goes_on_in_the_next(tmp_path: Path) -> None:
    task = '\n[[month.task]]\nid = "t-{0}"\ntitle = "{1}"\n'
    plan = tmp_path / "plan.toml"
    many = "".join(task.format(n, "研究起草有关意见，提请会议审议" * 3) for n in range(9))
    plan.write_text(SMALL % "" + many, encoding="utf-8")
    content = exported(plan, "a.xlsx")
    sheet = load_workbook(BytesIO(content)).active
    assert [row[0] for row in excel_rows(content)] == ["时间", "4月", ""]
    assert {str(area) for area in sheet.merged_cells.ranges} >= {"A3:A4", "C3:C4", "D3:D4"}
    lines = [line for row in excel_rows(content)[1:] for line in row[1].split("\n")]
    assert [line.partition(".")[0] for line in lines] == [str(n) for n in range(1, 12)]
    assert max(dimension.height for dimension in sheet.row_dimensions.values()) < 409


def test_a_name_for_another_program_is_refused() -> None:
    with pytest.raises(UsageError, match=r"wanted \.docx or \.xlsx"):
        exported(SHIPPED / "plan" / "plan_2026.toml", "table.pdf")
