"""`reminder plan`: what differs between two files."""

import json

import pytest
from docx import Document

from tests.cli.conftest import PLAN, Office

MOVED = PLAN.replace("month = 4", "month = 5").replace("起草意见", "起草实施意见")


def test_a_plan_equals_itself(office: Office) -> None:
    office.put("new.toml", f"{PLAN}\n# 会后再议\n")
    folder = office.folder
    ended = office("plan", "diff", f"{folder}/plan.toml", f"{folder}/new.toml")
    assert (ended.status, ended.out) == (0, "两份安排表内容相同。\n")


def test_changes_are_said_in_words_and_as_facts(office: Office) -> None:
    office.put("new.toml", MOVED)
    files = [f"{office.folder}/{name}.toml" for name in ("plan", "new")]
    ended = office("plan", "diff", *files)
    assert ended.status == 1
    for words in (
        "2026-03-1 【文字修改】起草实施意见",
        "原文：起草意见",
        "2026-04-1 【时间调整】召开部署会议",
        "时间：4月内（4月1日—4月30日） → 5月内（5月6日—5月29日）",
        "代表工作委员会，组织部：2026-03-1 文字修改；2026-04-1 时间调整",
    ):
        assert words in ended.out
    facts = json.loads(office("plan", "diff", *files, "--json").raw)
    assert [(task["id"], task["changes"]) for task in facts["tasks"]] == [
        ("2026-03-1", ["reworded"]),
        ("2026-04-1", ["moved"]),
    ]
    assert {unit["id"] for unit in facts["units"]} == {"lead", "related"}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (None, "no such file"),
        (PLAN.replace("month = 4", "month = 14"), "new.toml:19: month.month: is 14"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_its_line(
    office: Office, new: str | None, said: str
) -> None:
    if new:
        office.put("new.toml", new)
    ended = office("plan", "diff", f"{office.folder}/plan.toml", f"{office.folder}/new.toml")
    assert (ended.status, said in ended.err, ended.out) == (2, True, ""), ended.err


def test_a_folder_is_no_plan(office: Office) -> None:
    ended = office("plan", "diff", str(office.folder), f"{office.folder}/plan.toml")
    assert (ended.status, "is a folder, wanted the file of a plan" in ended.err) == (2, True)


def test_an_exported_table_takes_no_files_place(office: Office) -> None:
    name = f"{office.folder}/table.docx"
    assert office("plan", "export", name).out.startswith(f"written: {name} (")
    content = (office.folder / "table.docx").read_bytes()
    ended = office("plan", "export", name)
    assert (ended.status, "File exists" in ended.err) == (1, True)
    assert (office.folder / "table.docx").read_bytes() == content


def test_of_several_plans_the_one_that_is_named_is_exported(office: Office) -> None:
    (office.folder / "plans").mkdir()
    office.put("plans/small.toml", PLAN)
    other = PLAN.replace('"small"', '"other"').replace("2026-", "o-").replace("年度", "专项")
    office.put("plans/other.toml", other)
    plans, name = f"{office.folder}/plans", f"{office.folder}/other.docx"
    assert office("plan", "export", name, "--plan", plans, "--plan-id", "other").status == 0
    assert Document(name).paragraphs[0].text == "专项安排表"
