"""Ledgers of earlier versions: nothing is lost on the way to the present tables.

`tests/data/ledgers/0006` is the small office's: a month of mails through a mail server, a month
that waits because that server went away, registrations, links, a session, and a hold by hand.
"""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, column, create_engine, event, select, text

from reminder.domain.notices import Kind, Reason, State
from reminder.errors import LedgerError
from reminder.ledger import registrations, upgrading
from reminder.ledger.access import READER, read_readers
from reminder.ledger.copying import backup
from reminder.ledger.database import DatabaseServer, Place, known_revision, open_database, reading
from reminder.ledger.integrity import verify
from reminder.ledger.mark import Mark
from reminder.ledger.migrations.upgrade import upgrade
from reminder.ledger.schema import (
    REVISION,
    history,
    meeting_date,
    metadata,
    notice,
    occasion,
    registration,
    reminded,
    start,
)
from reminder.ledger.schema import event as feed_event
from reminder.office import records, releasing
from reminder.office.application import Application
from reminder.office.links import find_link
from tests.daemon.trials import Trial, by_smtp, trial
from tests.ledgers import EARLIER, fill_earlier, lay_earlier
from tests.mail.servers import Inbox, real_server
from tests.postgresql import PostgreSQL

DUMP = EARLIER / "0006"
# By hand; and where no mark was written yet, which no copy could be told from.
HELD = ("0001", "0006")
AFTER = "2026-04-01T10:00+08:00"
REVISIONS = sorted(path.name for path in EARLIER.iterdir())
ON_SERVERS = [name for name in REVISIONS if (EARLIER / name / "postgresql.sql").exists()]
ALL = [*(("sqlite", name) for name in REVISIONS), *(("postgresql", name) for name in ON_SERVERS)]


def laid(request: pytest.FixtureRequest, tmp_path: Path, database: str, revision: str) -> Place:
    if database == "sqlite":
        return lay_earlier(tmp_path / "state" / "ledger.db", revision)
    server: PostgreSQL = request.getfixturevalue("postgresql")
    place = server.create("earlier")
    fill_earlier(server, "earlier", revision)
    return place


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return laid(request, tmp_path, request.param, "0006")


@pytest.fixture(params=ALL, ids="-".join)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, str]:
    """Of each version that there was, and which."""
    database, revision = request.param
    return laid(request, tmp_path, database, revision), revision


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
            for row in connection.execute(select(feed_event))
        }
    assert {row[0] for row in events} == {"lead", "left", "related", "plan"}
    assert events == wanted


def recorded(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """What no upgrade may change, whatever the tables are called."""
    facts = {
        "notice": ("key", "message_id", "sha256", "state"),
        "message": ("notice", "content"),
        "recipient": ("notice", "address", "state", "reply", "attempts"),
        "history": ("id", "subject", "address", "state"),
    }
    with reading(place) as connection:
        return {
            table: sorted(
                map(
                    tuple, connection.execute(select(*map(column, names)).select_from(text(table)))
                ),
                key=repr,
            )
            for table, names in facts.items()
        }


def links(app: Application) -> set[str]:
    with app.database.read() as connection:
        found = [find_link(app, connection, "feed", name) for name in ("plan", "lead", "related")]
    return {link.address("https://reminder.test", app.key) for link in found}


def test_each_ledger_that_ever_was_is_upgraded_and_goes_on(
    earlier: tuple[Place, str], tmp_path: Path
) -> None:
    """Nothing is lost, nothing goes twice, links are the same."""
    place, revision = earlier
    before, inbox = recorded(place), Inbox()
    with trial(tmp_path, small=True, place=place) as office, real_server(inbox) as port:
        tried = records.upgrade(office.app(AFTER).settings, dry_run=True)
        assert (tried.before, tried.after, recorded(place)) == (revision, REVISION, before)
        done = records.upgrade(office.app(AFTER).settings, dry_run=False)
        assert (recorded(place), list(verify(place))) == (before, [])
        with reading(place) as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, metadata) == []
        if done.backup:
            assert recorded(done.backup) == before
        assert records.upgrade(office.app(AFTER).settings, dry_run=False).before == REVISION
        assert links(office.app(AFTER)) == set(
            (EARLIER / revision / "links.txt").read_text().split()
        )
        settings = by_smtp(port)
        office.tick(AFTER, **settings)
        if revision in HELD:
            assert inbox.received == []
            releasing.release(office.app(AFTER, **settings))
        for _ in range(2):
            office.tick(AFTER, **settings)
    reached = sorted(address for mail in inbox.received for address in mail.rcpt_tos)
    assert reached == ["lead@unit.test", "related@unit.test", "second@unit.test"]
    assert list(verify(place)) == []


@pytest.mark.long
def test_upgrade_that_is_killed_at_any_statement_leaves_the_old_ledger_whole(
    tmp_path: Path,
) -> None:
    place = lay_earlier(tmp_path / "state" / "ledger.db", "0001")
    """Or the new one."""
    before, found = recorded(place), []
    while died_at(len(found) + 1, place):
        with reading(place) as connection:
            found.append(known_revision(connection, place))
        assert (recorded(place), list(verify(place))) == (before, [])
    old = found.count("0001")
    assert found == ["0001"] * old + [REVISION] * (len(found) - old)
    assert old > 50


def died_at(number: int, place: Path) -> bool:
    """Whether an upgrade in a process of its own came to that statement, and no further."""
    child = os.fork()
    if child == 0:
        left = [number]

        @event.listens_for(Engine, "before_cursor_execute")
        def _count(*_: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            open_database(place).close()
            status = 0
        finally:
            os._exit(status)
    _, code = os.waitpid(child, 0)
    assert code in (0, signal.SIGKILL)
    return code == signal.SIGKILL


def test_upgrade_that_would_not_be_sound_is_not_done(place: Place, tmp_path: Path) -> None:
    """A stored mail was changed by somebody."""
    wrong = "UPDATE message SET content = (SELECT content FROM message ORDER BY notice LIMIT 1)"
    engine = create_engine(place.url if isinstance(place, DatabaseServer) else f"sqlite:///{place}")
    with engine.begin() as connection:
        connection.execute(text(wrong))
    engine.dispose()
    before = recorded(place)
    for dry_run in (True, False):
        with pytest.raises(LedgerError, match="was not upgraded, it would not be sound"):
            upgrading.upgrade(place, tmp_path, dry_run=dry_run)
    assert recorded(place) == before


def test_older_program_that_runs_writes_nothing_into_newer_tables(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_database(place)) as database:
        monkeypatch.setattr("reminder.ledger.database.REVISION", "0010")
        with pytest.raises(LedgerError, match="newer version"), database.write():
            pass


def test_office_goes_on_in_its_first_ledger_and_sends_nothing_twice(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        settings = by_smtp(port)
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
