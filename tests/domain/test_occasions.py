"""Nudges and overdue mails: when, how often, to whom; and whom the secretariat phones."""

from datetime import UTC, date, datetime

import pytest

from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    Reminded,
    at,
    due_reminders,
    meeting,
    reminders,
    standing,
    task,
    timetable,
    year_round,
)

YEAR = date(2026, 1, 1), date(2026, 12, 31)
NOTHING: Progress = Progress()


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def mails(table: Timetable, moment: datetime, progress: Progress = NOTHING) -> list[NoticeDraft]:
    return due_reminders(table, moment, progress, set())[0]


def days_of(table: Timetable, kind: Kind, progress: Progress = NOTHING) -> list[str]:
    """On which days of the year mails of that kind go, each noted before the next day."""
    return [draft.period for draft in reminders(table, *YEAR, progress)[0] if draft.kind is kind]


# --- nudges


def test_the_nudge_of_january_falls_on_tuesday_the_27th() -> None:
    assert mails(timetable(task(1)), at(1, 26)) == []
    [draft] = mails(timetable(task(1)), at(1, 27))
    assert (draft.key, draft.unit) == (f"npc-deputies/nudge/2026-01-27/{LEADER}", LEADER)


def test_a_nudge_is_of_use_until_the_end_of_the_due_day() -> None:
    [draft] = mails(timetable(task(1)), at(1, 28))
    assert draft.useful_until == at(1, 31, 0)


def test_a_missed_nudge_is_made_up_on_a_later_working_day() -> None:
    assert [draft.period for draft in mails(timetable(task(1)), at(1, 30))] == ["2026-01-30"]
    assert mails(timetable(task(1), overdue=()), at(1, 31)) == []


def test_nudged_once_for_one_due_date() -> None:
    assert days_of(timetable(task(1)), Kind.NUDGE) == ["2026-01-27"]


def test_nudged_again_when_the_due_date_is_a_new_one() -> None:
    reminded: set[Reminded] = set()
    first, second = (timetable(task(4, due=day(4, number))) for number in (15, 22))
    reminders(first, day(4, 1), day(4, 13), reminded=reminded)
    later = reminders(second, day(4, 14), day(4, 22), reminded=reminded)[0]
    assert [(draft.period, draft.tasks[0][1]) for draft in later] == [("2026-04-17", "2026-04-22")]


def test_each_step_of_several_nudges_goes_once() -> None:
    table = timetable(task(4), nudges=(5, 3, 0))
    assert days_of(table, Kind.NUDGE) == ["2026-04-23", "2026-04-27", "2026-04-30"]


def test_several_tasks_of_a_unit_are_one_mail_a_day() -> None:
    [draft] = mails(timetable(task(4, 1), task(4, 2), task(4, 3)), at(4, 27))
    assert [name for name, _, _ in draft.tasks] == ["2026-04-1", "2026-04-2", "2026-04-3"]


def test_only_tasks_near_their_due_date_are_in_the_nudge() -> None:
    [draft] = mails(timetable(task(4, 1), task(4, 2, due=day(4, 15))), at(4, 10))
    assert [name for name, _, _ in draft.tasks] == ["2026-04-2"]


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        (at(1, 27, 0), 0),
        (at(1, 27, 8, 59), 0),
        (at(1, 27, 9, 0), 1),
        (datetime(2026, 1, 27, 0, 59, tzinfo=UTC), 0),
        (datetime(2026, 1, 27, 1, 0, tzinfo=UTC), 1),
    ],
)
def test_no_nudge_before_nine_in_the_plans_zone(moment: datetime, count: int) -> None:
    assert len(mails(timetable(task(1)), moment)) == count


def test_no_nudge_on_a_rest_day() -> None:
    table = timetable(task(5, due=day(5, 12)))
    assert mails(table, at(5, 10)) == []  # Sunday, two working days left


def test_a_nudge_falls_on_a_make_up_day() -> None:
    assert days_of(timetable(task(5, due=day(5, 13))), Kind.NUDGE) == ["2026-05-09"]


def test_no_nudge_before_the_window_opens() -> None:
    table = timetable(task(4, opens=day(4, 29)))
    assert days_of(table, Kind.NUDGE) == ["2026-04-29"]


def test_only_lead_units_are_nudged() -> None:
    found = reminders(timetable(task(4)), *YEAR)[0]
    assert {draft.unit for draft in found} == {LEADER}


def test_every_lead_unit_of_a_task_is_nudged_by_its_own_mail() -> None:
    table = timetable(task(4, lead=(LEADER, OUTSIDER)))
    assert [draft.unit for draft in mails(table, at(4, 27))] == [LEADER, OUTSIDER]


@pytest.mark.parametrize(
    "progress",
    [Progress({"2026-04-1": day(4, 20)}), Progress(started=day(5, 1))],
    ids=["done", "settled"],
)
def test_what_is_done_or_settled_is_never_reminded_of(progress: Progress) -> None:
    assert reminders(timetable(task(4)), *YEAR, progress) == ([], [])


