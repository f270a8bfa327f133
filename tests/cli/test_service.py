"""`reminder service install`: what it shows, and what it is refused for."""

from pathlib import Path

import pytest

from tests.cli.conftest import Office, Reminder


@pytest.fixture(autouse=True)
def _by_the_file_alone(office: Office, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMINDER_STATE_DIR")
    office.put("reminder.toml", f'plan = "plan.toml"\nstate_dir = "{state}"\n')


def test_unit_is_shown_or_written_elsewhere_and_nothing_is_done(office: Office) -> None:
    shown = office("service", "install", "--dry-run", "--user", "wang").out
    assert f"run --config {office.folder}\n" in shown
    assert "\nUser=wang\n" in shown
    assert office("service", "install", "--user", "wang", "--output", "x.service").status == 0
    assert Path("x.service").read_text("utf-8") == shown


REFUSED = [
    ("service install --dry-run", {}, "a service wants an office's own folder"),
    ("service install --config CONFIG --plan x.toml --dry-run", {}, "would not know of --plan"),
    (
        "service install --config CONFIG --dry-run",
        {"REMINDER_WEB__PORT": "80"},
        "would not know of REMINDER_WEB__PORT",
    ),
    ("service install --config nowhere --dry-run", {}, "nowhere: no such folder"),
]


@pytest.mark.parametrize(("command", "environ", "said"), REFUSED)
def test_what_a_service_cannot_be_is_said(
    office: Office,
    reminder: Reminder,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    environ: dict[str, str],
    said: str,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    ended = reminder(*command.replace("CONFIG", str(office.folder)).split())
    assert (ended.status, said in ended.err) == (2, True), ended.err


def test_unit_of_another_is_left(office: Office) -> None:
    Path("x.service").write_text("[Service]\n")
    ended = office("service", "install", "--output", "x.service")
    assert (ended.status, "was not written by this program" in ended.err) == (2, True)
