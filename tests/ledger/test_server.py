"""The ledger on PostgreSQL: what is refused, who waits for whom, servers that go away."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import inspect, select, text

from reminder.documents.settings_sources import SettingsSources
from reminder.errors import LedgerError
from reminder.ledger import server
from reminder.ledger.access import installation_key
from reminder.ledger.database import Database, DatabaseServer, open_database, reading
from reminder.ledger.rows import put_setting
from reminder.ledger.schema import REVISION, metadata, setting
from tests.postgresql import PostgreSQL

PASSWORD = "swordfish"
READ_ONLY = "ALTER DATABASE bare SET default_transaction_read_only = on"


@pytest.fixture
def place(postgresql: PostgreSQL) -> DatabaseServer:
    """Of an empty ledger."""
    return postgresql.emptied()


@pytest.fixture
def bare(postgresql: PostgreSQL) -> DatabaseServer:
    """A database without tables."""
    return postgresql.create("bare")


@pytest.fixture
def database(place: DatabaseServer) -> Iterator[Database]:
    database = open_database(place)
    yield database
    database.close()


def names(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(select(setting.c.name)))


def refusal(place: DatabaseServer) -> LedgerError:
    with pytest.raises(LedgerError) as refused:
        open_database(place).close()
    assert PASSWORD not in f"{refused.value} {refused.value.hint} {place!r}"
    return refused.value


def with_user(place: DatabaseServer, user: str) -> DatabaseServer:
    return replace(place, url=place.url.replace("reminder@", f"{user}:{PASSWORD}@"))


# What cannot be opened


def test_server_or_database_that_is_not_there_is_named(
    postgresql: PostgreSQL, place: DatabaseServer
) -> None:
    found = refusal(replace(with_user(place, "reminder"), url="postgresql://u:swordfish@[::1]:1/x"))
    assert f"the ledger {place} cannot be reached: connection failed" in str(found)
    assert "REMINDER_DATABASE_URL" in found.hint
    found = refusal(with_user(postgresql.place("absent"), "reminder"))
    assert 'database "absent" does not exist' in str(found)


@pytest.mark.parametrize(
    ("prepared", "user", "said", "hint"),
    [
        ("CREATE ROLE guarded LOGIN PASSWORD 'another'", "guarded", "password authentication", ""),
        ("CREATE ROLE stranger LOGIN", "stranger", "may not do that", "docs/howto/postgresql.md"),
        (READ_ONLY, "reminder", "is read-only", "target_session_attrs"),
    ],
)
def test_what_a_server_forbids_is_said(
    postgresql: PostgreSQL, bare: DatabaseServer, prepared: str, user: str, said: str, hint: str
) -> None:
    postgresql.execute(f"DROP ROLE IF EXISTS guarded, stranger; {prepared}")
    found = refusal(with_user(bare, user))
    assert said in str(found)
    assert hint in found.hint


def test_database_that_cannot_hold_chinese_is_refused(postgresql: PostgreSQL) -> None:
    found = refusal(postgresql.create("narrow", "ENCODING 'LATIN1'", "LOCALE 'C'"))
    assert "keeps text as LATIN1" in str(found)
    assert "--encoding=UTF8" in found.hint


@pytest.mark.parametrize("name", ["notice", "alembic_version"])
def test_table_of_another_program_with_a_name_of_ours_is_left_alone(
    postgresql: PostgreSQL, bare: DatabaseServer, name: str
) -> None:
    postgresql.execute(f"CREATE TABLE {name} (version_num text)", "bare")
    assert "is a database, but no ledger" in str(refusal(bare))


def test_ledger_of_a_newer_version_is_refused(postgresql: PostgreSQL, bare: DatabaseServer) -> None:
    open_database(bare).close()
    postgresql.execute("UPDATE alembic_version SET version_num = '9999'", "bare")
    assert f"its tables are 9999, this one knows {REVISION}" in str(refusal(bare))


def test_reading_makes_no_ledger_and_other_programs_may_have_tables_beside_it(
    postgresql: PostgreSQL, bare: DatabaseServer
) -> None:
    with pytest.raises(LedgerError, match="there is no ledger in"), reading(bare):
        pytest.fail("there is none")
    postgresql.execute("CREATE TABLE theirs (a int)", "bare")
    open_database(bare).close()
    with reading(bare) as connection:
        assert {"theirs", *metadata.tables} <= set(inspect(connection).get_table_names())


def test_all_that_begin_at_once_have_one_ledger_and_one_key(bare: DatabaseServer) -> None:
    settings, together = SettingsSources().load(), threading.Barrier(4)

    def begun(_: int) -> tuple[Database, bytes]:
        together.wait()
        database = open_database(bare)
        return database, installation_key(database, settings.secret_key.get_secret_value()).secret

    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(begun, range(4)))
    for database, _ in opened:
        database.close()
    assert len({key for _, key in opened}) == 1


# Who waits for whom


def test_a_record_waits_for_no_other_writer(database: Database) -> None:
    with database.write(), database.record() as connection:
        put_setting(connection, "a", "")
    assert names(database) == {"a"}


def test_a_writer_that_nobody_lets_in_says_so(
    database: Database, place: DatabaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(server._SESSION, "lock_timeout", "1ms")
    hasty = open_database(place)
    with (
        database.write(),
        pytest.raises(LedgerError, match="held by another process") as held,
        hasty.write(),
    ):
        pytest.fail("another writes")
    hasty.close()
    assert "pg_stat_activity" in held.value.hint


def test_a_writer_that_is_frozen_loses_its_turn(database: Database, place: DatabaseServer) -> None:
    frozen = open_database(place)

    def write_late() -> None:
        with frozen.write() as late:
            put_setting(late, "late", "")
            late.execute(text("SET LOCAL idle_in_transaction_session_timeout = '1ms'"))
            with database.write() as connection:  # waits until the server has ended the other
                put_setting(connection, "present", "")
            put_setting(late, "too late", "")

    with pytest.raises(LedgerError, match=r"the connection to the ledger .* was lost"):
        write_late()
    frozen.close()
    assert names(database) == {"present"}


def test_no_session_waits_for_ever_and_commits_are_on_disk_whatever_the_database_was_told(
    postgresql: PostgreSQL, bare: DatabaseServer
) -> None:
    postgresql.execute("ALTER DATABASE bare SET synchronous_commit = off")
    names = [*server._SESSION, "synchronous_commit"]
    with closing(open_database(bare)) as database, database.write() as connection:
        kept = {name: connection.scalar(text(f"SHOW {name}")) for name in names}
    assert kept == server._SESSION | {
        "tcp_user_timeout": "15000",
        "statement_timeout": "1min",
        "synchronous_commit": "on",
    }


# Servers that go away


def test_a_restart_between_two_uses_is_not_noticed(
    postgresql: PostgreSQL, database: Database
) -> None:
    with database.write() as connection:
        put_setting(connection, "before", "")
    postgresql.stop()
    postgresql.start()
    with database.write() as connection:
        put_setting(connection, "after", "")
    assert names(database) == {"before", "after"}


def test_a_restart_in_mid_transaction_is_said_and_leaves_nothing(
    postgresql: PostgreSQL, database: Database
) -> None:
    def write() -> None:
        with database.write() as connection:
            put_setting(connection, "a", "")
            postgresql.stop()
            postgresql.start()
            put_setting(connection, "b", "")

    with pytest.raises(LedgerError, match="was lost"):
        write()
    assert names(database) == set()


def test_a_server_that_is_away_is_said_at_every_use(
    postgresql: PostgreSQL, database: Database
) -> None:
    postgresql.stop()
    for use in (database.read, database.write, database.record):
        with pytest.raises(LedgerError, match="cannot be reached"), use():
            pytest.fail("it is away")
    postgresql.start()
    assert names(database) == set()


@pytest.mark.parametrize(
    ("state", "said"),
    [("53100", "the disk is full"), ("57P01", "was lost"), ("XX001", "cannot be used")],
)
def test_what_the_server_says_is_put_in_words(database: Database, state: str, said: str) -> None:
    raised = f"DO $$ BEGIN RAISE 'of the server' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(LedgerError, match=said), database.write() as connection:
        connection.execute(text(raised))


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
@pytest.mark.parametrize("whose", ["ROLE reminder IN DATABASE strict", "DATABASE strict"])
def test_writers_see_what_was_committed_whatever_the_default_is(
    postgresql: PostgreSQL, whose: str, level: str
) -> None:
    place = postgresql.create("strict")
    postgresql.execute(f"ALTER {whose} SET default_transaction_isolation = '{level}'")
    asked = text("SHOW transaction_isolation")
    with closing(open_database(place)) as database:
        with database.write() as writer, database.record() as recorder:
            assert {writer.scalar(asked), recorder.scalar(asked)} == {"read committed"}
        with database.read() as reader:
            assert reader.scalar(asked) == "repeatable read"
