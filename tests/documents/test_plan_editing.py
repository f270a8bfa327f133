"""A plan's file is edited where something changes; every other character stays."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.documents.edited_file import EditedFile
from reminder.documents.plan_editing import PLAN_EDITORS, _made
from reminder.documents.plan_file import read_plan
from reminder.documents.plan_rows import PlanRows
from reminder.documents.plan_text import PlanText
from reminder.documents.settings import SHIPPED
from reminder.documents.units_file import read_units
from reminder.documents.workdays_file import published
from reminder.domain.plan import Plan, TaskKind
from reminder.domain.units import Directory
from reminder.domain.when import parse_when
from reminder.domain.workdays import WorkingDays
from reminder.errors import DeclinedError

PLAN = """\
# 表头说明
[plan]   # 本年
id = "small"
year = 2026
name = "安排表"
tag = "工作"
office = "代表工作委员会"
timezone = "Asia/Shanghai"

[[meeting]]
id = "sc-25"
name = "第二十五次会议"
month = 5

# 春季各项，逐行核对
[[month]]
month = 3
lead = ["代表工作委员会"]   # 牵头
related = [
    "自治区党委组织部",   # 先商
    "自治区人民政府办公厅",
]

[[month.task]]
id = "2026-03-1"
title = "甲"     # 待核
short = "甲项"

# 乙项的说明
[[month.task]]
id = "2026-03-2"
title = "乙"

[[month.task]]
id = "2026-03-3"
title = "丙"
when = "3月底前"

# 以下五月

[[month]]
month = 5
lead = ["办公厅"]

[[month.task]]
id = "2026-05-1"
title = "丁"
meetings = ["sc-25"]
before = { workdays = 1 }

# 备注：常态化

