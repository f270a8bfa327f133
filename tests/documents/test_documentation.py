"""Every setting stands in the documentation, and the documentation names no other."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reminder.documents.settings import SHIPPED
from reminder.documents.settings_sources import SettingsSources, setting_types, variable_names

PROJECT = Path(__file__).parents[2]
COMMENTED = (SHIPPED / "config" / "reminder.toml").read_text(encoding="utf-8")
# A commented setting or table head begins at the margin, behind `# `; words do not look so.
UNCOMMENTED = re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", COMMENTED)


def names(table: dict[str, Any], outer: str = "") -> Iterator[str]:
    for key, value in table.items():
        inner = value[0] if isinstance(value, list) and isinstance(value[0], dict) else value
        yield outer + key
        if isinstance(inner, dict):
            yield from names(inner, f"{outer}{key}.")


def documentation() -> str:
    pages = [*PROJECT.glob("README*.md"), *(PROJECT / "docs").rglob("*.md")]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def test_every_setting_in_the_comments_of_the_settings_file_exists(tmp_path: Path) -> None:
    (tmp_path / "reminder.toml").write_text(UNCOMMENTED, encoding="utf-8")
    settings = SettingsSources(tmp_path).load()
    assert settings.model_fields_set >= {"plan", "state_dir", "transport", "smtp", "workdays"}


def test_defaults_in_the_comments_are_the_defaults(tmp_path: Path) -> None:
    sections = r"(?ms)^\[(?!mail|workdays)[^\n]*\n.*?(?=^\[|\Z)"
    text = "".join(found[0] for found in re.finditer(sections, UNCOMMENTED))
    (tmp_path / "reminder.toml").write_text(re.sub(r"(?m)^(port|ca_file) = .*", "", text))
    (tmp_path / "empty").mkdir()
    written, default = SettingsSources(tmp_path).load(), SettingsSources(tmp_path / "empty").load()
    for name in ("web", "digest", "nudge", "overdue", "log"):
        assert getattr(written, name) == getattr(default, name)


def test_every_setting_stands_in_the_file_that_people_edit() -> None:
    written = set(names(tomllib.loads(UNCOMMENTED)))
    # The keys of smtp.oauth, says the file.
    settings = [name for name in setting_types() if not name.startswith("inbox.oauth.")]
    secret = {name for name in settings if f"secrets/{name.replace('.', '__')}" in COMMENTED}
    by_word = {name for name in settings if f"# {name.rpartition('.')[2]}: " in COMMENTED}
    assert set(settings) - written - secret - by_word == {"inbox.oauth"}


def test_every_variable_in_the_documentation_is_read() -> None:
    known = {*variable_names(), "REMINDER_CONFIG", "REMINDER_SECRETS_DIR"}
    written = set(re.findall(r"\bREMINDER_[A-Z_]*[A-Z]", COMMENTED + documentation()))
    assert written - known == set()
