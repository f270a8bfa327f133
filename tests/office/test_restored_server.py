"""A PostgreSQL server's own ways back: a dump, a moment before some mails went, a standby.

Whoever has a mark judges by it; a replica without one sees that the database lies elsewhere.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import pytest

from reminder.ledger.database import Place, place_of
from reminder.office import releasing
from reminder.office.status import read_status
from tests.daemon.trials import MARCH, Trial, trial
from tests.office.test_restored import APRIL, HELD, SENT
from tests.postgresql import PostgreSQL, as_server, program, running

LATER = "2026-04-02T09:00+08:00"


@contextmanager
def replica(tmp_path: Path, name: str, place: Place) -> Iterator[Trial]:
    """A new machine, without a mark."""
    folder = tmp_path / name
    folder.mkdir()
    with trial(folder, small=True, place=place) as opened:
        yield opened


@pytest.fixture
def first(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Trial]:
    with replica(tmp_path, "first", postgresql.create("first")) as opened:
        yield opened


@pytest.mark.long
def test_dump_that_was_restored_is_held_by_who_has_a_mark_and_by_who_has_none(
    first: Trial, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    first.tick(MARCH)
    restored = dumped_and_restored(postgresql, tmp_path)
    first.tick(APRIL)
    with replica(tmp_path, "new", restored) as new:
        assert new.tick(APRIL) == {"planned": 2}
        assert new.states(period="2026-04") == {HELD}
        assert "restored or moved" in read_status(new.app(APRIL))["hold"]["why"].words("en")
        releasing.release(new.app(LATER))
        first.use(restored)
        first.tick(LATER)
        assert new.states(period="2026-04") == {SENT}


def dumped_and_restored(server: PostgreSQL, folder: Path) -> Place:
    dump, place = folder / "ledger.dump", server.create("restored")
    wanted = [str(program("pg_dump")), "--format=custom", f"--file={dump}"]
    subprocess.run([*wanted, server.nearby("first").url], check=True)
    into = [str(program("pg_restore")), f"--dbname={server.nearby('restored').url}", dump]
    subprocess.run(into, check=True)
    return place


def test_new_replica_on_a_database_that_lies_where_it_lay_holds_nothing(
    first: Trial, tmp_path: Path
) -> None:
    first.tick(MARCH)
    with replica(tmp_path, "new", first.place) as new:
        new.tick(APRIL)
        assert new.states(period="2026-04") == {SENT}


def test_role_that_may_not_see_where_the_database_lies_is_nothing_odd(
    first: Trial, tmp_path: Path, postgresql: PostgreSQL
) -> None:
    """Then marks alone tell."""
    forbidden = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"
    postgresql.execute(forbidden, "first")
    postgresql.execute("CREATE ROLE modest LOGIN", "first")
    postgresql.execute("GRANT ALL ON SCHEMA public TO modest", "first")
    url = postgresql.place("first").url.replace("reminder@", "modest@")
    with replica(tmp_path, "modest", place_of(url)) as office:
        office.tick(MARCH)
        office.tick(APRIL)
        assert office.states(period="2026-04") == {SENT}


@pytest.mark.long
@pytest.mark.parametrize("has_mark", [True, False])
def test_server_that_went_back_to_a_moment_before_mails_went_is_held(
    tmp_path: Path, has_mark: bool
) -> None:
    """By its archive of what was written (PITR)."""
    archived = {"archive_mode": "on", "archive_command": "mkdir -p ../archive; cp %p ../archive/%f"}
    with running(settings=archived) as server:
        base, archive = server.folder / "base", server.folder / "archive"
        back = {"recovery_target_name": "before-april", "recovery_target_action": "promote"}
        back |= {"restore_command": f"cp {archive}/%f %p"}
        with replica(tmp_path, "first", server.create("ledger")) as office:
            server.copy_files(base)
            office.tick(MARCH)
            server.asked("SELECT pg_create_restore_point('before-april')")
            office.tick(APRIL)
            server.asked("SELECT pg_switch_wal()")
            server.stop()
            with running(settings=back, copied=partial(from_files, base)) as earlier:
                until(earlier, "NOT pg_is_in_recovery()")
                place = earlier.place("ledger")
                office.use(place)
                with nullcontext(office) if has_mark else replica(tmp_path, "new", place) as one:
                    before = len(one.files())
                    assert one.tick(APRIL) == {"planned": 2}
                    assert len(one.files()) == before
                    assert one.states(period="2026-03") == {SENT}
                    assert one.states(period="2026-04") == {HELD}


def from_files(base: Path, data: Path) -> None:
    as_server("cp", "-a", base, data)
    as_server("touch", data / "recovery.signal")


@pytest.mark.long
def test_standby_that_was_promoted_is_gone_on_with(tmp_path: Path) -> None:
    """Whoever has a mark knows that nothing is lost; then a new machine has not to ask."""
    with running() as server, replica(tmp_path, "first", server.create("ledger")) as office:
        office.tick(MARCH)
        primary = {"primary_conninfo": f"host={server.folder} port={server.port} user=reminder"}
        with running(settings=primary, copied=server.follow) as standby:
            office.tick("2026-03-20T09:00+08:00")
            until(standby, f"pg_last_wal_replay_lsn() >= '{server.asked(_WRITTEN)}'")
            server.stop()
            standby.asked("SELECT pg_promote()")
            office.use(standby.place("ledger"))
            office.tick("2026-03-23T09:00+08:00")
            with replica(tmp_path, "new", standby.place("ledger")) as new:
                new.tick(APRIL)
                assert new.states(period="2026-04") == {SENT}


_WRITTEN = "SELECT pg_current_wal_lsn()"


def until(server: PostgreSQL, fact: str) -> None:
    end = monotonic() + 60
    while not server.asked(f"SELECT {fact}"):
        assert monotonic() < end, fact
        sleep(0.05)
