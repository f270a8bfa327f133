"""units.toml is edited where something changes; every other character stays."""

import copy
import difflib
import tomllib
from pathlib import Path

import pytest

from reminder.documents.edited_file import EditedFile
from reminder.documents.settings import SHIPPED
from reminder.documents.units_file import Value, with_units
from reminder.errors import UsageError

VALUES: dict[str, Value] = {"to": ["a@b.cn", "c@d.cn"], "phone": "0951 5551234"}


def edited(path: Path, text: str, *ids: str, added: tuple[dict[str, Value], ...] = ()) -> str:
    path.write_bytes(text.encode())
    file = EditedFile(path)
    wanted = copy.deepcopy(file.data)
    for unit in wanted["unit"]:
        unit.update(VALUES if unit["id"] in ids else {})
    new = with_units(file, text, dict.fromkeys(ids, VALUES), added)
    assert tomllib.loads(new) == {**wanted, "unit": [*wanted["unit"], *added]}
    return new


def test_of_the_shipped_file_only_the_units_own_lines_change(tmp_path: Path) -> None:
    text = (SHIPPED / "config" / "units.toml").read_text("utf-8")
    new = edited(tmp_path / "units.toml", text, "deputies", "departments", "haiyuan")
    changed = [line for line in difflib.ndiff(text.split("\n"), new.split("\n")) if line[0] in "-+"]
    values = ['+ to = ["a@b.cn", "c@d.cn"]', '+ phone = "0951 5551234"']
    assert changed == [
        '- to = ["deputies@npc.example"]', *values,
        *values,
        '- to = ["haiyuan@local.example"]', *values,
    ]  # fmt: skip


LINES = [
    '[[unit]]\r\nid = "z"\r\n\r\n[[unit]]\r\nid = "a"\r\n',
    '[[unit]]\r\nid = "a" # c\r\nname = "b"\r\n\r\n# next\r\n[[unit]]\r\nid = "z"\r\n',
    '[[unit]]\nid = "z"\n\n[[ "unit" ]]\nid = "a"\nname = "b"   # kept',
    '[[group]]\nid = "g"\nmembers = [\n  "a",\n]\n\n[[unit]]\nid = "a"\n# below\n',
    '[[unit]]\nid = "z"\nname = """\n[[unit]]\n"""\n[[unit]]\nid = "a"\n',
    'unit = [{id = "z"},\n  {id = "b"}, # b\n  {id = "a"}]\n',
]


@pytest.mark.parametrize("text", LINES)
def test_whatever_form_the_file_has(tmp_path: Path, text: str) -> None:
    new = edited(tmp_path / "units.toml", text, "a")
    assert [line for line in text.split("\n")[:-2] if line not in new] == []
    assert new.count("\r\n") == (new.count("\n") if "\r" in text else 0)


@pytest.mark.parametrize("text", LINES[:5])
def test_new_units_stand_at_the_end(tmp_path: Path, text: str) -> None:
    more: dict[str, Value] = {"id": "unit-1", "name": "新", "to": ["n@b.cn"]}
    new = edited(tmp_path / "units.toml", text, added=(more,))
    assert new.startswith(text.rstrip())
    assert new.replace("\r", "").endswith('id = "unit-1"\nname = "新"\nto = ["n@b.cn"]\n')


def test_units_in_a_list_get_no_more_beside_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="wanted tables"):
        edited(tmp_path / "units.toml", LINES[5], added=({"id": "unit-1"},))
