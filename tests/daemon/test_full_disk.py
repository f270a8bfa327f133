"""`reminder tick` on disks and folders that fail: said in a sentence, made good afterwards."""

import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from reminder.ledger import integrity
from reminder.ledger.database import open_database
from reminder.office.status import read_status
from tests.daemon.trials import MARCH, Trial, forked, process, trial
from tests.ledgers import lay_earlier

LATER = "2026-03-02T09:10+08:00"
# For root no rights bind; without capabilities they do.
POWERLESS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True, made=False) as opened:
        yield opened


@pytest.fixture
def disk(office: Trial) -> Iterator[Path]:
    """A real one of 4 MB, at the state folder."""
    office.state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(office.state)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        words = f"no small disk can be mounted here: {error}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    yield office.state
    office.close()
    subprocess.run(["umount", "--lazy", str(office.state)], check=True)


def tick(office: Trial, at: str = MARCH, *before: str) -> tuple[int, str]:
    """Exit status and what was said on standard error; `before` are words of another program."""
    ours = {"CONFIG": str(office.config), "PLAN": str(office.state.parent / "plan.toml")}
    start = partial(process, before=before) if before else forked
    with start(office.state, "tick", "--at", at, **ours) as running:
        _, said = running.communicate(timeout=60)
    return running.returncode, said


def assert_each_mail_is_there_once(office: Trial) -> None:
    sent = office.notices(state="sent")
    assert len(sent) == 2
    assert Counter(office.files()) == Counter(office.stored(key) for key in sent)
    assert list(integrity.verify(office.state / "ledger.db")) == []


def fill(disk: Path, leaving: int) -> Path:
    """Fills the disk but for so many bytes. Returns the file to remove."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(b"\0" * (free - leaving))
    return ballast


@pytest.mark.parametrize("leaving", [0, 163_840])
def test_full_disk_at_the_first_start_is_said_and_made_good(
    office: Trial, disk: Path, leaving: int
) -> None:
    ballast = fill(disk, leaving)
    status, said = tick(office)
    assert (status, said.count("\n")) == (4, 2)
    assert f"the disk is full: the ledger {disk / 'ledger.db'} cannot be written" in said
    ballast.unlink()
    office.tick(MARCH)
    assert_each_mail_is_there_once(office)


def test_full_outbox_keeps_all_waiting_until_there_is_room(office: Trial, disk: Path) -> None:
    office.tick("2026-02-02T09:00+08:00")
    blocked = disk / "outbox" / "tmp"
    blocked.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(blocked)], check=True)
    fill(blocked, 0)
    assert "No space left on device: 2 notices wait" in tick(office)[1]
    assert office.files() == []
    subprocess.run(["umount", "--lazy", str(blocked)], check=True)
    office.tick(LATER)
    assert_each_mail_is_there_once(office)


# A limit on a file's size: every system has it, root or not.
@pytest.mark.parametrize("blocks", ["0", "100"])
def test_ledger_that_cannot_grow_is_said_and_made_good(office: Trial, blocks: str) -> None:
    limited = ("sh", "-c", f'ulimit -f {blocks} && exec "$@"', "sh")
    status, said = tick(office, MARCH, *limited)
    assert (status, said.count("\n")) == (4, 2)
    assert f"the ledger {office.state / 'ledger.db'} cannot be used: disk I/O error" in said
    office.tick(MARCH)
    assert_each_mail_is_there_once(office)


@pytest.mark.skipif(
    bool(POWERLESS) and not shutil.which("setpriv"), reason="root without setpriv: no rights bind"
)
@pytest.mark.parametrize("name", [".", "ledger.sender.lock"])
def test_what_this_user_may_not_open_is_named(office: Trial, name: str) -> None:
    office.tick(MARCH)
    (office.state / name).chmod(0)
    status, said = tick(office, LATER, *POWERLESS)
    (office.state / name).chmod(0o700)
    assert (status, said.count("\n")) == (4, 2)
    assert "Permission denied" in said


@pytest.mark.parametrize("size", [0, 100_000])
def test_truncated_ledger_is_refused_and_nothing_goes_again(office: Trial, size: int) -> None:
    office.tick(MARCH)
    office.close()
    before = office.files()
    os.truncate(office.state / "ledger.db", size)
    status, said = tick(office, LATER)
    assert (status, said.count("\n")) == (4, 2)
    assert "backup in its place" in said
    assert office.files() == before


def test_backup_that_finds_its_disk_full_is_told_and_leaves_the_last_good_one(
    office: Trial, disk: Path, tmp_path: Path
) -> None:
    """The state folder is elsewhere: here the backups lie."""
    given = {"folder": disk, "keep": 1}
    with trial(tmp_path / "other", small=True) as elsewhere:
        elsewhere.tick(MARCH, backup=given)
        [good] = disk.iterdir()
        content, ballast = good.read_bytes(), fill(disk, 20_000)
        elsewhere.tick("2026-03-03T09:00+08:00", backup=given)
        assert sorted(disk.iterdir()) == sorted([good, ballast])
        assert good.read_bytes() == content
        status = read_status(elsewhere.app("2026-03-03T09:01+08:00", backup=given))
        assert "No space left on device" in status["alarms"][0]["detail"]
        ballast.unlink()
        elsewhere.tick("2026-03-03T09:30+08:00", backup=given)
        assert [path.name[:17] for path in disk.iterdir()] == ["ledger-2026-03-03"]


def dumped(ledger: Path) -> list[str]:
    with closing(sqlite3.connect(ledger)) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("words", [["ledger", "upgrade"], ["tick", "--at", MARCH]])
def test_upgrade_that_finds_its_disk_full_leaves_the_old_ledger(
    office: Trial, disk: Path, words: list[str]
) -> None:
    ledger = lay_earlier(disk / "ledger.db", "0001")
    before, ballast = dumped(ledger), fill(disk, 40_960)
    ours = {"CONFIG": str(office.config), "PLAN": str(disk.parent / "plan.toml")}
    with forked(office.state, *words, **ours) as running:
        _, said = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in said) == (4, False)
    assert "full" in said or "No space left" in said
    assert dumped(ledger) == before
    assert not list(disk.glob("ledger-*"))
    ballast.unlink()
    with closing(open_database(ledger)):
        pass
    assert list(integrity.verify(ledger)) == []
