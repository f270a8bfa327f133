"""`reminder reload` and `reminder plan history`: what came into force, and how it comes back."""

from reminder.cli.context import user
from tests.cli.conftest import PLAN, UNITS, Office

MARCH = ("tick", "--at", "2026-03-02T09:00+08:00")
EDITED = PLAN.replace("起草意见", "起草实施意见")


def test_nothing_is_published_before_the_first_tick(office: Office) -> None:
    ended = office("plan", "history")
    assert (ended.status, ended.out) == (3, "")
    assert "was ever in force" in ended.err


def test_edited_plan_is_a_version_and_the_first_comes_back(office: Office) -> None:
    office(*MARCH)
    office.put("plan.toml", EDITED)
    assert office("reload").out == "publication 2 is in force\n"
    assert office("reload").out == "the files are in force\n"
    rows = office("plan", "history", "--json").json
    assert [(row["number"], row["origin"]) for row in rows] == [(2, "file"), (1, "start")]
    assert rows[0]["author"] == user()
    assert office("plan", "show", "1").out == PLAN
    assert office("plan", "show", "2").out == EDITED
    ended = office("plan", "restore", "1")
    assert ended.status == 0, ended.err
    assert "publication 3 is in force" in ended.out
    assert (office.folder / "plan.toml").read_text("utf-8") == PLAN
    assert office("plan", "restore", "1").status == 2
    assert office("plan", "show", "9").status == 3
    assert office("tasks", "--json").json[0]["title"] == "起草意见"


def test_broken_file_is_refused_with_its_line_and_nothing_changes(office: Office) -> None:
    office(*MARCH)
    office.put("plan.toml", PLAN.replace("month = 3", "month = 13"))
    ended = office("reload")
    assert ended.status == 2
    assert "plan.toml:10: month.month" in ended.err
    assert len(office("plan", "history", "--json").json) == 1
    # A pass goes on with the last good version, and says what is wrong.
    ended = office("tick", "--at", "2026-03-03T09:00+08:00")
    assert ended.status == 0
    assert "plan.toml:10: month.month" in ended.err
    assert "the last good version stays in force" in ended.err


def test_units_have_a_history_of_their_own(office: Office) -> None:
    office(*MARCH)
    office.put("units.toml", UNITS.replace("related@", "other@"))
    office("reload")
    rows = office("plan", "history", "--document", "units.toml", "--json").json
    assert [row["number"] for row in rows] == [2, 1]
    assert office("plan", "show", "1", "--document", "units.toml").out == UNITS
