"""Commands on one of several plans and years."""

import pytest
import time_machine

from tests.cli.conftest import Office
from tests.plans import plan_text

NAMES = {"lead": "代表工委", "related": "组织部"}
OTHER = ("--plan-id", "other")


@pytest.fixture
def several(office: Office) -> Office:
    """The main plan with two years, and another one whose task has the same id."""
    folder = office.folder / "plans"
    folder.mkdir()
    texts = {
        "a": plan_text(months=[3, 4, 5], **NAMES),
        "b": plan_text(year=2027, months=[1], **NAMES),
        "c": plan_text("other", lead="组织部", related="组织部", office="代表工委"),
    }
    for name, text in texts.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    office.put("reminder.toml", 'plan = "plans"\n')
    return office


def test_a_command_is_about_the_main_plan_unless_another_is_named(several: Office) -> None:
    def ids(*options: str) -> list[str]:
        return [task["id"] for task in several("tasks", "--json", *options).json]

    assert ids() == ["2026-03-1", "2026-04-1", "2026-05-1"]
    assert ids("--year", "2027") == ["2027-01-1"]
    assert ids(*OTHER) == ["2026-03-1", "2026-04-1"]
    assert several("task", "done", "2026-04-1", *OTHER).status == 0
    states = {
        plan: {task["id"]: task["state"] for task in several("tasks", "--json", *options).json}
        for plan, options in (("small", ()), ("other", OTHER))
    }
    assert (states["small"]["2026-04-1"], states["other"]["2026-04-1"]) == ("open", "done")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--plan-id", "third"), "no plan 'third'\n  Wanted other, small."),
        (("--year", "2025"), "no table of 2025 in the plan 'small'\n  Wanted 2026, 2027."),
    ],
)
def test_what_is_not_there_is_said(several: Office, options: tuple[str, ...], words: str) -> None:
    ended = several("tasks", *options)
    assert (ended.status, ended.err.strip()) == (3, f"reminder: {words}")


def test_whose_plan_is_not_meant_is_told_which_was_read(several: Office) -> None:
    unnamed = several("preview", "--unit", "outsider", "--period", "2026-03")
    assert unnamed.err.endswith("Plans: --plan-id other or --plan-id small.\n")


def test_status_and_check_name_all_plans(several: Office) -> None:
    plans = [(plan["id"], plan["year"]) for plan in several("status", "--json").json["plans"]]
    assert plans == [("other", 2026), ("small", 2026), ("small", 2027)]
    assert "other2026年度安排表: --plan-id other --year 2026" in several("status").out
    found = several("check", "--json").json
    assert found["plans"] == ["other2026年度安排表", "small2026年度安排表", "small2027年度安排表"]
    assert found["tasks"]["month"] == 6


def test_the_ledger_is_listed_whole_or_by_plan_and_year(several: Office) -> None:
    assert several("tick").status == 0

    def keys(*options: str) -> list[str]:
        rows = several("ledger", "list", "--json", *options).json
        return [row["key"].partition("/")[0] for row in rows if row["kind"] == "digest"]

    assert set(keys()) == {"other", "small"}
    assert set(keys(*OTHER)) == {"other"}
    assert set(keys("--plan-id", "small", "--period", "2026-04")) == {"small"}
    assert keys("--year", "2027") == []


def test_a_month_and_a_task_are_found_in_their_own_year(several: Office) -> None:
    ended = several("preview", "--unit", "lead", "--period", "2027-01")
    assert "1月承办1项" in ended.out
    assert several("preview", "--unit", "lead", "--period", "2028-01").status == 2
    with time_machine.travel("2027-01-05T10:00+08:00"):
        assert several("task", "done", "2026-05-1").out == "2026-05-1 is done\n"
        assert several("task", "reopen", "2026-05-1").status == 0


def test_a_simulation_shows_every_plan(several: Office) -> None:
    found = several("simulate", "--json", "--from", "2026-04-01", "--to", "2026-04-03").json
    assert {plan: set(units) for plan, units in found["plans"].items()} == {
        "small": {"代表工作委员会", "组织部"},
        "other": {"组织部"},
    }
    assert found["units"] == found["plans"]["small"]


def test_each_whole_plan_has_an_address(several: Office) -> None:
    addresses = [several("feed", "url", *options).out for options in ((), OTHER)]
    assert [url.strip().rpartition("/")[2] for url in addresses] == ["plan.ics", "plan.other.ics"]


def test_a_task_of_one_plan_needs_no_plan_and_one_of_two_does(several: Office) -> None:
    assert several("task", "done", "2026-05-1").status == 0
    ended = several("task", "done", "2026-04-1")
    words = "several plans have 2026-04-1: which one is meant?"
    hint = "Say --plan-id other or --plan-id small."
    assert (ended.status, ended.err.strip()) == (2, f"reminder: {words}\n  {hint}")


def test_the_years_turn_is_settled_by_commands(several: Office) -> None:
    several("tick")
    small = ("--plan-id", "small")
    with time_machine.travel("2027-01-05T10:00+08:00"):
        open_ = [task["id"] for task in several("year", "status", "--json").json["tasks"]]
        assert open_ == ["2026-04-1", "2026-05-1"]
        assert several("year", "carry", *small, "2026-04-1", "--to", "2027-01-1").status == 0
        assert several("year", "end", "2026-05-1", "--why", "不再开展").status == 0
        closed = {t["id"]: (t["state"], t["onto"], t["why"]) for t in turned(several)}
        assert closed == {
            "2026-04-1": ("carried", "2027-01-1", None),
            "2026-05-1": ("ended", None, "不再开展"),
        }
        assert several("year", "undo", "2026-05-1").status == 0
        assert "1 open: reminder task done ID" in several("year", "status").out
        refused = several("year", "carry", "2027-01-1", "--to", "2026-04-1")
        assert (refused.status, "is no task of a year" in refused.err) == (2, True)


def turned(office: Office) -> list[dict[str, str]]:
    tasks: list[dict[str, str]] = office("year", "status", "--json").json["tasks"]
    return tasks
