"""Who sees what in a feed: windows, roles, and what is done."""

from datetime import date
from typing import Any

import pytest

from reminder.calendar.entries import CalendarEntry, FeedEvents
from reminder.domain.plan import TaskKind
from reminder.domain.windows import Progress


def test_every_unit_has_the_windows_of_the_timetable(desk: Any) -> None:
    """The plan's feed has all, a group has none; no feed has a contact or an address."""
    windows, tasks = desk.table.windows, desk.table.plan.tasks
    assert desk.feeds.names() == ["plan", *(unit.id for unit in desk.table.directory.single)]
    for name in desk.feeds.names():
        found = desk.entries(name, "year-round=0")
        assert {
            uid: (entry["DTSTART"].dt, entry["DTEND"].dt - date.resolution)
            for uid, entry in found.items()
        } == {
            task.id: (windows[task.id].opens, windows[task.id].due)
            for task in tasks
            if task.kind is TaskKind.MONTH and (name == "plan" or desk.table.role(name, task))
        }
        text = desk.body(name).decode().replace("\r\n ", "")
        assert text.count("@") == text.count("@reminder.example\r\n")


def test_every_unit_gets_what_its_own_roles_give_and_each_entry_survives_its_json(
    desk: Any,
) -> None:
    """Units that the table names alike share what is made once."""
    table, tasks = desk.table, desk.table.plan.tasks
    events = FeedEvents(table, Progress({"2026-04-1": date(2026, 4, 20)}), "")
    for name, content in events.contents().items():
        roles = [(task, None if name == "plan" else table.role(name, task)) for task in tasks]
        own = FeedEvents(table, events.progress, "")
        shown = [(task, role) for task, role in roles if role or name == "plan"]
        assert own.entries(shown) == content.entries
        for entry in content.entries.values():
            assert CalendarEntry.from_json(entry).to_json() == entry


@pytest.mark.parametrize(
    ("feed", "ticked"), [("deputies", True), ("general-office", True), ("helan", False)]
)
def test_done_is_seen_by_the_units_that_lead_alone(desk: Any, feed: str, ticked: bool) -> None:
    before = [desk.body(name) for name in ("plan", "helan", "organization-department")]
    desk.done = {task.id: date(2026, 4, 20) for task in desk.table.plan.tasks}
    desk.at = desk.at.replace(day=2)
    entry = desk.entries(feed)["2026-04-1"]
    assert str(entry["SUMMARY"]).startswith("✓ ") is ticked
    assert str(entry["STATUS"]) == "CONFIRMED"
    todo = desk.entries(feed, "view=todo")["2026-04-1.todo"]
    assert str(todo["STATUS"]) == ("COMPLETED" if ticked else "NEEDS-ACTION")
    # Others' feeds do not move with the state.
    assert [desk.body(name) for name in ("plan", "helan", "organization-department")] == before


def test_a_check_in_ticks_its_month_only(desk: Any) -> None:
    for task in desk.table.plan.year_round:
        desk.checked_in[task.id, "2026-04"] = date(2026, 4, 20)
    for month, ticked in (("2026-04", True), ("2026-05", False)):
        assert desk.title("deputies", f"2026-year.{month}").startswith("✓ ") is ticked


def test_a_filter_by_role_leaves_the_other_out(desk: Any) -> None:
    assert set(desk.entries("general-office", "role=lead")) == {"2026-04-1", "2026-04-2"}
    related = desk.entries("general-office", "role=related")
    assert "2026-05-1" in related
    assert "2026-04-1" not in related
