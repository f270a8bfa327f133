"""What is registered of the tasks, and what follows from it."""

from pathlib import Path

import pytest

from tests.cli.conftest import PLAN, Office

APRIL, YEAR = "2026-04-1", "2026-year-1"


def states(office: Office) -> dict[str, str]:
    return {row["id"]: row["state"] for row in office("tasks", "--json").json}


def light_of(office: Office, task: str, month: str = "4") -> str:
    rows = office("windows", "--month", month, "--at", "2026-04-29", "--json").json
    return {row["id"]: row["light"] for row in rows}[task]


def feed(office: Office, name: str, folder: Path) -> str:
    office("feed", "export", "--output", str(folder))
    return (folder / f"{name}.ics").read_text(encoding="utf-8").replace("\r\n ", "")


def test_done_task_is_done_everywhere_until_it_is_open_again(
    office: Office, tmp_path: Path
) -> None:
    assert (states(office)[APRIL], light_of(office, APRIL)) == ("open", "yellow")
    office("task", "done", APRIL, "--note", "见纪要")
    assert (states(office)[APRIL], light_of(office, APRIL)) == ("done", "grey")
    assert "✓" in feed(office, "lead", tmp_path / "feeds")
    assert "见纪要" not in feed(office, "lead", tmp_path / "feeds")
    assert "✓" not in feed(office, "related", tmp_path / "feeds")
    assert office("task", "reopen", APRIL).status == 0
    assert (states(office)[APRIL], light_of(office, APRIL)) == ("open", "yellow")
    assert "✓" not in feed(office, "lead", tmp_path / "feeds")


@pytest.mark.parametrize("is_done", [False, True])
def test_done_task_is_no_longer_nudged(office: Office, is_done: bool) -> None:
    office("tick")
    if is_done:
        office("task", "done", APRIL)
    planned = office("tick", "--at", "2026-04-27T09:00+08:00", "--json").json["planned"]
    assert planned == (not is_done)


def test_done_task_leaves_the_list_of_unconfirmed_ones(office: Office) -> None:
    office("tick", "--at", "2026-03-02T09:00+08:00")
    words = ("preview", "--unit", "lead", "--period", "2026-04")
    assert "待确认" in office(*words).out
    office("task", "done", "2026-03-1")
    assert "待确认" not in office(*words).out


def test_several_tasks_are_registered_at_once_or_none_and_a_standing_remark_never(
    office: Office,
) -> None:
    assert office("task", "done", APRIL, "2026-04-9").status == 3
    assert states(office)[APRIL] == "open"
    ended = office("task", "done", "2026-03-1", APRIL, "--on", "2026-03-20", "--note", "见纪要")
    assert ended.out == "2026-03-1 is done\n2026-04-1 is done\n"
    assert {states(office)[task] for task in ("2026-03-1", APRIL)} == {"done"}
    ended = office.run("task", "done", "2026-standing-1")
    assert (ended.status, "standing remark" in ended.err) == (2, True)


def test_check_in_of_a_year_round_task_concerns_its_month_only(office: Office) -> None:
    for month in ("2026-04", "2026-02"):  # the latter without a task of its own
        assert office("task", "done", YEAR, "--month", month).status == 0
    assert (light_of(office, YEAR, "4"), light_of(office, YEAR, "3")) == ("grey", "green")
    assert states(office)[YEAR] == "open"
    office("task", "done", YEAR)
    assert {light_of(office, YEAR, month) for month in ("3", "4", "5")} == {"grey"}


def test_of_several_times_one_must_be_meant(office: Office) -> None:
    office.put("plan.toml", PLAN.replace("month = 4\n", 'when = "每季度"\n'))
    keys = [f"{APRIL}@2026-{month}" for month in ("01", "04", "07", "10")]
    for act in ("done", "reopen"):
        ended = office("task", act, APRIL)
        assert (ended.status, ", ".join(keys) in ended.err) == (2, True)
    assert office("task", "done", APRIL, "--month", "2026-06").out == f"{keys[1]} is done\n"
    assert office("task", "done", keys[3]).out == f"{keys[3]} is done\n"
    [row] = [row for row in office("tasks", "--json").json if row["id"] == APRIL]
    assert (row["when"], row["month"], row["state"]) == ("每季度", None, "open")
    states_of = {one["occurrence"]: one["state"] for one in row["occurrences"]}
    assert states_of == dict(zip(keys, ("open", "done", "open", "done"), strict=True))
    assert office("task", "reopen", keys[3]).status == 0
    assert office("tasks", "--month", "11", "--json").json[0]["occurrences"] == [
        {"occurrence": keys[3], "state": "open"}
    ]


def test_a_task_that_was_done_when_the_table_said_one_time_is_asked_for(office: Office) -> None:
    office("task", "done", APRIL)
    before = office("check", "--json").json["warnings"]
    office.put("plan.toml", PLAN.replace("month = 4", 'when = "4月、9月"'))

    def asked() -> list[str]:
        return [
            words for words in office("check", "--json").json["warnings"] if words not in before
        ]

    [warning] = asked()
    now = f"{APRIL}@2026-04, {APRIL}@2026-09"
    assert warning.startswith(f"{APRIL} is registered as done and is {now} now, wanted which")
    office("task", "done", f"{APRIL}@2026-04")
    assert asked() == []
