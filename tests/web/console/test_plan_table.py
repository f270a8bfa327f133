"""The plan as a table on the console: what is typed goes into the draft, and is marked there."""

import io
import re
import tomllib
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from markupsafe import escape

from reminder.domain.edits import DocumentDraft, Edit
from reminder.domain.persons import AccountRole, Person
from reminder.office import drafts
from reminder.office.plan_edits import plan_draft
from tests.web.console.conftest import LEADER, XSS, Secretary, as_person

HERE, PLAN = "/console/plan", "plan/plan_2026.toml"
TASK, SOLE, DROPPED = "2026-06-2", "2026-12-1", "2026-10-3"
WANG = Person("wang", "王某", AccountRole.APPROVE)
TITLE = "举办自治区人大代表学习党的二十届四中全会精神专题学习班"


def typed(wang: Secretary, task: str = TASK, **changes: Any) -> dict[str, Any]:
    """The form as the page fills it in, with these changes; None is a box that is not ticked."""
    page = wang.get(f"{HERE}/task/{task}").text
    values = {
        found[1]: found[2]
        for found in re.finditer(r'<input id="[\w-]+" name="([\w-]+)"[^>]*? value="([^"]*)"', page)
    }
    for found in re.finditer(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)<', page):
        values[found[1]] = found[2]
    values["place"] = re.search(r'name="place" value="([\w-]+)" checked', page)[1]
    boxes = re.finditer(r'type="checkbox" name="([\w-]+)" value="(\d+)" checked', page)
    values |= {found[1]: found[2] for found in boxes}
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


@pytest.fixture
def wang(house: Any) -> Secretary:
    return as_person(house, "approve")


def draft(house: Any) -> DocumentDraft | None:
    with house.database.read() as connection:
        return drafts.open_draft(connection, "wang")


def edits(house: Any) -> list[tuple[str, dict[str, Any]]]:
    found = draft(house)
    return [(edit.kind, dict(edit.args)) for edit in found.edits] if found else []


def said(house: Any) -> Any:
    """The plan as the draft has it."""
    with house.database.read() as connection:
        content = plan_draft(house.application, connection, WANG).content
    return tomllib.loads(content.decode())


def row(page: Any, task: str) -> str:
    return re.search(rf'<tr id="t-{task}".*?</tr>', page.text, re.DOTALL)[0]


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_the_table_stands_there_as_the_office_knows_it(wang: Secretary) -> None:
    page = wang.get(HERE)
    text = plain(page.text)
    for words in ("这是现行的安排表", "时间主要内容相关部门承办单位 状态", f"2. {TITLE}"):
        assert words in text
    assert text.index("1月新增") < text.index("12月新增") < text.index("全年新增")
    assert page.text.count('class="edit"') == 39
    # Equal cells stand once, and with every row for a phone.
    assert 'rowspan="3"' in row(page, "2026-06-1")
    assert 'class="time again"' in row(page, TASK)
    assert "修改尚未发布" not in text


@pytest.mark.parametrize(
    ("query", "count", "there"),
    [
        ({"q": "换届选举"}, 5, "2026-04-2"),
        ({"unit": "自治区高级人民法院"}, 4, "2026-02-1"),
        ({"unit": "贺兰县人大常委会", "q": "调研"}, 4, "2026-05-1"),  # of a group
        ({"q": "没有这样的"}, 0, ""),
    ],
)
def test_rows_are_found_by_words_and_unit(
    wang: Secretary, query: dict[str, str], count: int, there: str
) -> None:
    page = wang.get(HERE, **query)
    assert f"符合条件的{count}项" in page.text
    assert page.text.count('<tr id="t-') == count
    assert not there or row(page, there)


def test_a_reader_sees_the_table_and_no_form(house: Any) -> None:
    reader = as_person(house, "read", "zhao", "周某")
    page = reader.get(HERE)
    assert TITLE in page.text
    assert "修改" not in plain(page.text)
    assert reader.get(f"{HERE}/task/{TASK}").status_code == 403


