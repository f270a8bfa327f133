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


def at_session(held: date | None, before: int | None, month: int = 0, **more: Any) -> Window:
    month = month or (held.month if held else 4)
    timing = {"meetings": ("sc-25",), "before_workdays": before, **more}
    return of(task(month, **timing), meeting(held, month=month))


def of_two_sessions(last: date | None) -> Window:
    found = task(4, meetings=("sc-25", "sc-26"), before_workdays=1)
    return of(found, meeting(day(4, 10)), meeting(last, name="sc-26"))


EXPLICIT, MEETING, PART, MONTH = Rule.EXPLICIT, Rule.MEETING, Rule.PART, Rule.MONTH
UNDATED = Rule.MEETING_UNDATED
# The rule, and the days on which a window opens and is due.
WINDOWS = {
    "a month's first and last working day": (of(task(5)), MONTH, (5, 6), (5, 29)),
    "opens on a rest day": (of(task(5, opens=day(5, 1))), MONTH, (5, 6), (5, 29)),
    "due on one": (of(task(5, opens=day(4, 20), due=day(5, 4))), EXPLICIT, (4, 20), (4, 30)),
    "a make-up day": (of(task(5, opens=day(5, 9), due=day(5, 9))), EXPLICIT, (5, 9), (5, 9)),
    "exact": (
        of(task(4, opens=day(4, 4), due=day(4, 18), exact=True)), EXPLICIT, (4, 4), (4, 18),
    ),
    "due before opens": (of(task(4, opens=day(4, 4), due=day(4, 6))), EXPLICIT, (4, 7), (4, 3)),
    "early": (of(task(4, part=Part.EARLY)), PART, (4, 1), (4, 10)),
    "middle": (of(task(4, part=Part.MIDDLE)), PART, (4, 13), (4, 20)),
    "late": (of(task(4, part=Part.LATE)), PART, (4, 21), (4, 30)),
    "middle of February": (of(task(2, part=Part.MIDDLE)), PART, (2, 11), (2, 14)),
    "late February": (of(task(2, part=Part.LATE)), PART, (2, 24), (2, 28)),
    "early October": (of(task(10, part=Part.EARLY)), PART, (10, 8), (10, 10)),
    "part and opens": (of(task(4, opens=day(4, 13), part=Part.MIDDLE)), PART, (4, 13), (4, 20)),
    # Over the make-up Saturday and the holiday.
    "before October's session": (at_session(day(10, 13), 5), MEETING, (9, 1), (9, 30)),
    "before a session": (at_session(day(5, 11), 1), MEETING, (5, 6), (5, 9)),
    "before a Sunday's": (at_session(day(4, 26), 1), MEETING, (4, 1), (4, 24)),
    "on its day": (at_session(day(4, 22), 0), MEETING, (4, 1), (4, 22)),
    "on its Saturday": (at_session(day(4, 25), 0), MEETING, (4, 1), (4, 24)),
    "in an earlier month": (at_session(day(4, 28), 3, month=5), MEETING, (4, 1), (4, 23)),
    "the last session has a day": (of_two_sessions(day(4, 24)), MEETING, (4, 1), (4, 23)),
    "the last session has none": (of_two_sessions(None), UNDATED, (4, 1), (4, 30)),
    "a dated session without a count": (at_session(day(4, 10), None), MONTH, (4, 1), (4, 30)),
    "an undated session": (at_session(None, 5), UNDATED, (4, 1), (4, 30)),
    "an undated one and a day": (at_session(None, 5, due=day(4, 15)), EXPLICIT, (4, 1), (4, 15)),
}  # fmt: skip


@pytest.mark.parametrize(("found", "rule", "opens", "due"), WINDOWS.values(), ids=WINDOWS)
def test_a_window_lies_between_working_days_by_its_rule(
    found: Window, rule: Rule, opens: tuple[int, int], due: tuple[int, int]
) -> None:
    assert (found.rule, found.opens, found.due) == (rule, day(*opens), day(*due))
    assert found.provisional is (rule is UNDATED)


@pytest.mark.parametrize(
    ("found", "tracked", "overdue"),
    [
        (of(task(4)), True, True),
        (of(task(4, soft=True)), True, False),
        (at_session(None, None), False, False),
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
APRIL, WAITING = task(4), at_session(None, None)
DONE = Progress({"2026-04-1": day(4, 20), "2026-year-1": day(2, 10)})
CHECKED_IN = Progress(checked_in={("2026-year-1", "2026-04"): day(4, 20)})


@pytest.mark.parametrize(
    ("found", "progress", "on", "light"),
    [
        *((of(APRIL), DONE, on, GREY) for on in ("2026-03-01", "2026-04-29", "2026-06-01")),
        (of(task(5, due=day(5, 13))), Progress(), "2026-05-09", YELLOW),  # a make-up day
        (of(task(10, part=Part.EARLY)), Progress(), "2026-10-08", YELLOW),  # two days long
        (WAITING, Progress(), "2026-05-01", GREY),
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
        (WAITING, {RED}),
        (of(year_round(), month=4), {RED, YELLOW, GREY}),
    ],
    ids=["soft", "soft with a due date", "undated meeting", "year-round"],
)
def test_what_cannot_be_late_is_never_red(found: Window, never: set[Light]) -> None:
    year = [date(2026, month, number).isoformat() for month in range(1, 13) for number in (1, 28)]
    assert never.isdisjoint({shown(found, on) for on in year})
