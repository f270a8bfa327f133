"""`reminder` as a process that is in a hurry, that is frozen, that is waited for."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from reminder.cli import main
from reminder.ledger import file
from reminder.mail import claims
from reminder.office import heartbeat
from tests.daemon.starter import Forked
from tests.daemon.trials import surroundings

SOON = 60  # seconds for what takes one
SHORT = 0.3
# Reads, then writes, then is frozen before it commits.
_WRITER = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("BEGIN IMMEDIATE")
ledger.execute("INSERT INTO setting VALUES ('frozen', 'writer')")
os.kill(os.getpid(), signal.SIGSTOP)
ledger.execute("COMMIT")
"""


def hasty(state: Path, patience: float, *words: str, **environ: str) -> Forked:
    """`patience` is for another writer, in seconds; `environ` comes without the prefix."""
    begin = "tests.daemon.processes:main_in_a_hurry"
    given = surroundings(state, {"WEB__PORT": "0"} | environ)
    return Forked(begin, str(patience), *words, environ=given)


def main_in_a_hurry() -> None:
    """As it is but for its waits: between two ticks, with a full disk, for another writer."""
    claims.RECORD_AGAIN = SHORT
    heartbeat.EVERY = timedelta(seconds=SHORT)  # type: ignore[attr-defined]
    file.BUSY_TIMEOUT = float(sys.argv.pop(1))  # type: ignore[attr-defined]
    main()


@contextmanager
def killed_at_last(running: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """And when it takes far too long, so that nobody waits for ever for what it says."""
    end = threading.Timer(2 * SOON, running.kill)
    end.start()
    with running:
        try:
            yield running
        finally:
            end.cancel()
            running.kill()


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status and what it said on standard error; a traceback is never right."""
    with killed_at_last(running):
        _, said = running.communicate(timeout=SOON)
    assert "Traceback" not in said
    return running.returncode, said


def until(
    happened: Callable[[], bool], running: subprocess.Popen[str], limit: float = SOON
) -> bool:
    """False when the process ended before it happened, or the time was up."""
    end = time.monotonic() + limit
    while not happened():
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.005)
            return False
        if time.monotonic() > end:
            return False
    return True


@contextmanager
def frozen(running: subprocess.Popen[str], ledger: Path) -> Iterator[None]:
    """SIGSTOP at a moment at which it does not write, and SIGCONT at the end."""
    while True:
        running.send_signal(signal.SIGSTOP)
        os.waitpid(running.pid, os.WUNTRACED)
        if _others_may_write(ledger):
            break
        running.send_signal(signal.SIGCONT)
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.01)  # to get on with what it writes
    try:
        yield
    finally:
        running.send_signal(signal.SIGCONT)


def _others_may_write(ledger: Path) -> bool:
    with closing(sqlite3.connect(ledger, isolation_level=None, timeout=0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


@contextmanager
def frozen_writer(ledger: Path) -> Iterator[None]:
    """Another process that stands still in the midst of a transaction, and commits in the end."""
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(ledger)]) as writer:
        os.waitpid(writer.pid, os.WUNTRACED)
        try:
            yield
        finally:
            writer.send_signal(signal.SIGCONT)
        assert writer.wait(SOON) == 0
