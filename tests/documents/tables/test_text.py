"""Tables in plain text."""

from pathlib import Path

import pytest

from reminder.documents.tables.grid import Refusal, RefusedFileError
from reminder.documents.tables.reading import read_tables

OFFICE = Path(__file__).parents[2] / "data/plan_2026_source.txt"
HEAD = ["时间", "工作内容", "责任单位"]
ROW = ["4月", "召开会议", "办公厅"]


def read(folder: Path, text: str | bytes, name: str = "plan.txt") -> list[list[list[str | None]]]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [
        [[cell and cell.text for cell in row] for row in table.rows] for table in read_tables(path)
    ]


def test_a_table_that_a_word_processor_wrote_into_text() -> None:
    (table,) = read_tables(OFFICE)
    assert table.before == ("附件", "自治区人大常委会2026年度代表工作安排表")
    assert len(table.rows) == 19
    assert [cell and cell.text for cell in table.rows[0]] == [
        "时间",
        "主要内容",
        "相关部门",
        "承办单位",
    ]
    assert table.numbers[:2] == (3, 8)
    assert [len(cell.lines) for cell in table.rows[1] if cell] == [1, 3, 4, 1]
    # Where 全年 goes on over three rows, text has an empty cell.
    assert [row[0] and row[0].text for row in table.rows[-4:-1]] == ["全年", "", ""]
    assert not table.shows_merges


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plan.txt", "时间\t工作内容\t责任单位\n4月\t召开会议\t办公厅\n"),
        ("plan.txt", "\t时间\n\t工作内容\n\t责任单位\n\n\t4月\n\t召开会议\n\t办公厅\n"),
        ("plan.txt", "时间,工作内容,责任单位\n4月,召开会议,办公厅\n"),
        ("plan.csv", "时间,工作内容,责任单位\r\n4月,召开会议,办公厅\r\n"),
        ("plan.csv", "sep=;\n时间;工作内容;责任单位\n4月;召开会议;办公厅\n"),
        ("plan.csv", "\ufeff时间,工作内容,责任单位\n\n4月,召开会议,办公厅\n"),
        ("plan.csv", "时间,工作内容,责任单位\n4月,召开会议,办公厅\n".encode("gb18030")),
        ("plan.txt", "时间\t工作内容\t责任单位\n4月\t召开会议\t办公厅\n".encode("utf-16")),
        ("plan.txt", "|时间|工作内容|责任单位|\n|---|:--|--|\n| 4月 | 召开会议 | 办公厅 |\n"),
        ("plan.txt", "时间    工作内容    责任单位\n4月     召开会议    办公厅\n"),
        ("plan.txt", "　时间　　工作内容　　责任单位\n　4月　召开会议　办公厅\n"),
    ],
)
def test_forms_of_text(tmp_path: Path, name: str, text: str | bytes) -> None:
    table = next(rows for rows in read(tmp_path, text, name) if len(rows) > 1)
    assert [row for row in table if len(row) == 3][-2:] == [HEAD, ROW]


def test_a_value_in_quotes_goes_over_lines(tmp_path: Path) -> None:
    (table,) = read(tmp_path, '时间,内容\n4月,"1.开会；\n2.调研，""重点""。"\n', "plan.csv")
    assert table[1] == ["4月", '1.开会；\n2.调研，"重点"。']


def test_an_empty_cell_is_a_cell(tmp_path: Path) -> None:
    (table,) = read(tmp_path, "\t时间\n\t内容\n\t单位\n\n\t4月\n\t\n\t办公厅\n")
    assert table[1] == ["4月", "", "办公厅"]


def test_text_without_a_table_comes_as_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("　　一、重点工作\n\n　　（一）4月：召开会议。（责任单位：办公厅）\n")
    (table,) = read_tables(path)
    assert not table.rows
    assert table.before == ("一、重点工作", "（一）4月：召开会议。（责任单位：办公厅）")


