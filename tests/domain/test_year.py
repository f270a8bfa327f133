"""The year's bars: whose they are, when they stand, which light a unit may see."""

from datetime import date

import pytest

from reminder.domain.status import HIDDEN, Reader, unit_status
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.domain.year import MANY, year_of
from tests.domain.builders import LEADER, OUTSIDER, RELATED, meeting, task, timetable, year_round
from tests.mail.written import say

APRIL = date(2026, 4, 28)


def reader(
    table: Timetable, unit: str = LEADER, on: date = APRIL, progress: Progress | None = None
) -> Reader:
    return Reader(table, table.directory[unit], on, progress or Progress())


def words(table: Timetable, on: date, progress: Progress | None = None, unit: str = LEADER) -> str:
    status = unit_status(reader(table, unit, on, progress), table.windows["2026-04-1"])
    return say("words.txt", "page_status", it=status)


def test_a_bar_stands_over_its_window_and_names_the_task_shortly() -> None:
    table = timetable(task(4, short="部署会议"))
    [bar] = year_of(reader(table)).bars
    assert (bar.task, bar.opens, bar.due) == (
        table.plan.tasks[0],
        date(2026, 4, 1),
        date(2026, 4, 30),
    )
    assert bar.lead


def test_a_unit_sees_the_tasks_of_its_rows_and_no_other() -> None:
    table = timetable(task(4))
    assert len(year_of(reader(table, RELATED)).bars) == 1
    assert year_of(reader(table, OUTSIDER)).bars == ()


def test_months_in_order_then_what_runs_all_year() -> None:
    table = timetable(year_round(), task(6), task(4))
    bars = year_of(reader(table)).bars
    assert [bar.window and bar.window.due.month for bar in bars] == [4, 6, None]
    assert (bars[-1].opens, bars[-1].due) == (date(2026, 1, 1), date(2026, 12, 31))


def test_a_window_that_begins_in_the_year_before_begins_with_the_year() -> None:
    early = meeting(date(2026, 1, 5), 1, "first")
    table = timetable(task(1, meetings=("first",), before_workdays=5), meetings=[early])
    [bar] = year_of(reader(table)).bars
    assert bar.opens == bar.due == date(2026, 1, 1)


def test_today_is_marked_in_the_plans_own_year_only() -> None:
    table = timetable(task(4))
    assert year_of(reader(table)).today == APRIL
    assert year_of(reader(table, on=date(2027, 1, 4))).today is None


@pytest.mark.parametrize("unit", [LEADER, RELATED])
@pytest.mark.parametrize("on", [date(2026, 3, 1), APRIL, date(2026, 7, 1)])
def test_a_parallel_unit_has_no_light(unit: str, on: date) -> None:
    table = timetable(task(4), relations=dict.fromkeys((LEADER, RELATED), Relation.PARALLEL))
    year = year_of(reader(table, unit, on))
    assert (year.lights, year.lit) == ((), False)
    assert not year.bars[0].exact


def test_a_related_unit_has_no_light_and_no_days() -> None:
    [bar] = year_of(reader(timetable(task(4)), RELATED)).bars
    assert (bar.status, bar.exact, bar.lead) == (HIDDEN, False, False)


@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        (date(2026, 3, 31), "未开始"),
        (date(2026, 4, 1), "进行中 · 剩20个工作日"),
        (APRIL, "剩2个工作日"),
        (date(2026, 4, 30), "今日为最后一个工作日"),
        (date(2026, 5, 1), "待确认"),
    ],
)
def test_a_light_says_what_is_left(on: date, wanted: str) -> None:
    assert words(timetable(task(4)), on) == wanted


def test_no_days_are_counted_to_a_session_without_a_date() -> None:
    table = timetable(task(4, meetings=("sc-25",), before_workdays=1), meetings=[meeting()])
    assert words(table, APRIL) == "进行中"


def test_outside_the_own_house_nothing_is_red() -> None:
    own, local = (
        timetable(task(4), relations={LEADER: relation})
        for relation in (Relation.OWN, Relation.LOCAL)
    )
    late = date(2026, 5, 6)
    assert year_of(reader(own, on=late)).lights == ("red",)
    assert year_of(reader(local, on=late)).lights == ("yellow",)


def test_what_the_unit_registered_waits_until_it_is_confirmed() -> None:
    table = timetable(task(4, lead=(LEADER, RELATED), related=()))
    said = Progress(reported={("2026-04-1", LEADER): date(2026, 4, 20)})
    done = Progress(done={"2026-04-1": date(2026, 4, 20)}, reported=said.reported)
    assert words(table, APRIL, said).startswith("待复核")
    assert words(table, APRIL, said, RELATED) == "剩2个工作日"
    assert words(table, APRIL, done, RELATED) == "已办结（4月20日）"


def test_very_many_bars_become_one_a_month_and_role() -> None:
    tasks = [task(month, number) for month in range(1, 13) for number in range(1, MANY // 12 + 2)]
    table = timetable(*tasks, year_round())
    year = year_of(reader(table, progress=Progress(done={"2026-04-1": APRIL})))
    assert len(year.bars) == 13
    assert (year.bars[3].count, year.bars[3].done) == (MANY // 12 + 1, 1)
    assert year.bars[3].opens == date(2026, 4, 1)
    assert (year.bars[-1].all_year, year.bars[-1].count) == (True, 1)
    assert len(year.tasks) == len(tasks) + 1
