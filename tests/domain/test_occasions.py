"""Nudges and overdue mails: when, how often, to whom; and whom the secretariat phones."""

from datetime import UTC, date, datetime

import pytest

from reminder.domain.changes import still_asked, why_needless
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
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
DONE = Progress({"2026-04-1": date(2026, 4, 20)})


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def mails(table: Timetable, moment: datetime, progress: Progress = NOTHING) -> list[NoticeDraft]:
    return due_reminders(table, moment, progress, set())[0]


def tasks_of(draft: NoticeDraft) -> list[str]:
    return [name for name, _, _ in draft.tasks]


AT_SESSION = task(4, meetings=("sc-25",), before_workdays=1)
NUDGE, BOTH = ["04-27"], ["05-06", "05-13"]
# The days of a year on which the leader is nudged, and asked after the window's end.
DAYS: dict[str, tuple[Timetable, list[str], list[str]]] = {
    "once for a due date": (timetable(task(1), overdue=()), ["01-27"], []),
    "each step once": (timetable(task(4), nudges=(5, 0)), ["04-23", "04-30"], BOTH),
    "on a make-up day": (timetable(task(5, due=day(5, 13)), overdue=()), ["05-09"], []),
    "not before it opens": (timetable(task(4, opens=day(4, 29)), overdue=()), ["04-29"], []),
    "1 and 7 working days after the end": (timetable(task(4)), NUDGE, BOTH),
    "without tracking none after it": (timetable(task(4), tracking=False), NUDGE, []),
    "a soft task once": (timetable(task(4, soft=True), nudges=(5, 3)), ["04-23"], []),
    "a dated session before it": (
        timetable(AT_SESSION, meetings=[meeting(day(4, 24))], overdue=()), ["04-20"], [],
    ),
    "an undated session never": (timetable(AT_SESSION, meetings=[meeting()]), [], []),
    "year-round and standing never": (timetable(year_round(), standing()), [], []),
    "without a relation": (timetable(task(4), relations={LEADER: None}), NUDGE, BOTH),
    "a local unit": (timetable(task(4), relations={LEADER: Relation.LOCAL}), NUDGE, []),
}  # fmt: skip


@pytest.mark.parametrize(("table", "nudges", "overdue"), DAYS.values(), ids=DAYS)
def test_the_year_has_these_reminders(
    table: Timetable, nudges: list[str], overdue: list[str]
) -> None:
    found, calls = reminders(table, *YEAR)
    assert {draft.unit for draft in found} <= {LEADER}
    assert calls == []
    for kind, days in ((Kind.NUDGE, nudges), (Kind.OVERDUE, overdue)):
        assert [draft.period for draft in found if draft.kind is kind] == [
            f"2026-{d}" for d in days
        ]


def test_a_nudge_is_of_use_until_the_end_of_the_due_day() -> None:
    [draft] = mails(timetable(task(1)), at(1, 28))
    assert draft.key == f"npc-deputies/nudge/2026-01-28/{LEADER}"
    assert draft.useful_until == at(1, 31, 0)


def test_a_missed_nudge_is_made_up_on_a_later_working_day() -> None:
    assert [draft.period for draft in mails(timetable(task(1)), at(1, 30))] == ["2026-01-30"]
    assert mails(timetable(task(1), overdue=()), at(1, 31)) == []


@pytest.mark.parametrize(("soft", "again"), [(False, [("2026-04-17", "2026-04-22")]), (True, [])])
def test_a_task_is_nudged_again_for_a_new_due_date_unless_it_is_soft(
    soft: bool, again: list[tuple[str, str]]
) -> None:
    reminded: set[Reminded] = set()
    first, second = (timetable(task(4, soft=soft, due=day(4, n))) for n in (15, 22))
    reminders(first, day(4, 1), day(4, 13), reminded=reminded)
    later = reminders(second, day(4, 14), day(4, 22), reminded=reminded)[0]
    assert [(draft.period, draft.tasks[0][1]) for draft in later] == again


@pytest.mark.parametrize("soft", [False, True])
def test_a_nudge_that_waits_still_asks_for_its_task(soft: bool) -> None:
    table = timetable(task(4, soft=soft))
    [draft] = mails(table, at(4, 27))
    assert still_asked(table, draft, Progress()) == draft
    assert why_needless(table, draft, Progress()) is None


def test_tasks_of_a_unit_that_are_near_their_due_date_and_not_done_are_one_mail_a_day() -> None:
    table = timetable(task(4, 1), task(4, 2, due=day(4, 15)), task(4, 3))
    assert [tasks_of(draft) for draft in mails(table, at(4, 10))] == [["2026-04-2"]]
    table = timetable(task(4, 1), task(4, 2))
    assert [tasks_of(draft) for draft in mails(table, at(4, 27))] == [["2026-04-1", "2026-04-2"]]
    assert [tasks_of(draft) for draft in mails(table, at(4, 27), DONE)] == [["2026-04-2"]]


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        (at(1, 27, 8, 59), 0),
        (at(1, 27, 9, 0), 1),
        (datetime(2026, 1, 27, 0, 59, tzinfo=UTC), 0),
        (datetime(2026, 1, 27, 1, 0, tzinfo=UTC), 1),
        (at(2, 2, 8, 59), 0),  # overdue
        (at(2, 2, 9, 0), 1),
        (at(1, 31), 0),  # a rest day
        (at(2, 1), 0),
    ],
)
def test_nothing_goes_before_nine_in_the_plans_zone_nor_on_a_rest_day(
    moment: datetime, count: int
) -> None:
    assert len(mails(timetable(task(1)), moment)) == count


@pytest.mark.parametrize("progress", [DONE, Progress(started=day(5, 1))], ids=["done", "settled"])
def test_what_is_done_or_settled_is_never_reminded_of(progress: Progress) -> None:
    assert reminders(timetable(task(4)), *YEAR, progress) == ([], [])


def test_an_overdue_mail_is_of_use_until_the_next_step_which_goes_without_it() -> None:
    for moment, step, until in ((at(5, 6), 1, at(5, 13)), (at(5, 13), 7, at(6, 1, 0))):
        [draft] = mails(timetable(task(4)), moment)
        assert [found for _, _, found in draft.tasks] == [step]
        assert draft.useful_until == until


def test_a_task_done_after_the_first_step_has_no_second() -> None:
    reminded: set[Reminded] = set()
    table = timetable(task(4))
    reminders(table, *YEAR[:1], day(5, 6), reminded=reminded)
    done = Progress({"2026-04-1": day(5, 8)})
    assert reminders(table, day(5, 8), YEAR[1], done, reminded) == ([], [])


def test_every_lead_has_its_own_mail_and_a_parallel_one_comes_back_as_calls() -> None:
    leads = task(4, lead=(LEADER, RELATED, OUTSIDER), related=())
    table = timetable(leads, relations={OUTSIDER: Relation.PARALLEL})
    assert [draft.unit for draft in mails(table, at(4, 27))] == [LEADER, RELATED]
    found, calls = reminders(table, *YEAR)
    assert {draft.unit for draft in found} == {LEADER, RELATED}
    assert [(c.unit, c.kind, c.period) for c in calls] == [
        (OUTSIDER, Kind.NUDGE, "2026-04-27"),
        (OUTSIDER, Kind.OVERDUE, "2026-05-06"),
        (OUTSIDER, Kind.OVERDUE, "2026-05-13"),
    ]
