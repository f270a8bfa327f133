"""A ledger that is not the one last used here holds everything until it is released."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reminder.errors import LedgerError
from reminder.ledger import copying, integrity
from reminder.mail.replicas import single_process_lock
from reminder.office import completion, holds, operations, records, releasing
from reminder.office.status import read_status
from tests.daemon.trials import MARCH, OPERATOR, Trial, trial
from tests.postgresql import PostgreSQL

APRIL, MAY = "2026-04-01T09:00+08:00", "2026-05-06T09:00+08:00"
HELD = ("held", "restored")
SENT = ("sent", "accepted")


def copied(office: Trial, folder: Path) -> Path:
    target = folder / "copy.db"
    copying.backup(office.place, target, office.state)
    return target


def put_back(office: Trial, copy: Path) -> None:
    """By hand: the daemon is stopped, the copy put in place."""
    office.close()
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (office.state / name).unlink(missing_ok=True)
    shutil.copy(copy, office.state / "ledger.db")


def restore(office: Trial, copy: Path) -> Path | None:
    """By the command."""
    office.close()
    return records.restore(office.app(APRIL).settings, copy, datetime.fromisoformat(APRIL))


def restored(office: Trial, folder: Path, **settings: Any) -> None:
    """March went; a copy is made; April goes; the copy is put back."""
    office.tick(MARCH, **settings)
    copy = copied(office, folder)
    office.tick(APRIL, **settings)
    put_back(office, copy)


@pytest.mark.parametrize(("released", "late"), [("04-01", False), ("04-02", True)])
def test_restored_copy_sends_nothing_until_it_is_released(
    office: Trial, tmp_path: Path, released: str, late: bool
) -> None:
    restored(office, tmp_path)
    before, then = len(office.files()), f"2026-{released}T09:00+08:00"
    counts = office.tick(APRIL)
    assert (counts.get("sent"), len(office.files())) == (None, before)
    assert office.states(period="2026-04") == {HELD}
    assert releasing.release(office.app(then))
    office.tick(then)
    assert office.states(period="2026-04") == {SENT}
    subject = office.subject("digest/2026-04/lead")
    assert ("〔补发〕" in subject) == late


def test_months_that_were_delivered_are_dropped_at_once(office: Trial, tmp_path: Path) -> None:
    restored(office, tmp_path)
    office.tick(APRIL)
    before = len(office.files())
    operations.drop_period(office.app(APRIL), "2026-04")
    assert office.states(period="2026-04") == {("expired", "dropped")}
    assert releasing.release(office.app(APRIL)) == []
    office.tick(APRIL)
    assert len(office.files()) == before


def test_restored_copy_is_known_after_commands_have_written_rows(
    office: Trial, tmp_path: Path
) -> None:
    restored(office, tmp_path)
    for _ in range(40):
        completion.register(office.app(APRIL), ["2026-03-1"], None, None, "")
    office.tick(APRIL)
    assert office.states(period="2026-04") == {HELD}


def test_what_waited_in_the_copy_is_held_with_its_bytes(office: Trial, tmp_path: Path) -> None:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    copy = copied(office, tmp_path)
    office.tick(MARCH)
    stored, before = office.stored("digest/2026-03/lead"), office.files()
    put_back(office, copy)
    assert office.tick(MARCH) == {}
    assert office.states(period="2026-03") == {HELD}
    assert office.files() == before
    releasing.release(office.app(MARCH))
    assert office.tick(MARCH)["sent"] == 2
    assert office.stored("digest/2026-03/lead") == stored
    assert list(integrity.verify(office.place)) == []


def test_operator_gets_one_mail_about_it_and_no_report_of_what_was(
    office: Trial, tmp_path: Path
) -> None:
    restored(office, tmp_path, mail=OPERATOR)
    before = [str(mail["Subject"]) for mail in office.mails()]
    for moment in (APRIL, APRIL, "2026-04-01T11:00+08:00"):
        office.tick(moment, mail=OPERATOR)
    after = [str(mail["Subject"]) for mail in office.mails()]
    assert sorted(after) == sorted([*before, "【试】台账是恢复的备份，暂存待放行"])


def test_month_that_ended_before_the_restore_may_have_gone_and_is_dropped_at_once(
    office: Trial, tmp_path: Path
) -> None:
    restored(office, tmp_path)
    office.tick(MAY)
    assert office.states(period="2026-04") == {("expired", "unknown")}
    app = office.app(MAY)
    assert read_status(app)["unsettled"][0]["unknown"] == ["lead", "related"]
    assert operations.drop_period(app, "2026-04") == (2, 0)
    assert read_status(app)["unsettled"] == []


def test_month_that_was_held_to_its_end_may_have_gone(office: Trial, tmp_path: Path) -> None:
    restored(office, tmp_path)
    office.tick(APRIL)
    office.tick(MAY)
    assert office.states(period="2026-04") == {("expired", "unknown")}


def test_month_that_began_after_the_restore_was_too_late(office: Trial, tmp_path: Path) -> None:
    office.tick(MARCH)
    put_back(office, copied(office, tmp_path))
    (office.state / "ledger.made").unlink()
    office.tick("2026-03-20T09:00+08:00")
    office.tick(APRIL)
    office.tick(MAY)
    assert office.states(period="2026-04") == {("expired", "too-late")}


@pytest.mark.parametrize("opened", [False, True], ids=["no ledger yet", "one that was opened"])
def test_copy_on_another_machine_is_held(office: Trial, tmp_path: Path, opened: bool) -> None:
    office.tick(MARCH)
    copy = copied(office, tmp_path)
    (tmp_path / "other").mkdir()
    with trial(tmp_path / "other", small=True, made=False) as other:
        if opened:
            with other.reading():
                pass
        other.state.mkdir(mode=0o700, exist_ok=True)
        put_back(other, copy)
        other.tick(APRIL)
        assert other.states(period="2026-04") == {HELD}


@pytest.mark.parametrize("early_version", [False, True])
def test_ledger_whose_mark_lies_behind_is_the_same(office: Trial, early_version: bool) -> None:
    office.tick(MARCH)
    mark = office.state / "ledger.made"
    behind = b"There is a ledger here, or there was.\n" if early_version else mark.read_bytes()
    office.tick(APRIL)
    mark.write_bytes(behind)
    assert office.tick("2026-04-27T09:00+08:00")["sent"] > 0


def test_hold_by_hand_holds_what_comes_and_what_waits(office: Trial) -> None:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    app = office.app(MARCH)
    assert holds.hold(app.database, app.clock.now(), "to look first")
    assert not holds.hold(app.database, app.clock.now(), "once more")
    office.tick(MARCH)
    office.tick(APRIL)
    assert office.files() == []
    assert office.states(period="2026-04") == {("held", "held-by-hand")}
    releasing.release(office.app(APRIL))
    office.tick(APRIL)
    assert office.states(period="2026-04") == {SENT}


# By the command


@pytest.mark.parametrize("has_mark", [True, False])
def test_ledger_that_was_restored_is_held_wherever_it_is_and_the_other_is_kept(
    office: Trial, tmp_path: Path, has_mark: bool
) -> None:
    """On the machine where it was used, or on a new one without its mark."""
    office.tick(MARCH)
    copy = copied(office, tmp_path)
    office.tick(APRIL)
    kept = restore(office, copy)
    assert kept == office.state / "ledger-until-20260401T010000Z.db"
    (office.state / "ledger.made").unlink() if not has_mark else None
    before = len(office.files())
    assert office.tick(APRIL) == {"planned": 2}
    assert (len(office.files()), office.states(period="2026-04")) == (before, {HELD})
    assert read_status(office.app(APRIL))["hold"]["reason"] == "restored"
    releasing.release(office.app(APRIL))
    assert office.tick(APRIL)["sent"] == 2
    with trial(tmp_path / "kept", place=kept) as other:
        assert other.states(period="2026-04") == {SENT}


@pytest.mark.parametrize("damage", [b"", b"no ledger at all" * 300, None], ids=repr)
def test_restored_in_the_place_of_what_cannot_be_used(
    office: Trial, tmp_path: Path, damage: bytes | None
) -> None:
    """An empty, a damaged, a missing ledger, whose log is still there."""
    office.tick(MARCH)
    copy = copied(office, tmp_path)
    office.close()
    ledger = office.state / "ledger.db"
    (office.state / "ledger.db-wal").write_bytes(b"of the ledger that was")
    ledger.unlink() if damage is None else ledger.write_bytes(damage)
    with pytest.raises(LedgerError):
        office.tick(APRIL)
    assert (restore(office, copy) is None) == (damage is None)
    assert office.tick(APRIL) == {"planned": 2}
    assert office.states(period="2026-04") == {HELD}
    assert office.states(period="2026-03") == {SENT}


def test_nothing_is_restored_while_a_daemon_delivers_or_from_what_is_not_sound(
    office: Trial, tmp_path: Path
) -> None:
    office.tick(MARCH)
    copy = copied(office, tmp_path)
    office.close()
    before = (office.state / "ledger.db").read_bytes()
    with (
        single_process_lock(office.app(MARCH).settings.lock_path),
        pytest.raises(LedgerError, match="another process delivers from"),
    ):
        restore(office, copy)
    copy.write_bytes(copy.read_bytes()[:40_000] + b"\xff" * 40_000)
    with pytest.raises(LedgerError, match="damaged"):
        restore(office, copy)
    assert (office.state / "ledger.db").read_bytes() == before
    assert sorted(path.suffix for path in office.state.glob("ledger*")) == [".db", ".lock", ".made"]


def test_a_copy_becomes_the_ledger_of_a_new_database(
    office: Trial, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    office.tick(MARCH)
    copy = copied(office, tmp_path)
    before = len(office.files())
    office.use(postgresql.emptied())
    assert restore(office, copy) is None
    with pytest.raises(LedgerError, match="is in use"):
        restore(office, copy)
    assert office.tick(APRIL) == {"planned": 2}
    assert (len(office.files()), office.states(period="2026-04")) == (before, {HELD})
    assert office.states(period="2026-03") == {SENT}


# A ledger on a server


@pytest.fixture
def served(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Trial]:
    with trial(tmp_path, small=True, place=postgresql.emptied()) as opened:
        yield opened


@pytest.fixture
def other(served: Trial, tmp_path: Path) -> Iterator[Trial]:
    """Another replica, with a state folder of its own."""
    (tmp_path / "other").mkdir()
    with trial(tmp_path / "other", small=True, place=served.place) as opened:
        yield opened


@pytest.fixture
def dump(postgresql: PostgreSQL) -> Callable[[str], None]:
    """The ledger's database as another, or back: sessions on either are ended."""

    def copy(old: str, new: str) -> None:
        sessions = f"FROM pg_stat_activity WHERE datname = '{old}'"
        postgresql.execute(f"SELECT pg_terminate_backend(pid) {sessions}")
        postgresql.execute(f"DROP DATABASE IF EXISTS {new} WITH (FORCE)")
        postgresql.execute(f"CREATE DATABASE {new} TEMPLATE {old}")

    return copy


