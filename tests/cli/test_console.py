"""`reminder console`: a password that is kept as a hash, and is seen nowhere."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reminder.clock import Clock
from reminder.ledger.database import Database, open_database
from reminder.office import guessing, login
from reminder.office.login import begin_session
from reminder.office.passwords import fits
from tests.cli.conftest import Ended, Reminder
from tests.office.test_login import is_in_session

SECRET = "correct horse battery"


def typed(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(words))


@pytest.fixture
def ledger(state: Path) -> Iterator[Database]:
    database = open_database(state / "ledger.db")
    yield database
    database.close()


def stored(ledger: Database) -> str:
    with ledger.read() as connection:
        return login.password_hash(connection)


@pytest.mark.parametrize("command", ["console url", "feed url", "feed rotate --unit helan"])
def test_an_address_with_port_0_is_said_to_want_another(
    reminder: Reminder, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert reminder(*command.split()).err == ""
    monkeypatch.setenv("REMINDER_WEB__PORT", "0")
    assert "take the port on the first screen" in reminder(*command.split()).err


def test_password_is_kept_as_an_argon2id_hash_and_said_nowhere(
    reminder: Reminder, ledger: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, f"{SECRET}\nmore\n")
    ended = reminder("console", "password")
    assert (ended.status, ended.out.splitlines()[0]) == (0, "password set, every session ended")
    assert stored(ledger).startswith("$argon2id$")
    assert fits(stored(ledger), SECRET)
    assert SECRET not in ended.out + ended.err
    for path in state.iterdir():
        assert SECRET.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    "word",
    ["1111111111", "aaaaaaaaaaaa", "1234567890", "qwertyuiop", "1qaz2wsx3edc", "Aa123456789",
     "P@ssw0rd123", "woaini1314", "5201314520", "admin@123456", "zhongguo2026", "reminder2026",
     "代表工作委员会2026", "人大人大人大人大人大", "", "ninechars", "a" * 201, "correct\thorse"],
)  # fmt: skip
def test_a_poor_password_changes_nothing(
    reminder: Reminder, ledger: Database, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    typed(monkeypatch, f"{word}\n")
    ended = reminder("console", "password")
    assert (ended.status, stored(ledger)) == (2, "")
    assert not word or word not in ended.err
    if 10 <= len(word) <= 200 and "\t" not in word:
        assert "one of the first that anybody would try" in ended.err


@pytest.mark.parametrize("word", ["西夏文物陵园早晨散步", "Tr0ub4dor&3x", "a long enough sentence"])
def test_password_of_a_file_is_taken_without_its_byte_order_mark(
    reminder: Reminder, ledger: Database, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """And nobody waits for guesses at the old one any more."""
    at = Clock().now()
    with ledger.write() as connection:
        for _ in range(guessing.FREE):
            guessing.count_attempt(connection, ["192.0.2.1"], at)
        assert guessing.seconds_to_wait(connection, ["192.0.2.1"], at)
    typed(monkeypatch, f"\ufeff{word}\r\n")
    assert reminder("console", "password").status == 0
    assert fits(stored(ledger), word)
    with ledger.read() as connection:
        assert not guessing.seconds_to_wait(connection, ["192.0.2.1"], at)


@pytest.mark.parametrize(
    ("command", "said"),
    [("password", "password set, every session ended"), ("logout", "1 session ended")],
)
def test_everybody_is_logged_out(
    reminder: Reminder,
    ledger: Database,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    said: str,
) -> None:
    typed(monkeypatch, f"{SECRET}\n")
    with ledger.write() as connection:
        word = begin_session(connection, Clock().now())
    ended = reminder("console", command)
    assert (ended.status, ended.out.splitlines()[0]) == (0, said)
    assert not is_in_session(ledger, word, Clock().now())


def test_url_is_an_address_that_opens_until_the_next_logout(
    reminder: Reminder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (reminder("console", "url").out for _ in range(2))
    assert re.fullmatch(r"http://127\.0\.0\.1:8026/\?token=[a-z2-7]{32}\n", first)
    assert first == second
    reminder("console", "logout")
    assert reminder("console", "url").out != first
    assert list(reminder("console", "url", "--json").json) == ["start", "outbox", "console"]
    monkeypatch.setenv("REMINDER_WEB__CONSOLE", "off")
    monkeypatch.setenv("REMINDER_TRANSPORT", "smtp")
    assert list(reminder("console", "url", "--json").json) == ["start"]


def at_a_terminal(state: Path, *lines: str) -> Ended:
    """The command as a process whose standard input is a terminal."""
    above, below = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "reminder", "console", "password"],
        env=os.environ | {"REMINDER_STATE_DIR": str(state)},
        stdin=below,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` passes by what a buffer holds
        start_new_session=True,  # without a terminal of its own: it asks on this one
    )
    assert process.stderr
    heard = b""
    for line in lines:
        while not heard.endswith(b": "):
            heard += process.stderr.read(1)
        os.write(above, f"{line}\n".encode())
        heard += process.stderr.read(1)
    out, err = process.communicate(timeout=30)
    os.set_blocking(above, False)
    with suppress(BlockingIOError):
        heard += os.read(above, 100)
    os.close(above)
    os.close(below)
    return Ended(process.returncode, out, (heard + err).decode())


@pytest.mark.parametrize("again", [SECRET, f"{SECRET}!"])
def test_at_a_terminal_it_is_asked_twice_without_echo(
    state: Path, ledger: Database, again: str
) -> None:
    ended = at_a_terminal(state, SECRET, again)
    assert SECRET not in ended.err
    if again == SECRET:
        assert (ended.status, fits(stored(ledger), SECRET)) == (0, True)
    else:
        assert (ended.status, stored(ledger)) == (2, "")
        assert "the two are not the same" in ended.err