def test_a_typo_is_mended(wang: Secretary, house: Any) -> None:
    answer = wang.post(f"{HERE}/task/{TASK}", typed(wang, title="举办专题学习班"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}#t-{TASK}")
    assert edits(house) == [("task", {"id": TASK, "title": "举办专题学习班"})]
    page = wang.get(HERE)
    assert "已存入修改稿" in page.text
    assert "1处修改尚未发布" in page.text
    assert f"已改2. 原{TITLE} 举办专题学习班" in plain(row(page, TASK)).replace("  ", " ")
    assert f"现行：{TITLE}" in wang.get(f"{HERE}/task/{TASK}").text
    # Typed back it is no edit.
    wang.post(f"{HERE}/task/{TASK}", typed(wang, title=TITLE))
    assert edits(house) == []


def test_what_was_typed_before_is_kept(wang: Secretary, house: Any) -> None:
    wang.post(f"{HERE}/task/{TASK}", typed(wang, title="甲"))
    wang.post(f"{HERE}/task/{TASK}", typed(wang, lead="办公厅"))
    assert edits(house) == [("task", {"id": TASK, "title": "甲", "lead": ["办公厅"]})]


FORMS: list[tuple[str, dict[str, Any], list[tuple[str, dict[str, Any]]]]] = [
    (TASK, {"time": "7月"}, [("task", {"time": "7月"})]),
    (TASK, {"time": "6月15日前"}, [("task", {"time": "6月15日前"})]),
    (TASK, {"place": "year-round", "time": ""}, [("task", {"place": "year-round", "time": ""})]),
    (TASK, {"lead": "代表工作委员会、办公厅"}, [("task", {"lead": ["代表工作委员会", "办公厅"]})]),
    (TASK, {"related": "各市、县（区）人大常委会\n自治区党委组织部"},
     [("task", {"related": ["各市、县（区）人大常委会", "自治区党委组织部"]})]),
    (TASK, {"lead_more": "办公厅"}, [("task", {"lead": ["代表工作委员会", "办公厅"]})]),
    (TASK, {"lead": "办公厅", "title": "甲", "with_row": "1"},
     [("row", {"lead": ["办公厅"]}), ("task", {"title": "甲"})]),
    (TASK, {"due": "2026年6月18日", "exact": "1"},
     [("task", {"due": "2026-06-18", "exact": True})]),
    ("2026-01-2", {"meeting-sc-22": None, "before": "3"},
     [("task", {"meetings": ["sc-23"], "before": 3})]),
    ("2026-06-1", {"soft": None}, [("task", {"soft": False})]),
    (SOLE, {"remark": "由常委会确定"}, [("task", {"remark": "由常委会确定"})]),
    ("2026-01-2", {"place": "standing", "time": "1月"},
     [("task", {"place": "standing", "time": "", "meetings": [], "before": None})]),
    (TASK, {}, []),
]  # fmt: skip


@pytest.mark.parametrize(("task", "changes", "wanted"), FORMS)
def test_what_is_typed_becomes_an_edit(
    wang: Secretary, house: Any, task: str, changes: dict[str, Any], wanted: list[Any]
) -> None:
    answer = wang.post(f"{HERE}/task/{task}", typed(wang, task, **changes))
    assert answer.status_code == 303
    found = [(kind, {k: v for k, v in args.items() if k != "id"}) for kind, args in edits(house)]
    assert found == wanted


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"time": "什么时候"}, "time", "不是表中时间的写法"),
    ({"time": ""}, "time", "没有填写"),
    ({"lead": ""}, "lead", "没有填写"),
    ({"lead": "代表工作委员会、办公室"}, "lead", "是不是“办公厅”"),
    ({"related": "某某局"}, "related", "没有名为“某某局”的单位"),
    ({"short": "超过十六个字的简称是写不进日历标题的"}, "short", "16"),
    ({"title": " "}, "title", "没有填写"),
    ({"due": "2026-02-30"}, "due", "不是日期"),
    ({"due": "2027-03-01"}, "due", "2026"),
    ({"opens": "2026-06-20", "due": "2026-06-10"}, "due", "早于"),
    ({"time": "6月上旬", "before": "3", "meeting-sc-26": "1"}, "before", "矛盾"),
    ({"exact": "1"}, "exact", "opens"),
    ({"before": "5"}, "before", "meetings"),
]


