"""Any text of an edited file, and any value at any place of it, loads, or is refused in words at
a line of that file."""

import json
import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.documents.office import load_office
from reminder.documents.office_warnings import warnings
from reminder.documents.settings import SHIPPED
from reminder.errors import ConfigurationError, Fault

NAMES = {
    "plan.toml": SHIPPED / "plan" / "plan_2026.toml",
    "units.toml": SHIPPED / "config" / "units.toml",
    "reminder.toml": SHIPPED / "config" / "reminder.toml",
}
DATA = {
    "workdays/2026.toml": {"work": [date(2026, 5, 9)], "rest": [date(2026, 5, 4)]},
    "reminder.toml": {
        "plan": "plan.toml",
        "mail": {"from": "a@b.cn"},
        "smtp": {"port": 25, "timeout": 60.0},
        "web": {"host": "", "base_url": "http://b.cn"},
        "nudge": [{"workdays_left": 3, "to": ["unit"]}],
        "overdue": [{"workdays_after": 1}],
        "workdays": {"work": [date(2026, 5, 9)]},
        "digest": {"at": time(9)},
    },
}
WORDS = st.text(max_size=20) | st.sampled_from(
    ["", "\0", "\u202e", "x" * 300, "a@b.cn", "2026-02-30", "上旬", "npc-deputies", "\udc80"]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.sampled_from([float("nan"), float("inf"), -0.0, 1e308])
    | st.dates()
    | st.datetimes()
    | st.times()
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SNIPPETS = st.sampled_from(
    ["", "\n", '"', "]", "[[", "= ", "2026-02-30", "9999-12-31", "0001-01-01", "-1", "1e9", "{}",
     "[]", "\x00", "\u009b", "\ufeff", '"\\u0000"', "'", "#", "true", "[[month]]\n", "[plan]\n"]
)  # fmt: skip


def written(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(pairs(value)) + "}"
        case list():
            return "[" + ", ".join(map(written, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case bool() | float():
            return str(value).lower()
        case date() | time():
            return value.isoformat()
        case _:
            return hex(value) if value > 0 else str(value)


def pairs(table: dict[str, Any]) -> list[str]:
    return [f"{json.dumps(key, ensure_ascii=False)} = {written(v)}" for key, v in table.items()]


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*here, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*here, key))


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = changed(copy[place[0]], place[1:], new) if place[1:] else new
    return copy


def faults_of(folder: Path, name: str, text: str) -> list[Fault]:
    (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        office = load_office(folder, {"plan": folder / "plan.toml"})
    except ConfigurationError as error:
        faults = error.faults
    else:
        return list(warnings(office))
    assert faults
    return faults


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@pytest.fixture(autouse=True)
def _without_mistakes(folder: Path) -> None:
    (folder / "workdays").mkdir(exist_ok=True)
    (folder / "workdays" / "2026.toml").unlink(missing_ok=True)
    for name, path in NAMES.items():
        (folder / name).write_bytes(path.read_bytes())


@pytest.mark.parametrize("name", [*NAMES, "workdays/2026.toml"])
def test_any_value_at_any_place_loads_or_is_refused_at_its_line(folder: Path, name: str) -> None:
    data: dict[str, Any] = DATA.get(name) or tomllib.loads(NAMES[name].read_text("utf-8"))

    @settings(max_examples=40, deadline=None)
    @given(st.sampled_from(sorted(places(data), key=str)), ANYTHING)
    def check(place: tuple[Any, ...], new: Any) -> None:
        text = "\n".join(pairs(changed(data, place, new)))
        for fault in faults_of(folder, name, text):
            if fault.path.endswith(name):
                assert 0 < fault.line <= text.count("\n") + 1
            assert len(str(fault)) < 1000

    check()


@pytest.mark.parametrize("name", NAMES)
def test_any_text_loads_or_is_refused_in_words(folder: Path, name: str) -> None:
    original = NAMES[name].read_text("utf-8")
    if name == "reminder.toml":  # its settings stand in comments
        original = original.replace("\n# ", "\n")

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, len(original)), st.integers(0, 40), SNIPPETS | WORDS)
    def check(start: int, length: int, new: str) -> None:
        faults_of(folder, name, original[:start] + new + original[start + length :])

    check()
