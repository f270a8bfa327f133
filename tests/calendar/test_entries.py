"""Who sees what in a feed: windows, roles, and what is done."""

from datetime import date
from typing import Any

import pytest

from reminder.calendar.entries import CalendarEntry, FeedEvents
from reminder.domain.plan import TaskKind
from reminder.domain.windows import Progress


def test_every_unit_has_the_windows_of_the_timetable(desk: Any) -> None:
    for unit in desk.table.directory.single:
        tasks = [t for t in desk.table.plan.tasks if t.kind is TaskKind.MONTH]
        wanted = {
            task.id: (desk.table.windows[task.id].opens, desk.table.windows[task.id].due)
            for task in tasks
            if desk.table.role(unit.id, task)
        }
        found = desk.entries(unit.id, "year-round=0")
        assert {
            uid: (entry["DTSTART"].dt, entry["DTEND"].dt - date.resolution)
            for uid, entry in found.items()
        } == wanted


def test_the_plans_feed_has_every_task_and_no_group_has_a_feed(desk: Any) -> None:
    assert len(desk.entries("plan", "year-round=0")) == len(desk.table.windows)
    assert "local-congresses" not in desk.feeds.names()


def test_an_entry_survives_its_json(desk: Any) -> None:
    progress = Progress({"2026-04-1": date(2026, 4, 20)})
    for content in FeedEvents(desk.table, progress, "").contents().values():
        for draft in content.drafts:
            assert CalendarEntry.from_json(draft.entry).to_json() == draft.entry


@pytest.mark.parametrize(
    ("feed", "ticked"), [("deputies", True), ("general-office", True), ("helan", False)]
)
def test_done_is_seen_by_the_units_that_lead_alone(desk: Any, feed: str, ticked: bool) -> None:
    desk.done["2026-04-1"] = date(2026, 4, 20)
    entry = desk.entries(feed)["2026-04-1"]
    assert str(entry["SUMMARY"]).startswith("✓ ") is ticked
    assert str(entry["STATUS"]) == "CONFIRMED"
    todo = desk.entries(feed, "view=todo")["2026-04-1.todo"]
    assert str(todo["STATUS"]) == ("COMPLETED" if ticked else "NEEDS-ACTION")


def test_the_plans_feed_and_a_related_unit_do_not_move_with_the_state(desk: Any) -> None:
    before = [desk.body(feed) for feed in ("plan", "helan", "organization-department")]
    desk.done = {task.id: date(2026, 4, 20) for task in desk.table.plan.tasks}
    desk.at = desk.at.replace(day=2)
    assert [desk.body(feed) for feed in ("plan", "helan", "organization-department")] == before


def test_a_check_in_ticks_its_month_only(desk: Any) -> None:
    for task in desk.table.plan.year_round:
        desk.checked_in[task.id, "2026-04"] = date(2026, 4, 20)
    assert desk.title("deputies", "2026-year.2026-04").startswith("✓ ")
    assert not desk.title("deputies", "2026-year.2026-05").startswith("✓ ")


def test_a_filter_by_role_leaves_the_other_out(desk: Any) -> None:
    assert set(desk.entries("general-office", "role=lead")) == {"2026-04-1", "2026-04-2"}
    related = desk.entries("general-office", "role=related")
    assert "2026-05-1" in related
    assert "2026-04-1" not in related


def test_no_feed_carries_a_contact_or_an_address(desk: Any) -> None:
    for feed in desk.feeds.names():
        text = desk.body(feed).decode().replace("\r\n ", "")
        assert text.count("@") == text.count("@reminder.example\r\n")
