"""Workbooks, as Excel shows them."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from reminder.documents.tables.grid import Hidden, HiddenPart, Refusal, RefusedFileError, Table
from reminder.documents.tables.reading import read_tables

HEAD = ("时间", "工作内容", "责任单位")


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Table]]:
    """Of a sheet with a head that was then changed."""

    def read_changed(change: Callable[[Worksheet], None], *rows: tuple[Any, ...]) -> list[Table]:
        book = Workbook()
        assert book.active
        for row in (HEAD, *rows):
            book.active.append(row)
        change(book.active)
        book.save(tmp_path / "plan.xlsx")
        return read_tables(tmp_path / "plan.xlsx")

    return read_changed


def texts(table: Table) -> list[list[str | None]]:
    return [[cell and cell.text for cell in row] for row in table.rows]


def nothing(_: Worksheet) -> None:
    pass


def test_a_sheet_is_a_table_with_its_own_numbers(read: Callable[..., list[Table]]) -> None:
    (table,) = read(nothing, ("4月", "1.开会；\n2.调研。", "办公厅"), (), ("5月", "培训", None))
    assert texts(table) == [[*HEAD], ["4月", "1.开会；\n2.调研。", "办公厅"], ["5月", "培训", ""]]
    assert table.numbers == (1, 2, 4)
    assert table.name == "Sheet"


@pytest.mark.parametrize(
    ("value", "code", "wanted"),
    [
        (date(2026, 4, 15), 'm"月"d"日"', "4月15日"),
        (date(2026, 4, 1), 'yyyy"年"m"月"', "2026年4月"),
        (datetime(2026, 4, 15), "yyyy/m/d", "2026/4/15"),  # noqa: DTZ001
        (date(2026, 4, 15), '[DBNum1][$-804]m"月"d"日"', "四月十五日"),
        (2026.1, "General", "2026.1"),
        (4.1, "0.00", "4.10"),
        (4, '0"月"', "4月"),
        ("2026.10", "@", "2026.10"),
        (True, "General", "TRUE"),
        ("　全　年　", "General", "全　年"),
        ("开会_x000D_\n调研", "General", "开会\n调研"),
    ],
)
def test_values_as_they_are_shown(
    read: Callable[..., list[Table]], value: Any, code: str, wanted: str
) -> None:
    def give_format(sheet: Worksheet) -> None:
        sheet["A2"].number_format = code

    (table,) = read(give_format, (value, "开会", "办公厅"))
    assert texts(table)[1][0] == wanted


def test_a_merged_cell_is_one_in_all_its_places(read: Callable[..., list[Table]]) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("A2:A3")

    (table,) = read(merge, ("4月", "开会", "甲"), (None, "调研", "乙"), (None, "培训", "丙"))
    assert [row[0] and row[0].text for row in table.rows] == ["时间", "4月", "4月", ""]
    assert table.rows[1][0] is table.rows[2][0]
    assert table.rows[3][0] is not table.rows[3][2]


def test_what_is_hidden_is_left_out_and_named(read: Callable[..., list[Table]]) -> None:
    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True
        other = sheet.parent.create_sheet("去年")
        other.append(("1月", "旧事"))
        other.sheet_state = "hidden"

    (table,) = read(hide, ("4月", "开会", "甲"), ("5月", "调研", "乙"))
    assert texts(table) == [["时间", None, "责任单位"], ["4月", None, "甲"]]
    assert table.hidden == (
        Hidden(HiddenPart.SHEET, "去年", "1月 旧事"),
        Hidden(HiddenPart.ROW, "3", "5月 调研 乙"),
        Hidden(HiddenPart.COLUMN, "B", "工作内容 开会 调研"),
    )


def test_what_is_crossed_out_is_named(read: Callable[..., list[Table]]) -> None:
    def strike(sheet: Worksheet) -> None:
        sheet["C2"].font = Font(strike=True)
        crossed = TextBlock(InlineFont(strike=True), "2.调研。")
        sheet["B2"].value = CellRichText("1.开会；\n", crossed)

    (table,) = read(strike, ("4月", "", "办公厅"))
    assert [cell and (cell.text, cell.struck) for cell in table.rows[1]] == [
        ("4月", ()),
        ("1.开会；\n2.调研。", ("2.调研。",)),
        ("办公厅", ("办公厅",)),
    ]


def test_a_formula_without_a_value_is_said_to_have_none(read: Callable[..., list[Table]]) -> None:
    (table,) = read(nothing, ("=A1", "开会", "办公厅"))
    cell = table.rows[1][0]
    assert cell
    assert (cell.no_value, cell.text) == (True, "")


def test_one_far_cell_makes_no_large_table(read: Callable[..., list[Table]]) -> None:
    def far(sheet: Worksheet) -> None:
        sheet["XFD1048576"] = "."

    (table,) = read(far)
    assert table.numbers == (1, 1_048_576)


def test_text_below_a_merged_cell_is_named(tmp_path: Path) -> None:
    """A format that was brushed over cells hides what they hold."""
    rows = '<row><c t="str"><v>4月</v></c></row><row r="2"><c t="str"><v>5月</v></c></row>'
    rows += '<row r="3"><c t="str"><v>4月</v></c></row>'
    path = workbook(tmp_path, rows, '<mergeCells><mergeCell ref="A1:A3"/></mergeCells>')
    (table,) = read_tables(path)
    assert texts(table) == [["4月"], ["4月"], ["4月"]]
    assert table.hidden == (Hidden(HiddenPart.COVERED, "A2", "5月"),)


def test_days_in_words_of_the_strict_form(tmp_path: Path) -> None:
    rows = '<row><c t="d"><v>2026-04-15T00:00:00</v></c><c t="d"><v>x</v></c></row>'
    (table,) = read_tables(workbook(tmp_path, rows, strict=True))
    assert texts(table) == [["46127", "x"]]


@pytest.mark.parametrize("space", ["schemas.openxmlformats.org/spreadsheetml/2006", "strict"])
def test_cells_without_places_and_the_strict_form(tmp_path: Path, space: str) -> None:
    rows = '<row><c t="inlineStr"><is><t>时间</t><rPh><t>shijian</t></rPh></is></c><c/>'
    rows += "<c><v>4</v></c></row>"
    path = workbook(tmp_path, rows, strict=space == "strict")
    (table,) = read_tables(path)
    assert texts(table) == [["时间", "", "4"]]


@pytest.mark.long
@pytest.mark.parametrize(
    ("rows", "behind", "wanted"),
    [
        ("<row/>" * 450_000 + '<row><c t="str"><v>x</v></c></row>', "", None),
        ("<row/>" * 1_100_000, "", Refusal.BOMB),
        ('<row r="1">' + "<c/>" * 500_000 + "</row>", "", Refusal.BOMB),
        ('<row r="9999999"><c><v>1</v></c></row>', "", Refusal.DAMAGED),
        (
            "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 100)),
            "",
            Refusal.BOMB,
        ),
        (
            '<row><c r="A1"><v>1</v></c></row><row><c r="XFD2"><v>1</v></c></row>',
            "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 100 + "</mergeCells>",
            Refusal.BOMB,
        ),
    ],
)
def test_sheets_that_would_grow(
    tmp_path: Path, rows: str, behind: str, wanted: Refusal | None
) -> None:
    path = workbook(tmp_path, rows, behind)
    if wanted is None:
        assert read_tables(path)
        return
    with pytest.raises(RefusedFileError) as caught:
        read_tables(path)
    assert caught.value.refusal is wanted


def workbook(folder: Path, rows: str, behind: str = "", *, strict: bool = False) -> Path:
    """Of a sheet's XML as no program of today writes it."""
    main, office = (
        ("http://purl.oclc.org/ooxml/spreadsheetml/main", "http://purl.oclc.org/ooxml/")
        if strict
        else (
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            "http://schemas.openxmlformats.org/",
        )
    )
    links = f"{office}officeDocument/{'' if strict else '2006/'}relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    path = folder / "plan.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
            f'Type="{links}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="b" '
            f'Type="{links}/worksheet" Target="/xl/sheet.xml"/></Relationships>',
        )
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
            '<sheet name="计划" sheetId="1" r:id="b"/></sheets></workbook>',
        )
        file.writestr(
            "xl/sheet.xml",
            f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{behind}</worksheet>',
        )
    return path
