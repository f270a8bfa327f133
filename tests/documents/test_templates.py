"""An operator's own templates: what is wrong in them is said with file and line."""

import re
from datetime import date
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


def test_own_file_of_an_earlier_version_is_completed_by_the_shipped_one(tmp_path: Path) -> None:
    """And `check` says so; what it says itself is said."""
    (tmp_path / "zh-CN").mkdir()
    words = Path("templates/zh-CN/words.txt").read_text(encoding="utf-8")
    words = words.replace("{% macro weekday(", "{% macro _other(").replace("set lead =", "set x =")
    words = words.replace("月度提示", "每月通知").rstrip()
    (tmp_path / "zh-CN" / "words.txt").write_text(words, encoding="utf-8")
    settings = SettingsSources(None, {"templates": tmp_path}).load()
    (warning,) = check_templates(settings)
    assert (Path(warning.path).name, warning.facts) == ("words.txt", {"names": ["lead", "weekday"]})
    for autoescape in (True, False):
        templates = environment(tmp_path, autoescape=autoescape)
        assert phrase(templates, "words.txt", "weekday", value=date(2026, 4, 1)) == "4月1日 周三"
        assert phrase(templates, "words.txt", "kind", value="digest") == "每月通知"
        assert vars(templates.get_template("words.txt").module)["lead"] == "承办"


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
