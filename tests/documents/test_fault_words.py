"""What is wrong in a file is said in English and in Chinese, with the same facts."""

import ast
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import nodes

from reminder.documents.edited_file import EditedFile
from reminder.errors import REFUSALS, Fault
from reminder.words import CHINESE, ENGLISH, FAULTS, SHIPPED, Sentence, environment, quoted
from tests.test_house import modules

# What a parameter of a sentence may be; of flags both.
SAMPLES: dict[str, Any] = {
    "line": 47, "days": [3, 9], "most": 61, "times": 5, "every": 8, "byte": 0xD5, "bytes": 17,
    "wanted": 32, "count": 23, "month": 11, "above": 12, "months": [2, 6], "year": 2031,
    "named": "2029", "day": date(2031, 4, 5), "first": date(2031, 4, 6), "last": date(2031, 5, 7),
    "due": date(2031, 4, 8), "opens": date(2031, 4, 9), "errno": None, "character": "\u202e",
    "keys": ["alpha", "beta"], "names": ["gamma", "delta"], "is_control": True, "is_set": True,
    "is_when": True, "is_secret": False, "limits": {}, "kind": "task", "state": "held",
    "reason": "hold", "purpose": "feed", "plans": ["eta", "theta"], "states": ["iota", "kappa"],
    "documents": ["mu", "nu"], "years": [2032, 2033], "newest": 19, "number": 13, "port": 8099,
}  # fmt: skip
TRANSLATED = {"limits", "kind", "state", "reason", "purpose"}


def macros(language: str, template: str = FAULTS) -> dict[str, list[str]]:
    """The parameters of each, by its name."""
    templates = environment(None, autoescape=False, language=language)
    source, _, _ = templates.loader.get_source(templates, template)
    body = templates.parse(source).body
    return {
        macro.name: [argument.name for argument in macro.args]
        for macro in body
        if isinstance(macro, nodes.Macro) and not macro.name.startswith("_")
    }


def reasons() -> set[str]:
    """As the code names them: of a mistake, a fault, what is refused at a place of a file."""
    found = set()
    for tree in modules().values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            position = {"Mistake": 0, "Fault": 3, "fault": 1, "refuse": 1}.get(name)
            if position is not None and len(call.args) > position:
                reason = call.args[position]
                found |= {reason.value} if isinstance(reason, ast.Constant) else set()
    return found - {""}  # of a place alone


def test_every_reason_has_its_sentence_in_both_languages() -> None:
    assert macros(ENGLISH) == macros(CHINESE)
    assert macros(ENGLISH).keys() - {"place"} == reasons()


@pytest.mark.parametrize("path", sorted((SHIPPED / "templates" / ENGLISH).rglob("*.txt")), ids=str)
def test_what_is_said_in_english_is_said_in_chinese(path: Path) -> None:
    name = str(path.relative_to(SHIPPED / "templates" / ENGLISH))
    assert macros(ENGLISH, name) == macros(CHINESE, name)


def needles(value: Any) -> list[str]:
    if isinstance(value, list):
        return [needle for each in value for needle in needles(each)]
    return [quoted(value).strip("'\"")]


@pytest.mark.parametrize(
    ("template", "reason"),
    [(name, reason) for name in (FAULTS, REFUSALS) for reason in macros(ENGLISH, name)],
)
def test_both_languages_say_the_same_facts(template: str, reason: str) -> None:
    names = macros(ENGLISH, template)[reason]
    facts = {name: SAMPLES.get(name, f"some-{name}") for name in names}
    flags = [name for name in names if name.startswith("is_")]
    for choice in product((True, False), repeat=len(flags)):
        facts |= dict(zip(flags, choice, strict=True))
        english, chinese = map(Sentence(template, reason, facts).words, (ENGLISH, CHINESE))
        for name in set(names) - set(flags) - TRANSLATED:
            for needle in needles(facts[name]):
                assert (needle in english) == (needle in chinese), (name, english, chinese)


@pytest.mark.parametrize(
    ("kind", "limits", "words"),
    [
        ("int_parsing", {}, "现为“甲”，应为整数"),
        ("less_than_equal", {"le": 12}, "现为“甲”，应为不大于12"),
        ("literal_error", {"expected": "'a' or 'b'"}, "现为“甲”，应为'a'、'b'或'c'"),
        ("of a version to come", {}, "现为“甲”，应为'a', 'b' or 'c'"),
    ],
)
def test_value_of_another_kind_is_said_in_chinese(
    kind: str, limits: dict[str, Any], words: str
) -> None:
    facts = {"kind": kind, "value": "甲", "is_secret": False, "wanted": "'a', 'b' or 'c'"}
    fault = Fault("plan.toml", 3, "plan.year", "not_accepted", facts | {"limits": limits})
    assert fault.words(CHINESE) == words
    assert fault.line_in(CHINESE) == f"plan.toml第3行，plan.year：{words}"
    assert str(fault) == "plan.toml:3: plan.year: is '甲', wanted 'a', 'b' or 'c'"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = “会议”", "等号后面的值看不懂，文字要放在英文引号里"),
        ("title ＝ 1", "键的后面少了英文的“=”"),
        ('lead = ["甲"，"乙"]', "方括号没有成对，或者用了中文逗号"),
        ('title = "会议', "引号没有成对，或者用了中文引号"),
        ('标题 = "会议"', "这一行看不懂"),
        ("a = 1\na = 2", "同一个键写了两次"),
        ("[a]\n[a]", "同一节写了两次：('a',)"),
        ('a = "\x01"', "有不能用的字符'\\x01'"),
    ],
)
def test_slip_in_toml_is_said_in_chinese(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    (fault,) = EditedFile(tmp_path / "plan.toml").faults
    assert fault.words(CHINESE) == f"不符合TOML格式：{words}，应为正确的TOML"