def test_what_is_not_done_stays_in_the_nudge() -> None:
    table = timetable(task(4, 1), task(4, 2))
    [draft] = mails(table, at(4, 27), Progress({"2026-04-1": day(4, 20)}))
    assert [name for name, _, _ in draft.tasks] == ["2026-04-2"]


def test_an_undated_meeting_is_neither_nudged_nor_overdue() -> None:
    table = timetable(task(4, meetings=("sc-25",), before_workdays=1), meetings=[meeting()])
    assert reminders(table, *YEAR) == ([], [])


def test_a_dated_meeting_is_nudged_before_it() -> None:
    table = timetable(
        task(4, meetings=("sc-25",), before_workdays=1), meetings=[meeting(day(4, 24))]
    )
    assert days_of(table, Kind.NUDGE) == ["2026-04-20"]


def test_year_round_and_standing_tasks_are_neither_nudged_nor_overdue() -> None:
    assert reminders(timetable(year_round(), standing()), *YEAR) == ([], [])


def test_a_soft_task_is_nudged_once_and_never_overdue() -> None:
    table = timetable(task(4, soft=True), nudges=(5, 3))
    found = reminders(table, *YEAR)[0]
    assert [(draft.kind, draft.period) for draft in found] == [(Kind.NUDGE, "2026-04-23")]


def test_a_soft_task_is_not_nudged_again_for_a_new_due_date() -> None:
    reminded: set[Reminded] = set()
    first, second = (timetable(task(4, soft=True, due=day(4, n))) for n in (15, 22))
    reminders(first, day(4, 1), day(4, 13), reminded=reminded)
    assert reminders(second, day(4, 14), day(4, 22), reminded=reminded) == ([], [])


# --- overdue


def test_overdue_after_1_and_7_working_days_and_nothing_after() -> None:
    assert days_of(timetable(task(4)), Kind.OVERDUE) == ["2026-05-06", "2026-05-13"]


def test_an_overdue_mail_is_of_use_until_the_next_step() -> None:
    [draft] = mails(timetable(task(4)), at(5, 6))
    assert draft.useful_until == at(5, 13)


def test_a_missed_first_overdue_mail_is_not_sent_beside_the_second() -> None:
    [draft] = mails(timetable(task(4)), at(5, 13))
    assert [step for _, _, step in draft.tasks] == [7]


def test_overdue_goes_not_before_nine_nor_on_a_rest_day() -> None:
    assert mails(timetable(task(4)), at(5, 6, 8, 59)) == []
    assert mails(timetable(task(4), overdue=(1,)), at(5, 10)) == []


def test_tracking_off_means_no_overdue_mail_and_still_a_nudge() -> None:
    table = timetable(task(4), tracking=False)
    assert days_of(table, Kind.OVERDUE) == []
    assert days_of(table, Kind.NUDGE) == ["2026-04-27"]


def test_a_task_done_after_the_first_step_has_no_second() -> None:
    reminded: set[Reminded] = set()
    table = timetable(task(4))
    reminders(table, *YEAR[:1], day(5, 6), reminded=reminded)
    done = Progress({"2026-04-1": day(5, 8)})
    assert reminders(table, day(5, 8), YEAR[1], done, reminded) == ([], [])


# --- relations


def test_a_local_lead_is_nudged_but_never_overdue() -> None:
    table = timetable(task(4), relations={LEADER: Relation.LOCAL})
    found, calls = reminders(table, *YEAR)
    assert [draft.kind for draft in found] == [Kind.NUDGE]
    assert calls == []


def test_a_parallel_lead_gets_no_mail_and_comes_back_as_calls() -> None:
    table = timetable(task(4), relations={LEADER: Relation.PARALLEL})
    found, calls = reminders(table, *YEAR)
    assert found == []
    assert [(c.unit, c.kind, c.period) for c in calls] == [
        (LEADER, Kind.NUDGE, "2026-04-27"),
        (LEADER, Kind.OVERDUE, "2026-05-06"),
        (LEADER, Kind.OVERDUE, "2026-05-13"),
    ]


def test_a_parallel_lead_does_not_keep_the_nudge_from_another_lead() -> None:
    table = timetable(task(4, lead=(LEADER, OUTSIDER)), relations={OUTSIDER: Relation.PARALLEL})
    found, calls = due_reminders(table, at(4, 27), NOTHING, set())
    assert [draft.unit for draft in found] == [LEADER]
    assert [draft.unit for draft in calls] == [OUTSIDER]


def test_a_unit_without_relation_is_reminded_as_one_of_the_own_house() -> None:
    found = [
        [draft.key for draft in reminders(timetable(task(4), relations={LEADER: r}), *YEAR)[0]]
        for r in (None, Relation.OWN)
    ]
    assert found[0] == found[1] != []