@pytest.mark.parametrize(("changes", "field", "words"), MISTAKES)
def test_a_mistake_stands_at_its_field_and_nothing_is_lost(
    wang: Secretary, house: Any, changes: dict[str, Any], field: str, words: str
) -> None:
    answer = wang.post(f"{HERE}/task/{TASK}", typed(wang, short="简称甲", **changes)
                       if "short" not in changes else typed(wang, **changes))  # fmt: skip
    assert answer.status_code == 422
    assert "有1处需要改正" in answer.text
    assert words in re.search(rf'id="{field}-wrong">(.*?)<', answer.text)[1]
    for value in changes.values():
        assert not value.strip() or str(escape(value)) in answer.text
    assert edits(house) == []


def test_a_task_moves_to_another_month(wang: Secretary, house: Any) -> None:
    wang.post(f"{HERE}/task/{TASK}/move", {"time": "7月"})
    july = next(one for one in said(house)["month"] if one["month"] == 7)
    assert [task["id"] for task in july["task"]] == ["2026-07-1", "2026-07-2", TASK]
    page = wang.get(HERE)
    assert "原6月 7月" in plain(row(page, TASK))
    assert page.text.index('id="t-2026-07-2"') < page.text.index(f'id="t-{TASK}"')


def test_one_with_days_asks_for_those_too(wang: Secretary, house: Any) -> None:
    wang.post(f"{HERE}/task/{TASK}", typed(wang, due="2026-06-18"))
    answer = wang.post(f"{HERE}/task/{TASK}/move", {"time": "7月"})
    asked = wang.get(answer.headers["location"])
    assert 'name="time" maxlength="100" value="7月"' in asked.text
    assert len(edits(house)) == 1


def test_a_task_is_added_and_may_be_dropped_again(wang: Secretary, house: Any) -> None:
    new = {"title": XSS, "lead": "办公厅", "place": "month", "time": "5月20日前"}
    answer = wang.post(f"{HERE}/new", new)
    assert answer.headers["location"] == f"{HERE}#t-2026-05-3"
    page = wang.get(HERE)
    assert "新增" in row(page, "2026-05-3")
    assert XSS not in page.text + wang.get("/console/draft").text
    assert wang.post(f"{HERE}/new", new).headers["location"].endswith("2026-05-4")
    wang.post(f"{HERE}/task/2026-05-3", typed(wang, "2026-05-3", title="乙"))
    assert [task["title"] for task in said(house)["month"][5]["task"]] == ["乙", XSS]
    wang.post(f"{HERE}/task/2026-05-3/drop", {})
    assert [args["id"] for _, args in edits(house)] == ["2026-05-4"]


def test_a_dropped_one_is_struck_through_until_it_is_published(wang: Secretary, house: Any) -> None:
    wang.post(f"{HERE}/task/{DROPPED}/drop", {})
    page = wang.get(HERE)
    assert "<del>赴外省区开展代表工作制度建设情况调研</del>" in row(page, DROPPED)
    assert "已记为删除" in wang.get(f"{HERE}/task/{DROPPED}").text
    assert said(house)["plan"]["retired"] == [DROPPED]
    wang.post(f"{HERE}/undo", {"id": DROPPED})
    assert edits(house) == []


def test_sessions_and_the_name_are_edited_too(wang: Secretary, house: Any) -> None:
    day = {"name": "自治区十三届人大常委会第二十五次会议", "month": "5", "until": "2026-05-29"}
    sc_25 = f"{HERE}/session/sc-25"
    assert "bad" not in wang.post(sc_25, {**day, "date": "2026-05-27"}).text
    assert edits(house) == [
        ("session", {"id": "sc-25", "date": "2026-05-27", "until": "2026-05-29"})
    ]
    refused = wang.post(sc_25, {**day, "date": "2026-06-30"})
    assert 'id="until-wrong"' in refused.text
    assert "挂钩" in wang.post(f"{sc_25}/drop", {}).text
    wang.post(f"{HERE}/session/new", {"name": "代表大会", "month": "12"})
    wang.post(f"{HERE}/head", {"name": "新名", "tag": "代表工作"})
    assert said(house)["meeting"][-1] == {"id": "2026-meeting-1", "name": "代表大会", "month": 12}
    assert said(house)["plan"]["name"] == "新名"
    wang.post(f"{HERE}/session/2026-meeting-1/drop", {})
    assert [kind for kind, _ in edits(house)] == ["session", "head"]
    words = plain(wang.get("/console/draft").text)
    assert "会期为2026年5月27日至2026年5月29日" in words
    assert "安排表名称改为“新名”" in words


