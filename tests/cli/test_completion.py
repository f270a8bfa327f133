"""What a shell offers: commands, options, and the ids of the office's own units and tasks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Office

pytestmark = pytest.mark.long

OFFERED = [
    ("reminder led", ["ledger"]),
    ("reminder ledger re", ["release", "resend", "restore"]),
    ("reminder units --j", ["--json"]),
    ("reminder preview --unit le", ["lead"]),
    ("reminder task done 2026-04-", ["2026-04-1"]),
]


def offered(line: str, config: str) -> list[str]:
    environ = os.environ | {
        "REMINDER_CONFIG": config,
        "_REMINDER_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    program = Path(sys.executable).with_name("reminder")
    ended = subprocess.run([program], env=environ, capture_output=True, text=True)
    assert ended.stderr == ""
    return ended.stdout.split()


@pytest.mark.parametrize(("line", "wanted"), OFFERED)
def test_a_shell_is_offered_what_may_come_next(
    office: Office, line: str, wanted: list[str]
) -> None:
    assert sorted(offered(line, str(office.folder))) == wanted


def test_files_with_mistakes_offer_nothing_and_say_nothing(office: Office) -> None:
    office.put("units.toml", "no units at all")
    assert offered("reminder preview --unit le", str(office.folder)) == []
