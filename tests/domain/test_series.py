"""Tables of one plan, year after year."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reminder.domain.occasions import digest_units
from reminder.domain.series import is_next_missing, linked, main_plan, running, turning_tables
from reminder.domain.status import calls_on_tasks
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Closing, Progress
from tests.domain.builders import LEADER, OUTSIDER, RELATED, at_times, task, timetable

JANUARY = date(2027, 1, 4)
[OVER_THE_TURN] = at_times("11月—次年2月")
OLD = task(11)
NEW = replace(task(1), id="2027-01-1")
NOBODY_NEW = replace(NEW, lead=(RELATED,), related=(RELATED,))


def two_years(*old: object, new: object = NEW, **more: object) -> tuple[Timetable, Timetable]:
    before, after = (timetable(*tasks, **more) for tasks in (old, (new,)))  # type: ignore[arg-type]
    after = replace(after, plan=replace(after.plan, year=2027))
    before, after = linked([before, after])
    return before, after


@pytest.mark.parametrize(
    ("on", "year", "missing", "turning"),
    [
        (date(2025, 6, 1), 2026, False, 1),
        (date(2026, 12, 31), 2026, False, 1),
        (date(2027, 1, 1), 2027, False, 1),
        (date(2027, 11, 30), 2027, False, 1),
        (date(2027, 12, 1), 2027, True, 1),
        (date(2028, 1, 1), 2027, True, 2),
    ],
)
def test_the_table_that_has_begun_last_runs_and_a_next_one_is_missed_in_its_last_month(
    on: date, year: int, missing: bool, turning: int
) -> None:
    series = two_years(OLD)
    assert running(series, on).plan.year == year
    assert is_next_missing(series, on) == missing
    assert len(turning_tables(series, on)) == turning


def test_who_names_no_plan_means_the_one_with_most_units() -> None:
    small = timetable(task(related=()))
    other = replace(timetable(task()), plan=replace(timetable(task()).plan, id="other"))
    assert main_plan([small, other]) == "other"
    assert main_plan([small, replace(other, plan=replace(small.plan, id="zzz"))]) == "npc-deputies"


def test_a_plan_that_comes_later_is_not_the_main_one_however_great_it_is() -> None:
    small = timetable(task(related=()))
    other = replace(timetable(task()), plan=replace(timetable(task()).plan, id="other"))
    began = {"npc-deputies": datetime(2026, 1, 4, 9, tzinfo=UTC)}
    assert main_plan([small, other], began) == "npc-deputies"
    assert main_plan([small, other], began | {"other": began["npc-deputies"]}) == "other"
    assert main_plan([other], began) == "other"


def test_january_asks_for_what_is_open_from_the_year_before_and_closes_with_it() -> None:
    before, after = two_years(task(12), OLD)
    progress = Progress()
    open_ = after.unconfirmed(LEADER, 1, JANUARY, progress)
    assert [one.id for one in open_] == ["2026-11-1", "2026-12-1"]
    assert [list(after.months_of(one)) for one in open_] == [[-1], [0]]
    assert after.window(open_[0]) == before.windows["2026-11-1"]
    ended = Progress(closed={"2026-11-1": Closing(JANUARY, why="不再开展")})
    carried = Progress(closed={"2026-11-1": Closing(JANUARY, onto="2027-01-1")})
    for closed in (ended, carried):
        assert [one.id for one in after.unconfirmed(LEADER, 1, JANUARY, closed)] == ["2026-12-1"]


def test_a_unit_that_the_new_table_does_not_name_is_asked_all_the_same() -> None:
    _, after = two_years(OLD, new=NOBODY_NEW)
    assert digest_units(after, 1, JANUARY, Progress()) == (RELATED, LEADER)


def test_units_that_differ_in_the_old_table_alone_read_different_mails() -> None:
    _, after = two_years(OLD, new=replace(NEW, lead=(LEADER, OUTSIDER), related=()))
    outsider, leader = after.audience(OUTSIDER)[1], after.audience(LEADER)[1]
    assert outsider[0] != leader[0]
    assert outsider[1:] == ("2026",)
    assert leader[1:] == ("2026", LEADER)


def test_what_runs_over_the_turn_stands_in_both_years_and_is_told_of_once() -> None:
    before, after = two_years(OVER_THE_TURN)
    [key] = before.windows
    assert [one.id for one in after.month_tasks(1)] == ["2027-01-1", key]
    assert [one.id for one in after.month_tasks(2)] == [key]
    assert [one.id for one in before.tasks_in(13)] == [key, "2027-01-1"]
    assert [before.has_begun(one, 13) for one in before.tasks_in(13)] == [True, False]
    assert RELATED in after.reached(2)


def test_units_of_other_bodies_are_phoned_for_last_years_tasks_too() -> None:
    _, after = two_years(OLD, relations={LEADER: Relation.PARALLEL})
    calls = [(call.task.id, call.is_past) for call in calls_on_tasks(after, JANUARY, Progress())]
    assert calls == [("2026-11-1", True)]
