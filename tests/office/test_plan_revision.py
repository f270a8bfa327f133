"""A table that was printed, and perhaps edited, is taken in again."""

from pathlib import Path

import pytest
from docx import Document

from reminder.documents.office import load_office
from reminder.documents.settings import SHIPPED
from reminder.domain.plan_changes import Difference
from reminder.errors import ConfigurationError
from reminder.office.plan_files import Comparison, compare_files, export_plan
from reminder.office.plan_import import PlanImport, import_plan

ISSUED = Path(__file__).parents[1] / "data" / "plan_2026_source.txt"
SHIPPED_PLAN = SHIPPED / "plan" / "plan_2026.toml"
# What no table says stands here too: sessions' dates, days, parts, a short title.
EVERY_FORM = """\
[plan]
id = "forms"
year = 2026
name = "2026年度重点工作安排表"
tag = "重点"
office = "代表工作委员会"
timezone = "Asia/Shanghai"

[[meeting]]
id = "sc-25"
name = "自治区十三届人大常委会第二十五次会议"
month = 5
date = 2026-05-27
until = 2026-05-29

[[month]]
month = 4
section = "会议"
lead = ["代表工作委员会"]
related = ["各市、县（区）人大常委会"]
task = [
    { id = "t-1", title = "召开部署会议", short = "部署会议" },
    { id = "t-2", title = "开展调研", part = "中旬" },
    { id = "t-3", title = "提请审议意见", when = "适时" },
    { id = "t-4", title = "汇总意见；报送主任会议", due = 2026-04-18, exact = true },
    { id = "t-5", title = "组织视察", opens = 2026-04-07, due = 2026-04-20 },
    { id = "t-6", title = "通报情况", lead = ["办公厅"], remark = "书面", source = "〔2026〕3号" },
]
"""
ROW = """
[[month]]
when = "{when}"
lead = ["代表工作委员会"]
task = [{{ id = "w-{n}", title = "第{n}类工作"{more} }}]
"""
SESSION = ', meetings = ["sc-25"]'
REST = """
[[year-round]]
id = "y-1"
title = "做好资格审查工作"
lead = ["代表工作委员会"]

[[year-round]]
id = "y-2"
title = "报送工作情况"
when = "每季度末"
lead = ["代表工作委员会"]

[[standing]]
id = "s-1"
title = "推送有关资料"
lead = ["办公厅"]
source = "〔2026〕1号"
"""
TIMES = """5—10月 10月—次年3月 第三季度 上半年 4月上旬 4月初 4月底前 年底前 4月15日 4月15日前
4月10日—15日 4月10日—5月8日 每月 每月25日前 每季度首月20日前 每半年 3—4月、7—8月、12月
每月、适时 全年"""


def every_form() -> str:
    rows = [ROW.format(n=n, when=when, more="") for n, when in enumerate(TIMES.split())]
    rows += [
        ROW.format(n=f"9{n}", when=when, more=SESSION)
        for n, when in enumerate(("会前5个工作日", "会前10日", "会后1个月内"))
    ]
    return EVERY_FORM + "".join(rows) + REST


def printed(plan: Path, name: str) -> Path:
    file = plan.parent / name
    file.write_bytes(export_plan(load_office(None, {"plan": plan}), file))
    return file


def taken_in(file: Path, plan: Path | None) -> tuple[PlanImport, Path]:
    taken = import_plan(None, file, 0, None, 2026, plan)
    path = file.with_suffix(".new.toml")
    path.write_text(taken.text, encoding="utf-8")
    return taken, path


def compared(plan: Path, new: Path) -> Comparison:
    return compare_files(None, plan, new)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    plan = tmp_path / "plan.toml"
    plan.write_bytes(SHIPPED_PLAN.read_bytes())
    return plan


@pytest.mark.parametrize("name", ["table.docx", "table.xlsx"])
def test_a_printed_table_is_the_same_plan(shipped: Path, name: str) -> None:
    taken, new = taken_in(printed(shipped, name), None)
    assert taken.questions == []
    differences = {d for change in compared(shipped, new).changes.tasks for d in change.differences}
    assert differences == {Difference.SHORTENED}
    assert not compared(shipped, new).changes.meetings


