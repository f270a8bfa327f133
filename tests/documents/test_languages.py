"""A language is a folder of templates: what is said in one is said in the other."""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from jinja2 import nodes

from reminder.documents.edited_file import EditedFile
from reminder.documents.office import load_office
from reminder.documents.settings_sources import SettingsSources
from reminder.documents.templates import check_templates
from reminder.documents.units_file import read_units
from reminder.domain.units import Unit
from reminder.errors import ConfigurationError
from reminder.words import CHINESE, ENGLISH, SHIPPED, environment, languages

TEMPLATES = SHIPPED / "templates"
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
COMMENT = re.compile(r"\{#.*?#\}|/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
# The plan as the office prints it, which is read back.
CHINESE_ALONE = "documents/table.txt"
# In English, with examples of what is typed into a plan, and the signs by which it is read.
WORDINGS = [
    "documents/import.txt",
    "faults.txt",
    "web/console/plan_parts.html",
    "web/console/plan_task.html",
    "web/console/upload.html",
    "words.txt",
]


def files(language: str) -> Iterator[str]:
    for path in sorted((TEMPLATES / language).rglob("*.*")):
        name = path.relative_to(TEMPLATES / language).as_posix()
        if path.is_file() and path.suffix != ".docx" and name != CHINESE_ALONE:
            yield name


def text_of(language: str, name: str) -> str:
    return (TEMPLATES / language / name).read_text(encoding="utf-8")


def test_what_says_something_in_chinese_stands_in_english() -> None:
    """The rest has no words: layouts, colours, style sheets."""
    speaking = [
        name for name in files(CHINESE) if CJK.search(COMMENT.sub("", text_of(CHINESE, name)))
    ]
    speaking.remove("web/style.css")  # which has the signs of both
    assert list(files(ENGLISH)) == speaking


def offered(language: str, name: str) -> tuple[dict[str, list[str]], set[str], set[str]]:
    """Macros with their parameters, variables and blocks of a file."""
    body = environment(None, autoescape=False).parse(text_of(language, name))
    macros = {
        macro.name: [argument.name for argument in macro.args]
        for macro in body.find_all(nodes.Macro)
        if not macro.name.startswith("_")
    }
    assigned = (node.target for node in body.body if isinstance(node, nodes.Assign))
    names = {target.name for target in assigned if isinstance(target, nodes.Name)}
    blocks = {block.name for block in body.find_all(nodes.Block)}
    return macros, {name for name in names if not name.startswith("_")}, blocks


@pytest.mark.parametrize("name", list(files(ENGLISH)))
def test_every_macro_and_word_is_there_in_both_languages(name: str) -> None:
    (ours, words, blocks), (theirs, known, wanted) = offered(ENGLISH, name), offered(CHINESE, name)
    assert {macro: ours.get(macro) for macro in theirs} == theirs
    assert known <= words
    assert blocks == wanted


def tables(language: str, name: str) -> dict[str, set[str]]:
    """What stands in a file's tables of words, which have a word for each kind, state or reason."""
    body = environment(None, autoescape=False).parse(text_of(language, name)).body
    return {
        node.target.name: {
            pair.key.value for pair in node.node.items if isinstance(pair.key, nodes.Const)
        }
        for node in body
        if isinstance(node, nodes.Assign)
        and isinstance(node.target, nodes.Name)
        and isinstance(node.node, nodes.Dict)
    }


@pytest.mark.parametrize("name", list(files(ENGLISH)))
def test_a_word_of_a_table_of_words_is_there_in_both_languages(name: str) -> None:
    ours, theirs = tables(ENGLISH, name), tables(CHINESE, name)
    for table in theirs:
        if table in ours or not table.startswith("_"):
            assert ours.get(table) == theirs[table], table


def test_an_english_file_has_chinese_only_where_it_names_what_the_plan_says() -> None:
    found = [name for name in files(ENGLISH) if CJK.search(COMMENT.sub("", text_of(ENGLISH, name)))]
    assert found == WORDINGS


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 4 | month }}", "April"),
        ("{{ first | day }}, {{ first | full_day }}", "1 April 2026"),
        ("{{ first | weekday }}", "Wednesday 1 April"),
        ("{{ (first, first) | days }} {{ (first, last) | days }}", "1 April 1 – 30 April"),
        ("{{ (first, next) | days }}", "1 April 2026 – 5 January 2027"),
        ("{{ (first, last) | months }}, {{ (first, next) | months }}", "April, April 2026 – Jan"),
        ("{{ ['A', 'B', 'C'] | listed }}", "A, B and C"),
        ("{{ 1 | plural('task', 'tasks') }}, {{ 2 | plural('task', 'tasks') }}", "1 task, 2 tasks"),
    ],
)  # fmt: skip
def test_dates_lists_and_plurals_in_english(template: str, said: str) -> None:
    facts = {"first": date(2026, 4, 1), "last": date(2026, 4, 30), "next": date(2027, 1, 5)}
    templates = environment(None, autoescape=False, language=ENGLISH)
    assert said in templates.from_string(template).render(facts)


