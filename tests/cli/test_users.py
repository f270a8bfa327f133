"""`reminder user`: accounts by the command line, and whose act that was."""

import re
from pathlib import Path

import pytest

from reminder.ledger.database import open_database
from reminder.ledger.schema import history
from tests.cli.conftest import Reminder


def test_a_link_is_printed_once_and_the_list_says_how_far_they_are(
    reminder: Reminder, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "engineer")
    made = reminder("user", "add", "wangmin", "--full-name", "王某", "--role", "admin")
    address = r"http://127\.0\.0\.1:8026/console/ticket/[0-9a-f]{32}\?token=[a-z2-7]{32}\n"
    assert re.fullmatch(address, made.out)
    assert reminder("user", "list", "--json").json == [
        {
            "name": "wangmin", "full_name": "王某", "role": "admin", "state": "no password",
            "totp": False, "seen": None,
        }
    ]  # fmt: skip
    again = reminder("user", "link", "wangmin")
    assert again.status == 0
    assert again.out != made.out
    assert reminder("user", "sessions", "--json").json == []
    database = open_database(state / "ledger.db")
    with database.read() as connection:
        acts = [(row.who, row.state) for row in connection.execute(history.select())]
    database.close()
    assert acts == [("engineer", "made"), ("engineer", "link")]


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("role wangmin read", 2, "the last admin"),
        ("disable wangmin", 2, "the last admin"),
        ("link nobody", 3, "no person 'nobody'"),
        ("add wangmin --full-name 李某", 2, "a person wangmin already"),
        ("add li --full-name 王某", 2, "a 王某 already"),
        ("add li --full-name 李某 --role root", 2, "'root' is not one of"),
        ("logout wangmin", 0, "0 sessions of wangmin ended"),
        ("totp-off wangmin", 0, "by the password alone"),
        ("role WANGMIN admin", 0, "is admin"),
        ("enable wangmin", 0, "is enabled"),
    ],
)
def test_what_is_refused_says_why(reminder: Reminder, command: str, status: int, said: str) -> None:
    reminder("user", "add", "wangmin", "--full-name", "王某", "--role", "admin")
    ended = reminder("user", *command.split())
    assert ended.status == status
    assert said in ended.out + ended.err


def test_the_shared_password_stays_while_no_admin_could_log_in(reminder: Reminder) -> None:
    reminder("user", "add", "wangmin", "--full-name", "王某", "--role", "admin")
    ended = reminder("console", "password", "--remove")
    assert (ended.status, "no admin has chosen a password" in ended.err) == (2, True)
