"""A long file is read piece by piece, and whatever is wrong in it is said as of a short one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.documents import long_files
from reminder.documents.edited_file import EditedFile
from reminder.documents.long_files import LongFile
from reminder.documents.settings import SHIPPED
from reminder.documents.units_file import open_units, read_units
from reminder.errors import ConfigurationError, Fault

UNIT = '[[unit]]\nid = "unit-{0}"\nname = "第{0}单位"\nto = ["a{0}@b.example"]\n\n'
GROUP = '[[group]]\nid = "all"\nname = "各单位"\nmembers = ["unit-0", "unit-3"]\n'
TEXT = "# 单位\n\n" + "".join(UNIT.format(number) for number in range(7)) + GROUP


@pytest.fixture(autouse=True, scope="module")
def _short_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_files, "PIECE", 2)
        yield


def put(folder: Path, text: str) -> Path:
    path = folder / "units.toml"
    path.write_text(text, encoding="utf-8")
    return path


def said(path: Path) -> list[str]:
    """Without the folder."""
    try:
        faults = read_units(open_units(path))[1]
    except ConfigurationError as error:
        faults = error.faults
    return [str(fault).removeprefix(f"{path}:") for fault in faults]


def test_pieces_hold_every_table_once(tmp_path: Path) -> None:
    pieces = list(LongFile(put(tmp_path, TEXT), "unit").pieces())
    assert [len(piece.data["unit"]) for piece in pieces] == [2, 2, 2, 1]
    ids = [unit["id"] for piece in pieces for unit in piece.data["unit"]]
    assert ids == [unit["id"] for unit in EditedFile(tmp_path / "units.toml").data["unit"]]


def test_every_table_has_the_line_that_it_has_in_the_whole(tmp_path: Path) -> None:
    path = put(tmp_path, TEXT)
    file, whole = LongFile(path, "unit"), EditedFile(path)
    assert len(list(file.pieces())) == 4
    for place in [("unit", n, "to", 0) for n in range(7)] + [("group", 0, "members", 1)]:
        assert file.line_of(place) == whole.line_of(place)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "第6单位"', 'nmae = "第6单位"', "35: unit.nmae: unknown key, wanted name?"),
        ('id = "unit-5"', 'id = "unit-1"', "29: unit.id: 'unit-1' is the id at line 8 too"),
        (
            'name = "第4单位"',
            'name = "第0单位"',
            "25: unit.name: '第0单位' means 'unit-0' at",
        ),
        ('"unit-3"]', '"unit-9"]', "41: group.members: no unit has the id 'unit-9'"),
        ('id = "unit-2"', "id = unit-2", "14: not TOML: invalid value"),
        ('to = ["a3@b.example"]', 'to = ["a3@b.example"', "23: not TOML: unclosed array"),
        ('name = "第2单位"', 'name = """第2单位', "42: not TOML: unterminated string"),
    ],
)
def test_mistake_in_a_later_piece_is_said_at_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert said(put(tmp_path, TEXT.replace(old, new)))[-1].startswith(words)


def test_head_within_a_text_begins_no_table(tmp_path: Path) -> None:
    path = put(tmp_path, TEXT.replace('"第3单位"', '"""第3\\\n\n[[unit]]\n[[unit]]\\\n单位"""'))
    units = [unit for piece in LongFile(path, "unit").pieces() for unit in piece.data["unit"]]
    assert units == EditedFile(path).data["unit"]


def test_group_gives_to_members_that_stand_in_other_pieces(tmp_path: Path) -> None:
    text = TEXT.replace('to = ["a0@b.example"]\n', "") + 'to = ["all@b.example"]\n'
    directory, faults = read_units(open_units(put(tmp_path, text)))
    assert not faults
    assert (directory["unit-0"].to, directory["unit-3"].to) == (
        ("all@b.example",),
        ("a3@b.example",),
    )


def _faults(path: Path, piece: int) -> set[Fault]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_files, "PIECE", piece)
        try:
            return set(read_units(open_units(path))[1])
        except ConfigurationError as error:
            return set(error.faults)


SHIPPED_UNITS = (SHIPPED / "config" / "units.toml").read_text(encoding="utf-8")
SNIPPETS = ["", "\n", '"', '"""', "]", "[[unit]]\n", "[[group]]\n", "= ", "{}", "'", "#", "\x00"]


def test_what_is_wrong_does_not_hang_on_where_pieces_end(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("units")

    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, len(SHIPPED_UNITS)), st.integers(0, 60), st.sampled_from(SNIPPETS))
    def check(start: int, length: int, snippet: str) -> None:
        path = put(folder, SHIPPED_UNITS[:start] + snippet + SHIPPED_UNITS[start + length :])
        assert _faults(path, 3) == _faults(path, 10_000)

    check()
