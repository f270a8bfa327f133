"""Feeds as a whole: nothing moves without a reason."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from reminder.calendar.rendering import Query, parse_query
from reminder.domain.units import Directory
from reminder.domain.windows import Progress
from reminder.errors import UnknownError
from tests.calendar.conftest import AT


def test_a_second_sync_writes_nothing_and_every_process_gives_the_same_bytes(desk: Any) -> None:
    for day in (1, 2, 3):
        desk.sync()
        assert not desk.sync()
        for query in ("", "view=due&year-round=0", "view=todo&alarms=1d"):
            kept = desk.feeds.rendered("deputies", parse_query(query))
            assert desk.of_another_process().rendered("deputies", parse_query(query)) == kept
        desk.done[f"2026-04-{day}"] = date(2026, 4, 20)
        desk.at += timedelta(days=1)


def test_only_what_changed_moves_on(desk: Any) -> None:
    desk.sync()
    desk.edit(lambda task: replace(task, title="改") if task.id == "2026-04-2" else task)
    desk.done["2026-04-1"] = date(2026, 4, 20)
    for feed, wanted in (("deputies", {"2026-04-1", "2026-04-2"}), ("helan", {"2026-04-2"})):
        entries = desk.entries(feed)
        assert {uid for uid in entries if entries[uid]["SEQUENCE"] == 1} == wanted


def test_next_years_plan_cancels_nothing_of_this_year(desk: Any) -> None:
    desk.sync()
    desk.edit(lambda task: None)
    desk.table = replace(desk.table, plan=replace(desk.table.plan, year=2027))
    statuses = {str(entry["STATUS"]) for entry in desk.entries("helan").values()}
    assert statuses == {"CONFIRMED", "TENTATIVE"}


def test_export_writes_every_feed_in_the_bare_view(desk: Any, tmp_path: Path) -> None:
    bare = desk.body("helan")
    paths = desk.feeds.export(tmp_path / "feeds")
    assert sorted(p.name for p in paths) == sorted(f"{n}.ics" for n in desk.feeds.names())
    assert (tmp_path / "feeds" / "helan.ics").read_bytes() == bare
    assert len(list((tmp_path / "feeds").iterdir())) == len(paths)
    for name in ("local-congresses", "nobody"):  # a group, a stranger
        with pytest.raises(UnknownError):
            desk.feeds.rendered(name, Query())


def test_who_read_before_another_wrote_does_not_write_the_older_state(desk: Any) -> None:
    desk.done["2026-04-1"] = date(2026, 4, 2)
    desk.sync()
    before = desk.body("deputies")
    latest = chain([Progress()], repeat(Progress(desk.done, desk.checked_in)))
    assert desk.feeds.sync(lambda _: [(desk.table, next(latest))], desk.at)
    assert desk.body("deputies") == before


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
        assert not desk.sync()
        assert desk.feeds.rendered("deputies", Query())[1] == desk.at
    assert "X-WR-CALNAME:代表工作2026·新称\r\n".encode() in desk.body("helan")