@pytest.mark.parametrize("name", ["table.docx", "table.xlsx"])
@pytest.mark.parametrize("text", [SHIPPED_PLAN.read_text("utf-8"), every_form()])
def test_as_a_later_version_it_has_what_no_table_says_too(
    tmp_path: Path, name: str, text: str
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(text, encoding="utf-8")
    taken, new = taken_in(printed(plan, name), plan)
    assert (taken.questions, taken.draft.dropped) == ([], [])
    assert not compared(plan, new).changes


WORDINGS = """2026.1版目录修订 3D打印竞赛 1.5亿元项目落地 一、二年级家长会 （一）号工程推进
①号楼改造
注：此项保密 合计数据核对 1月份考核 召开会议。形成纪要 会议（1.筹备；2.召开） 标题以数字结尾2026"""


@pytest.mark.parametrize("together", [True, False])
def test_wordings_that_look_like_numbers_or_notes_come_back(tmp_path: Path, together: bool) -> None:
    """In one cell, and each in a row of its own."""
    row = '\n[[month]]\nmonth = 1\nlead = ["代表工作委员会"]\n'
    task = '[[month.task]]\nid = "w-{}"\ntitle = "{}"\n'
    tasks = [task.format(n, title) for n, title in enumerate(WORDINGS.split())]
    plan = tmp_path / "plan.toml"
    head = EVERY_FORM.partition("[[meeting]]")[0]
    plan.write_text(head + row + ("" if together else row).join(tasks), encoding="utf-8")
    taken, _ = taken_in(printed(plan, "table.docx"), None)
    assert [task.title for task in taken.draft.tasks] == WORDINGS.split()


def test_what_was_answered_in_the_plan_is_not_asked_again(shipped: Path, tmp_path: Path) -> None:
    """Units that run together, times that a text shows once."""
    issued = tmp_path / "issued.txt"
    issued.write_bytes(ISSUED.read_bytes())
    assert taken_in(issued, None)[0].questions
    taken, new = taken_in(issued, shipped)
    assert taken.questions == []
    assert not compared(shipped, new).changes


def test_a_session_that_the_plan_has_is_not_asked_for_again(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    head, _, _ = EVERY_FORM.partition("[[month]]")
    row = ROW.format(n=1, when="会前5个工作日", more=SESSION)
    told = row.replace(
        "第1类工作", "印发县人大常委会第二十五次会议通知"
    )  # its name is shorter here
    plan.write_text(head + told, encoding="utf-8")
    table = printed(plan, "table.docx")
    assert [q["kind"] for q in taken_in(table, None)[0].questions] == ["session"]
    taken, new = taken_in(table, plan)
    assert taken.questions == []
    assert not compared(plan, new).changes


def edited(table: Path, changes: dict[tuple[int, int, int], str]) -> Path:
    """By row, column and paragraph."""
    document = Document(str(table))
    for (row, column, paragraph), text in changes.items():
        runs = document.tables[0].rows[row].cells[column].paragraphs[paragraph].runs
        runs[0].text = text
    document.save(str(table))
    return table


def test_what_was_edited_keeps_its_ids_and_what_is_new_gets_new_ones(shipped: Path) -> None:
    table = edited(
        printed(shipped, "table.docx"),
        {
            (4, 1, 0): "1.召开全区县乡人大换届选举工作部署会；",
            (5, 0, 0): "6月",
            (7, 1, 0): "1.做好自治区十三届人大常委会第二十七次会议有关服务保障工作；",
            (9, 1, 1): "2.开展代表建议第三方评估；",
            (12, 3, 0): "办公厅",
        },
    )
    taken, new = taken_in(table, shipped)
    changes = {change.id: change.differences for change in compared(shipped, new).changes.tasks}
    assert changes == {
        "2026-04-1": (Difference.REWORDED,),
        "2026-05-1": (Difference.MOVED,),
        "2026-05-2": (Difference.MOVED,),
        "2026-07-1": (Difference.MOVED, Difference.REWORDED),
        "2026-09-4": (Difference.ADDED,),
        "2026-12-1": (Difference.UNITS,),
        "2026-09-2": (Difference.DROPPED,),
    }
    assert [(asked["row"], asked["kind"]) for asked in taken.questions] == [
        (5, "task"),
        (8, "task"),
    ]
    [reworded] = [task for task in taken.draft.tasks if task.id == "2026-07-1"]
    assert reworded.meetings == ("sc-27",)
    assert taken.draft.dropped == ["重点督办代表建议"]
    assert "2026-04-1不变" in taken.text
    assert 'retired = ["2026-09-2"]' in taken.text
    # A version later a new task gets no id that any version had.
    table = edited(printed(new, "later.docx"), {(8, 1, 2): "3.组织代表学习；"})
    later, _ = taken_in(table, new)
    assert [task.id for task in later.draft.tasks if "学习；" in f"{task.title}；"] == ["2026-09-5"]
    assert 'retired = ["2026-09-2", "2026-09-3"]' in later.text
    assert "#   重点督办代表建议" in taken.text


@pytest.mark.parametrize(
    ("broken", "said"),
    [("[plan", "not TOML"), (every_form().replace("代表工作委员会", "无名办"), "unknown unit")],
)
def test_a_plan_that_cannot_be_revised_is_refused(
    shipped: Path, tmp_path: Path, broken: str, said: str
) -> None:
    table, plan = printed(shipped, "table.docx"), tmp_path / "old.toml"
    plan.write_text(broken, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        taken_in(table, plan)
