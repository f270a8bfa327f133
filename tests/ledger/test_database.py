"""Transactions on either database: who waits for whom, and what is read."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from reminder.errors import LedgerError
from reminder.ledger.database import Database
from reminder.ledger.rows import put_setting, read_setting
from reminder.ledger.schema import REVISION, metadata, setting, start

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def test_what_is_read_before_a_write_is_changed_by_nobody_else(database: Database) -> None:
    with database.write() as connection:
        put_setting(connection, "count", "0")

    def add_one(_: int) -> None:
        with database.write() as connection:
            count = int(read_setting(connection, "count") or 0)
            connection.execute(setting.update().values(value=str(count + 1)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add_one, range(40)))
    with database.read() as connection:
        assert read_setting(connection, "count") == "40"


def test_a_reader_keeps_the_state_that_it_began_with_and_writes_nothing(
    database: Database,
) -> None:
    with pytest.raises(LedgerError, match=r"read-?only"), database.read() as connection:
        put_setting(connection, "a", "1")
    with database.read() as reading:
        assert read_setting(reading, "a") is None
        with database.write() as connection:
            put_setting(connection, "a", "1")
        assert read_setting(reading, "a") is None


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(LedgerError, match=r"(?i)unique"), database.write() as connection:
        connection.execute(setting.insert(), [{"name": "a", "value": "1"}] * 2)
    with database.read() as connection:
        assert read_setting(connection, "a") is None


def test_moments_come_back_in_utc_and_without_a_zone_are_refused(database: Database) -> None:
    with database.write() as connection:
        moment = AT.astimezone(timezone(timedelta(hours=8)))
        row = {"stream": "smtp", "plan": "small", "year": 2026, "at": moment, "held": False}
        connection.execute(start.insert().values(row))
        back = connection.scalar(select(start.c.at))
        with pytest.raises(StatementError, match="a moment needs a time zone"):
            connection.execute(start.insert().values(row | {"at": AT.replace(tzinfo=None)}))
    assert (back, back.utcoffset()) == (AT, timedelta())


def test_migrations_from_nothing_make_the_tables_as_they_are_declared(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