[[standing]]
id = "2026-standing-1"
title = "戊"
lead = ["代表工作委员会"]
# 完
"""


def edit(text: str | bytes, kind: str, **args: Any) -> str:
    content = text.encode() if isinstance(text, str) else text
    edited = PLAN_EDITORS[kind](content, json.loads(json.dumps(args)))
    return edited.decode()


def changed(before: str, after: str) -> list[str]:
    """Lines that went and came, as a set would have them."""
    old, new = Counter(before.split("\n")), Counter(after.split("\n"))
    gone = [f"-{line}" for line in (old - new).elements()]
    return [*gone, *(f"+{line}" for line in (new - old).elements())]


EDITS: list[tuple[str, Mapping[str, Any], list[str]]] = [
    ("task", {"id": "2026-03-1", "title": "改"},
     ['-title = "甲"     # 待核', '+title = "改"     # 待核']),
    ("task", {"id": "2026-03-1", "short": ""}, ['-short = "甲项"']),
    ("task", {"id": "2026-03-2", "short": "乙项"}, ['+short = "乙项"']),
    ("task", {"id": "2026-03-2", "time": "3月15日前"}, ['+when = "3月15日前"']),
    ("task", {"id": "2026-03-3", "time": "3月"}, ['-when = "3月底前"']),
    ("task", {"id": "2026-03-2", "time": "没有这样的时间"}, ['+when = "没有这样的时间"']),
    ("task", {"id": "2026-03-2", "due": "2026-03-20", "exact": True},
     ["+due = 2026-03-20", "+exact = true"]),
    ("task", {"id": "2026-03-2", "meetings": ["sc-25"], "before": 5},
     ['+meetings = ["sc-25"]', "+before = {workdays = 5}"]),
    # Of one task among several they are its own, of one alone its row's.
    ("task", {"id": "2026-03-2", "lead": ["办公厅"]}, ['+lead = ["办公厅"]']),
    ("task", {"id": "2026-03-2", "related": []}, ["+related = []"]),
    ("task", {"id": "2026-03-2", "lead": ["代表工作委员会"]}, []),
    ("task", {"id": "2026-05-1", "lead": ["代表工作委员会", "办公厅"]},
     ['-lead = ["办公厅"]', '+lead = ["代表工作委员会", "办公厅"]']),
    # What is noted beside a unit stays.
    ("row", {"id": "2026-03-2", "related": ["自治区党委组织部", "办公厅"]},
     ['-    "自治区人民政府办公厅",', '+    "办公厅",']),
    ("row", {"id": "2026-03-2", "time": "3—4月"}, ["-month = 3", '+when = "3—4月"']),
    ("session", {"id": "sc-25", "date": "2026-05-27", "until": "2026-05-29"},
     ["+date = 2026-05-27", "+until = 2026-05-29"]),
    ("session", {"id": "sc-26", "new": True, "name": "第二十六次会议", "month": 7},
     ["+", "+[[meeting]]", '+id = "sc-26"', '+name = "第二十六次会议"', "+month = 7"]),
    ("session", {"id": "sc-25", "drop": True},
     ["-[[meeting]]", '-id = "sc-25"', '-name = "第二十五次会议"', "-month = 5"]),
    ("head", {"name": "新名", "tag": "工作"}, ['-name = "安排表"', '+name = "新名"']),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "args", "wanted"), EDITS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_lines_of_what_changes_change(
    kind: str, args: Mapping[str, Any], wanted: list[str], line_end: str
) -> None:
    text = PLAN.replace("\n", line_end)
    new = edit(text, kind, **args)
    assert new.count("\r\n") == (new.count("\n") if line_end == "\r\n" else 0)
    lines = sorted(line for line in changed(PLAN, new.replace("\r", "")) if line.strip("+-"))
    assert lines == sorted(line for line in wanted if line.strip("+-"))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("kind", "there", "back"),
    [
        ("task", {"title": "改", "short": "改"}, {"title": "甲", "short": "甲项"}),
        ("task", {"time": "5月"}, {"time": "3月"}),
        ("task", {"time": "5月10日—15日"}, {"time": "3月"}),
        ("task", {"place": "standing"}, {"place": "month", "time": "3月"}),
        ("task", {"lead": ["办公厅"], "related": []},
         {"lead": ["代表工作委员会"], "related": ["自治区党委组织部", "自治区人民政府办公厅"]}),
        ("task", {"opens": "2026-03-02", "soft": True}, {"opens": None, "soft": False}),
        ("row", {"time": "6月"}, {"time": "3月"}),
    ],
)  # fmt: skip
def test_what_is_taken_back_leaves_no_trace(
    kind: str, there: dict[str, Any], back: dict[str, Any], mark: str
) -> None:
    text = mark + PLAN
    other = edit(text, kind, id="2026-03-1", **there)
    assert other != text
    assert edit(other, kind, id="2026-03-1", **back) == text


def test_a_row_goes_with_its_last_task_and_its_id_is_never_used_again() -> None:
    without = edit(PLAN, "task", id="2026-05-1", drop=True)
    assert 'retired = ["2026-05-1"]' in without
    assert "month = 5\nlead" not in without
    assert "# 以下五月\n" in without
    assert "# 备注：常态化\n" in without
    with pytest.raises(DeclinedError, match="taken"):
        edit(without, "task", id="2026-05-1", new=True, title="x")


def test_a_comment_goes_with_the_task_that_it_touches() -> None:
    moved = edit(PLAN, "task", id="2026-03-2", time="5月")
    assert '# 乙项的说明\n[[month.task]]\nid = "2026-03-2"' in moved


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("task", {"id": "none", "title": "x"}),
        ("task", {"id": "none", "drop": True}),
        ("row", {"id": "2026-standing-1", "lead": []}),
        ("session", {"id": "none", "date": None}),
    ],
)
def test_what_is_gone_is_said(kind: str, args: dict[str, Any]) -> None:
    with pytest.raises(DeclinedError):
        edit(PLAN, kind, **args)


def test_rows_in_a_list_are_not_edited() -> None:
    with pytest.raises(DeclinedError, match="in a list"):
        edit('month = [{month = 3, task = [{id = "a", title = "b"}]}]\n', "task", id="a", title="c")


# Any edits, one after the other

DIRECTORY = read_units(EditedFile(SHIPPED / "config" / "units.toml"))
NAMES = ["办公厅", "代表工作委员会", "自治区党委组织部", "各市、县（区）人大常委会"]
TIMES = [
    "1月", "5月", "12月", "5—10月", "4月上旬", "4月底前", "4月10日—15日", "5月20日—6月3日",
    "一季度", "每月25日前", "3月、9月", "6月、适时", "上半年", "11月下旬",
]  # fmt: skip
WORDS = st.text("代表工作会议“”\"'\\#[]=年 1a", min_size=1, max_size=12).map(lambda t: f"做好{t}的")
UNITS = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
TEXTS = [
    (SHIPPED / "plan" / "plan_2026.toml").read_text("utf-8"),
    (Path(__file__).parents[1] / "data" / "plan_of_every_form.toml").read_text("utf-8"),
]


def loaded(text: str, directory: Directory = DIRECTORY) -> Plan:
    file = EditedFile(Path("plan.toml"), text.encode())
    plan = read_plan(file, directory, WorkingDays(published, {}))
    assert plan
    assert file.faults == []
    return plan


def ids(plan: Plan) -> set[str]:
    return {task.table_id for task in plan.tasks}


def said(text: str, task: str) -> dict[str, Any]:
    """What the file says of it, rows and all."""
    plan = PlanRows.read(text.encode())
    block = plan.text.find(task, "task", "year-round", "standing")
    assert block
    found = {key: plan.effective(block, key) for key in ("lead", "related")}
    row = plan.text.row_of(block) if block.kind == "task" else None
    when = plan.said(block.data.get("when")) if "when" in block.data else row and plan.of_row(row)
    return {"title": block.data["title"], "when": when, "kind": block.kind, **found}


@st.composite
def any_edit(draw: st.DrawFn, plan: Plan) -> tuple[str, dict[str, Any]]:
    known = sorted(ids(plan))
    act = draw(st.sampled_from(["change", "change", "add", "drop", "row"]))
    if act == "row":
        rows = sorted({task.table_id for task in plan.tasks if task.kind is TaskKind.MONTH})
        return "row", {"id": draw(st.sampled_from(rows or known)), "lead": draw(UNITS)}
    if act == "drop":
        return "task", {"id": draw(st.sampled_from(known)), "drop": True}
    values: dict[str, Any] = {
        "place": draw(st.sampled_from(["month", "month", "month", "year-round", "standing"])),
        "time": draw(st.sampled_from(TIMES)),
        "title": draw(WORDS),
        "lead": draw(UNITS),
        "related": draw(UNITS),
        "meetings": [],
    }
    if values["place"] != "month":
        values["time"] = ""
    values |= dict.fromkeys(["opens", "due", "before", "exact", "soft"])
    if act == "add":
        name = f"new-{draw(st.integers(1, 10**9))}"
        return "task", {"id": name, "new": True, **values}
    return "task", {"id": draw(st.sampled_from(known)), **values}


@pytest.mark.parametrize("number", range(len(TEXTS)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_after_any_edits_it_loads_and_says_what_was_typed(data: st.DataObject, number: int) -> None:
    text = TEXTS[number]
    comments = [line for line in text.split("\n") if line.startswith("#")]
    plan = loaded(text)
    for _ in range(data.draw(st.integers(1, 6))):
        kind, args = data.draw(any_edit(plan))
        before = ids(plan)
        try:
            text = edit(text, kind, **args)
        except DeclinedError:
            assert kind == "row" or args.get("new")
            continue
        plan = loaded(text)
        # The next edit goes on with the tables as they were made: they are what the text says.
        made, read = _made[text.encode()].text, PlanText(text.encode(), "plan.toml")
        assert [(one.kind, one.data) for one in made.blocks] == [
            (one.kind, one.data) for one in read.blocks
        ]
        gone, new = {args["id"]} if args.get("drop") else set(), {args["id"]}
        assert ids(plan) == (before - gone) | (new - gone)
        if kind == "task" and not gone:
            found = said(text, args["id"])
            assert {key: found[key] for key in ("title", "lead", "related")} == {
                key: args[key] for key in ("title", "lead", "related")
            }
            if args["place"] == "month":
                assert found["when"] == parse_when(args["time"], plan.term)
    assert [line for line in comments if line not in text] == []
