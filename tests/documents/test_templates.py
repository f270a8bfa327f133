"""An operator's own templates: what is wrong in them is said with file and line."""

import re
from pathlib import Path

import pytest

from reminder.documents.settings import Settings
from reminder.documents.settings_sources import SettingsSources
from reminder.documents.templates import check_templates, environment, phrase, render
from reminder.errors import ConfigurationError


def own(folder: Path, content: str | bytes) -> Settings:
    (folder / "zh-CN" / "mail").mkdir(parents=True)
    (folder / "zh-CN" / "mail" / "notice.txt").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return SettingsSources(None, {"templates": folder}).load()


@pytest.mark.parametrize(
    "wrong",
    ["{{ 1 // 0 }}", "{{ none.x }}", "{{ 'a' + 1 }}", "{{ unknown }}",
     "{{ [] | random | upper }}", "{% include 'mail/notice.txt' %}", "{% include 'nowhere' %}"],
)  # fmt: skip
def test_template_that_cannot_be_rendered_is_named_with_its_line(
    tmp_path: Path, wrong: str
) -> None:
    settings = own(tmp_path, f"first\n{wrong}\n")
    with pytest.raises(ConfigurationError) as caught:
        render(environment(settings.templates, autoescape=False), "mail/notice.txt", {})
    (fault,) = caught.value.faults
    assert (Path(fault.path).name, fault.line) == ("notice.txt", 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xff", "notice.txt: byte 0xff is not UTF-8, wanted UTF-8"),
        ("第一行".encode("utf-16"), "notice.txt: is UTF-16, wanted UTF-8"),
        (b"first\n{% if %}", "notice.txt:2: Expected an expression"),
    ],
)
def test_template_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)) as caught:
        check_templates(own(tmp_path, content))
    assert len(caught.value.faults) == 1


def test_template_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    settings = own(tmp_path, "\ufeff第一行\r\n第二行\r\n")
    text = render(environment(settings.templates, autoescape=False), "mail/notice.txt", {})
    assert text == "第一行\n第二行\n"


def test_editors_copy_of_a_template_is_passed_over(tmp_path: Path) -> None:
    """And so is any other file beside the templates."""
    settings = own(tmp_path, "words")
    for name in ("notice.txt~", ".notice.txt.swp", "#notice.txt#", "notice.txt.bak", "../a.jpg"):
        (tmp_path / "zh-CN" / "mail" / name).write_bytes(b"b0VIM\xff{% if %}")
    check_templates(settings)


def test_own_file_that_lacks_a_word_of_the_shipped_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "zh-CN").mkdir()
    shipped = Path("templates/zh-CN/words.txt").read_text(encoding="utf-8")
    own = shipped.replace("{% macro weekday(", "{% macro _other(").replace("set lead =", "set x =")
    (tmp_path / "zh-CN" / "words.txt").write_text(own, encoding="utf-8")
    settings = SettingsSources(None, {"templates": tmp_path}).load()
    with pytest.raises(ConfigurationError, match=r"words\.txt: lacks lead, weekday, wanted"):
        check_templates(settings)


def test_folder_where_templates_stood_before_is_named(tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    with pytest.raises(ConfigurationError, match="mail: is not read, wanted zh-CN/mail"):
        check_templates(SettingsSources(None, {"templates": tmp_path}).load())


def test_phrase_is_one_macro_without_the_breaks_around_it(tmp_path: Path) -> None:
    settings = own(tmp_path, b"{% macro of(count) %}\n{{ count }} tasks\n{% endmacro %}\n")
    plain = environment(settings.templates, autoescape=False)
    assert phrase(plain, "mail/notice.txt", "of", count=2) == "2 tasks"


def test_wrong_fact_in_a_macro_is_said_with_its_line(tmp_path: Path) -> None:
    settings = own(tmp_path, b"{% macro of(count) %}\n{{ nothing }}\n{% endmacro %}\n")
    with pytest.raises(ConfigurationError, match=r"notice\.txt:2"):
        phrase(environment(settings.templates, autoescape=False), "mail/notice.txt", "of", count=2)
