"""Who gets which digest, and what is foretold of a year."""

from collections import Counter
from datetime import date, time

import pytest

from reminder.documents.office import Office
from reminder.domain.notices import Kind
from reminder.domain.occasions import digest_draft, digest_units, forecast
from reminder.domain.plan import Part, Task
from reminder.domain.schedule import Addressees
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
    UNITS,
    at,
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


# --- digests


def digest_of(table: Timetable, month: int, progress: Progress = NOTHING) -> tuple[str, ...]:
    return digest_units(table, month, table.digest_day(month), progress)


def test_a_unit_gets_one_digest_whatever_its_roles_and_groups() -> None:
    group = Unit("congresses", "各市、县（区）人大常委会", members=(RELATED, OUTSIDER))
    table = timetable(
        task(4, related=("congresses",)),
        task(4, 2, lead=(RELATED,), related=(LEADER,)),
        units=(*UNITS, group),
    )
    assert Counter(digest_of(table, 4)) == {LEADER: 1, RELATED: 1, OUTSIDER: 1}


def test_a_unit_with_only_unconfirmed_tasks_gets_a_digest() -> None:
    table = timetable(task(3), task(4, lead=(OUTSIDER,)))
    assert LEADER in digest_of(table, 4)
    assert LEADER not in digest_of(table, 4, Progress({"2026-03-1": day(3, 20)}))
    # In a month without rows too.
    found = forecast(
        timetable(task(3)), day(4, 1), day(4, 1), at(4, 1), Progress(started=day(3, 2))
    )
    assert [(o.kind, o.units) for o in found] == [(Kind.DIGEST, (LEADER,))]


MARCH_AND_APRIL = task(3), task(4, lead=(OUTSIDER,))


@pytest.mark.parametrize(
    "table",
    [
        timetable(*MARCH_AND_APRIL, tracking=False),
        timetable(*MARCH_AND_APRIL, relations={LEADER: Relation.PARALLEL}),
        timetable(task(3, soft=True), MARCH_AND_APRIL[1]),
        timetable(task(3, meetings=("sc-25",)), MARCH_AND_APRIL[1], meetings=[meeting()]),
    ],
    ids=["tracking off", "parallel", "soft", "undated"],
)
def test_what_nobody_asks_after_brings_no_digest(table: Timetable) -> None:
    assert digest_of(table, 4) == (OUTSIDER, RELATED)


def test_year_round_and_standing_tasks_never_cause_a_digest_by_themselves() -> None:
    table = timetable(task(1), task(4, lead=(OUTSIDER,), related=()), year_round(), standing())
    done = Progress({"2026-01-1": day(1, 20)})
    assert digest_of(table, 4, done) == (OUTSIDER,)


@pytest.mark.parametrize(
    ("tasks", "months"),
    [
        ((task(1), task(2)), [1]),
        ((task(2),), [1]),  # though January has no row
        ((task(1), task(12, lead=(OUTSIDER,))), [12]),
    ],
)
def test_a_unit_of_year_round_rows_alone_gets_januarys_digest(
    tasks: tuple[Task, ...], months: list[int]
) -> None:
    table = timetable(*tasks, year_round(related=(OUTSIDER,)))
    assert [month for month in range(1, 13) if OUTSIDER in digest_of(table, month)] == months


def test_a_digest_is_due_at_nine_and_of_use_until_the_months_end() -> None:
    draft = digest_draft(timetable(task(10)), 10, LEADER)
    assert (draft.due, draft.useful_until) == (at(10, 8), at(11, 1, 0))
    assert draft.key == f"npc-deputies/digest/2026-10/{LEADER}"
    early = timetable(task(10), at=time(8, 30), workdays_before=2)
    assert early.digest_due(10) == at(9, 29, 8, 30)


# --- forecast


def test_forecast_names_every_occasion_with_its_units() -> None:
    found = forecast(timetable(task(4)), *YEAR, at(3, 1), NOTHING)
    assert [(o.kind, o.period, o.at, o.units) for o in found] == [
        (Kind.DIGEST, "2026-04", at(4, 1), (LEADER, RELATED)),
        (Kind.NUDGE, "2026-04-27", at(4, 27), (LEADER,)),
        (Kind.DIGEST, "2026-05", at(5, 6), (LEADER,)),
        (Kind.OVERDUE, "2026-05-13", at(5, 13), (LEADER,)),
    ]
    within = forecast(timetable(task(4)), day(4, 27), day(5, 6), at(3, 1), NOTHING)
    assert [occasion.period for occasion in within] == ["2026-04-27", "2026-05"]


def test_forecast_leaves_out_what_is_done_and_whom_nobody_presses() -> None:
    done = Progress({"2026-04-1": day(4, 20)})
    parallel = timetable(task(4), relations={LEADER: Relation.PARALLEL})
    for table, progress in ((timetable(task(4)), done), (parallel, NOTHING)):
        found = forecast(table, *YEAR, at(4, 21), progress)
        assert [occasion.kind for occasion in found] == [Kind.DIGEST]


def test_forecast_has_no_second_mail_on_the_day_of_a_digest_but_for_who_read_none() -> None:
    table = timetable(task(4), task(5, lead=(OUTSIDER,)))
    found = forecast(table, day(5, 6), day(5, 6), at(3, 1), NOTHING)
    assert [(o.kind, o.units) for o in found] == [(Kind.DIGEST, (OUTSIDER, RELATED, LEADER))]
    others = {(Kind.OVERDUE, 1): Addressees(secretariat=("chief@unit.example",))}
    table = timetable(task(4), escalation=others)
    found = forecast(table, day(5, 6), day(5, 6), at(3, 1), NOTHING)
    assert [occasion.kind for occasion in found] == [Kind.DIGEST, Kind.OVERDUE]


OTHERS = Addressees(lead=False, secretariat=("office@unit.example",))
ESCALATED = {(Kind.NUDGE, 3): OTHERS, (Kind.OVERDUE, 1): OTHERS, (Kind.OVERDUE, 7): OTHERS}


@pytest.mark.parametrize(
    "table",
    [
        *(
            timetable(task(4, **timing), nudges=(3, 0))
            for timing in (
                {},
                {"soft": True},
                {"due": day(4, 15)},
                {"opens": day(4, 29)},
                {"part": Part.MIDDLE},
                {"due": day(4, 18), "exact": True},  # a Saturday
                {"opens": day(4, 18), "due": day(4, 21), "exact": True},
            )
        ),
        *(
            timetable(task(4), relations={LEADER: relation}, escalation=ESCALATED)
            for relation in (Relation.OWN, Relation.LOCAL)
        ),
    ],
)
def test_forecast_names_the_days_on_which_reminders_are_found_due(table: Timetable) -> None:
    foretold = forecast(table, *YEAR, at(3, 1), NOTHING)
    after_digests = not table.schedule.escalation  # who is told beside the lead read none
    found = reminders(table, *YEAR, after_digests=after_digests)[0]
    assert [(o.kind, o.period) for o in foretold if o.kind is not Kind.DIGEST] == [
        (draft.kind, draft.period) for draft in found
    ]


def test_forecast_of_2026_has_twelve_digests_and_the_first_nudge_in_january(office: Office) -> None:
    found = list(forecast(office.table, *YEAR, at(1, 1), NOTHING))
    digests = [occasion.period for occasion in found if occasion.kind is Kind.DIGEST]
    assert digests == [f"2026-{month:02}" for month in range(1, 13)]
    assert next(o.at for o in found if o.kind is Kind.NUDGE) == at(1, 27)