def test_two_at_once_lose_nothing(wang: Secretary, house: Any) -> None:
    li = as_person(house, "approve", "li", "林某")
    wang.post(f"{HERE}/task/{TASK}", typed(wang, title="甲"))
    wang.post(f"{HERE}/task/{DROPPED}", typed(wang, DROPPED, title="乙"))
    form = {"title": TITLE, "lead": "办公厅", "place": "month", "time": "6月"}
    form |= {"related": "自治区人大常委会办公厅、各市、县（区）人大常委会"}
    form |= {"short": "四中全会精神学习班"}
    li.post(f"{HERE}/task/{TASK}", form)
    li.post(f"{HERE}/task/{DROPPED}/drop", {})
    seen = re.search(r'name="seen" value="([\w-]+)"', li.get("/console/draft").text)[1]
    assert li.post("/console/draft/publish", {"seen": seen, "tell": "nobody"}).status_code == 303
    page = wang.get(HERE)
    assert "办公厅" in plain(row(page, TASK))
    assert "甲" in row(page, TASK)
    assert "乙" not in page.text
    late = wang.post(f"{HERE}/task/{DROPPED}", {"title": "丙", "place": "month", "time": "10月"})
    assert "安排表中已没有这一项" in late.text
    assert "丙" in late.text


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_it_is_taken_away_by_the_name_of_its_state(wang: Secretary, house: Any, kind: str) -> None:
    assert wang.get(f"{HERE}/export.{kind}", of="draft").status_code == 409
    assert wang.get(f"{HERE}/export.pdf").status_code == 404
    wang.post(f"{HERE}/task/{TASK}", typed(wang, title="甲"))
    for query, state in (({}, ""), ({"of": "draft"}, "（修改稿，未发布）")):
        answer = wang.get(f"{HERE}/export.{kind}", **query)
        name = answer.headers["content-disposition"].rpartition("''")[2]
        assert unquote(name) == f"自治区人大常委会2026年度代表工作安排表{state}.{kind}"
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        assert any("甲" in str(cell.value) for cells in sheet for cell in cells)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"task/{TASK}", {"meeting-sc-25": "x", "before": "9" * 5000, "time": "6月"}),
        (f"task/{TASK}", {"meeting-<b>": "1"}),
        (f"task/{TASK}/move", {"time": "什么时候"}),
        ("session/sc-25", {"month": "9" * 5000, "name": "x"}),
        ("session/new", {}),
        ("undo", {"id": "\r\nx: y"}),
        ("head", {"name": "", "tag": "x"}),
    ],
)
def test_whatever_is_sent_is_answered(wang: Secretary, path: str, form: dict[str, str]) -> None:
    answer = wang.post(f"{HERE}/{path}", form)
    assert answer.status_code in (303, 422)
    assert "x" not in answer.headers


@pytest.mark.parametrize("text", ["[plan", "", "[plan]\nyear = 1\n", "month = [{month = 1}]\n"])
def test_a_text_that_is_no_plan_hides_no_table(wang: Secretary, house: Any, text: str) -> None:
    drafts.add(house.application, WANG, Edit(PLAN, "text", {"text": text}))
    assert TITLE in wang.get(HERE).text
    assert wang.get(f"{HERE}/task/{TASK}").status_code == 200
    assert wang.get("/console/draft").status_code == 200
    assert wang.post(f"{HERE}/task/{TASK}", {"title": "甲"}).status_code in (303, 422)


def test_what_is_not_there_is_not_found(wang: Secretary) -> None:
    for path in ("task/none", "session/none"):
        assert wang.get(f"{HERE}/{path}").status_code == 404
    assert wang.post(f"{HERE}/task/none/drop", {}).status_code == 404
    assert LEADER in wang.get(f"{HERE}?unit={LEADER}").text
