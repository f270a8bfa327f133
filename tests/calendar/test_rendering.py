"""The bytes: RFC 5545 and RFC 7986, and the traps of calendar programs."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from reminder.domain.plan import Timing


def test_the_heading_is_what_calendar_programs_read(desk: Any) -> None:
    """Lines end in CRLF and are folded at 75 octets between characters."""
    body = desk.body("helan")
    assert body.count(b"\n") == body.count(b"\r\n")
    assert max(len(line) for line in body.split(b"\r\n") if line.decode()) <= 75
    lines = body.decode().split("BEGIN:VEVENT")[0].splitlines()
    assert {
        "NAME:代表工作2026·贺兰县",
        "X-WR-CALNAME:代表工作2026·贺兰县",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
        "CALSCALE:GREGORIAN",
    } <= set(lines)
    assert not [line for line in lines if line.startswith("METHOD")]
    bare = desk.body("helan", "role=lead")  # without entries it is still a calendar
    assert [part.name for part in Calendar.from_ical(bare).subcomponents] == ["VTIMEZONE"]
    assert b"COMMENT" not in bare


def test_an_event_takes_no_time_and_says_when_it_was_revised(desk: Any) -> None:
    entry = desk.entries("deputies")["2026-04-1"]
    assert entry["DTSTAMP"].dt == entry["LAST-MODIFIED"].dt == desk.at
    assert entry["SEQUENCE"] == 0
    assert entry["CATEGORIES"].to_ical() == "承办".encode()
    for feed in ("deputies", "helan", "plan"):
        for query in ("view=window", "view=due&alarms=7d"):
            body = desk.body(feed, query)
            free = body.count(b"\r\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n")
            assert free == body.count(b"\r\nTRANSP:TRANSPARENT\r\n") == body.count(b"BEGIN:VEVENT")


@pytest.mark.parametrize("task", ["2026-05-2", "2026-06-1"])
def test_provisional_and_soft_are_tentative_until_done(desk: Any, task: str) -> None:
    assert desk.entries("deputies")[task]["STATUS"] == "TENTATIVE"
    desk.done[task] = date(2026, 5, 20)
    assert desk.entries("deputies")[task]["STATUS"] == "CONFIRMED"


def test_a_todo_opens_before_its_due_day_and_says_in_utc_when_it_was_done(desk: Any) -> None:
    desk.time("2026-04-2", Timing(opens=date(2026, 4, 15), due=date(2026, 4, 15)))
    desk.done["2026-04-1"] = date(2026, 4, 20)
    todos = desk.entries("deputies", "view=todo")
    first, second = todos["2026-04-1.todo"], todos["2026-04-2.todo"]
    assert (first["DTSTART"].dt, first["DUE"].dt) == (date(2026, 4, 1), date(2026, 4, 30))
    assert second["DUE"].to_ical() == b"20260415"
    assert "DTSTART" not in second
    assert not [uid for uid in todos if "year" in uid]
    assert first["COMPLETED"].dt == datetime(2026, 4, 20, 4, tzinfo=UTC)
    assert first["PERCENT-COMPLETE"] == 100


@pytest.mark.parametrize(
    ("view", "uid", "start"),
    [
        ("window", "2026-04-1", "DTEND"),
        ("due", "2026-04-1.due", "DTSTART"),
        ("todo", "2026-04-1.todo", "DUE"),
    ],
)
def test_an_alarm_rings_at_nine_three_days_before_the_due_day(
    desk: Any, view: str, uid: str, start: str
) -> None:
    entry = desk.entries("deputies", f"view={view}&alarms=3d")[uid]
    [alarm] = entry.subcomponents
    rings = datetime.combine(entry[start].dt, time(), UTC) + alarm["TRIGGER"].dt
    assert rings == datetime(2026, 4, 27, 9, tzinfo=UTC)
    assert alarm["TRIGGER"].params["RELATED"] == ("START" if start == "DTSTART" else "END")


def test_no_alarm_without_being_asked_or_for_what_needs_none(desk: Any) -> None:
    desk.done["2026-04-1"] = date(2026, 4, 20)
    assert b"VALARM" not in desk.body("deputies")
    assert b"VALARM" not in desk.body("helan", "alarms=1d")
    assert b"VALARM" not in desk.body("plan", "alarms=1d")
    entries = desk.entries("deputies", "alarms=1d")
    for uid in ("2026-04-1", "2026-05-2", "2026-year.2026-04"):
        assert not entries[uid].subcomponents
    assert entries["2026-04-2"].subcomponents


def test_a_dropped_task_is_cancelled_then_gone_or_comes_back(desk: Any) -> None:
    desk.sync()
    table = desk.table
    desk.edit(lambda task: None if task.id == "2026-04-2" else task)
    for view, uid in (("window", "2026-04-2"), ("todo", "2026-04-2.todo")):
        entry = desk.entries("deputies", f"view={view}&alarms=1d")[uid]
        assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 1)
        assert not entry.subcomponents
        assert entry["SUMMARY"].startswith("〔已取消〕")
        assert "本项已从安排表移出" in entry["DESCRIPTION"]
    desk.at += timedelta(days=60)
    assert "2026-04-2" not in desk.entries("deputies")
    desk.table = table
    entry = desk.entries("deputies")["2026-04-2"]
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CONFIRMED", 0)
