"""A daemon makes its first backup at once; put back, that one sends nothing twice."""

import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from reminder.ledger.database import open_database
from reminder.ledger.holds import read_hold
from tests.daemon.processes import SOON, hasty, killed_at_last, until
from tests.daemon.test_daemon import daemon, stopped
from tests.daemon.trials import Trial, forked

pytestmark = pytest.mark.long


def said(running: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = running.communicate(timeout=60)
    return running.returncode, out + err


def test_backup_of_a_daemon_put_back_by_the_command_sends_nothing_twice(
    shipped: Trial, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    environ = {"BACKUP__FOLDER": str(folder)}
    with killed_at_last(hasty(shipped.state, SOON, "run", **environ)) as running:
        assert until(lambda: any(folder.glob("ledger-*.db")), running)
        [copy] = folder.glob("ledger-*.db")
        status, words = said(forked(shipped.state, "ledger", "restore", str(copy), **environ))
        assert (status, "another process delivers" in words) == (4, True)
        assert stopped(running, signal.SIGTERM) == 0
    sent = Counter(shipped.files())
    assert sent
    shipped.close()
    status, words = said(forked(shipped.state, "ledger", "restore", str(copy), **environ))
    assert (status, "everything is held" in words) == (0, True)
    with daemon(shipped.state, **environ) as (running, screen):
        assert "held" in screen
        assert stopped(running) == 0
    assert Counter(shipped.files()) == sent
    database = open_database(shipped.state / "ledger.db")
    with database.read() as connection:
        assert read_hold(connection, "maildir").reason == "restored"
    database.close()
