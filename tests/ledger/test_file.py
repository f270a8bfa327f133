"""The ledger's file: who may read it, what is refused, who waits for whom."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from reminder.errors import LedgerError
from reminder.ledger import file as ledger_file
from reminder.ledger.database import Database, open_database
from reminder.ledger.file import SYNCHRONOUS, FileEngines
from reminder.ledger.rows import put_setting, read_setting
from reminder.ledger.schema import REVISION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = open_database(path)
    yield database
    database.close()


def change(path: Path, words: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(words)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_ledger_that_a_mount_has_widened_is_narrowed_and_said_once(
    path: Path, database: Database, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    with database.write() as connection:
        put_setting(connection, "a", "1")
    files = [file for file in path.parent.iterdir() if file.name.startswith("ledger.")]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.chmod(0o2770)
    for file in files:
        file.chmod(mode)
    for _ in range(2):
        open_database(path).close()
    assert {file.suffix for file in files} == {".db", ".db-wal", ".db-shm", ".made"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    [said] = [record.getMessage() for record in caplog.records if "narrowed" in record.message]
    assert said.startswith(f"others could read {path}")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_ledger_that_others_can_read_is_refused(path: Path) -> None:
    open_database(path).close()
    path.chmod(0o640)
    os.chown(path, 65534, -1)
    with pytest.raises(LedgerError, match="can be read by others") as refusal:
        open_database(path)
    assert refusal.value.hint == f"chmod 600 {path}"
    assert path.stat().st_mode & 0o777 == 0o640


def test_file_behind_a_link_is_refused_and_not_narrowed(tmp_path: Path, path: Path) -> None:
    other = tmp_path / "other"
    other.touch(mode=0o644)
    path.parent.mkdir()
    path.symlink_to(other)
    with pytest.raises(LedgerError, match="can be read by others"):
        open_database(path)
    assert other.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "damaged",
    [
        lambda whole: b"Dear all, this is no database.\n" * 200,
        lambda whole: b"\0" * 4096,
        lambda whole: whole[:2048],
        lambda whole: whole[:-4096] + b"\xff" * 4096,  # which no query would meet
    ],
)
def test_a_damaged_ledger_is_refused_in_words(
    path: Path, damaged: Callable[[bytes], bytes]
) -> None:
    open_database(path).close()
    path.write_bytes(content := damaged(path.read_bytes()))
    with pytest.raises(LedgerError, match=r"ledger\.db is (damaged|gone)"):
        open_database(path)
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match=r"cannot be opened: .*state is no folder") as refusal:
        open_database(tmp_path / "state" / "ledger.db")
    assert "REMINDER_STATE_DIR" in refusal.value.hint


@pytest.mark.parametrize("put_there", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_refused(tmp_path: Path, put_there: Callable[[Path], None]) -> None:
    put_there(tmp_path / "ledger.db")
    with pytest.raises(LedgerError, match=r"ledger\.db (cannot be opened|is no file)"):
        open_database(tmp_path / "ledger.db")


def test_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    change(path, "CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="a database, but no ledger"):
        open_database(path)
    assert path.read_bytes()[100:] == before[100:]  # less its header: SQLite counts openings there


def test_ledger_of_a_newer_version_is_refused(path: Path) -> None:
    open_database(path).close()
    change(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=f"its tables are 9999, this one knows {REVISION}"):
        open_database(path)


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: os.truncate(path, 0)])
@pytest.mark.parametrize("trace", ["ledger.made", "ledger.db-wal"])
def test_a_ledger_that_was_lost_is_not_begun_anew(
    path: Path, lose: Callable[[Path], None], trace: str
) -> None:
    open_database(path).close()
    path.with_suffix(".made").unlink()
    (path.parent / trace).write_text("what the ledger left behind")
    lose(path)
    with pytest.raises(LedgerError, match="is gone or empty, but there was one") as refusal:
        open_database(path)
    assert trace in refusal.value.hint
    assert not path.exists() or path.stat().st_size == 0


def test_a_ledger_is_known_from_its_first_use_and_by_the_mark_of_one_whose_log_was_lost(
    path: Path,
) -> None:
    open_database(path).close()
    path.with_suffix(".made").unlink()
    open_database(path).close()
    path.unlink()
    with pytest.raises(LedgerError, match="is gone or empty"):
        open_database(path)
    path.touch(mode=0o600)
    change(path, "PRAGMA journal_mode = WAL")  # and its tables were in the log
    with pytest.raises(LedgerError, match="is gone or empty"):
        open_database(path)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_ledger_that_is_lost_while_in_use_is_neither_used_nor_made_again(
    path: Path, database: Database, replaced: bool
) -> None:
    """Until it is put back."""
    path.rename(away := path.with_suffix(".away"))
    if replaced:
        shutil.copy(away, path)
    for use in (database.read, database.write, database.write):
        with pytest.raises(LedgerError, match="deleted, moved or replaced"), use():
            pytest.fail("what is written there is lost")
    assert path.exists() == replaced
    away.replace(path)
    with database.write() as connection:
        put_setting(connection, "a", "1")


def test_no_connection_makes_the_ledger_again(path: Path) -> None:
    path.parent.mkdir()
    engines = FileEngines(path)
    with (
        pytest.raises(LedgerError, match="unable to open"),
        engines.in_words(),
        engines.writer.begin(),
    ):
        pytest.fail("there is none")
    assert not path.exists()


def test_a_full_ledger_is_said_and_goes_on_when_there_is_room(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 1"))  # that is: as many as there are
    with pytest.raises(LedgerError, match="the disk is full") as full, database.write() as narrow:
        put_setting(narrow, "a", "x" * 100_000)
    assert "Make room" in full.value.hint
    with database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 100000"))
        assert read_setting(connection, "a") is None
        put_setting(connection, "a", "x" * 100_000)


def test_a_writer_that_nobody_lets_in_says_so(path: Path, database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="held by another process") as held, database.write():
        pytest.fail("another writes")
    other.close()
    assert "fuser" in held.value.hint


def test_every_commit_is_on_disk_before_it_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_file, "SYNCHRONOUS", SYNCHRONOUS)
    with closing(open_database(path)) as database, database.write() as connection:
        kept = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert kept == ["wal", 2, 1]  # 2 is FULL


def test_a_ledger_that_another_process_is_making_is_waited_for(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        ours = pool.submit(open_database, path)
        try:
            with pytest.raises(TimeoutError):
                ours.result(0.2)
        finally:
            other.close()
        ours.result().close()
