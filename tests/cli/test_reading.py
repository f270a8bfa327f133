"""Commands that read the plan: their JSON is a contract, scripts rest on it."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PLAN, UNITS, Office, Reminder

TASKS = {"id", "kind", "month", "title", "lead", "related", "state"}
WINDOWS = {"id", "occurrence", "opens", "due", "rule", "provisional", "soft", "light"}
OCCASIONS = {"kind", "period", "at", "units"}
UNIT = {"id", "name", "short", "aliases", "members", "to", "cc"}


def test_tasks_are_the_whole_table_or_those_of_a_month_or_a_unit(reminder: Reminder) -> None:
    rows = reminder("tasks", "--json").json
    assert Counter(row["kind"] for row in rows) == {"month": 33, "year": 3, "standing": 3}
    assert all(row.keys() >= TASKS for row in rows)
    assert {row["month"] for row in rows if row["kind"] != "month"} == {None}
    rows = reminder("tasks", "--month", "4", "--json").json
    assert [row["id"] for row in rows] == ["2026-04-1", "2026-04-2"]
    assert (rows[0]["month"], rows[0]["state"]) == (4, "open")
    assert rows[0]["lead"] == ["自治区人大常委会办公厅", "自治区人大常委会代表工作委员会"]
    assert rows[0]["related"][-1] == "各市、县（区）人大常委会"
    rows = reminder("tasks", "--unit", "helan", "--json").json
    assert {row["month"] for row in rows} == {4, 5, 6, 7, 8, 10}


@pytest.mark.parametrize(
    ("name", "count"), [("lead", 3), ("代表工作委员会", 3), ("代表工委", 3), ("outsider", 0)]
)
def test_unit_may_be_named_by_id_name_or_alias(office: Office, name: str, count: int) -> None:
    assert len(office("tasks", "--unit", name, "--json").json) == count


def test_windows_are_those_of_the_monthly_tasks_and_of_a_month_the_year_round_ones_too(
    reminder: Reminder,
) -> None:
    rows = {row["id"]: row for row in reminder("windows", "--json").json}
    assert len(rows) == 33
    assert all(row.keys() >= WINDOWS for row in rows.values())
    assert (rows["2026-04-1"]["rule"], rows["2026-04-1"]["provisional"]) == ("month", False)
    assert rows["2026-05-2"]["provisional"] is True
    rows = reminder("windows", "--month", "4", "--json").json
    year_round = [f"2026-year-{number}" for number in (1, 2, 3)]
    assert [row["id"] for row in rows] == ["2026-04-1", "2026-04-2", *year_round]
    assert {(row["opens"], row["due"]) for row in rows} == {("2026-04-01", "2026-04-30")}


def test_windows_say_which_time_of_a_task_they_are(office: Office) -> None:
    office.put("plan.toml", PLAN.replace('起草意见"', '起草意见"\nwhen = "3月、7—8月、适时"'))
    rows = office("windows", "--json").json
    said = [(row["id"], row["occurrence"], row["rule"], row["soft"]) for row in rows]
    assert said[:2] == [
        ("2026-03-1", "2026-03-1@2026-03", "month", True),
        ("2026-03-1", "2026-03-1@2026-07", "months", True),
    ]
    [row, _] = office("windows", "--month", "8", "--json").json
    assert row["occurrence"] == "2026-03-1@2026-07"
    assert "2026-03-1@2026-07" in office("windows").out


@pytest.mark.parametrize(
    ("at", "light"),
    [
        ("2026-03-31", "blue"),
        ("2026-04-01", "green"),
        ("2026-04-27", "yellow"),
        ("2026-05-01", "red"),
        ("2027-01-01", "red"),
        ("2026-04-30T23:59+08:00", "yellow"),
        ("2026-04-30T16:00+00:00", "red"),
        ("", "green"),  # today's
    ],
)
def test_lights_are_those_of_the_given_day_in_the_plans_zone(
    reminder: Reminder, at: str, light: str
) -> None:
    day = ("--at", at) if at else ()
    assert reminder("windows", "--month", "4", *day, "--json").json[0]["light"] == light


def test_occasions_have_kind_period_moment_and_units_and_lie_in_order_within_both_days(
    reminder: Reminder,
) -> None:
    def occasions(first: str, last: str) -> list[dict[str, Any]]:
        found = reminder("occasions", "--from", first, "--to", last, "--json").json
        assert isinstance(found, list)
        return found

    rows = occasions("2026-01-01", "2026-12-31")
    moments = [datetime.fromisoformat(row["at"]) for row in rows]
    assert {moment.utcoffset() for moment in moments} == {timedelta(hours=8)}
    assert moments == sorted(moments)
    assert all(row.keys() >= OCCASIONS for row in rows)
    (digest,) = [row for row in rows if (row["kind"], row["period"]) == ("digest", "2026-03")]
    assert digest["at"] == "2026-03-02T09:00:00+08:00"
    assert ("deputies" in digest["units"], "high-court" in digest["units"]) == (True, False)
    for day, count in (("2026-04-01", 1), ("2026-05-02", 0)):
        assert sum(row["kind"] == "digest" for row in occasions(day, day)) == count


def test_units_have_names_addresses_and_members_and_check_counts_what_it_read(
    reminder: Reminder, office: Office
) -> None:
    rows = reminder("units", "--json").json
    assert all(row.keys() >= UNIT for row in rows)
    [members] = [row["members"] for row in rows if row["members"]]
    assert len(members) == 27
    assert set(members) <= {row["id"] for row in rows if not row["members"]}
    found, out = reminder("check", "--json").json, reminder("check").out
    assert found["ok"] is True
    assert found["tasks"] == {"month": 33, "year": 3, "standing": 3}
    assert (found["units"], found["addresses"]) == (39, 38)
    assert found["without_address"] == ["自治区有关部门"]
    assert "2026-05-2" in found["provisional"]
    assert "33 monthly tasks, 3 year-round, 3 standing" in out
    assert "39 units, 1 group, 38 addresses" in out
    (warning,) = office("check", "--json").json["warnings"]
    assert warning.startswith(f"{office.folder / 'units.toml'}:15: unit.id: ")


def test_check_with_mistakes_says_them_all_and_ends_with_2(office: Office) -> None:
    office.put("plan.toml", PLAN + 'part = "end"\n')
    office.put("units.toml", UNITS.replace('"own"', '"friend"'))
    office.put("reminder.toml", 'plan = "plan.toml"\ntransport = "post"\n')
    for ended in (office("check"), office("check", "--json")):
        assert ended.status == 2
        assert "reminder.toml:2: transport: is 'post'" in ended.err
        assert "plan.toml:31: year-round.part: unknown key" in ended.err
        assert "units.toml:5: unit.relation: is 'friend'" in ended.err
    assert '"ok": false' in ended.out
    assert "units.toml:5: unit.relation: is 'friend'" in ended.out


READING = ["check", "tasks --json", "windows --json", "units", "status --json",
           "occasions --from 2026-04-01 --to 2026-04-30"]  # fmt: skip
WRITING = ["tick", "run", "preview --unit lead --period 2026-04", "ledger list", "feed url",
           "feed export --output feeds", "task done 2026-04-1"]  # fmt: skip


@pytest.mark.parametrize("command", READING)
def test_reading_makes_no_file(reminder: Reminder, state: Path, command: str) -> None:
    assert reminder(*command.split()).status == 0
    assert not state.exists()


@pytest.mark.parametrize("command", [*READING, *WRITING])
def test_mistake_starts_nothing(office: Office, state: Path, command: str) -> None:
    office.put("plan.toml", PLAN.replace("title", "titel", 1))
    ended = office(*command.split())
    assert (ended.status, state.exists()) == (2, False)
    assert "plan.toml:16: month.task.titel: unknown key, wanted title?" in ended.err