def test_names_in_a_list_are_escaped_where_a_page_is_made() -> None:
    templates = environment(None, autoescape=True, language=ENGLISH)
    said = templates.from_string("{{ names | listed }}").render(names=["<a>", "b"])
    assert said == "&lt;a&gt; and b"


# Of an operator's own


@pytest.fixture
def uyghur(tmp_path: Path) -> Path:
    """English words in another folder, and nothing else."""
    folder = tmp_path / "own" / "ug-CN"
    folder.mkdir(parents=True)
    (folder / "words.txt").write_text(text_of(ENGLISH, "words.txt"), encoding="utf-8")
    return folder


def test_a_folder_with_words_is_a_language_and_lacks_what_chinese_has(uyghur: Path) -> None:
    own = uyghur.parent
    assert languages(None) == [CHINESE, ENGLISH]
    assert languages(own) == [CHINESE, ENGLISH, "ug-CN"]
    templates = environment(own, autoescape=False, language="ug-CN")
    said = templates.from_string('{% import "words.txt" as words %}{{ words.day(day) }}')
    assert "ئاپرېل" in said.render(day=date(2026, 4, 1))
    loaded = templates.get_template("mail/notice.txt").filename
    assert loaded == str(TEMPLATES / CHINESE / "mail" / "notice.txt")


def test_what_is_wrong_in_a_file_of_another_language_is_named(uyghur: Path) -> None:
    (uyghur / "words.txt").write_text("{% macro day(value) %}\n{% if %}\n", encoding="utf-8")
    settings = SettingsSources(None, {"templates": uyghur.parent}).load()
    with pytest.raises(ConfigurationError, match=r"ug-CN/words\.txt:2: "):
        check_templates(settings)


# Who speaks which

UNITS = """
[[unit]]
id = "a"
name = "甲"
language = "en"
[[unit]]
id = "b"
name = "乙"
[[unit]]
id = "c"
name = "丙"
language = "zh-CN"
[[unit]]
id = "d"
name = "丁"
[[group]]
id = "all"
name = "各单位"
members = ["a", "b", "c"]
language = "ug-CN"
"""


def test_a_unit_speaks_its_own_language_or_its_groups_or_the_offices() -> None:
    directory = read_units(EditedFile(Path("units.toml"), UNITS.encode()))
    spoken = {unit.id: unit.language for unit in directory.units.values()}
    assert spoken == {"a": "en", "b": "ug-CN", "c": "zh-CN", "d": "", "all": "ug-CN"}
    office = load_office(command_line={"language": ENGLISH})
    assert office.language_of(Unit("d", "丁")) == ENGLISH
    assert office.languages == (ENGLISH,)


def test_an_own_language_may_be_spoken_once_its_folder_is_there(
    uyghur: Path, tmp_path: Path
) -> None:
    config = copytree(SHIPPED / "config", tmp_path / "config")
    units = config / "units.toml"
    units.write_text(
        units.read_text("utf-8").replace('id = "helan"', 'id = "helan"\nlanguage = "ug-CN"')
    )
    with pytest.raises(ConfigurationError, match=r"unit\.language: is 'ug-CN', wanted one of"):
        load_office(config)
    office = load_office(config, {"templates": uyghur.parent})
    assert office.languages == (CHINESE, "ug-CN")
    audiences = {office.table.audience(unit) for unit in ("helan", "lingwu", "tongxin")}
    assert len(audiences) == 2


def test_who_writes_chinese_alone_does_not_load_what_others_need() -> None:
    words = (
        "import sys; from reminder.documents.templates import environment, phrase;"
        "text = phrase(environment(None, autoescape=False), 'words.txt', 'months', numbers=[3]);"
        "sys.exit('babel' in sys.modules or text != '3月')"
    )
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0