def test_restored_database_is_told_by_the_mark_of_any_replica(
    served: Trial, other: Trial, dump: Any, postgresql: PostgreSQL
) -> None:
    served.tick(MARCH)
    dump("ledger", "dumped")
    served.tick(APRIL)
    before = len(served.files())
    for trial_ in (served, other):
        trial_.use(postgresql.place("dumped"))
    served.tick(APRIL)
    assert other.tick(APRIL) == {}
    assert (len(served.files()), other.files()) == (before, [])
    releasing.release(served.app(APRIL))
    other.tick(APRIL)
    assert other.states(period="2026-04") == {SENT}


def test_replica_that_was_away_holds_nothing_again(
    served: Trial, other: Trial, dump: Any, postgresql: PostgreSQL
) -> None:
    served.tick(MARCH)
    dump("ledger", "dumped")
    served.tick(APRIL)
    other.tick(APRIL)
    for trial_ in (served, other):
        trial_.use(postgresql.place("dumped"))
    served.tick(APRIL)
    releasing.release(served.app("2026-04-02T09:00+08:00"))
    other.tick("2026-04-02T09:01+08:00")
    assert other.states(period="2026-04") == {SENT}


def test_new_replica_without_a_mark_is_nothing_odd(served: Trial, other: Trial) -> None:
    served.tick(MARCH)
    other.tick(APRIL)
    assert other.states(period="2026-04") == {SENT}


def test_ledger_that_was_moved_to_a_server_and_back_is_not_held(
    office: Trial, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    office.tick(MARCH)
    office.close()
    here, there, back = office.place, postgresql.emptied(), tmp_path / "state" / "back.db"
    records.move(here, there, office.state)
    office.use(there)
    office.tick(APRIL)
    assert office.states(period="2026-04") == {SENT}
    office.close()
    records.move(there, back, office.state)
    office.use(back)
    assert office.tick("2026-04-27T09:00+08:00")["sent"] > 0
