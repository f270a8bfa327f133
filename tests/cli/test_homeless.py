"""The installed program, run by a user who has no home, or none that can be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reminder.documents.settings import SHIPPED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as somebody else")
NOBODYS = 54_321  # stands in no list of users


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a wheel lays it out: no checkout, in whose folder the state would be."""
    place = tmp_path_factory.mktemp("installed")
    shutil.copytree(SHIPPED / "reminder", place / "reminder")
    for data in ("templates", "config", "plan"):
        shutil.copytree(SHIPPED / data, place / "reminder" / "data" / data)
    return place


def run(installed: Path, words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    stranger = ("unshare", "--user", f"--map-user={NOBODYS}")
    return subprocess.run(
        [*stranger, sys.executable, "-m", "reminder", *words.split()],
        cwd=installed,
        env={"PYTHONPATH": str(installed), "LC_ALL": "C.UTF-8"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("command", "home"), [("check", {}), ("tick", {"HOME": "here"})])
def test_without_a_home_a_command_says_what_to_set(
    installed: Path, command: str, home: dict[str, str]
) -> None:
    ended = run(installed, command, **home)
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert "state_dir: is not set, and there is no HOME to take" in ended.stderr


def test_home_that_cannot_be_written_is_said_with_what_to_set(installed: Path) -> None:
    ended = run(installed, "feed url", HOME="/proc/nowhere")
    assert (ended.returncode, "Traceback" in ended.stderr) == (4, False)
    assert "Set REMINDER_STATE_DIR to a folder that this user may write." in ended.stderr


def test_help_needs_no_home_and_state_dir_stands_for_one(installed: Path) -> None:
    assert run(installed, "ledger --help").returncode == 0
    state = str(installed / "state")
    ended = run(installed, "tick --at 2026-04-01T10:00+08:00", REMINDER_STATE_DIR=state)
    assert (ended.returncode, "planned 31, sent 31" in ended.stdout) == (0, True)
