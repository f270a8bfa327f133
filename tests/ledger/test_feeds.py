"""Revisions of the feeds' events."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.ledger.database import Database
from reminder.ledger.feeds import (
    EventDraft,
    EventRow,
    FeedContent,
    bring_in_step,
    has_outlived,
    note_change,
    out_of_step,
    read_feed,
    read_version,
)

AT = datetime(2026, 4, 1, 1, 0, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(days=1)
A, B = EventDraft("plan.a", '{"title":"甲"}'), EventDraft("plan.b", '{"title":"乙"}')


def content(*drafts: EventDraft) -> FeedContent:
    return FeedContent(drafts, " ".join(draft.content_hash for draft in drafts))


def synced(database: Database, at: datetime, *drafts: EventDraft) -> list[EventRow]:
    """Of one feed, brought in step."""
    with database.write() as connection:
        bring_in_step(connection, {"helan": content(*drafts)}, at)
        return read_feed(connection, "helan")[0]


def test_a_new_event_begins_at_zero_in_whole_seconds(database: Database) -> None:
    [row] = synced(database, AT, A)
    assert (row.uid, row.sequence, row.cancelled) == ("plan.a", 0, False)
    assert row.last_modified == AT.replace(microsecond=0)


def test_the_same_again_moves_nothing(database: Database) -> None:
    assert synced(database, AT, A, B) == synced(database, LATER, A, B)


def test_a_changed_event_moves_on_alone(database: Database) -> None:
    synced(database, AT, A, B)
    first, second = synced(database, LATER, EventDraft("plan.a", '{"title":"丙"}'), B)
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
        bring_in_step(connection, {"helan": content()}, LATER, lambda entry: True)
        [row] = read_feed(connection, "helan")[0]
    assert (row.cancelled, row.sequence) == (False, 0)


def test_feeds_move_apart(database: Database) -> None:
    with database.write() as connection:
        for name in ("helan", "yongning"):
            bring_in_step(connection, {name: content(A, B)}, AT)
        bring_in_step(connection, {"helan": content(A)}, LATER)
        rows = {name: read_feed(connection, name)[0] for name in ("helan", "yongning")}
    assert [(row.uid, row.sequence) for row in rows["helan"]] == [("plan.a", 0), ("plan.b", 1)]
    assert [(row.uid, row.sequence) for row in rows["yongning"]] == [("plan.a", 0), ("plan.b", 0)]


def test_a_feed_that_is_gone_is_forgotten_with_its_last_event(database: Database) -> None:
    synced(database, AT, A)
    for days, sequences in ((1, [1]), (2, [1]), (61, []), (62, [])):
        at = AT + timedelta(days=days)
        with database.write() as connection:
            bring_in_step(connection, out_of_step(connection, {}, at), at)
            rows, changed = read_feed(connection, "helan")
        assert [row.sequence for row in rows] == sequences
    assert changed is None


def test_out_of_step_are_feeds_that_changed_and_those_with_an_event_shown_long_enough(
    database: Database,
) -> None:
    wanted = {"helan": content(A), "plan": content(A, B)}
    with database.write() as connection:
        bring_in_step(connection, {"helan": content(A, B)}, AT)
        bring_in_step(connection, {"helan": content(A)}, AT)
        bring_in_step(connection, {"plan": content(A)}, AT)
        assert list(out_of_step(connection, wanted, AT)) == ["plan"]
        later = AT + timedelta(days=60)
        assert has_outlived(connection, later)
        assert sorted(out_of_step(connection, wanted, later)) == ["helan", "plan"]


@pytest.mark.parametrize("seconds", [0, 60, -86400])
def test_a_feed_changes_later_than_before_whatever_the_clock_says(
    database: Database, seconds: int
) -> None:
    with database.write() as connection:
        bring_in_step(connection, {"helan": content(A)}, AT)
        _, before = read_feed(connection, "helan")
        bring_in_step(connection, {"helan": content(B)}, AT + timedelta(seconds=seconds))
        _, after = read_feed(connection, "helan")
    assert before
    assert after
    assert after - before == timedelta(seconds=max(1, seconds))


def test_the_version_is_another_one_after_every_change(database: Database) -> None:
    with database.write() as connection:
        versions = [read_version(connection)]
        for _ in range(2):
            note_change(connection)
            versions.append(read_version(connection))
    assert len(set(versions)) == 3
