"""An operator's own templates: what is wrong in them is said with file and line."""

from pathlib import Path

import pytest

from reminder.errors import ConfigurationError
from reminder.settings import Settings, load_settings
from reminder.storage.templates import check_templates, environment, render


def own(folder: Path, content: str | bytes) -> Settings:
    (folder / "mail").mkdir()
    (folder / "mail" / "notice.txt").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return load_settings(None, {"templates": folder})


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
        render(environment(settings, autoescape=False), "mail/notice.txt", {})
    (fault,) = caught.value.faults
    assert (Path(fault.path).name, fault.line) == ("notice.txt", 2)


@pytest.mark.parametrize("content", [b"\xff\xfe", "{% if %}"], ids=["bytes", "syntax"])
def test_template_that_cannot_be_read_is_named(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"notice\.txt") as caught:
        check_templates(own(tmp_path, content))
    assert len(caught.value.faults) == 1


def test_other_files_beside_the_templates_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    check_templates(load_settings(None, {"templates": tmp_path}))
