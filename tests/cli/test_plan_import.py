"""`reminder plan import`: a table of Word, Excel or text becomes a plan's file."""

import json
from pathlib import Path

import pytest
from docx import Document
from openpyxl import Workbook

from reminder.documents.office import load_office
from reminder.domain.plan import Plan
from tests.cli.conftest import Office, Reminder

SOURCE = Path(__file__).parents[1] / "data" / "plan_2026_source.txt"
HEAD = ["时间", "主要内容", "相关部门", "承办单位"]


def word(path: Path, rows: list[list[str]], title: str = "2026年安排表") -> Path:
    document = Document()
    document.add_paragraph(title)
    table = document.add_table(len(rows), len(rows[0]))
    for row, cells in zip(rows, table.rows, strict=True):
        for text, cell in zip(row, cells.cells, strict=True):
            cell.text = text
    document.save(str(path))
    return path


def excel(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def content(plan: Plan) -> list[object]:
    """All but ids and short titles."""
    return [
        (task.kind, task.when, task.title, task.lead, task.related, task.timing)
        for task in plan.tasks
    ]


def test_the_official_table_gives_the_shipped_plan(reminder: Reminder, tmp_path: Path) -> None:
    taken = tmp_path / "taken.toml"
    ended = reminder("plan", "import", str(SOURCE), "--output", str(taken))
    assert (ended.status, ended.out) == (1, "")
    assert "第47行“相关部门”：“各市、县（区）人大常委会”与前一个单位连写，按两个单位" in ended.err
    assert "39项，5处请核对" in ended.err
    ours, shipped = (load_office(None, given).table.plan for given in ({"plan": taken}, None))
    assert content(ours) == content(shipped)
    assert ours.meetings == shipped.meetings
    assert (ours.id, ours.name, ours.tag, ours.office) == (
        shipped.id,
        shipped.name,
        shipped.tag,
        shipped.office,
    )
    assert reminder("check", "--plan", str(taken)).status == 0


@pytest.mark.parametrize("name", ["table.docx", "table.xlsx"])
def test_a_printed_plan_is_taken_in_again(reminder: Reminder, tmp_path: Path, name: str) -> None:
    printed, taken = tmp_path / name, tmp_path / "taken.toml"
    assert reminder("plan", "export", str(printed)).status == 0
    ended = reminder("plan", "import", str(printed), "--output", str(taken))
    assert ended.status == 0
    assert ended.err.startswith("自治区人大常委会2026年度代表工作安排表：39项\n已写入")
    ours, shipped = (load_office(None, given).table.plan for given in ({"plan": taken}, None))
    assert content(ours) == content(shipped)


def test_what_is_not_sure_stands_beside_its_line_and_at_the_end(office: Office) -> None:
    rows = [
        HEAD,
        ["6月31日", "召开会议", "市教育局", "代表工委"],
        ["第3周", "组织视察", "", "代表工委"],
    ]
    table = word(office.folder / "table.docx", rows)
    ended = office("plan", "import", str(table))
    assert ended.status == 1
    for line in (
        "year = 2026",
        "month = 6  # ? “6月31日”没有这一天，暂按“6月”",
        'related = ["市教育局"]  # ? “市教育局”不在单位名录中',
        "# ? “第3周”说的是什么时候？请用 when 写明",
        "# ? 第2行“时间”：“6月31日”没有这一天，暂按“6月”",
        '# name = "市教育局"',
    ):
        assert line in ended.out.split("\n")


def test_facts_for_programs(office: Office) -> None:
    rows: list[list[object]] = [
        ["2026年安排表"],
        [*HEAD, "备注"],
        ["5—10月", "检查", "各成员单位", "代表工委", "分两批"],
        [2026.1, "总结", None, "代表工委"],
    ]
    ended = office("plan", "import", str(excel(office.folder / "t.xlsx", rows)), "--json")
    facts = json.loads(ended.raw)
    first, second = facts["tasks"]
    assert first == {
        "id": "2026-05-1",
        "kind": "month",
        "month": 10,
        "when": "5—10月",
        "title": "检查",
        "lead": ["代表工作委员会"],
        "related": ["各成员单位"],
        "section": None,
        "remark": "分两批",
        "source": None,
        "state": "open",
    }
    assert (second["when"], second["related"]) == ("1月", [])
    assert [(q["row"], q["kind"]) for q in facts["questions"]] == [(3, "units"), (4, "date")]
    assert facts["units"]["unknown"] == ["各成员单位"]
    assert ended.status == 1


def test_a_table_without_a_doubt_is_a_plan_at_once(office: Office) -> None:
    rows = [
        HEAD,
        ["4月15日前", "报送总结；", "组织部", "代表工委"],
        ["每季度首月20日前", "报送进度。", "", "代表工作委员会"],
        ["适时", "走访代表", "", "代表工委"],
        ["常态化", "受理来信", "组织部", "代表工委"],
    ]
    table, plan = word(office.folder / "table.docx", rows), office.folder / "new.toml"
    ended = office("plan", "import", str(table), "--output", str(plan))
    assert ended.status == 0
    checked = office("check", "--plan", str(plan), "--json")
    assert checked.json["errors"] == []


def test_lines_of_a_text_are_counted_as_they_stand_in_the_file(office: Office) -> None:
    office.put("plan.txt", "代表工作委员会2026年要点\n\n4月\n\n1.第3周召开会议（市教育局负责）")
    ended = office("plan", "import", f"{office.folder}/plan.txt", "--json")
    [question] = json.loads(ended.raw)["questions"]
    assert (question["row"], question["text"]) == (5, "第5行：“市教育局”不在单位名录中")


def test_a_file_that_is_there_is_left_alone(office: Office) -> None:
    table = word(office.folder / "table.docx", [HEAD, ["4月", "召开会议", "", "代表工委"]])
    office.put("there.toml", "mine")
    ended = office("plan", "import", str(table), "--output", f"{office.folder}/there.toml")
    assert ended.status == 2
    assert "there.toml: 已有这个文件" in ended.err
    assert (office.folder / "there.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.txt", b"", "文件是空的"),
        ("list.txt", "通讯录\n张某某".encode(), "没有读到任务"),
        ("table.docx", b"PK\x03\x04", "文件已损坏"),
        ("table.pdf", b"%PDF-1.7", "不是 Word、Excel 或文本文件"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    office: Office, name: str, data: bytes, words: str
) -> None:
    path = office.folder / name
    path.write_bytes(data)
    ended = office("plan", "import", str(path))
    assert ended.status == 2
    assert f"{name}: " in ended.err
    assert words in ended.err


def test_units_and_the_year_can_be_given(office: Office) -> None:
    table = word(office.folder / "table.docx", [HEAD, ["4月", "召开会议", "", "教务处"]], "安排表")
    office.put("school.toml", '[[unit]]\nid = "teaching"\nname = "教务处"\n')
    units = f"{office.folder}/school.toml"
    ended = office("plan", "import", str(table), "--year", "2027", "--units", units, "--json")
    assert (ended.status, ended.json["plan"]["year"]) == (0, 2027)
    assert ended.json["tasks"][0]["id"] == "2027-04-1"
