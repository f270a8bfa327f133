"""`reminder reader`: whom a unit's mails are copied to, by the command line."""

from pathlib import Path

import pytest

from tests.cli.conftest import Reminder


@pytest.fixture
def linked(reminder: Reminder, monkeypatch: pytest.MonkeyPatch) -> Reminder:
    monkeypatch.setenv("REMINDER_WEB__BASE_URL", "https://reminder.unit.test")
    return reminder


def test_a_reader_is_asked_chooses_and_goes(linked: Reminder, state: Path) -> None:
    to = ("--unit", "deputies")
    assert linked("reader", "add", "Chief@other.test", *to, "--label", "分管领导").status == 0
    quiet = ("--quiet", "22:00-07:00", "--decline", "nudge")
    assert linked("reader", "set", *to, "--address", "chief@other.test", *quiet).status == 0
    assert linked("reader", "set", *to, "--pause-until", "2099-01-31").status == 2
    assert linked("reader", "list", *to, "--json").json == [
        {
            "unit": "deputies", "address": "chief@other.test", "label": "分管领导",
            "state": "asked", "declined": ["nudge"], "quiet": "22:00-07:00", "pause": "",
        }
    ]  # fmt: skip
    assert linked("reader", "remove", "chief@other.test", *to).status == 0
    assert linked("reader", "list", "--json").json == []


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("add chief@other.test --unit nobody", 3, "no unit 'nobody'"),
        ("add nonsense --unit deputies", 2, "nonsense"),
        ("remove chief@other.test --unit deputies", 2, "was not added by deputies"),
        ("set --unit deputies --decline digest", 2, "a unit always gets its digests"),
        ("set --unit deputies --quiet noon", 2, "noon"),
        ("set --unit deputies --pause-from 2026-13-01", 2, "no date"),
    ],
)
def test_what_cannot_be_is_refused_with_words(
    linked: Reminder, command: str, status: int, said: str
) -> None:
    ended = linked("reader", *command.split())
    assert ended.status == status
    assert said in ended.out + ended.err
