"""An edited TOML file: where every part stands, and what its mistakes are called."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from reminder.documents.edited_file import EditedFile, Location, explain, key_name, unknown_key
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


def refusal(folder: Path, content: str | bytes) -> str:
    (fault,) = edited(folder, content).faults
    return str(fault).removeprefix(f"{folder}/edited.toml")


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title",), 2),
        (("quoted key",), 3),
        (("dotted", "key"), 4),
        (("dotted",), 4),
        (("inline", "here"), 5),
        (("inline", "deeper", "there"), 5),
        (("list",), 6),
        (("list", 0), 8),
        (("list", 1, "name"), 9),
        (("long",), 11),
        (("table",), 15),
        (("table", "below"), 16),
        (("table", "inner", "key"), 19),
        (("row", 0, "id"), 22),
        (("row", 0, "task", 0, "id"), 25),
        (("row", 0, "task", 1), 27),
        (("row", 0, "task", 1, "lead", 1), 31),
        (("row", 1), 34),
        (("row", 1, "task", 0, "id"), 36),
        (("row", 1, "task", 0, "before", "workdays"), 38),
    ],
)
def test_every_part_of_a_file_has_its_line(tmp_path: Path, location: Location, line: int) -> None:
    file = edited(tmp_path, TEXT)
    assert file.line_of(location) == line


def test_missing_key_is_at_the_table_around_it(tmp_path: Path) -> None:
    assert edited(tmp_path, TEXT).line_of(("row", 1, "task", 0, "title")) == 35


def test_missing_table_is_at_the_first_line(tmp_path: Path) -> None:
    assert edited(tmp_path, TEXT).line_of(("nowhere",)) == 1


def test_list_of_tables_is_at_its_first_table(tmp_path: Path) -> None:
    assert edited(tmp_path, TEXT).line_of(("row",)) == 21


def test_escaped_key_is_found_under_the_name_that_it_means(tmp_path: Path) -> None:
    assert edited(tmp_path, '# first\n"\\u540d" = 1\n').line_of(("名",)) == 2


def test_wide_characters_before_a_key_do_not_move_it(tmp_path: Path) -> None:
    file = edited(tmp_path, '"代表" = "各市、县"\nwork = ["😀"]\nrest = 1\n')
    assert file.line_of(("rest",)) == 3


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_of_windows_count_once(tmp_path: Path, end: str) -> None:
    assert edited(tmp_path, TEXT.replace("\n", end)).line_of(("row", 0, "id")) == 22


def test_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert edited(tmp_path, "\ufeffkey = 1\n").data == {"key": 1}


def test_name_of_a_key_leaves_out_positions() -> None:
    assert key_name(("month", 3, "task", 0, "lead")) == "month.task.lead"


def test_missing_file_is_said(tmp_path: Path) -> None:
    (fault,) = EditedFile(tmp_path / "none.toml").faults
    assert str(fault) == f"{tmp_path}/none.toml: no such file, wanted a TOML file here"


def test_path_below_the_present_folder_is_shown_as_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert edited(tmp_path, "").shown == "edited.toml"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = '\xd6\xd0'\n", ":2: byte 0xd6 is not UTF-8, wanted UTF-8"),
        ("a = 1\nb 2\n", ":2: not TOML: expected '=' after a key in a key/value pair, wanted"),
        ("a = 1\na = 2\n", ":2: not TOML: cannot overwrite a value"),
        ("a = [\n1,\n", ":3: not TOML: "),
        ("a = 1\nb = '\x00'\n", ":2: not TOML: "),
        ('a = "\\ud800"\n', ":1: not TOML: "),
    ],
)
def test_what_is_no_toml_is_said_with_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    assert refusal(tmp_path, content).startswith(words)


@pytest.mark.parametrize(
    "deep",
    [
        "b = " + "[" * 5000 + "]" * 5000,
        "b = " + "{a=" * 5000 + "1" + "}" * 5000,
    ],
    ids=["lists", "tables"],
)
def test_file_nested_too_deeply_is_refused_at_its_line(tmp_path: Path, deep: str) -> None:
    assert refusal(tmp_path, f"a = 1\n{deep}\n").startswith(":2: not TOML: nested too deeply")


def test_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    assert "Exceeds the limit" in refusal(tmp_path, f"a = 1\nb = {'9' * 5000}\n")


def test_byte_after_a_byte_order_mark_is_the_one_that_is_named(tmp_path: Path) -> None:
    assert (
        refusal(tmp_path, b"\xef\xbb\xbfa = 1\n\xd6") == ":2: byte 0xd6 is not UTF-8, wanted UTF-8"
    )


def test_long_value_is_cut() -> None:
    assert len(words({"smtp": {"port": "x" * 5000}})[0]) < 250


def test_date_in_a_wrong_place_reads_as_it_was_written() -> None:
    assert words({"smtp": {"port": date(2026, 4, 1)}})[0].startswith("is 2026-04-01, wanted")


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


def test_unknown_key_near_a_known_one_names_it() -> None:
    assert unknown_key("shrot", ["short", "title"]) == "unknown key, wanted short?"


def test_unknown_key_near_none_names_them_all() -> None:
    assert unknown_key("x", ["title", "short"]) == "unknown key, wanted one of short, title"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    port: int = 0
    password: SecretStr = SecretStr("")


class Outer(BaseModel):
    smtp: Inner = Inner()
    steps: list[Inner] = []


def words(data: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(data)
    return [explain(dict(detail), Outer) for detail in caught.value.errors()]


def test_wrong_value_is_shown_with_what_was_wanted() -> None:
    assert words({"smtp": {"port": "x"}})[0].startswith("is 'x', wanted a valid integer")


@pytest.mark.parametrize("value", [["swordfish"], {"swordfish": 1}, 5])
def test_wrong_secret_is_not_shown(value: object) -> None:
    assert words({"smtp": {"password": value}}) == ["is not usable, wanted a valid string"]


def test_suggestion_comes_from_the_table_that_the_key_stands_in() -> None:
    assert words({"steps": [{}, {"prot": 1}]}) == ["unknown key, wanted port?"]
