"""Which feeds share their events, and how a ledger from before came to share them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from reminder.ledger.agendas import agenda_of, sync_events
from reminder.ledger.database import Database
from reminder.ledger.events import Draft, read_events, read_revisions
from reminder.ledger.opening import open_database
from reminder.ledger.schema import event, feed

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
A, B = Draft("plan.a", '{"title":"甲"}'), Draft("plan.b", '{"title":"乙"}')


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "ledger.db")
    yield database
    database.close()


def sync(database: Database, at: datetime, **feeds: tuple[Draft, ...]) -> dict[str, int]:
    """Returns each feed's agenda."""
    with database.write() as connection:
        sync_events(connection, feeds, list, at)
        return {name: agenda_of(connection, name) for name in feeds}


def shown(database: Database, name: str) -> list[tuple[str, int, bool]]:
    with database.read() as connection:
        agenda = agenda_of(connection, name)
        uids = list(read_revisions(connection, agenda))
        found = {row.uid: row for row in read_events(connection, agenda, uids)}
    return [(uid, found[uid].sequence, found[uid].cancelled) for uid in uids]


def test_feeds_that_want_the_same_share_one_agenda(database: Database) -> None:
    agendas = sync(database, AT, helan=(A, B), yongning=(A, B), plan=(A,))
    assert agendas["helan"] == agendas["yongning"] != agendas["plan"]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(event)) == 3


def test_who_parts_takes_a_copy_along_and_the_most_stay(database: Database) -> None:
    before = sync(database, AT, helan=(A, B), yongning=(A, B), pingluo=(A, B))
    after = sync(database, AT + DAY, helan=(A,), yongning=(A, B), pingluo=(A, B))
    assert after["yongning"] == after["pingluo"] == before["yongning"] != after["helan"]
    assert shown(database, "helan") == [("plan.a", 0, False), ("plan.b", 1, True)]
    assert shown(database, "yongning") == [("plan.a", 0, False), ("plan.b", 0, False)]


def test_a_new_feed_joins_those_that_show_the_same(database: Database) -> None:
    sync(database, AT, helan=(Draft("plan.a", "{}"),))
    agendas = sync(database, AT + DAY, helan=(A,), yongning=(A,))
    assert agendas["helan"] == agendas["yongning"]
    assert shown(database, "yongning") == [("plan.a", 1, False)]


def test_a_new_feed_takes_over_no_cancellation(database: Database) -> None:
    sync(database, AT, helan=(A, B))
    sync(database, AT + DAY, helan=(A,), yongning=(A,))
    assert shown(database, "helan") == [("plan.a", 0, False), ("plan.b", 1, True)]
    assert shown(database, "yongning") == [("plan.a", 0, False)]


def test_a_feed_that_is_gone_is_forgotten_with_its_last_event(database: Database) -> None:
    sync(database, AT, helan=(A,), plan=(A,))
    sync(database, AT + DAY, plan=(A,))
    assert shown(database, "helan") == [("plan.a", 1, True)]
    sync(database, AT + 61 * DAY, plan=(A,))
    with database.read() as connection:
        assert connection.scalars(select(feed.c.name)).all() == ["plan"]
