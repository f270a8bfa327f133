"""`reminder meeting`."""

from pathlib import Path

from tests.cli.conftest import Reminder


def test_a_day_that_is_set_moves_the_window(reminder: Reminder) -> None:
    ended = reminder("meeting", "set", "sc-25", "2026-05-27")
    assert ended.status == 0, ended.err
    assert "2026-05-2: 2026-05-06 to 2026-05-29" in ended.out
    assert ended.out.endswith("sc-25: 2026-05-27\n")
    windows = {row["id"]: row for row in reminder("windows", "--month", "5", "--json").json}
    assert windows["2026-05-2"]["due"] == "2026-05-26"
    assert "2026-05-2" not in reminder("check", "--json").json["provisional"]


def test_a_dry_run_changes_nothing(reminder: Reminder) -> None:
    assert (
        "nothing was changed" in reminder("meeting", "set", "sc-25", "2026-05-27", "--dry-run").out
    )
    assert sources(reminder) == {None}


def test_a_day_that_is_taken_away_leaves_the_plans(reminder: Reminder) -> None:
    reminder("meeting", "set", "sc-25", "2026-05-27")
    assert sources(reminder) == {None, "ledger"}
    assert reminder("meeting", "set", "sc-25", "--unset").out.endswith("sc-25: without a date\n")
    assert sources(reminder) == {None}


def sources(reminder: Reminder) -> set[str | None]:
    return {row["source"] for row in reminder("meeting", "list", "--json").json}


def test_what_cannot_be_is_refused_in_a_sentence(reminder: Reminder) -> None:
    for words, status in [
        (("sc-25", "2030-05-27"), 2),
        (("sc-25", "soon"), 2),
        (("sc-25",), 2),
        (("sc-25", "2026-05-27", "--unset"), 2),
        (("sc-25", "--unset"), 2),
        (("sc-99", "2026-05-27"), 3),
    ]:
        ended = reminder("meeting", "set", *words)
        assert (ended.status, ended.err.startswith("reminder: ")) == (status, True)


def test_check_makes_no_ledger(reminder: Reminder, state: Path) -> None:
    assert reminder("check").status == 0
    assert not state.exists()
