"""Ledgers of earlier versions: nothing is lost on the way to the present tables.

`tests/data/ledger-0006` is the small office's: a month of mails through a mail server, a month
that waits because that server went away, registrations, links, a session, and a hold by hand.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, select, text

from reminder.domain.notices import Kind, Reason, State
from reminder.ledger import registrations
from reminder.ledger.access import READER, read_readers
from reminder.ledger.copying import backup
from reminder.ledger.database import DatabaseServer, Place, open_database
from reminder.ledger.integrity import verify
from reminder.ledger.mark import Mark
from reminder.ledger.migrations.upgrade import upgrade
from reminder.ledger.schema import (
    event,
    history,
    meeting_date,
    metadata,
    notice,
    occasion,
    registration,
    reminded,
    start,
)
from reminder.office import releasing
from tests.daemon.trials import Trial, trial
from tests.mail.servers import Inbox, real_server
from tests.postgresql import PostgreSQL

DUMP = Path(__file__).parents[1] / "data" / "ledger-0006"
AFTER = "2026-04-01T10:00+08:00"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    rows = (DUMP / "rows.sql").read_text(encoding="utf-8")
    tables = (DUMP / f"{request.param}.sql").read_text(encoding="utf-8")
    if request.param == "sqlite":
        path = tmp_path / "state" / "ledger.db"
        path.parent.mkdir()
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(tables + rows)
        return path
    server: PostgreSQL = request.getfixturevalue("postgresql")
    place = server.create("first")
    in_utc = "SET TimeZone = 'UTC'; SET ROLE reminder; "
    bytea = re.sub(r"X'([0-9a-f]+)'", r"'\\x\1'", rows)
    counters = "".join(
        f"SELECT setval('{table}_id_seq', max(id)) FROM {table}; "
        for table in ("history", "recipient", "registration")
    )
    server.execute(in_utc + tables + bytea + counters, "first")
    return place


@pytest.fixture
def office(place: Place, tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True, place=place) as opened:
        yield opened


def test_first_ledger_is_sound_before_and_after_it_gets_the_present_tables(
    place: Place, tmp_path: Path
) -> None:
    assert list(verify(place)) == []
    if isinstance(place, Path):
        backup(place, tmp_path / "copy.db", tmp_path)
        assert list(verify(tmp_path / "copy.db")) == []
    with closing(open_database(place)) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert registrations.read_dates(connection) == {"small": {"plenary": date(2026, 5, 12)}}
        assert len(registrations.of_unit(connection, "small", "lead")) == 2
        assert [link.subject for link in read_readers(connection, "lead")] == [f"lead{READER}1"]
    assert list(verify(place)) == []


def test_rows_of_a_ledger_with_one_plan_are_that_plans(place: Place) -> None:
    with closing(open_database(place)) as database, database.read() as connection:
        for table in (notice, reminded, registration, meeting_date, occasion, start):
            assert set(connection.scalars(select(table.c.plan))) == {"small"}, table.name
        keys = connection.scalars(select(occasion.c.key)).all()
        assert "small/digest/2026-03" in keys
        assert "small/preflight/2026-04" in keys
        [begun] = connection.execute(select(start))
        assert (begun.stream, begun.plan, begun.year, begun.held) == ("smtp", "small", 2026, False)


def test_every_year_that_had_a_digest_has_begun(place: Place) -> None:
    """So that last year's table, when it is put beside, is not taken for a new one."""
    engine = create_engine(place.url if isinstance(place, DatabaseServer) else f"sqlite:///{place}")
    earlier = "UPDATE notice SET period = '2025-12' WHERE key = 'small/digest/2026-03/related'"
    with engine.begin() as connection:
        connection.execute(text(earlier))
    engine.dispose()
    with closing(open_database(place)) as database, database.read() as connection:
        begun = connection.execute(select(start.c.plan, start.c.year, start.c.held)).all()
    assert sorted(begun) == [("small", 2025, False), ("small", 2026, False)]


def test_mark_of_an_earlier_release_still_knows_its_ledger(place: Place) -> None:
    """Or each upgrade would hold everything, as after a restored backup."""
    mark = Mark(DUMP / "ledger.made", alone=True)
    with closing(open_database(place)) as database, database.write() as connection:
        assert mark.why_other(connection) == ""
        connection.execute(history.delete().where(history.c.id == 42))
        assert "it lacks what was recorded here" in mark.why_other(connection)


EVENT = r"INTO event .* VALUES \((\d+), '(.*?)', (\d+), '(.*)', '(\w+)', (\d+), '(.*)', (.*)\);"


def test_first_ledgers_events_are_rows_of_their_feeds_as_they_were(place: Place) -> None:
    rows = (DUMP / "rows.sql").read_text(encoding="utf-8")
    wanted = {
        (feed, *facts[:-1], facts[-1] != "NULL")
        for feed, shown in re.findall(r"INTO feed .* VALUES \('(.*)', (\d+)\);", rows)
        for agenda, *facts in re.findall(EVENT, rows)
        if agenda == shown
    }
    with closing(open_database(place)) as database, database.read() as connection:
        events = {
            (
                *(row.feed, row.uid, str(row.position), row.entry, row.content_hash),
                str(row.sequence),
                f"{row.last_modified.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}",
                row.cancelled_at is not None,
            )
            for row in connection.execute(select(event))
        }
    assert {row[0] for row in events} == {"lead", "left", "related", "plan"}
    assert events == wanted


def test_office_goes_on_in_its_first_ledger_and_sends_nothing_twice(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        smtp = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5}
        settings = {"transport": "smtp", "smtp": smtp}
        office.tick(AFTER, **settings)
        assert office.states(kind=Kind.DIGEST, period="2026-04") == {(State.HELD, Reason.BY_HAND)}
        releasing.release(office.app(AFTER, **settings))
        for _ in range(2):
            office.tick(AFTER, **settings)
    reached = sorted(address for mail in inbox.received for address in mail.rcpt_tos)
    assert reached == ["lead@unit.test", "related@unit.test", "second@unit.test"]
    assert list(verify(office.place)) == []


def test_events_of_the_oldest_tables_come_through_all_migrations(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch(mode=0o600)
    old = create_engine(f"sqlite:///{path}")
    events = {
        ("helan", 3, None),
        ("pingluo", 3, "2026-03-01 01:00:00.000000"),
        ("deputies", 4, None),
    }
    row = "(:feed, 'plan.a', 0, '{}', 'hash', :sequence, '2026-03-01 01:00:00.000000', :cancelled)"
    with old.begin() as connection:
        upgrade(connection, "0003")
        for feed, sequence, cancelled in events:
            values = {"feed": feed, "sequence": sequence, "cancelled": cancelled}
            connection.execute(text(f"INSERT INTO event VALUES {row}"), values)
    old.dispose()
    with closing(open_database(path)) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        rows = connection.execute(text("SELECT feed, sequence, cancelled_at FROM event"))
        assert {tuple(row) for row in rows} == events


def test_all_migrations_from_nothing_make_the_present_tables(
    postgresql: PostgreSQL,
) -> None:
    with closing(open_database(postgresql.emptied())) as database, database.write() as connection:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
