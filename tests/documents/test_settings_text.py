"""The shipped settings with an office's values: every comment stays, all else is as it was."""

import tomllib

import pytest

from reminder.documents.settings import SHIPPED
from reminder.documents.settings_sources import SettingsSources
from reminder.documents.settings_text import Given, filled

TEXT = """\
# Settings, with their defaults behind the #.
# state_dir = "/var/lib/x"     # the ledger
[mail]
from = "a # b <a@npc.example>"
contact = "综合处"              # in every mail
# [smtp]
# host = "localhost"
# port = 587
# [[nudge]]                    # 临近提醒
# host = "no setting of smtp"
"""
FILLED: list[tuple[Given, str, str]] = [
    (
        {"state_dir": "state"},
        '# state_dir = "/var/lib/x"     #',
        'state_dir = "state"            #',
    ),
    ({"mail.from": "c@d.cn"}, 'from = "a # b <a@npc.example>"', 'from = "c@d.cn"'),
    ({"mail.contact": None}, 'contact = "综', '# contact = "综'),
    (
        {"smtp.port": 25},
        '# [smtp]\n# host = "localhost"\n# port = 587',
        '[smtp]\n# host = "localhost"\nport = 25',
    ),
    (
        {"smtp.host": 'say "hi"\\'},
        '# [smtp]\n# host = "localhost"',
        '[smtp]\nhost = "say \\"hi\\"\\\\"',
    ),
]


@pytest.mark.parametrize(("values", "old", "new"), FILLED)
def test_value_stands_where_its_example_stood(values: Given, old: str, new: str) -> None:
    assert old in TEXT
    text = filled(TEXT, values)
    assert text == TEXT.replace(old, new)
    tomllib.loads(text)


def test_setting_that_stands_nowhere_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match="colour"):
        filled(TEXT, {"smtp.colour": "red"})
    with pytest.raises(KeyError, match="nudge"):
        filled(TEXT, {"nudge.host": "x"})


def test_settings_without_values_are_the_shipped_ones() -> None:
    text = (SHIPPED / "config" / "reminder.toml").read_text("utf-8")
    assert filled(text, {}) == text
    assert SettingsSources(SHIPPED / "config").load()
