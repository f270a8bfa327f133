"""Revisions of the feeds' events."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from reminder.ledger.agendas import agenda_of, sync_events
from reminder.ledger.database import Database
from reminder.ledger.events import Draft, EventRow, read_events, read_revisions

AT = datetime(2026, 4, 1, 1, 0, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(days=1)
A, B = Draft("plan.a", '{"title":"甲"}'), Draft("plan.b", '{"title":"乙"}')


def events_of(connection: Connection, feed: str) -> list[EventRow]:
    agenda = agenda_of(connection, feed)
    uids = list(read_revisions(connection, agenda))
    found = {row.uid: row for row in read_events(connection, agenda, uids)}
    return [found[uid] for uid in uids]


def synced(database: Database, at: datetime, *drafts: Draft) -> list[EventRow]:
    with database.write() as connection:
        sync_events(connection, {"helan": drafts}, list, at)
        return events_of(connection, "helan")


def test_a_new_event_begins_at_zero_in_whole_seconds(database: Database) -> None:
    [row] = synced(database, AT, A)
    assert (row.uid, row.sequence, row.cancelled) == ("plan.a", 0, False)
    assert row.last_modified == AT.replace(microsecond=0)


def test_the_same_again_moves_nothing(database: Database) -> None:
    assert synced(database, AT, A, B) == synced(database, LATER, A, B)


def test_a_changed_event_moves_on_alone(database: Database) -> None:
    synced(database, AT, A, B)
    first, second = synced(database, LATER, Draft("plan.a", '{"title":"丙"}'), B)
    assert (first.sequence, first.last_modified) == (1, LATER.replace(microsecond=0))
    assert (second.sequence, second.last_modified) == (0, AT.replace(microsecond=0))


def test_the_order_of_the_table_is_no_change_of_an_event(database: Database) -> None:
    synced(database, AT, A, B)
    rows = synced(database, LATER, B, A)
    assert [(row.uid, row.sequence) for row in rows] == [("plan.b", 0), ("plan.a", 0)]


def test_a_vanished_event_is_cancelled_and_keeps_its_words(database: Database) -> None:
    synced(database, AT, A, B)
    first, second = synced(database, LATER, B)
    assert (first.cancelled, first.sequence, first.entry) == (True, 1, A.entry)
    assert not second.cancelled


def test_a_cancelled_event_is_dropped_after_sixty_days(database: Database) -> None:
    synced(database, AT, A)
    synced(database, LATER)
    assert synced(database, LATER + timedelta(days=59, hours=23))
    assert not synced(database, LATER + timedelta(days=60))


def test_a_cancellation_stays_the_same_while_it_is_shown(database: Database) -> None:
    synced(database, AT, A)
    assert synced(database, LATER) == synced(database, LATER + timedelta(days=5))


def test_an_event_that_comes_back_is_revived(database: Database) -> None:
    synced(database, AT, A)
    synced(database, LATER)
    [row] = synced(database, LATER + timedelta(days=1), A)
    assert (row.cancelled, row.sequence) == (False, 2)


def test_an_event_whose_year_is_over_stays_as_it_was(database: Database) -> None:
    synced(database, AT, A)
    with database.write() as connection:
        sync_events(connection, {"helan": ()}, list, LATER, lambda entry: True)
        [row] = events_of(connection, "helan")
    assert (row.cancelled, row.sequence) == (False, 0)


def test_a_feed_that_is_gone_has_its_events_cancelled(database: Database) -> None:
    synced(database, AT, A)
    with database.write() as connection:
        sync_events(connection, dict[str, tuple[Draft, ...]](), list, LATER)
        [row] = events_of(connection, "helan")
    assert row.cancelled
