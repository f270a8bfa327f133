"""What every command has in common: options, help, words instead of tracebacks."""

import re
from collections.abc import Iterator
from importlib.metadata import version
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
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
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


@pytest.mark.long
def test_help_lists_the_commands_and_each_has_an_example(reminder: Reminder) -> None:
    for group in {command[:-1] for command in COMMANDS}:
        out = reminder(*group, "--help").out
        assert all(name[-1] in out for name in COMMANDS if name[:-1] == group)
    for command in COMMANDS:
        ended = reminder(*command, "--help")
        assert ended.status == 0
        assert f"Example: reminder {' '.join(command)}" in ended.out


def test_it_says_its_version(reminder: Reminder) -> None:
    ended = reminder("--version")
    assert (ended.status, ended.out) == (0, f"reminder {version('reminder')}\n")


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("--config CONFIG tasks --json", 3),
        ("tasks --config CONFIG --json", 3),
        ("feed list --config CONFIG --json", 7),
        ("units --config CONFIG --json", 3),
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


def test_folder_may_come_from_the_environment_and_a_plan_lies_in_the_present_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")  # without options the shipped one is used, from any folder
    assert len(office.run("tasks", "--json").json) == 39
    monkeypatch.setenv("REMINDER_CONFIG", str(office.folder))
    assert len(office.run("tasks", "--json").json) == 3
    monkeypatch.chdir(office.folder)
    assert office.run("check", "--config", ".", "--plan", "plan.toml").status == 0


KEY = "small/digest/2026-04/lead"
REFUSED = [
    ("tasks --unit nobody", 3, "no unit 'nobody'\n  `reminder units` lists them"),
    ("preview --unit nobody --period 2026-04", 3, "no unit 'nobody'"),
    ("feed url --unit nobody", 3, "no unit 'nobody'"),
    ("feed url --unit lead~1", 3, "no feed link 'lead~1'"),
    ("feed rotate --unit nobody~1", 3, "no feed link 'nobody~1'"),
    ("feed revoke --unit plan~x", 3, "no feed link 'plan~x'"),
    ("feed rotate --unit plan --page", 3, "no page link 'plan'"),
    (f"feed add --unit lead --reader {'长' * 41}", 2, "more than 40 characters"),
    ("ledger list --unit nobody", 3, "no unit 'nobody'"),
    ("ledger show small/nothing", 3, "no notice 'small/nothing'"),
    ("ledger resend small/nothing", 3, "no notice 'small/nothing'"),
    ("ledger drop small/nothing", 3, "no notice 'small/nothing'"),
    ("ledger list --state lost", 2, "no state 'lost'"),
    ("ledger resend", 2, "wanted a KEY, or --period and --state"),
    ("ledger drop", 2, "wanted a KEY, or --period"),
    (f"ledger drop {KEY} --period 2026-04", 2, "wanted a KEY, or --period"),
    (f"ledger drop {KEY} --state sent", 2, "wanted a KEY, or --period"),
    ("ledger drop --state refused", 2, "wanted a KEY, or --period"),
    ("ledger copy", 2, "wanted --from or --to"),
    ("ledger copy --from postgresql://u:fish@@db/ledger", 2, "--from names no usable host"),
    ("ledger copy --to postgresql://u:fish@@db/ledger", 2, "--to names no usable host"),
    ("task done 2026-04-9", 3, "no task '2026-04-9'"),
    ("task reopen 2026-04-9", 3, "no task '2026-04-9'"),
    ("task reopen 2026-04-1", 2, "not registered as done"),
    ("task done 2026-04-1 --on noon", 2, "'noon' is no date"),
    ("task done 2026-04-1 --on 2026-04-02", 2, "is yet to come"),
    ("task done 2026-04-1 --month 2026-03", 2, "belongs to 2026-04, not 2026-03"),
    ("task done 2026-year-1 --month 2027-01", 2, "no period '2027-01'"),
    ("task done 2026-year-1 --month april", 2, "no period 'april'"),
    ("meeting set sc-99 2026-05-27", 3, "no meeting 'sc-99'"),
    ("meeting set sc-25 2030-05-27", 2, "2030-05-27"),
    ("meeting set sc-25 soon", 2, "'soon' is no date"),
    ("meeting set sc-25", 2, "wanted a DATE, or --unset"),
    ("meeting set sc-25 2026-05-27 --unset", 2, "wanted a DATE, or --unset"),
    ("meeting set sc-25 --unset", 2, "sc-25"),
    ("preview --unit lead --period 2026-13", 2, "no period '2026-13'"),
    ("preview --unit lead --period april", 2, "no period 'april'"),
    ("preview --unit outsider --period 2026-04", 2, "高级人民法院 gets no digest"),
    ("preview --unit lead --period 2026-04 --send-to me", 2, "wanted name@domain"),
    ("preview --unit lead --period 2026-04 --format pdf", 2, "'pdf'"),
    ("preview --period 2026-04", 2, "wanted --unit ID, or --output DIR"),
    ("preview --period 2027-04 --output x", 2, "no period '2027-04'"),
    ("windows --at tomorrow", 2, "'tomorrow' is no date"),
    ("windows --at 2026-04-31", 2, "'2026-04-31' is no date"),
    ("windows --month 13", 2, "--month"),
    ("occasions --from x --to 2026-04-01", 2, "'x' is no date"),
    ("occasions --from 2026-04-01", 2, "--to"),
    ("tick --at noon", 2, "'noon' is no moment"),
    ("tick --at 0001-01-01T00:00+08:00", 2, "0001"),
    ("tick --at 9999-12-31T23:59:59-08:00", 2, "9999"),
    ("tasks --config nowhere", 2, "nowhere: no such folder"),
    ("tasks --plan nowhere.toml", 2, "nowhere.toml: no such file"),
    ("tsaks", 2, "tsaks"),
    ("tasks --jsno", 2, "--jsno"),
]


@pytest.mark.parametrize(("command", "status", "words"), REFUSED)
def test_what_cannot_be_is_said_in_words(
    office: Office, command: str, status: int, words: str
) -> None:
    session = '\n[[meeting]]\nid = "sc-25"\nname = "第二十五次会议"\nmonth = 4\n'
    office.put("plan.toml", PLAN + session)
    ended = office.run("--config", str(office.folder), *command.split())
    assert (ended.status, words in ended.err) == (status, True), ended.err
    assert not re.search("Traceback|fish", ended.err)
    assert not Path("x").exists()


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
