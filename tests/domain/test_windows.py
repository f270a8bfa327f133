"""When a task opens and is due, by which rule, and in which light it stands."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reminder.domain.plan import Meeting, Part, Task
from reminder.domain.status import Light, task_light
from reminder.domain.windows import Progress, Rule, Window, window
from tests.domain.builders import DAYS, meeting, plan, standing, task, timetable, year_round


def of(found: Task, *meetings: Meeting, month: int = 0) -> Window:
    return window(plan(found, meetings=meetings), found, DAYS, month)


def shown(found: Window, on: str, progress: Progress | None = None) -> Light:
    return task_light(timetable(), found, date.fromisoformat(on), progress or Progress())


def day(month: int, number: int) -> date:
    return date(2026, month, number)


# --- the rules and their precedence


def test_a_months_task_opens_on_its_first_working_day_and_is_due_on_its_last() -> None:
    found = of(task(5))
    assert (found.opens, found.due, found.rule) == (day(5, 6), day(5, 29), Rule.MONTH)


EVERYTHING: dict[str, Any] = {
    "due": day(4, 15),
    "meetings": ("sc-25",),
    "before_workdays": 5,
    "part": Part.EARLY,
}


@pytest.mark.parametrize(
    ("without", "rule", "due"),
    [
        ((), Rule.EXPLICIT, day(4, 15)),
        (("due",), Rule.MEETING, day(4, 17)),
        (("due", "meetings", "before_workdays"), Rule.PART, day(4, 10)),
        (("due", "meetings", "before_workdays", "part"), Rule.MONTH, day(4, 30)),
    ],
)
def test_explicit_comes_before_dated_meeting_before_part_before_month(
    without: tuple[str, ...], rule: Rule, due: date
) -> None:
    timing = {key: value for key, value in EVERYTHING.items() if key not in without}
    found = of(task(4, **timing), meeting(day(4, 24)))
    assert (found.rule, found.due) == (rule, due)


def test_explicit_opens_wins_over_the_part_and_leaves_its_due() -> None:
    found = of(task(4, opens=day(4, 13), part=Part.MIDDLE))
    assert (found.opens, found.due) == (day(4, 13), day(4, 20))


def test_explicit_due_makes_a_task_of_an_undated_meeting_certain() -> None:
    found = of(task(4, due=day(4, 15), meetings=("sc-25",)), meeting())
    assert (found.rule, found.provisional, found.tracked) == (Rule.EXPLICIT, False, True)


# --- rest days


def test_rest_day_moves_due_to_the_working_day_before() -> None:
    assert of(task(5, opens=day(4, 20), due=day(5, 4))).due == day(4, 30)


def test_rest_day_moves_opens_to_the_working_day_after() -> None:
    assert of(task(5, opens=day(5, 1))).opens == day(5, 6)


def test_a_make_up_day_moves_neither() -> None:
    found = of(task(5, opens=day(5, 9), due=day(5, 9)))
    assert (found.opens, found.due) == (day(5, 9), day(5, 9))


def test_exact_dates_stay_on_rest_days() -> None:
    found = of(task(4, opens=day(4, 4), due=day(4, 18), exact=True))
    assert (found.opens, found.due) == (day(4, 4), day(4, 18))


def test_moving_may_put_due_before_opens() -> None:
    found = of(task(4, opens=day(4, 4), due=day(4, 6)))
    assert (found.opens, found.due) == (day(4, 7), day(4, 3))


# --- meetings


@pytest.mark.parametrize(
    ("held", "before", "due"),
    [
        (day(10, 13), 5, day(9, 30)),  # over the make-up Saturday and the holiday
        (day(5, 11), 1, day(5, 9)),
        (day(4, 26), 1, day(4, 24)),  # a Sunday
        (day(4, 22), 0, day(4, 22)),
    ],
)
def test_before_a_dated_meeting_counts_working_days(held: date, before: int, due: date) -> None:
    found = of(
        task(held.month, meetings=("sc-25",), before_workdays=before),
        meeting(held, month=held.month),
    )
    assert (found.due, found.rule, found.provisional) == (due, Rule.MEETING, False)


def test_due_on_the_day_of_a_meeting_moves_off_a_rest_day_too() -> None:
    found = of(task(4, meetings=("sc-25",), before_workdays=0), meeting(day(4, 25)))
    assert found.due == day(4, 24)


def test_a_meeting_in_an_earlier_month_never_puts_due_before_opens() -> None:
    found = of(task(5, meetings=("sc-25",), before_workdays=3), meeting(day(4, 28)))
    assert found.opens <= found.due == day(4, 23)


def test_the_last_of_several_meetings_decides() -> None:
    found = of(
        task(4, meetings=("sc-25", "sc-26"), before_workdays=1),
        meeting(day(4, 10)),
        meeting(day(4, 24), name="sc-26"),
    )
    assert found.due == day(4, 23)


def test_a_dated_meeting_without_a_count_confirms_the_month() -> None:
    found = of(task(4, meetings=("sc-25",)), meeting(day(4, 10)))
    assert (found.due, found.rule, found.provisional) == (day(4, 30), Rule.MONTH, False)


def test_an_undated_meeting_has_the_months_window_provisionally() -> None:
    found = of(task(4, meetings=("sc-25",), before_workdays=5), meeting())
    assert (found.opens, found.due) == (day(4, 1), day(4, 30))
    assert (found.rule, found.provisional) == (Rule.MEETING_UNDATED, True)


def test_a_task_of_an_undated_meeting_is_neither_nudged_nor_overdue() -> None:
    found = of(task(4, meetings=("sc-25",), before_workdays=5), meeting())
    assert (found.tracked, found.can_be_overdue) == (False, False)


def test_an_undated_last_meeting_makes_it_provisional_though_another_has_a_date() -> None:
    found = of(
        task(4, meetings=("sc-25", "sc-26"), before_workdays=1),
        meeting(day(4, 10)),
        meeting(name="sc-26"),
    )
    assert (found.rule, found.due) == (Rule.MEETING_UNDATED, day(4, 30))


# --- parts of a month


@pytest.mark.parametrize(
    ("month", "part", "opens", "due"),
    [
        (4, Part.EARLY, 1, 10),
        (4, Part.MIDDLE, 13, 20),
        (4, Part.LATE, 21, 30),
        (2, Part.EARLY, 2, 10),
        (2, Part.MIDDLE, 11, 14),
        (2, Part.LATE, 24, 28),
        (10, Part.EARLY, 8, 10),
    ],
)
def test_a_part_of_the_month_lies_between_its_working_days(
    month: int, part: Part, opens: int, due: int
) -> None:
    found = of(task(month, part=part))
    assert (found.opens, found.due, found.rule) == (day(month, opens), day(month, due), Rule.PART)


# --- soft, guessed, year-round, standing


def test_soft_keeps_the_window_and_is_never_overdue() -> None:
    found = of(task(4, soft=True))
    assert (found.due, found.rule) == (day(4, 30), Rule.MONTH)
    assert (found.soft, found.tracked, found.can_be_overdue) == (True, True, False)


def test_a_window_of_an_unannounced_year_is_provisional() -> None:
    tasks = task(4)
    assert window(plan(tasks, year=2027), tasks, DAYS).provisional
    assert not of(tasks).provisional


def test_a_year_round_task_has_each_months_window_as_its_check_in() -> None:
    windows = [of(year_round(), month=month) for month in (1, 2, 10)]
    assert [found.opens for found in windows] == [day(1, 4), day(2, 2), day(10, 8)]
    assert [found.due for found in windows] == [day(1, 30), day(2, 28), day(10, 30)]
    assert {found.rule for found in windows} == {Rule.YEAR_ROUND}


def test_a_year_round_task_is_neither_nudged_nor_overdue() -> None:
    found = of(year_round(), month=4)
    assert (found.tracked, found.can_be_overdue) == (False, False)


def test_a_standing_remark_has_no_window() -> None:
    with pytest.raises(ValueError, match="no window"):
        of(standing())


# --- lights


@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        ("2026-03-31", Light.BLUE),
        ("2026-04-01", Light.GREEN),
        ("2026-04-24", Light.GREEN),
        ("2026-04-26", Light.GREEN),
        ("2026-04-27", Light.YELLOW),
        ("2026-04-30", Light.YELLOW),
        ("2026-05-01", Light.RED),
        ("2026-12-31", Light.RED),
    ],
)
def test_light_on_each_day_where_it_changes(on: str, wanted: Light) -> None:
    assert shown(of(task(4)), on) is wanted


def test_in_january_yellow_falls_on_tuesday_the_27th() -> None:
    found = of(task(1))
    assert (found.due, shown(found, "2026-01-26")) == (day(1, 30), Light.GREEN)
    assert shown(found, "2026-01-27") is Light.YELLOW


def test_make_up_days_count_among_the_days_left() -> None:
    found = of(task(5, due=day(5, 13)))
    assert DAYS.between(day(5, 8), found.due) == 4
    assert shown(found, "2026-05-09") is Light.YELLOW


def test_a_window_shorter_than_three_days_opens_yellow() -> None:
    found = of(task(10, part=Part.EARLY))
    assert [shown(found, f"2026-10-0{n}") for n in (7, 8)] == [Light.BLUE, Light.YELLOW]


def test_done_is_grey_on_every_day() -> None:
    done = Progress({"2026-04-1": day(4, 20)})
    days = ("2026-03-01", "2026-04-29", "2026-06-01")
    assert {shown(of(task(4)), on, done) for on in days} == {Light.GREY}


def test_what_closed_before_the_first_start_is_settled_and_grey() -> None:
    found = of(task(4))
    assert shown(found, "2026-05-10", Progress(started=day(5, 1))) is Light.GREY
    assert shown(found, "2026-05-10", Progress(started=day(4, 30))) is Light.RED


YEAR_OF_DAYS = [
    date(2026, month, number).isoformat() for month in range(1, 13) for number in (1, 28)
]


@pytest.mark.parametrize(
    "timing",
    [{"soft": True}, {"soft": True, "due": day(4, 15)}, {"meetings": ("sc-25",)}],
    ids=["soft", "soft with a due date", "undated meeting"],
)
def test_soft_and_provisional_are_never_red(timing: dict[str, Any]) -> None:
    found = of(task(4, **timing), meeting())
    assert Light.RED not in {shown(found, on) for on in YEAR_OF_DAYS}


def test_an_open_session_without_a_date_is_grey_once_its_month_is_over() -> None:
    found = of(task(4, meetings=("sc-25",)), meeting())
    assert [shown(found, on) for on in ("2026-04-29", "2026-05-01")] == [Light.GREEN, Light.GREY]


def test_a_year_round_check_in_is_never_yellow_or_red() -> None:
    found = of(year_round(), month=4)
    assert {shown(found, on) for on in YEAR_OF_DAYS} == {Light.BLUE, Light.GREEN}


def test_done_once_ends_a_year_round_task_for_the_year() -> None:
    done = Progress({"2026-year-1": day(2, 10)})
    windows = [of(year_round(), month=month) for month in range(1, 13)]
    assert {shown(found, "2026-06-15", done) for found in windows} == {Light.GREY}


def test_a_check_in_ends_a_year_round_task_for_its_month_only() -> None:
    april = Progress(checked_in={("2026-year-1", "2026-04"): day(4, 20)})
    windows = [of(year_round(), month=month) for month in (4, 5)]
    assert [shown(found, "2026-05-15", april) for found in windows] == [Light.GREY, Light.GREEN]


def test_the_light_of_one_task_does_not_follow_another() -> None:
    other = replace(task(4), id="2026-04-2")
    done = Progress({"2026-04-1": day(4, 20)})
    assert shown(of(other), "2026-05-01", done) is Light.RED
