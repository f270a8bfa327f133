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
