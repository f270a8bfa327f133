"""Whom the secretariat phones."""

from datetime import date

import pytest

from reminder.domain.plan import Task
from reminder.domain.status import calls_on_tasks, is_signature_missing
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, at_times, meeting, task, timetable

OWN, LOCAL, PARALLEL = Relation.OWN, Relation.LOCAL, Relation.PARALLEL
APRIL, PAST = date(2026, 4, 20), date(2026, 5, 6)
[ONE_DAY], [SPAN] = at_times("4月18日"), at_times("5—10月")
UNDATED = task(meetings=("sc-25",), before_workdays=5)
REPORTED = Progress(reported={("2026-04-1", LEADER, ""): APRIL})


@pytest.mark.parametrize(
    ("given", "relation", "on", "progress", "past"),
    [
        (task(), PARALLEL, date(2026, 4, 24), Progress(), []),
        (task(), PARALLEL, date(2026, 4, 27), Progress(), [False]),
        (task(), PARALLEL, PAST, Progress(), [True]),
        *((task(), relation, date(2026, 4, 30), Progress(), []) for relation in (OWN, LOCAL)),
        *((task(), relation, date(2026, 5, 1), Progress(), [True]) for relation in (OWN, LOCAL)),
        (task(), OWN, PAST, REPORTED, []),
        (task(), OWN, PAST, Progress(done={"2026-04-1": APRIL}), []),
        (task(), OWN, PAST, Progress(started=date(2026, 5, 2)), []),
        (task(soft=True), OWN, PAST, Progress(), []),
        (UNDATED, OWN, PAST, Progress(), []),
        (ONE_DAY, PARALLEL, date(2026, 4, 13), Progress(), []),
        (ONE_DAY, PARALLEL, date(2026, 4, 14), Progress(), [False]),
        (SPAN, PARALLEL, date(2026, 6, 30), Progress(), []),
        (SPAN, PARALLEL, date(2026, 10, 27), Progress(), [False]),
    ],
)
def test_another_body_is_phoned_when_its_task_is_closing_and_ones_own_when_it_is_past(
    given: Task, relation: Relation, on: date, progress: Progress, past: list[bool]
) -> None:
    """Unless it has reported, is done or settled, or cannot be overdue."""
    table = timetable(given, relations={LEADER: relation}, meetings=[meeting()])
    calls = calls_on_tasks(table, on, progress)
    assert [(call.unit.id, call.is_past) for call in calls] == [(LEADER, past) for past in past]


def test_without_tracking_nobody_of_the_house_is_phoned() -> None:
    assert list(calls_on_tasks(timetable(task(), tracking=False), PAST, Progress())) == []


FIRST, LATE = date(2026, 4, 1), date(2026, 4, 20)


@pytest.mark.parametrize(
    ("month", "mailed", "on", "missing"),
    [
        (4, FIRST, date(2026, 4, 3), False),  # the second working day
        (4, FIRST, date(2026, 4, 6), False),  # a holiday behind it
        (4, FIRST, date(2026, 4, 7), True),
        (4, FIRST, date(2026, 4, 30), True),
        (4, FIRST, date(2026, 5, 1), False),  # May's digest is to be signed now
        (4, LATE, date(2026, 4, 22), False),  # it was held, or its mailbox full
        (4, LATE, date(2026, 4, 23), True),
        (4, date(2026, 4, 29), date(2026, 4, 30), False),
        (4, date(2026, 3, 26), date(2026, 3, 31), True),  # it goes some days before its month
        (10, date(2026, 10, 8), date(2026, 10, 10), False),  # a make-up Saturday counts
        (10, date(2026, 10, 8), date(2026, 10, 12), True),
    ],
)
def test_a_signature_is_missing_from_the_third_working_day_after_the_mail_until_the_months_end(
    month: int, mailed: date, on: date, missing: bool
) -> None:
    assert is_signature_missing(timetable(task(month)), month, mailed, on) == missing
