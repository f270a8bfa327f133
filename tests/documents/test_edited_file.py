"""An edited TOML file: where every part stands, and what its mistakes are called."""

from pathlib import Path

import pytest

from reminder.documents.edited_file import EditedFile, Location, key_name
from reminder.domain.characters import one_line

TEXT = """\
# a comment
title = "plan"
"quoted key" = 1
dotted.key = 2
inline = { here = 3, deeper = { there = 4 } }
list = [
    # a comment
    "first",
    { name = "second" },
]
long = '''
two
lines'''

[table]
below = 5

[table.inner]
key = 6

[[row]]
id = 7

[[row.task]]
id = 8

[[row.task]]
id = 9
lead = [
    "one",
    "two",
]

[[row]]
[[row.task]]
id = 10
[row.task.before]
workdays = 11
"""


def edited(folder: Path, content: str | bytes) -> EditedFile:
    path = folder / "edited.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return EditedFile(path)


ROW, TASK = ("row", 1), ("row", 1, "task", 0)
LINES: dict[Location, int] = {
    ("title",): 2, ("quoted key",): 3, ("dotted", "key"): 4, ("dotted",): 4,
    ("inline", "here"): 5, ("inline", "deeper", "there"): 5,
    ("list",): 6, ("list", 0): 8, ("list", 1, "name"): 9, ("long",): 11,
    ("table",): 15, ("table", "below"): 16, ("table", "inner", "key"): 19,
    ("row",): 21, ("row", 0, "id"): 22, ("row", 0, "task", 0, "id"): 25, ("row", 0, "task", 1): 27,
    ("row", 0, "task", 1, "lead", 1): 31, ROW: 34, (*TASK, "id"): 36,
    (*TASK, "before", "workdays"): 38,
    (*TASK, "title"): 35, ("nowhere",): 1,  # missing: at the table around them
}  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_part_of_a_file_has_its_line(tmp_path: Path, end: str) -> None:
    file = edited(tmp_path, TEXT.replace("\n", end))
    assert {location: file.line_of(location) for location in LINES} == LINES


def test_a_key_is_found_under_the_name_that_it_means_whatever_stands_before_it(
    tmp_path: Path,
) -> None:
    file = edited(tmp_path, '\ufeff"代表" = "各市、县"\nwork = ["😀"]\n"\\u540d" = 1\n')
    assert file.data["名"] == 1
    assert (file.line_of(("代表",)), file.line_of(("名",))) == (1, 3)


def test_name_of_a_key_leaves_out_positions() -> None:
    assert key_name(("month", 3, "task", 0, "lead")) == "month.task.lead"


def test_path_below_the_present_folder_is_shown_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert edited(tmp_path, "").shown == "edited.toml"


DEEP_LISTS = "b = " + "[" * 5000 + "]" * 5000
DEEP_TABLES = "b = " + "{a=" * 5000 + "1" + "}" * 5000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = '\xd6\xd0'\n", ":2: byte 0xd6 is not UTF-8, wanted UTF-8"),
        (b"\xef\xbb\xbfa = 1\n\xd6", ":2: byte 0xd6 is not UTF-8, wanted UTF-8"),
        ("a = 1\nb 2\n", ":2: not TOML: expected '=' after a key in a key/value pair, wanted"),
        ("a = 1\na = 2\n", ":2: not TOML: cannot overwrite a value"),
        ("a = [\n1,\n", ":3: not TOML: "),
        ("a = 1\nb = '\x00'\n", ":2: not TOML: "),
        ('a = "\\ud800"\n', ":1: not TOML: "),
        (f"a = 1\n{DEEP_LISTS}\n", ":2: not TOML: nested too deeply"),
        (f"a = 1\n{DEEP_TABLES}\n", ":2: not TOML: nested too deeply"),
        (f"a = 1\nb = {'9' * 5000}\n", ": cannot be read: Exceeds the limit"),
    ],
    ids=range(10),
)
def test_what_is_no_toml_is_said_with_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    (fault,) = edited(tmp_path, content).faults
    assert str(fault).startswith(f"{tmp_path}/edited.toml{words}")


@pytest.mark.parametrize("bad", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f", "\x85", "\u2028"])
def test_text_of_more_than_one_line_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="wanted one line of text"):
        one_line(f"two{bad}lines")


@pytest.mark.parametrize("empty", ["", " ", "\u3000", "\u200d"])
def test_empty_text_is_refused(empty: str) -> None:
    with pytest.raises(ValueError, match="is empty, wanted words"):
        one_line(empty)


def test_text_with_wide_spaces_is_one_line() -> None:
    assert one_line("综合处\u30000951") == "综合处\u30000951"
