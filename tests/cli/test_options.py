"""What every command has in common: options, help, words instead of tracebacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from reminder.cli import cli
from tests.cli.conftest import PLAN, Office, Reminder


def commands(group: TyperGroup, *outer: str) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *outer, name)
        else:
            yield (*outer, name)


COMMANDS = list(commands(typer.main.get_group(cli)))
CONTRACT = """check tasks windows occasions units preview tick run status, ledger list,
ledger show, ledger resend, ledger release, ledger drop, feed url, feed export, task done,
task reopen"""


def test_every_command_of_the_contract_is_there() -> None:
    single, *grouped = CONTRACT.split(",")
    wanted = {(name,) for name in single.split()} | {tuple(name.split()) for name in grouped}
    assert wanted <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_has_an_example(reminder: Reminder, command: tuple[str, ...]) -> None:
    ended = reminder(*command, "--help")
    assert ended.status == 0
    assert f"Example: reminder {' '.join(command)}" in ended.out


def test_every_command_is_documented() -> None:
    project = Path(__file__).parents[2]
    pages = [*project.glob("README*.md"), *(project / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = [" ".join(command) for command in COMMANDS]
    assert [name for name in names if f"reminder {name}" not in text] == []


@pytest.mark.parametrize(
    "command", [(), ("ledger",), ("feed",), ("task",), ("console",)], ids=" ".join
)
def test_help_lists_the_commands(reminder: Reminder, command: tuple[str, ...]) -> None:
    out = reminder(*command, "--help").out
    assert all(name[-1] in out for name in COMMANDS if name[:-1] == command)


def test_folder_may_stand_before_the_command(office: Office) -> None:
    rows = office.run("--config", str(office.folder), "tasks", "--json").json
    assert rows[0]["title"] == "起草意见"


def test_folder_may_stand_after_the_command(office: Office) -> None:
    rows = office.run("tasks", "--config", str(office.folder), "--json").json
    assert rows[0]["title"] == "起草意见"


def test_folder_may_stand_after_the_command_of_a_group(office: Office) -> None:
    ended = office.run("feed", "url", "--unit", "lead", "--config", str(office.folder))
    assert ended.status == 0


def test_folder_may_come_from_the_environment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_CONFIG", str(office.folder))
    assert len(office.run("tasks", "--json").json) == 3


@pytest.mark.parametrize("before", [True, False])
def test_plan_may_stand_before_or_after_the_command(office: Office, before: bool) -> None:
    office.put("other.toml", PLAN.replace("起草意见", "另一件事"))
    plan = ("--plan", str(office.folder / "other.toml"))
    command = ("tasks", "--json", "--config", str(office.folder))
    rows = office.run(*plan, *command).json if before else office.run(*command, *plan).json
    assert rows[0]["title"] == "另一件事"


def test_plan_on_the_command_line_is_relative_to_the_present_folder(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office.folder)
    assert office.run("check", "--config", ".", "--plan", "plan.toml").status == 0


def test_last_word_on_the_folder_wins(office: Office) -> None:
    ended = office.run("--config", "nowhere", "tasks", "--config", str(office.folder), "--json")
    assert len(ended.json) == 3


def test_without_options_the_shipped_plan_is_used_from_any_folder(
    reminder: Reminder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert len(reminder("tasks", "--json").json) == 39


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("tasks", "--unit", "nobody"), 3, "no unit 'nobody'"),
        (("preview", "--unit", "nobody", "--period", "2026-04"), 3, "no unit 'nobody'"),
        (("feed", "url", "--unit", "nobody"), 3, "no unit 'nobody'"),
        (("ledger", "list", "--unit", "nobody"), 3, "no unit 'nobody'"),
        (("ledger", "show", "small/nothing"), 3, "no notice 'small/nothing'"),
        (("ledger", "resend", "small/nothing"), 3, "no notice 'small/nothing'"),
        (("ledger", "drop", "small/nothing"), 3, "no notice 'small/nothing'"),
        (("task", "done", "2026-04-9"), 3, "no task '2026-04-9'"),
        (("task", "reopen", "2026-04-9"), 3, "no task '2026-04-9'"),
        (("preview", "--unit", "lead", "--period", "2026-13"), 2, "no period '2026-13'"),
        (("preview", "--unit", "lead", "--period", "april"), 2, "no period 'april'"),
        (("preview", "--period", "2026-04"), 2, "wanted --unit ID, or --output DIR"),
        (("preview", "--period", "2027-04", "--output", "x"), 2, "no period '2027-04'"),
        (("preview", "--unit", "lead", "--period", "2026-04", "--format", "pdf"), 2, "'pdf'"),
        (("ledger", "list", "--state", "lost"), 2, "no state 'lost'"),
        (("ledger", "resend"), 2, "wanted a KEY, or --period and --state"),
        (("windows", "--at", "tomorrow"), 2, "'tomorrow' is no date"),
        (("windows", "--at", "2026-04-31"), 2, "'2026-04-31' is no date"),
        (("windows", "--month", "13"), 2, "--month"),
        (("occasions", "--from", "x", "--to", "2026-04-01"), 2, "'x' is no date"),
        (("occasions", "--from", "2026-04-01"), 2, "--to"),
        (("tick", "--at", "noon"), 2, "'noon' is no moment"),
        (("task", "done", "2026-04-1", "--on", "noon"), 2, "'noon' is no date"),
        (("task", "done", "2026-04-1", "--on", "2026-04-02"), 2, "is yet to come"),
        (("task", "reopen", "2026-04-1"), 2, "not registered as done"),
        (("tasks", "--config", "nowhere"), 2, "nowhere: no such folder"),
        (("tasks", "--plan", "nowhere.toml"), 2, "nowhere.toml: no such file"),
        (("tsaks",), 2, "tsaks"),
        (("tasks", "--jsno"), 2, "--jsno"),
    ],
)
def test_what_is_not_there_is_said_in_words(
    office: Office, command: tuple[str, ...], status: int, words: str
) -> None:
    ended = office.run("--config", str(office.folder), *command)
    assert (ended.status, words in ended.err) == (status, True), ended.err
    assert "Traceback" not in ended.err


def test_hint_says_what_to_type_next(office: Office) -> None:
    assert "`reminder units` lists them" in office("tasks", "--unit", "nobody").err


def test_file_in_place_of_the_state_folder_is_said_in_words(office: Office, state: Path) -> None:
    state.write_text("")
    ended = office("tick")
    assert ended.status == 4
    assert "REMINDER_STATE_DIR" in ended.err


def test_file_that_is_no_ledger_is_said_in_words(office: Office, state: Path) -> None:
    state.mkdir()
    (state / "ledger.db").write_bytes(b"not a database, but a note of some length\n" * 100)
    (state / "ledger.db").chmod(0o600)
    ended = office("ledger", "list")
    assert ended.status == 4
    assert "is no ledger" in ended.err
