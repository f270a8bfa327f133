"""Revisions of the feeds' events."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from reminder.ledger import feeds
from reminder.ledger.database import Database, open_database
from reminder.ledger.feeds import EventRow, FeedContent, are_in_step, read_feed
from reminder.ledger.schema import event, feed

AT = datetime(2026, 4, 1, 1, 0, 0, 123456, tzinfo=UTC)
LATER = AT + timedelta(days=1)
A, B = ("plan.a", '{"title":"甲"}'), ("plan.b", '{"title":"乙"}')
OTHER = ("plan.a", '{"title":"丙"}')
Draft = tuple[str, str]


def bring(
    database: Database,
    at: datetime,
    is_over: Callable[[str, str], bool] = lambda uid, entry: False,
    **drafts: list[Draft],
) -> dict[str, list[EventRow]]:
    contents = {name: FeedContent(dict(wanted), repr(wanted)) for name, wanted in drafts.items()}
    with database.write() as connection:
        feeds.bring_in_step(connection, contents, repr(sorted(drafts)), at, is_over)
        return {name: read_feed(connection, name)[0] for name in ("helan", *drafts)}


def synced(database: Database, at: datetime, *drafts: Draft) -> list[EventRow]:
    """Of one feed, the only one, brought in step."""
    return bring(database, at, helan=list(drafts))["helan"]


def changed(database: Database, name: str = "helan") -> Any:
    with database.read() as connection:
        return read_feed(connection, name)[1]


def test_a_new_event_begins_at_zero_in_whole_seconds_and_a_changed_one_moves_on_alone(
    database: Database,
) -> None:
    first, second = synced(database, AT, A, B)
    assert first == EventRow("plan.a", A[1], 0, AT.replace(microsecond=0), cancelled=False)
    changed_one, same = synced(database, LATER, OTHER, B)
    assert (changed_one.sequence, changed_one.last_modified) == (1, LATER.replace(microsecond=0))
    assert same == second


def test_a_vanished_event_is_cancelled_keeps_its_words_and_goes_after_sixty_days(
    database: Database,
) -> None:
    synced(database, AT, A, B)
    first, second = synced(database, LATER, B)
    assert (first.cancelled, first.sequence, first.entry) == (True, 1, A[1])
    assert not second.cancelled
    assert synced(database, LATER + timedelta(days=59, hours=23), B) == [first, second]
    assert synced(database, LATER + timedelta(days=60), B) == [second]


def test_a_feed_that_is_gone_is_forgotten_with_its_last_event(database: Database) -> None:
    synced(database, AT, A)
    for days, sequences in ((1, [1]), (2, [1]), (61, []), (62, [])):
        rows = bring(database, AT + timedelta(days=days))["helan"]
        assert [row.sequence for row in rows] == sequences
    assert changed(database) is None


def test_only_feeds_that_changed_or_have_shown_a_cancelled_event_long_enough_are_written(
    database: Database,
) -> None:
    bring(database, AT, helan=[A, B], plan=[A])
    bring(database, LATER, helan=[A], plan=[A])
    plan = changed(database, "plan")
    assert changed(database) > plan == AT.replace(microsecond=0)
    later = LATER + timedelta(days=60)
    with database.read() as connection:
        assert are_in_step(connection, "['helan', 'plan']", later - timedelta(days=1))
        assert not are_in_step(connection, "another", LATER)
        assert not are_in_step(connection, "['helan', 'plan']", later)
    bring(database, later, helan=[A], plan=[A])
    assert (changed(database), changed(database, "plan")) == (later.replace(microsecond=0), plan)


def test_the_rest_is_left_to_the_next_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_AT_ONCE", 2)
    wanted = {name: [A] for name in ("a", "b", "c", "d", "e")}
    counts = [sum(map(len, bring(database, AT, **wanted).values())) for _ in range(3)]
    assert counts == [2, 4, 5]


@pytest.mark.parametrize("seconds", [0, 60, -86400])
def test_a_feed_changes_later_than_before_whatever_the_clock_says(
    database: Database, seconds: int
) -> None:
    synced(database, AT, A)
    before = changed(database)
    synced(database, AT + timedelta(seconds=seconds), B)
    assert changed(database) - before == timedelta(seconds=max(1, seconds))


def test_the_version_is_another_one_after_every_change(database: Database) -> None:
    with database.write() as connection:
        versions = [feeds.read_version(connection)]
        for _ in range(2):
            feeds.note_change(connection)
            versions.append(feeds.read_version(connection))
    assert len(set(versions)) == 3


# Whatever changes: each feed has the events that the rule gives it by itself


class Model:
    """One feed: by the UIDs, each event's position and row."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[int, EventRow]] = {}

    def sync(self, wanted: dict[str, str], at: datetime) -> None:
        for uid, (_, row) in list(self.events.items()):
            if row.cancelled and row.last_modified <= at - feeds.KEEP_CANCELLED:
                del self.events[uid]
        for position, (uid, entry) in enumerate(wanted.items()):
            _, row = self.events.get(uid, (0, None))
            if row is None:
                row = EventRow(uid, entry, 0, at, cancelled=False)
            elif row.cancelled or row.entry != entry:
                row = EventRow(uid, entry, row.sequence + 1, at, cancelled=False)
            self.events[uid] = position, row
        for uid in self.events.keys() - wanted.keys():
            position, row = self.events[uid]
            if not (row.cancelled or is_old(row.uid, row.entry)):
                moved = replace(row, sequence=row.sequence + 1, last_modified=at, cancelled=True)
                self.events[uid] = position, moved

    @property
    def rows(self) -> list[EventRow]:
        ordered = sorted(self.events.values(), key=lambda each: (each[0], each[1].uid))
        return [row for _, row in ordered]


def is_old(_: str, entry: str) -> bool:
    return entry == "old"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(tmp_path_factory.mktemp("feeds") / "ledger.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "_AT_ONCE", 2)
        yield database
    database.close()


EVENTS = st.dictionaries(st.sampled_from("uvwxyz"), st.sampled_from(("one", "two", "old")))
CONTENTS = st.dictionaries(st.sampled_from(("ada", "bo", "cy", "plan")), EVENTS)


@given(st.lists(st.tuples(CONTENTS, st.sampled_from((1, 30, 61))), max_size=8))
@settings(max_examples=25, deadline=None)
def test_each_feed_moves_as_the_rule_says(
    shared: Database, steps: list[tuple[dict[str, dict[str, str]], int]]
) -> None:
    with shared.write() as connection:
        for table in (event, feed):
            connection.execute(delete(table))
    at, models = AT.replace(microsecond=0), defaultdict(Model)
    for contents, days in steps:
        at += timedelta(days=days)
        wanted = {name: FeedContent(events, repr(events)) for name, events in contents.items()}
        for name in models.keys() | wanted.keys():
            models[name].sync(contents.get(name, {}), at)
        with shared.write() as connection:
            for _ in range(3):
                feeds.bring_in_step(connection, wanted, "", at, is_old)
            for name, model in models.items():
                assert read_feed(connection, name)[0] == model.rows
