"""Files that lose what the ledger knows: every command, page and form still has an answer."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from reminder.errors import UsageError
from reminder.office import operations
from tests.daemon.everything import NOW, Files, command, fill, notice_keys, pages_of, read_all
from tests.daemon.trials import Trial, trial

FILES = Files()
LEFT = {
    "lead": FILES.without_unit("a"),
    "lead-is-a-group": FILES.without_unit("a", as_group=True),
    "tasks-and-sessions": replace(
        FILES.without_task("1").without_task("4").without_task("8").without_meeting("dated"),
        standing=(),
    ).without_unit("d"),
    "another-kind": replace(
        FILES, tasks=FILES.tasks[3:], year_round=(("1", "a"), ("2", "a"), ("3", "b"))
    ),
    "year": replace(FILES, year=2027),
    "all": replace(
        FILES.without_unit("a").without_unit("b"),
        plan_id="another",
        meetings=(),
        tasks=(("20", 5, "c", "", ""),),
        year_round=(),
        standing=(),
    ),
}
COMMANDS = """check|tasks|tasks --json|windows|status|status --json|meeting list
occasions --from 2026-01-01 --to 2026-12-31|ledger list|ledger list --unit a|feed list
tick|ledger resend --state refused|ledger resend --state expired|ledger release|tick
ledger verify"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    with trial(folder, small=True) as office:
        fill(office)
    return folder / "state"


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path: Path, filled: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True, made=False) as opened:
        shutil.copytree(filled, opened.state)
        LEFT[request.param].write(opened)
        yield opened


def left(*names: str) -> pytest.MarkDecorator:
    """Each case is met by the pages or by the commands, the hardest by both."""
    return pytest.mark.parametrize("office", names, indirect=True)


@pytest.mark.long
@left("lead-is-a-group", "all")
def test_no_page_and_no_form_fails(office: Trial) -> None:
    answers = read_all(office.app(NOW), *pages_of(office))
    assert len(answers) > 100
    assert {path: status for path, status in answers.items() if status >= 500} == {}


@pytest.mark.long
@left("lead", "tasks-and-sessions", "another-kind", "year", "all")
def test_no_command_fails(office: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMINDER_STATE_DIR", str(office.state))
    wanted = [words.split() for words in COMMANDS.replace("\n", "|").split("|")]
    said = {" ".join(words): command(office, *words) for words in wanted}
    assert {words: answer for words, answer in said.items() if answer[0]} == {}


@left("lead", "tasks-and-sessions", "year", "all")
def test_sending_again_is_done_or_refused_in_words(office: Trial) -> None:
    app = office.app(NOW)
    for key in notice_keys(office):
        with suppress(UsageError):
            operations.resend(app, key)
    app.tick()