def test_a_table_between_lines(tmp_path: Path) -> None:
    text = "2026年安排\n| 时间 | 内容 | 单位 |\n| 4月 | 开会 | 甲 |\n注：以通知为准\n"
    path = tmp_path / "plan.md"
    path.write_text(text)
    table, rest = read_tables(path)
    assert (table.before, table.numbers) == (("2026年安排",), (2, 3))
    assert rest.before == ("注：以通知为准",)


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff\xd8\xff\xe0", b"%PDF-1.7\n%\xe2\xe3"])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(RefusedFileError) as caught:
        read(tmp_path, data)
    assert caught.value.refusal is Refusal.OTHER_FORMAT


@pytest.mark.parametrize(
    "text",
    [
        # As Word pastes: a cell's further lines are lines of their own.
        "时间\t内容\t单位\n4月\t1.开会；\n2.调研。\t甲\n乙\n5月\t培训\t丙\n",
        '时间\t内容\t单位\n4月\t"1.开会；\n2.调研。"\t"甲\n乙"\n5月\t培训\t丙\n',
        "\t时间\n\t内容\n\t单位\n\n\t4月\n\t1.开会；\n2.调研。\n\t甲\n乙\n\n\t5月\n\t培训\n\t丙\n",
    ],
)
def test_cells_of_several_lines(tmp_path: Path, text: str) -> None:
    (table,) = read(tmp_path, text)
    assert table == [
        ["时间", "内容", "单位"],
        ["4月", "1.开会；\n2.调研。", "甲\n乙"],
        ["5月", "培训", "丙"],
    ]


def test_rows_over_all_columns_are_no_reason_to_doubt_a_table(tmp_path: Path) -> None:
    rows = "\t2026年安排\n\n\t时间\n\t内容\n\n\t一、重点\n\n\t4月\n\t开会\n"
    (table,) = read(tmp_path, rows)
    assert [row[0] for row in table] == ["2026年安排", "时间", "一、重点", "4月"]


def test_a_heading_between_pasted_rows_is_a_row(tmp_path: Path) -> None:
    text = "时间\t内容\t单位\n一、重点\n4月\t开会\t甲\n二、其他\n5月\t培训\t丙\n备注：略\n"
    (table,) = read(tmp_path, text)
    assert [row[0] for row in table] == ["时间", "一、重点", "4月", "二、其他", "5月", "备注：略"]


@pytest.mark.parametrize(
    "text",
    [
        "一、重点\n1.\t召开会议\n2.\t开展调研\n",
        "\t一、重点\n\t1.召开会议\n\t2.开展调研\n",
        "\t一、重点\n\n\t1.召开会议\n\n\t2.开展调研\n",
        "一、重点\n1.召开　会议，2026年 4月  底前\n2.开展调研\n",
    ],
)
def test_tabs_and_blanks_that_make_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.txt"
    path.write_text(text)
    (table,) = read_tables(path)
    assert not table.rows
    assert table.before == tuple(line.strip() for line in text.split("\n") if line.strip())


def test_columns_that_are_aligned_by_blanks(tmp_path: Path) -> None:
    text = (
        "        2026年安排\n\n"
        "时间     工作内容              责任单位\n"
        "-----------------------------------------\n"
        "4月      召开会议              办公厅\n"
        "         开展调研              代表工委\n"
        "                               法工委\n\n"
        "5月      培训                  办公厅\n"
        "注：以通知为准\n"
    )
    table, rest = read(tmp_path, text)
    assert [row[0] for row in table] == ["时间", "4月", "", "", "5月"]
    assert [row[2] for row in table] == ["责任单位", "办公厅", "代表工委", "法工委", "办公厅"]
    assert rest == []


def test_a_table_drawn_with_lines(tmp_path: Path) -> None:
    text = "┌──┬──┐\n│时间│内容│\n├──┼──┤\n│4月 │开会│\n└──┴──┘\n"
    (table,) = read(tmp_path, text)
    assert table == [["时间", "内容"], ["4月", "开会"]]


def test_text_that_is_cut_within_a_sign_is_damaged(tmp_path: Path) -> None:
    """And not read as another encoding."""
    with pytest.raises(RefusedFileError) as caught:
        read(tmp_path, "时间,工作内容,责任单位\n4月,召开会议,办公厅".encode()[:-1])
    assert caught.value.refusal is Refusal.DAMAGED
