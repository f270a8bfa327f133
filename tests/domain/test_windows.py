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


@pytest.mark.parametrize(
    ("found", "opens", "due"),
    [
        (task(5), day(5, 6), day(5, 29)),
        (task(4, opens=day(4, 13), part=Part.MIDDLE), day(4, 13), day(4, 20)),
        (task(5, opens=day(4, 20), due=day(5, 4)), day(4, 20), day(4, 30)),
        (task(5, opens=day(5, 1)), day(5, 6), day(5, 29)),
        (task(5, opens=day(5, 9), due=day(5, 9)), day(5, 9), day(5, 9)),  # a make-up day
        (task(4, opens=day(4, 4), due=day(4, 18), exact=True), day(4, 4), day(4, 18)),
        (task(4, opens=day(4, 4), due=day(4, 6)), day(4, 7), day(4, 3)),  # due before it opens
    ],
)
def test_rest_day_moves_due_to_the_working_day_before_and_opens_to_the_one_after(
    found: Task, opens: date, due: date
) -> None:
    assert (of(found).opens, of(found).due) == (opens, due)


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


# --- meetings


@pytest.mark.parametrize(
    ("held", "before", "due"),
    [
        (day(10, 13), 5, day(9, 30)),  # over the make-up Saturday and the holiday
        (day(5, 11), 1, day(5, 9)),
        (day(4, 26), 1, day(4, 24)),  # a Sunday
        (day(4, 22), 0, day(4, 22)),
        (day(4, 25), 0, day(4, 24)),  # a Saturday
    ],
)
def test_before_a_dated_meeting_counts_working_days(held: date, before: int, due: date) -> None:
    found = of(
        task(held.month, meetings=("sc-25",), before_workdays=before),
        meeting(held, month=held.month),
    )
    assert (found.due, found.rule, found.provisional) == (due, Rule.MEETING, False)


def test_a_meeting_in_an_earlier_month_never_puts_due_before_opens() -> None:
    found = of(task(5, meetings=("sc-25",), before_workdays=3), meeting(day(4, 28)))
    assert found.opens <= found.due == day(4, 23)


@pytest.mark.parametrize(
    ("last", "rule", "due"),
    [(day(4, 24), Rule.MEETING, day(4, 23)), (None, Rule.MEETING_UNDATED, day(4, 30))],
)
def test_the_last_of_several_meetings_decides(last: date | None, rule: Rule, due: date) -> None:
    found = of(
        task(4, meetings=("sc-25", "sc-26"), before_workdays=1),
        meeting(day(4, 10)),
        meeting(last, name="sc-26"),
    )
    assert (found.rule, found.due) == (rule, due)


def test_a_dated_meeting_without_a_count_confirms_the_month() -> None:
    found = of(task(4, meetings=("sc-25",)), meeting(day(4, 10)))
    assert (found.due, found.rule, found.provisional) == (day(4, 30), Rule.MONTH, False)


def test_an_undated_meeting_has_the_months_window_provisionally_unless_a_day_is_given() -> None:
    found = of(task(4, meetings=("sc-25",), before_workdays=5), meeting())
    assert (found.opens, found.due, found.rule) == (day(4, 1), day(4, 30), Rule.MEETING_UNDATED)
    assert found.provisional
    found = of(task(4, due=day(4, 15), meetings=("sc-25",)), meeting())
    assert (found.rule, found.provisional, found.tracked) == (Rule.EXPLICIT, False, True)


@pytest.mark.parametrize(
    ("found", "tracked", "overdue"),
    [
        (of(task(4)), True, True),
        (of(task(4, soft=True)), True, False),
        (of(task(4, meetings=("sc-25",)), meeting()), False, False),
        (of(year_round(), month=4), False, False),
    ],
    ids=["month", "soft", "undated", "year-round"],
)
def test_what_is_nudged_and_what_can_be_overdue(
    found: Window, tracked: bool, overdue: bool
) -> None:
    assert (found.tracked, found.can_be_overdue) == (tracked, overdue)


# --- guessed, year-round, standing


def test_a_window_of_an_unannounced_year_is_provisional() -> None:
    tasks = task(4)
    assert window(plan(tasks, year=2027), tasks, DAYS).provisional
    assert not of(tasks).provisional


def test_a_year_round_task_has_each_months_window_as_its_check_in() -> None:
    windows = [of(year_round(), month=month) for month in (1, 2, 10)]
    assert [found.opens for found in windows] == [day(1, 4), day(2, 2), day(10, 8)]
    assert [found.due for found in windows] == [day(1, 30), day(2, 28), day(10, 30)]
    assert {found.rule for found in windows} == {Rule.YEAR_ROUND}


def test_a_standing_remark_has_no_window() -> None:
    with pytest.raises(ValueError, match="no window"):
        of(standing())


# --- lights

GREEN, YELLOW, RED, GREY = Light.GREEN, Light.YELLOW, Light.RED, Light.GREY
APRIL, UNDATED = task(4), of(task(4, meetings=("sc-25",)), meeting())
DONE = Progress({"2026-04-1": day(4, 20), "2026-year-1": day(2, 10)})
CHECKED_IN = Progress(checked_in={("2026-year-1", "2026-04"): day(4, 20)})


@pytest.mark.parametrize(
    ("found", "progress", "on", "light"),
    [
        *((of(APRIL), DONE, on, GREY) for on in ("2026-03-01", "2026-04-29", "2026-06-01")),
        (of(task(5, due=day(5, 13))), Progress(), "2026-05-09", YELLOW),  # a make-up day
        (of(task(10, part=Part.EARLY)), Progress(), "2026-10-08", YELLOW),  # two days long
        (UNDATED, Progress(), "2026-05-01", GREY),
        (of(replace(APRIL, id="2026-04-2")), DONE, "2026-05-01", RED),
        (of(APRIL), Progress(started=day(5, 1)), "2026-05-10", GREY),
        (of(APRIL), Progress(started=day(4, 30)), "2026-05-10", RED),
        *((of(year_round(), month=month), DONE, "2026-06-15", GREY) for month in (1, 6, 12)),
        (of(year_round(), month=4), CHECKED_IN, "2026-05-15", GREY),
        (of(year_round(), month=5), CHECKED_IN, "2026-05-15", GREEN),
    ],
)
def test_light_of_what_is_done_settled_or_checked_in_and_of_short_windows(
    found: Window, progress: Progress, on: str, light: Light
) -> None:
    assert shown(found, on, progress) is light


@pytest.mark.parametrize(
    ("found", "never"),
    [
        (of(task(4, soft=True)), {RED}),
        (of(task(4, soft=True, due=day(4, 15))), {RED}),
        (UNDATED, {RED}),
        (of(year_round(), month=4), {RED, YELLOW, GREY}),
    ],
    ids=["soft", "soft with a due date", "undated meeting", "year-round"],
)
def test_what_cannot_be_late_is_never_red(found: Window, never: set[Light]) -> None:
    year = [date(2026, month, number).isoformat() for month in range(1, 13) for number in (1, 28)]
    assert never.isdisjoint({shown(found, on) for on in year})
