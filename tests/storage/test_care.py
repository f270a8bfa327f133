"""A copy of the ledger, and whether it is sound."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reminder.errors import LedgerError
from reminder.storage.ledger import care
from reminder.storage.ledger.database import open_database
from tests.app.trials import MARCH, Trial, trial


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    with trial(tmp_path, small=True) as office:
        assert_sent(office)
    return tmp_path / "state" / "ledger.db"


def assert_sent(office: Trial) -> None:
    assert office.tick(MARCH)["sent"] == 2


def faults(path: Path) -> list[str]:
    with closing(open_database(path)) as database:
        return list(care.verify(database))


def test_copy_is_a_ledger_with_the_same_notices(ledger: Path, tmp_path: Path) -> None:
    care.backup(ledger, tmp_path / "copy.db")
    with (
        closing(open_database(tmp_path / "copy.db")) as copy,
        copy.read() as connection,
    ):
        count = connection.exec_driver_sql("SELECT count(*) FROM message").scalar()
    assert count == 2


def test_copy_is_made_while_another_writes(ledger: Path, tmp_path: Path) -> None:
    with closing(open_database(ledger)) as database, database.write():
        care.backup(ledger, tmp_path / "copy.db")
    assert faults(tmp_path / "copy.db") == []


def test_copy_can_be_read_by_its_owner_alone(ledger: Path, tmp_path: Path) -> None:
    care.backup(ledger, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_copy_overwrites_nothing(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(LedgerError, match="File exists"):
        care.backup(ledger, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_copy_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(os.urandom(4096))
    with pytest.raises(LedgerError, match="not copied"):
        care.backup(tmp_path / "ledger.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_sound_ledger_has_no_faults(ledger: Path) -> None:
    assert faults(ledger) == []


def test_message_that_was_changed_is_named(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE message SET content = x'00' WHERE notice LIKE '%/lead'")
    assert faults(ledger) == [
        "small/digest/2026-03/lead: its stored message is not what was recorded"
    ]
