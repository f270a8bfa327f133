"""Feeds as a whole: nothing moves without a reason."""

import gzip
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from reminder.calendar import feeds
from reminder.calendar.query import Query, View, parse_query
from reminder.domain.units import Directory
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from tests.calendar.conftest import AT


def test_a_second_sync_writes_nothing_and_gives_the_same_bytes(desk: Any) -> None:
    before = desk.body("deputies")
    desk.at += timedelta(days=1)
    assert not desk.sync()
    assert desk.body("deputies") == before


def test_two_installations_give_the_same_bytes_and_tags(desk: Any) -> None:
    desk.sync()
    other = desk.of_another_process()
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
    assert parse_query("view=window&year-round=1") == parse_query("")
    assert parse_query("alarms=3d") == Query(alarms=3)


def test_who_read_before_another_wrote_does_not_write_the_older_state(desk: Any) -> None:
    desk.done["2026-04-1"] = date(2026, 4, 2)
    desk.sync()
    before = desk.body("deputies")
    latest = chain([Progress()], repeat(Progress(desk.done, desk.checked_in)))
    assert desk.feeds.sync(lambda _: next(latest), desk.at)
    assert desk.body("deputies") == before


def test_what_is_kept_is_what_a_new_process_renders(desk: Any) -> None:
    for day in (1, 2, 3):
        desk.sync()
        for query in ("", "view=due&year-round=0", "view=todo&alarms=1d"):
            kept = desk.feeds.rendered("deputies", parse_query(query))
            fresh = desk.of_another_process()
            assert kept == fresh.rendered("deputies", parse_query(query))
        desk.done[f"2026-04-{day}"] = date(2026, 4, 20)
        desk.at += timedelta(days=1)


def test_a_new_name_of_a_unit_is_shown_at_once(desk: Any) -> None:
    desk.sync()
    before = desk.feeds.rendered("helan", Query())
    units = dict(desk.table.directory.units)
    units["helan"] = replace(units["helan"], short="贺兰")
    desk.table = replace(desk.table, directory=replace(desk.table.directory, units=units))
    after = desk.feeds.rendered("helan", Query())
    assert "X-WR-CALNAME:代表工作2026·贺兰\r\n".encode() in after.body
    assert after.etag != before.etag


@pytest.mark.parametrize(
    ("name", "written"),
    [("a,b;c\\n", "a\\,b\\;c\\\\n"), ("甲" * 60, "甲" * 60), ("é" * 36, "é" * 36)],
)
def test_any_name_is_escaped_and_folded_in_the_heading(desk: Any, name: str, written: str) -> None:
    units = dict(desk.table.directory.units)
    units["helan"] = replace(units["helan"], short=name)
    desk.table = replace(desk.table, directory=replace(desk.table.directory, units=units))
    body = desk.body("helan")
    unfolded = body.replace(b"\r\n ", b"").decode().splitlines()
    assert f"X-WR-CALNAME:代表工作2026·{written}" in unfolded
    assert max(len(line) for line in body.split(b"\r\n")) <= 75


def test_what_another_process_changes_is_shown_at_once(desk: Any) -> None:
    other = desk.of_another_process()
    desk.sync()
    before = other.rendered("deputies", Query())
    desk.done["2026-04-1"] = date(2026, 4, 20)
    desk.sync()
    after = other.rendered("deputies", Query())
    assert after == desk.feeds.rendered("deputies", Query()) != before


def test_feeds_are_written_a_few_at_a_time_and_all_of_them(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "_AT_ONCE", 7)
    assert desk.sync()
    assert not desk.sync()
    for name in desk.feeds.names():
        assert desk.feeds.rendered(name, Query()).changed == desk.at


def test_a_feed_whose_name_changed_or_lost_a_cancelled_event_is_sent(desk: Any) -> None:
    """Neither has an event that says when."""
    desk.sync()
    desk.edit(lambda task: None if task.id == "2026-04-2" else task)
    units = {key: replace(unit, short="新称") for key, unit in desk.table.directory.units.items()}
    for days, directory in ((1, None), (62, None), (123, Directory(units))):
        desk.at = AT + timedelta(days=days)
        if directory:
            desk.table = replace(desk.table, directory=directory)
        assert desk.sync()
        assert desk.feeds.rendered("deputies", Query()).changed == desk.at
