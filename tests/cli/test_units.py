"""`reminder units import`: a list of liaisons fills units.toml; what is in doubt is asked."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from tests.cli.conftest import UNITS, Ended, Office

HEAD = ["单位", "联络员", "电话", "邮箱", "抄送"]


def workbook(path: Path, rows: Sequence[Any], *merged: str) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    book.save(path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "liaisons.xlsx"


def units(office: Office) -> dict[str, dict[str, Any]]:
    data = tomllib.loads((office.folder / "units.toml").read_text("utf-8"))
    return {unit["id"]: unit for unit in data["unit"]}


def kinds(ended: Ended) -> list[tuple[str, str]]:
    return [(asked["cell"], asked["kind"]) for asked in json.loads(ended.out)["questions"]]


def test_list_as_offices_keep_it_fills_the_file(office: Office, file: Path) -> None:
    office.put("units.toml", f"# ours\n{UNITS}\n# end\n")
    rows = [
        ["2026年代表工作联络员名单", *[None] * 7],
        ["填报单位：区人大", None, "填报人：某", None, "电话：0951", None, None, None],
        ["序号", "单位名称", "负责人", "电话", "联络员", None, "电子邮箱", "抄送邮箱"],
        [None, None, None, None, "姓名", "手机（微信同号）", None, None],
        [1, "代表 工委", "王五", "0951-1", "张三", 13800138000, "lead@x.cn；two@x.cn", None],
        ["二、法院", *[None] * 7],
        ["序号", "单位名称", "负责人", "电话", "联络员", None, "电子邮箱", "抄送邮箱"],
        [2, "高级人民法院", None, None, "李 四", "手机951 5551234", None, "boss@x.cn"],
        ["备注：请于3月底前报送。", *[None] * 7],
    ]
    merged = ("A1:H1", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3", "G3:G4", "H3:H4", "A9:H9")
    workbook(file, rows, *merged)
    looked = office("units", "import", str(file), "--dry-run")
    assert (looked.status, looked.err) == (0, "")
    assert "  邮箱：lead@unit.example → lead@x.cn、two@x.cn\n" in looked.out
    assert "未写入" in looked.out
    assert units(office)["lead"]["to"] == ["lead@unit.example"]

    assert office("units", "import", str(file)).status == 0
    found = units(office)
    assert found["lead"]["to"] == ["lead@x.cn", "two@x.cn"]
    assert (found["lead"]["contact"], found["lead"]["phone"]) == ("张三", "13800138000")
    assert (found["outsider"]["phone"], found["outsider"]["cc"]) == (
        "手机951 5551234",
        ["boss@x.cn"],
    )
    assert found["outsider"]["to"] == ["outsider@unit.example"]
    text = (office.folder / "units.toml").read_text("utf-8")
    assert (text[:7], text[-6:]) == ("# ours\n", "# end\n")
    assert office("check").status == 0
    again = office("units", "import", str(file), "--json").json
    assert (again["changes"], again["unlisted"]) == ([], ["related"])


@pytest.mark.parametrize(
    ("row", "asked"),
    [
        (["人民法院", None, None, "a@x.cn", None], [("A2", "unknown-unit")]),
        ([None, "张三", None, None, None], [("A2", "no-unit")]),
        (["组织部", None, "a@x.cn", "13800138000", None],
         [("C2", "address-as-phone"), ("D2", "phone-as-address")]),
        (["组织部", None, None, "a.x.cn", "a@@x.cn"], [("D2", "address"), ("E2", "address")]),
        (["组织部", None, None, "LEAD@unit.example", None], [("D2", "shared")]),
        (["组织部", None, None, None, "lead@unit.example"], [("E2", "shared")]),
        (["组织部", "a@x.cn", "同上", None, None], [("B2", "contact"), ("C2", "phone")]),
        (["组织部", "=B9&C9", None, None, None], [("B2", "no-result")]),
    ],
)  # fmt: skip
def test_what_is_in_doubt_is_asked_and_not_written(
    office: Office, file: Path, row: Sequence[Any], asked: list[tuple[str, str]]
) -> None:
    ended = office("units", "import", str(workbook(file, [HEAD, row])), "--json")
    assert (ended.status, kinds(ended)) == (1, asked)
    assert (office.folder / "units.toml").read_text("utf-8") == UNITS
    said = office("units", "import", str(file)).err
    assert said.startswith(f"{file}: {asked[0][0]}")


def test_what_nobody_sees_or_is_crossed_out_is_asked(office: Office, file: Path) -> None:
    workbook(file, [HEAD, ["组织部", "张三"], ["高级人民法院", "李四"], ["代表工委", "王五"]])
    book = openpyxl.load_workbook(file)
    book.active.row_dimensions[3].hidden = True
    book.active["B2"].font = book.active["A4"].font = Font(strike=True)
    book.save(file)
    ended = office("units", "import", str(file), "--json")
    assert [kind for _, kind in kinds(ended)] == ["hidden", "struck", "struck"]
    assert (office.folder / "units.toml").read_text("utf-8") == UNITS


ADDRESSES = {"lead": "lead@unit.example", "related": "related@unit.example"}


@pytest.mark.parametrize(
    ("rows", "after", "asked"),
    [
        # They change places: nobody shares anything.
        ({"代表工委": ADDRESSES["related"], "组织部": ADDRESSES["lead"]},
         {"lead": ADDRESSES["related"], "related": ADDRESSES["lead"]}, []),
        # Both are given one.
        ({"代表工委": "a@x.cn", "组织部": "a@x.cn"}, {}, ["D2", "D3"]),
        # What one gives up the other may have,
        ({"代表工委": "a@x.cn", "组织部": ADDRESSES["lead"]},
         {"lead": "a@x.cn", "related": ADDRESSES["lead"]}, []),
        # but not when it cannot give it up.
        ({"代表工委": "outsider@unit.example", "组织部": ADDRESSES["lead"]}, {}, ["D2", "D3"]),
    ],
)  # fmt: skip
def test_no_address_comes_to_two_units(
    office: Office, file: Path, rows: Mapping[str, str], after: Mapping[str, str], asked: list[str]
) -> None:
    workbook(file, [HEAD, *([name, None, None, to] for name, to in rows.items())])
    ended = office("units", "import", str(file), "--json")
    assert kinds(ended) == [(cell, "shared") for cell in asked]
    found = units(office)
    assert {unit: found[unit]["to"][0] for unit in ADDRESSES} == {**ADDRESSES, **after}


def test_an_address_is_shared_where_that_is_said(office: Office, file: Path) -> None:
    office.put("units.toml", f'{UNITS}[[group]]\nid = "all"\nname = "各单位"\nmembers = ["lead"]\n'
               'to = ["all@x.cn"]\n')  # fmt: skip
    rows = [[name, None, None, "all@x.cn"] for name in ("代表工委", "组织部")]
    asked = office("units", "import", str(workbook(file, [HEAD, *rows])), "--json")
    assert kinds(asked) == [("D2", "shared"), ("D3", "shared")]
    assert office("units", "import", str(file), "--shared", "ALL@x.cn").status == 0
    assert units(office)["related"]["to"] == ["all@x.cn"]
    again = office("units", "import", str(file), "--json").json  # what is shared already stays so
    assert (again["questions"], again["changes"]) == ([], [])


def test_new_units_are_added_when_that_is_said_and_what_is_near_a_name_is_not(
    office: Office, file: Path
) -> None:
    rows = [
        ["审计\u200b厅", "张三", None, "sj@x.cn"],
        ["高级人民法完", "李四"],
        ["审计厅", None, "0951-1"],
        ["委员会", "赵六"],
    ]
    workbook(file, [HEAD, *rows])
    asked = office("units", "import", str(file))
    assert asked.err.splitlines() == [
        f"{file}: A2 单位：名册中没有“审计厅”；确为新单位，请加 --add",
        f"{file}: A3 单位：名册中没有“高级人民法完”，是不是“高级人民法院”？"
        "不是的，请先把它写进 units.toml",
        f"{file}: A4 单位：名册中没有“审计厅”；确为新单位，请加 --add",
        f"{file}: A5 单位：名册中没有“委员会”，是不是“代表工作委员会”？"
        "不是的，请先把它写进 units.toml",
    ]
    added = office("units", "import", str(file), "--add", "--json")
    assert kinds(added) == [("A3", "unknown-unit"), ("A5", "unknown-unit")]
    new = units(office)["unit-1"]
    assert (new["name"], new["contact"], new["phone"]) == ("审计厅", "张三", "0951-1")
    assert office("check").status == 0


def test_one_unit_in_several_rows(office: Office, file: Path) -> None:
    rows = [
        ["组织部", "张三", "0951-1", "a@x.cn"], [None, "李四", "0951-2", "b@x.cn"],
        ["高级人民法院", "王五", None, "c@x.cn"], ["高级人民法院", "赵六", "0951-3", "c@x.cn"],
    ]  # fmt: skip
    workbook(file, [HEAD, *rows], "A2:A3")
    ended = office("units", "import", str(file), "--json")
    assert kinds(ended) == [("B5", "repeated")]
    found = units(office)
    assert (found["related"]["contact"], found["related"]["to"]) == (
        "张三、李四",
        ["a@x.cn", "b@x.cn"],
    )
    assert "contact" not in found["outsider"]
    assert (found["outsider"]["phone"], found["outsider"]["to"]) == ("0951-3", ["c@x.cn"])


def test_csv_of_a_spreadsheet_in_chinese_windows(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "liaisons.csv"
    path.write_bytes("单位,手机,电子邮件\r\n组织部,1.38001E+10,o@x.cn\r\n".encode("gb18030"))
    ended = office("units", "import", str(path))
    assert (ended.status, ended.err.partition("是表格")[0]) == (
        1,
        f"{path}: 第2行 手机：“1.38001E+10”",
    )
    assert units(office)["related"]["to"] == ["o@x.cn"]


def test_units_may_stand_under_any_heading(office: Office, file: Path) -> None:
    rows = [["序号", "责任主体", "手机"], [1, "代表工委", "0951-1"], [2, "某局", None]]
    ended = office("units", "import", str(workbook(file, rows)), "--json").json
    assert [change["unit"] for change in ended["changes"]] == ["lead"]


def test_file_without_headings_or_that_cannot_be_read(office: Office, file: Path) -> None:
    for rows in (
        [["组织部", "a@x.cn"]],
        [["单位", "代表工委", "组织部"], ["电话", "0951-1", "0951-2"]],
    ):
        ended = office("units", "import", str(workbook(file, rows)), "--json")
        assert [kind for _, kind in kinds(ended)] == ["no-headings"]
    file.write_bytes(b"PK\x03\x04")
    ended = office("units", "import", str(file))
    assert (ended.status, ended.err.splitlines()[0].endswith("没有保存完整")) == (2, True)


def test_template_is_filled_in_and_taken_in(office: Office, file: Path) -> None:
    office.put("units.toml", UNITS.replace('"parallel"\n', '"parallel"\nphone = "0951"\n', 1))
    assert office("units", "template", str(file)).out == f"3 units in {file}\n"
    assert office("units", "template", str(file)).status == 1  # never over one that is filled in
    assert office("units", "import", str(file), "--json").json["changes"] == []
    book = openpyxl.load_workbook(file)
    sheet = book.active
    assert [cell.value for cell in sheet[1]] == HEAD
    assert [cell.value for cell in sheet[3]] == [
        "组织部",
        None,
        "0951",
        "related@unit.example",
        None,
    ]
    assert (
        sheet["C9"].number_format == "General" or sheet.column_dimensions["C"].number_format == "@"
    )
    sheet["C3"], sheet["D4"] = "0951 5551234", "a@x.cn\nb@x.cn"
    book.save(file)
    assert office("units", "import", str(file)).status == 0
    assert units(office)["related"]["phone"] == "0951 5551234"
    assert units(office)["outsider"]["to"] == ["a@x.cn", "b@x.cn"]


def test_a_workbook_in_english_is_taken_in_as_well(office: Office, file: Path) -> None:
    office.put("reminder.toml", 'plan = "plan.toml"\nlanguage = "en"\n')
    assert office("units", "template", str(file)).status == 0
    book = openpyxl.load_workbook(file)
    assert [cell.value for cell in book.active[1]] == ["Unit", "Contact", "Telephone", "Mail", "Cc"]
    book.active["B2"], book.active["C2"] = "王某", "0951 5551234"
    book.active["D2"], book.active["E2"] = "a@x.cn", "b@x.cn"
    book.save(file)
    assert office("units", "import", str(file)).status == 0
    taken = {key: units(office)["lead"][key] for key in ("contact", "phone", "to", "cc")}
    assert taken == {"contact": "王某", "phone": "0951 5551234", "to": ["a@x.cn"], "cc": ["b@x.cn"]}


def test_a_list_says_who_is_written_to_in_another_language(office: Office, file: Path) -> None:
    """And so does the workbook, once somebody is."""
    head = ["单位", "语言"]
    assert office("units", "template", str(file)).status == 0
    assert openpyxl.load_workbook(file).worksheets[0].max_column == len(HEAD)
    file.unlink()
    workbook(file, [head, ["代表工作委员会", "英文"], ["高级人民法院", "法语"]])
    ended = office("units", "import", str(file))
    assert (ended.status, ended.err.count("没有“法语”这种语言的模板")) == (1, 1)
    assert units(office)["lead"]["language"] == "en"
    assert office("check").status == 0
    file.unlink()
    assert office("units", "template", str(file)).status == 0
    row = [cell.value for cell in openpyxl.load_workbook(file).worksheets[0][2]]
    assert (row[0], row[-1]) == ("代表工作委员会", "en")
