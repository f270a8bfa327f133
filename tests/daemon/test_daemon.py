"""`reminder run` as a process: what it prints, what it answers, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from reminder.ledger.incoming import read_letters
from tests.daemon.trials import Start, Trial, forked, process, surroundings, trial
from tests.mail.servers import Inbox, real_server

READY = "Ctrl-C stops it"
SOON = 15  # seconds: with the last answer to a browser, never a whole minute


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, made=False) as opened:
        yield opened


@contextmanager
def first_screen(
    running: subprocess.Popen[str], printed: IO[str]
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running process, and its first screen."""
    screen = ""
    try:
        while READY not in screen and (line := printed.readline()):
            screen += line
        yield running, screen.replace("\r\n", "\n")
    finally:
        if running.poll() is None:
            running.kill()


@contextmanager
def daemon(
    state: Path, start: Start = forked, **environ: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with start(state, "run", **({"WEB__PORT": "0"} | environ)) as running:
        assert running.stdout is not None
        with first_screen(running, running.stdout) as found:
            yield found


@contextmanager
def at_a_terminal(state: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The same for a person who reads the screen."""
    above, below = os.openpty()
    words = [sys.executable, "-m", "reminder", "run"]
    environ = surroundings(state, {"WEB__PORT": "0"})
    with (
        os.fdopen(above, encoding="utf-8", newline="") as terminal,
        subprocess.Popen(words, env=environ, stdout=below, text=True) as running,
    ):
        os.close(below)
        with first_screen(running, terminal) as found:
            yield found


def stopped(running: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> int:
    running.send_signal(number)
    running.communicate(timeout=SOON)
    return running.returncode


def address(screen: str, label: str) -> str:
    [found] = re.findall(rf"^{label} +(http://\S+)", screen, re.MULTILINE)
    return str(found)


def answer(url: str) -> tuple[int, bytes]:
    try:
        with build_opener(HTTPCookieProcessor()).open(url, timeout=SOON) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def test_addresses_that_it_prints_answer(office: Trial) -> None:
    with at_a_terminal(office.state) as (running, screen):
        plan = address(screen, "The whole plan")
        base = plan.partition("/feeds/")[0]
        assert not base.endswith(":0")
        assert answer(f"{base}/healthz") == (200, b"ok")
        status, body = answer(plan)
        assert (status, body[:15]) == (200, b"BEGIN:VCALENDAR")
        assert "封</small>" in answer(address(screen, "Read the mails"))[1].decode()
        assert "订阅日历" in answer(address(screen, "Subscribe"))[1].decode()
        assert "密码" in answer(address(screen, "The console"))[1].decode()
        assert stopped(running) == 0


def in_journal(state: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    """As systemd starts it: the variable names the stream that leads to the journal."""
    script = 'JOURNAL_STREAM=$(stat -Lc %d:%i /proc/$$/fd/1) exec "$@"'
    return process(state, *words, before=("sh", "-c", script, "sh"), **environ)


def test_a_journal_gets_no_address_that_opens_anything(office: Trial) -> None:
    with daemon(office.state, in_journal) as (running, screen):
        assert answer(address(screen, "Read the mails"))[0] == 403
        assert stopped(running) == 0
    assert not re.search("token=|/feeds/|/units/", screen)
    assert "reminder console url" in screen


def test_what_is_piped_says_how_to_open_the_pages_and_no_feed(office: Trial) -> None:
    with daemon(office.state, process) as (running, screen):
        assert answer(address(screen, "Read the mails"))[0] == 200
        assert stopped(running, signal.SIGINT) == 0
    assert "/feeds/" not in screen


def test_newcomer_sees_mails_on_any_day_and_none_twice_after_a_restart(office: Trial) -> None:
    with at_a_terminal(office.state) as (running, screen):
        page = answer(address(screen, "Read the mails"))[1].decode()
        stopped(running)
    before = office.files()
    assert before
    assert all(str(mail["Subject"]) in page for mail in office.mails())
    with daemon(office.state) as (running, screen):
        stopped(running)
    assert "Nothing new is due" in screen
    assert sorted(office.files()) == sorted(before)


def test_port_in_use_is_said_and_nothing_is_sent(office: Trial) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with forked(office.state, "run", WEB__PORT=port) as running:
            _, errors = running.communicate(timeout=SOON)
    assert running.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in errors
    assert "REMINDER_WEB__PORT" in errors
    assert "Traceback" not in errors
    assert office.files() == []


def test_tick_beside_a_daemon_only_plans_and_says_so(office: Trial) -> None:
    with daemon(office.state) as (running, _):
        with forked(office.state, "tick") as beside:
            _, said = beside.communicate(timeout=SOON)
        assert (beside.returncode, stopped(running)) == (0, 0)
    assert "Another process delivers" in said


def test_with_a_mail_server_everything_waits_for_its_release(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        environ = {
            "TRANSPORT": "smtp",
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(port),
            "SMTP__SECURITY": "none",
        }
        with daemon(office.state, **environ) as (running, screen):
            assert stopped(running) == 0
    assert "Read the mails" not in screen
    assert inbox.received == []
    assert {view.state for view in office.notices().values()} <= {"held", "baseline", "refused"}


def test_ledger_that_others_can_read_stops_it_before_it_starts(office: Trial) -> None:
    """Where it cannot narrow it: behind a link, anything may be."""
    office.state.mkdir()
    ledger = office.state / "ledger.db"
    ledger.symlink_to(office.state / "elsewhere.db")
    ledger.touch()
    ledger.chmod(0o644)
    with forked(office.state, "run", WEB__PORT="0") as running:
        _, errors = running.communicate(timeout=SOON)
    assert running.returncode == 4
    assert f"chmod 600 {ledger}" in errors


@pytest.mark.long
def test_hang_up_is_ignored_under_nohup(office: Trial) -> None:
    def start(state: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
        return process(state, *words, before=("nohup",), **environ)

    with daemon(office.state, start) as (running, screen):
        page = address(screen, "Subscribe")
        running.send_signal(signal.SIGHUP)
        assert [answer(page)[0] for _ in range(20)] == [200] * 20
        assert stopped(running) == 0


def test_mailbox_for_answers_is_read_by_who_delivers(office: Trial) -> None:
    """As soon as it may send, and by it alone."""
    new, done = office.state / "box" / "new", office.state / "box" / ".reminder" / "cur"
    for folder in (new, new.with_name("cur")):
        folder.mkdir(parents=True)
    (new / "1").write_bytes(b"From: a@unit.test\r\nSubject: hello\r\n\r\n?\r\n")
    with daemon(office.state, INBOX__MAILDIR=str(new.parent)) as (running, _):
        end = monotonic() + SOON
        while not done.exists() and monotonic() < end:
            sleep(0.05)
        assert stopped(running) == 0
    assert [path.name for path in done.iterdir()] == ["1:2,S"]
    with office.reading() as connection:
        [letter] = read_letters(connection)
    assert (letter.subject, letter.state) == ("hello", "waiting")
