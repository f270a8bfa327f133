"""`reminder meeting`."""

from tests.cli.conftest import PLAN, Office, Reminder

SESSION = """
[[meeting]]
id = "sc-25"
name = "第二十五次会议"
month = 4
"""
HANGING = 'title = "召开部署会议"\nmeetings = ["sc-25"]\nbefore = { workdays = 1 }\n'


def sources(reminder: Reminder) -> set[str | None]:
    return {row["source"] for row in reminder("meeting", "list", "--json").json}


def test_a_day_that_is_set_moves_the_window_until_it_is_taken_away(reminder: Reminder) -> None:
    tried = reminder("meeting", "set", "sc-25", "2026-05-27", "--dry-run")
    assert "nothing was changed" in tried.out
    assert sources(reminder) == {None}
    ended = reminder("meeting", "set", "sc-25", "2026-05-27")
    assert ended.status == 0, ended.err
    assert "2026-05-2: 2026-05-06 to 2026-05-29" in ended.out
    assert ended.out.endswith("sc-25: 2026-05-27\n")
    windows = {row["id"]: row for row in reminder("windows", "--month", "5", "--json").json}
    assert windows["2026-05-2"]["due"] == "2026-05-26"
    assert sources(reminder) == {None, "plan"}
    assert reminder("meeting", "set", "sc-25", "--unset").out.endswith("sc-25: without a date\n")
    assert sources(reminder) == {None}


def test_a_day_stands_in_the_plans_file_which_has_the_last_word(office: Office) -> None:
    plan = PLAN.replace('title = "召开部署会议"\n', HANGING) + SESSION
    office.put("plan.toml", plan)
    assert office("meeting", "set", "sc-25", "2026-04-10", "--until", "2026-04-12").status == 0
    [row] = office("meeting", "list", "--json").json
    assert (row["date"], row["until"], row["source"]) == ("2026-04-10", "2026-04-12", "plan")
    assert "date = 2026-04-10" in (office.folder / "plan.toml").read_text("utf-8")
    office.put("plan.toml", plan.replace(HANGING, HANGING + "opens = 2026-04-20\n"))
    [row] = [row for row in office("windows", "--json").json if row["id"] == "2026-04-1"]
    assert (row["opens"], row["rule"]) == ("2026-04-20", "meeting-undated")
    refused = office("meeting", "set", "sc-25", "2026-04-13")
    assert (refused.status, "before it opens" in refused.err) == (2, True)
    assert office("meeting", "set", "sc-25", "2026-04-24").status == 0
    office.put("plan.toml", PLAN)  # which dropped the session
    assert office("meeting", "list", "--json").json == []
    assert office("windows").status == 0
