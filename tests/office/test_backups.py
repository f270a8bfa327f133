"""Each night a copy of the ledger; one that fails is told once, and nothing good is given up."""

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reminder.ledger.integrity import verify
from reminder.ledger.mark import ledger_name
from reminder.office.status import read_status
from tests.daemon.test_alerts import Usage, alarms, told
from tests.daemon.trials import MARCH, OPERATOR, Trial

FIRST = date(2026, 3, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ours(office: Trial, *days: str) -> list[str]:
    with office.reading() as connection:
        short = ledger_name(connection)[:6]
    return [f"ledger-2026-{day}-{short}.db" for day in days]


def tick(office: Trial, at: str, folder: Path | None, **backup: object) -> None:
    office.tick(f"2026-{at}+08:00", backup={"folder": folder, **backup}, mail=OPERATOR)


def test_one_a_day_is_made_after_its_time_in_the_plans_zone(office: Trial, folder: Path) -> None:
    """At the first pass, and then after half past two."""
    expected = {"03-02T22:00": ["03-02"], "03-03T00:10": ["03-02"], "03-03T02:29": ["03-02"]}
    expected |= {"03-03T02:30": ["03-02", "03-03"], "03-03T20:00": ["03-02", "03-03"]}
    for at, days in expected.items():
        tick(office, at, folder)
        assert names(folder) == ours(office, *days), at
    made = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert set(made.values()) == {0o600, 0o700}
    assert [list(verify(path)) for path in folder.iterdir()] == [[], []]


def test_one_before_its_time_is_made_anew_at_its_time(office: Trial, folder: Path) -> None:
    tick(office, "03-02T01:00", folder)
    before = (folder / ours(office, "03-02")[0]).stat().st_mtime
    tick(office, "03-02T02:30", folder)
    assert (folder / ours(office, "03-02")[0]).stat().st_mtime - before == 5400


def test_as_many_are_kept_as_was_said_and_what_is_not_ours_stays(
    office: Trial, folder: Path
) -> None:
    folder.mkdir()
    others = ["ledger-2020-01-01-aaaaaa.db", "ledger-2020-01-01.db", "notes.txt"]
    for name in others:
        (folder / name).touch()
    for day in range(4):
        tick(office, f"{FIRST + timedelta(day):%m-%d}T09:00", folder, keep=2)
    assert names(folder) == sorted([*ours(office, "03-04", "03-05"), *others])


def test_what_a_clock_ahead_has_made_pushes_out_no_other(office: Trial, folder: Path) -> None:
    tick(office, "03-02T09:00", folder)
    ahead = folder / ours(office, "03-02")[0].replace("2026-03", "2036-03")
    (folder / ours(office, "03-02")[0]).rename(ahead)
    later = datetime(2036, 3, 2, tzinfo=UTC).timestamp()
    os.utime(ahead, (later, later))
    tick(office, "03-03T09:00", folder, keep=1)
    assert names(folder) == ours(office, "03-03")


def test_draft_that_a_kill_has_left_goes_with_a_later_one(office: Trial, folder: Path) -> None:
    tick(office, "03-02T09:00", folder)
    left, new = (folder / f".{ours(office, '03-02')[0]}.{name}.part" for name in ("a", "b"))
    left.touch()
    new.touch()
    os.utime(left, (0, 0))
    tick(office, "03-03T09:00", folder)
    assert [name for name in names(folder) if name[0] == "."] == [new.name]


def test_failure_is_told_once_and_its_end_once(office: Trial, folder: Path) -> None:
    folder.touch()
    for at in ("03-02T09:00", "03-02T10:00"):
        tick(office, at, folder)
        assert alarms(office) == {"backup"}
    app = office.app(MARCH, backup={"folder": folder})
    assert read_status(app)["alarms"][0]["detail"].startswith("there is no backup of today: ")
    folder.unlink()
    for at in ("03-02T11:00", "03-02T12:00"):
        tick(office, at, folder)
    assert alarms(office) == set()
    assert told(office) == ["【试】今天的备份没有做成", "【试】备份已恢复"]


def test_failure_is_over_where_none_are_wanted_any_more(office: Trial, folder: Path) -> None:
    folder.touch()
    tick(office, "03-02T09:00", folder)
    tick(office, "03-02T10:00", None)
    assert alarms(office) == set()


def test_ledger_that_is_not_sound_leaves_the_last_good_ones(office: Trial, folder: Path) -> None:
    tick(office, "03-02T09:00", folder, keep=1)
    with office.app(MARCH).database.write() as connection:
        connection.exec_driver_sql("UPDATE message SET content = x'00'")
    tick(office, "03-03T09:00", folder, keep=1)
    assert names(folder) == ours(office, "03-02")
    assert alarms(office) == {"backup"}


def test_no_copy_takes_the_room_that_the_ledger_may_need(
    office: Trial, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 100 << 20))
    tick(office, "03-02T09:00", folder)
    assert not folder.exists()
    assert "backup" in alarms(office)


def test_status_says_what_there_is(office: Trial, folder: Path) -> None:
    assert read_status(office.app(MARCH))["backup"] is None
    office.tick(MARCH)
    empty = {"folder": str(folder), "file": None, "at": None, "size": None}
    assert read_status(office.app(MARCH, backup={"folder": folder}))["backup"] == empty
    tick(office, "03-02T09:00", folder)
    [path] = folder.iterdir()
    backup = read_status(office.app(MARCH, backup={"folder": folder}))["backup"]
    at = datetime.fromisoformat(MARCH)
    assert backup == {"folder": str(folder), "file": str(path), "at": at, "size": backup["size"]}
    assert backup["size"] > 100_000
