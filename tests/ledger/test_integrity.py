"""A copy of the ledger, and whether it is sound."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from reminder.errors import LedgerError
from reminder.ledger import copying, integrity
from reminder.ledger.database import Place, open_database
from reminder.ledger.schema import history
from tests.daemon.trials import MARCH, trial
from tests.postgresql import PostgreSQL


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    with trial(tmp_path, small=True) as office:
        office.tick(MARCH)
    return tmp_path / "state" / "ledger.db"


def change(place: Place, words: str) -> None:
    with closing(open_database(place)) as database, database.write() as connection:
        connection.execute(text(words))


def faults(place: Place) -> list[str]:
    return list(integrity.verify(place))


def test_copy_is_made_while_another_writes(ledger: Path, tmp_path: Path) -> None:
    with closing(open_database(ledger)) as database, database.write() as connection:
        connection.execute(text("DELETE FROM history"))
        assert faults(ledger) == []
        copying.backup(ledger, tmp_path / "copy.db", ledger.parent)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with closing(open_database(tmp_path / "copy.db")) as copy, copy.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM message")) == 2
    assert faults(tmp_path / "copy.db") == []


def test_what_a_killed_backup_has_left_goes_with_the_next(ledger: Path, tmp_path: Path) -> None:
    left, running, mine = (
        ledger.parent / name for name in (".ledger-backup-a", ".ledger-backup-b", "backup-2025")
    )
    for folder in (left, running, mine):
        folder.mkdir()
        (folder / "ledger.db").touch()
    for folder in (left, mine):
        os.utime(folder, (0, 0))
    copying.backup(ledger, tmp_path / "copy.db", ledger.parent)
    assert sorted(path.name for path in ledger.parent.glob("*backup*")) == [running.name, mine.name]


def test_copy_is_made_where_nothing_is(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.db").write_text("mine")
    for target, said in (("mine.db", "File exists"), ("absent/copy.db", "No such file")):
        with pytest.raises(LedgerError, match=said):
            copying.backup(ledger, tmp_path / target, ledger.parent)
    assert (tmp_path / "mine.db").read_text() == "mine"
    assert not list(tmp_path.glob("copy*"))


def test_copy_of_a_server_is_a_file_too(tmp_path: Path, postgresql: PostgreSQL) -> None:
    with trial(tmp_path, small=True, place=postgresql.emptied()) as office:
        office.tick(MARCH)
        with office.reading() as connection:
            before = connection.execute(select(history).order_by(history.c.id)).all()
    copying.backup(office.place, tmp_path / "copy.db", office.state)
    assert faults(tmp_path / "copy.db") == []
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]
    with closing(open_database(tmp_path / "copy.db")) as copy, copy.read() as connection:
        assert connection.execute(select(history).order_by(history.c.id)).all() == before


def test_copy_stands_alone_and_beside_the_log_of_another_ledger_is_not_touched(
    ledger: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    copying.backup(ledger, shelf / "copy.db", ledger.parent)
    assert faults(shelf / "copy.db") == []
    assert [path.name for path in shelf.iterdir()] == ["copy.db"]
    copy = (shelf / "copy.db").read_bytes()
    (shelf / "copy.db-wal").write_bytes(b"what a killed daemon left")
    for use in (open_database, faults):
        with pytest.raises(LedgerError, match=r"copy\.db-wal is not the log of the ledger"):
            use(shelf / "copy.db")
    assert (shelf / "copy.db").read_bytes() == copy


@pytest.mark.parametrize("content", [os.urandom(4096), b""])
def test_what_is_no_ledger_is_not_copied(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.db").write_bytes(content)
    with pytest.raises(LedgerError, match=r"damaged|empty"):
        copying.backup(tmp_path / "ledger.db", tmp_path / "copy.db", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]


def test_ledger_that_is_not_sound_is_not_copied(ledger: Path, tmp_path: Path) -> None:
    change(ledger, "UPDATE message SET content = x'00' WHERE notice LIKE '%/lead'")
    with pytest.raises(LedgerError, match="lead: its stored message is not what was recorded"):
        copying.backup(ledger, tmp_path / "copy.db", ledger.parent)
    assert not list(tmp_path.glob("copy*"))


def test_checking_changes_no_byte_and_makes_no_ledger(ledger: Path, tmp_path: Path) -> None:
    before = ledger.read_bytes()
    assert faults(ledger) == []
    assert ledger.read_bytes() == before
    with pytest.raises(LedgerError, match="there is no ledger"):
        faults(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()


LEAD = "small/digest/2026-03/lead"


# What is done to the ledger, and what is said of the lead's notice then.
DISAGREEMENTS = {
    "UPDATE message SET content = (SELECT content FROM message WHERE notice LIKE '%/related')": (
        ": its stored message is not what was recorded"
    ),
    "DELETE FROM message": ": its stored message is missing",
    "UPDATE notice SET sha256 = NULL": ": the hash or the Message-ID of its message is missing",
    "DELETE FROM recipient": ": nobody is to get it, and no reason is given",
    "UPDATE notice SET state = 'gone'": ": 'gone' with reason 'accepted' is no state of a notice",
    "UPDATE notice SET state = 'expired'": " is expired, its history says otherwise",
    "UPDATE recipient SET state = 'retry'": (
        " second@unit.test is retry, its history says otherwise"
    ),
    "UPDATE recipient SET state = 'lost'": " second@unit.test: 'lost' is no state of a recipient",
    "UPDATE recipient SET claim = 'x'": " second@unit.test is sent, and claimed",
}


def test_what_does_not_agree_is_named(tmp_path: Path, place: Place) -> None:
    with trial(tmp_path, small=True, place=place) as office:
        office.tick(MARCH)
    with closing(open_database(place)) as database, database.write() as connection:
        for change_by, fault in DISAGREEMENTS.items():
            with connection.begin_nested() as savepoint:
                connection.execute(text(change_by))
                assert f"{LEAD}{fault}" in list(integrity.faults(connection))
                savepoint.rollback()
        assert list(integrity.faults(connection)) == []


def test_file_that_is_damaged_inside_is_said_to_be(ledger: Path) -> None:
    with ledger.open("r+b") as file:
        file.seek(40_000)
        file.write(b"\xff" * 20_000)
    assert any("the database is damaged" in fault or "the file is damaged" in fault
               for fault in faults(ledger))  # fmt: skip


def test_messages_may_be_missing_after_two_years_and_no_table_ever(ledger: Path) -> None:
    change(ledger, "DELETE FROM message")
    change(ledger, "UPDATE setting SET value = '2028-04-01T00:00Z' WHERE name = 'last-tick'")
    assert faults(ledger) == []
    change(ledger, "DROP TABLE recipient")
    assert faults(ledger) == ["table recipient is missing"]


def test_recipient_of_no_notice_is_named(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as careless, careless:
        careless.execute("DELETE FROM notice WHERE key LIKE '%/lead'")
    assert set(faults(ledger)) == {
        f"table message, {LEAD}: there is no such notice",
        f"table recipient, {LEAD}: there is no such notice",
    }
