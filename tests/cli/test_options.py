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


def test_every_command_of_the_contract_is_there_and_documented() -> None:
    single, *grouped = CONTRACT.split(",")
    wanted = {(name,) for name in single.split()} | {tuple(name.split()) for name in grouped}
    assert wanted <= set(COMMANDS)
    project = Path(__file__).parents[2]
    pages = [*project.glob("README*.md"), *(project / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    names = [" ".join(command) for command in COMMANDS]
    assert [name for name in names if f"reminder {name}" not in text] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_has_an_example(reminder: Reminder, command: tuple[str, ...]) -> None:
    ended = reminder(*command, "--help")
    assert ended.status == 0
    assert f"Example: reminder {' '.join(command)}" in ended.out


@pytest.mark.parametrize(
    "command", [(), ("ledger",), ("feed",), ("task",), ("console",)], ids=" ".join
)
def test_help_lists_the_commands(reminder: Reminder, command: tuple[str, ...]) -> None:
    out = reminder(*command, "--help").out
    assert all(name[-1] in out for name in COMMANDS if name[:-1] == command)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("--config CONFIG tasks --json", 3),
        ("tasks --config CONFIG --json", 3),
        ("feed list --config CONFIG --json", 7),
        ("--config nowhere tasks --config CONFIG --json", 3),
        ("--plan OTHER tasks --config CONFIG --json", 1),
        ("tasks --config CONFIG --plan OTHER --json", 1),
    ],
)
def test_folder_and_plan_may_stand_anywhere_and_the_last_word_wins(
    office: Office, words: str, count: int
) -> None:
    office.put("other.toml", PLAN.partition("[[month]]\nmonth = 4")[0])
    places = {"CONFIG": str(office.folder), "OTHER": str(office.folder / "other.toml")}
    assert len(office.run(*(places.get(word, word) for word in words.split())).json) == count


def test_folder_may_come_from_the_environment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMINDER_CONFIG", str(office.folder))
    assert len(office.run("tasks", "--json").json) == 3


def test_plan_on_the_command_line_is_relative_to_the_present_folder(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office.folder)
    assert office.run("check", "--config", ".", "--plan", "plan.toml").status == 0
    monkeypatch.chdir("/")  # without options the shipped one is used, from any folder
    assert len(office.run("tasks", "--json").json) == 39


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (("tasks", "--unit", "nobody"), 3, "no unit 'nobody'\n  `reminder units` lists them"),
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


@pytest.mark.parametrize(
    ("name", "command", "said"),
    [("state", "tick", "REMINDER_STATE_DIR"), ("state/ledger.db", "ledger list", "is no ledger")],
)
def test_what_is_no_ledger_is_said_in_words(
    office: Office, state: Path, name: str, command: str, said: str
) -> None:
    path = state.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not a database, but a note of some length\n" * 100)
    path.chmod(0o600)
    ended = office(*command.split())
    assert (ended.status, said in ended.err) == (4, True)
