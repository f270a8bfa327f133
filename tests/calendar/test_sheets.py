"""What is kept of rendered feeds, and that it never outlives a change."""

import zlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reminder.calendar.feeds import Feeds
from reminder.calendar.query import Query, parse_query
from reminder.calendar.rendered import Kept


def test_gzip_is_one_member_of_the_same_bytes(desk: Any) -> None:
    desk.sync()
    for name in desk.feeds.names():
        rendered = desk.feeds.rendered(name, Query())
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        assert stream.decompress(rendered.gzip) == rendered.body
        assert stream.eof
        assert not stream.unused_data


def test_feeds_of_one_agenda_differ_by_their_heading_alone(desk: Any) -> None:
    desk.sync()
    one, other = (desk.feeds.rendered(name, Query()) for name in ("helan", "yongning"))
    assert one.sheet is other.sheet
    assert one.etag != other.etag
    assert "贺兰县".encode() in one.body
    assert "贺兰县".encode() not in other.body


def test_what_is_kept_is_what_a_new_process_renders(desk: Any) -> None:
    for day in (1, 2, 3):
        desk.sync()
        for query in ("", "view=due&year-round=0", "view=todo&alarms=1d"):
            kept = desk.feeds.rendered("deputies", parse_query(query))
            fresh = Feeds(desk.database, lambda: desk.table, "reminder.example")
            assert kept == fresh.rendered("deputies", parse_query(query))
        desk.done[f"2026-04-{day}"] = date(2026, 4, 20)
        desk.at += timedelta(days=1)


def test_the_stamp_moves_with_every_change_and_with_nothing_else(desk: Any) -> None:
    desk.sync()
    before = desk.feeds.stamp()
    desk.at += timedelta(days=1)
    desk.sync()
    assert desk.feeds.stamp() == before
    desk.done["2026-04-1"] = date(2026, 4, 20)
    desk.sync()
    assert desk.feeds.stamp() != before


def test_what_another_process_changes_is_shown_at_the_next_stamp(desk: Any) -> None:
    desk.sync()
    other = Feeds(desk.database, lambda: desk.table, "reminder.example")
    stamp = other.stamp()
    before = other.rendered("deputies", Query(), stamp)
    desk.done["2026-04-1"] = date(2026, 4, 20)
    desk.sync()
    assert other.rendered("deputies", Query(), stamp) == before
    assert other.rendered("deputies", Query()) == desk.feeds.rendered("deputies", Query())


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


def test_the_kept_are_bounded_by_bytes() -> None:
    kept: Kept[int, str] = Kept(100)
    for key in range(5):
        kept.put(key, "x", 40)
    kept.put(4, "y", 50)
    assert [kept.get(key) for key in range(5)] == [None, None, None, "x", "y"]
