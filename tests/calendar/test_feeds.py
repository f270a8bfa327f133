"""Feeds as a whole: nothing moves without a reason."""

import gzip
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminder.calendar.feeds import Feeds
from reminder.calendar.query import Query, View, parse_query
from reminder.domain.windows import Progress
from reminder.errors import UnknownError


def test_a_second_sync_writes_nothing_and_gives_the_same_bytes(desk: Any) -> None:
    before = desk.body("deputies")
    desk.at += timedelta(days=1)
    assert not desk.sync()
    assert desk.body("deputies") == before


def test_two_installations_give_the_same_bytes_and_tags(desk: Any) -> None:
    desk.sync()
    other = Feeds(desk.database, lambda: desk.table, "reminder.example")
    assert other.rendered("deputies", Query()) == desk.feeds.rendered("deputies", Query())


def test_a_changed_task_moves_its_own_sequence_only(desk: Any) -> None:
    desk.sync()
    desk.edit(lambda task: replace(task, title="改") if task.id == "2026-04-2" else task)
    moved = {uid: e["SEQUENCE"] for uid, e in desk.entries("deputies").items() if e["SEQUENCE"]}
    assert moved == {"2026-04-2": 1}


def test_registering_moves_the_leads_entry_only(desk: Any) -> None:
    desk.sync()
    desk.done["2026-04-1"] = date(2026, 4, 20)
    assert desk.entries("deputies")["2026-04-1"]["SEQUENCE"] == 1
    assert desk.entries("helan")["2026-04-1"]["SEQUENCE"] == 0


def test_next_years_plan_cancels_nothing_of_this_year(desk: Any) -> None:
    desk.sync()
    desk.edit(lambda task: None)
    desk.table = replace(desk.table, plan=replace(desk.table.plan, year=2027))
    statuses = {str(entry["STATUS"]) for entry in desk.entries("helan").values()}
    assert statuses == {"CONFIRMED", "TENTATIVE"}


def test_a_cancelled_event_goes_although_nothing_else_changes(desk: Any) -> None:
    desk.sync()
    desk.edit(lambda task: None if task.id == "2026-04-2" else task)
    assert desk.sync()
    desk.at += timedelta(days=60)
    assert desk.sync()
    assert not desk.sync()


def test_the_tag_differs_by_query_encoding_and_revision(desk: Any) -> None:
    desk.sync()
    plain = desk.feeds.rendered("deputies", Query())
    due = desk.feeds.rendered("deputies", Query(view=View.DUE))
    desk.done["2026-04-1"] = date(2026, 4, 20)
    desk.sync()
    moved = desk.feeds.rendered("deputies", Query())
    tags = [feed.etag for feed in (plain, due, moved)]
    assert len({*tags, plain.etag_gzip}) == 4
    assert gzip.decompress(plain.gzip) == plain.body


def test_a_group_and_a_stranger_have_no_feed(desk: Any) -> None:
    for name in ("local-congresses", "nobody"):
        with pytest.raises(UnknownError):
            desk.feeds.rendered(name, Query())


def test_export_writes_every_feed_in_the_bare_view(desk: Any, tmp_path: Path) -> None:
    bare = desk.body("helan")
    paths = desk.feeds.export(tmp_path / "feeds")
    assert sorted(p.name for p in paths) == sorted(f"{n}.ics" for n in desk.feeds.names())
    assert (tmp_path / "feeds" / "helan.ics").read_bytes() == bare
    assert len(list((tmp_path / "feeds").iterdir())) == len(paths)


def test_different_addresses_for_the_same_wish_are_one_query() -> None:
    assert parse_query("view=window&year-round=1").canonical == parse_query("").canonical
    assert parse_query("alarms=3d") == Query(alarms=3)


def test_who_read_before_another_wrote_does_not_write_the_older_state(desk: Any) -> None:
    desk.done["2026-04-1"] = date(2026, 4, 2)
    desk.sync()
    before = desk.body("deputies")
    known = iter([Progress(), Progress(desk.done, desk.checked_in)])
    assert desk.feeds.sync(lambda _: next(known), desk.at)
    assert desk.body("deputies") == before
