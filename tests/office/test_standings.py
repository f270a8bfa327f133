"""Each task as the secretariat sees it, in a word."""

from datetime import UTC, date, datetime

import pytest

from reminder.documents.templates import WORDS, environment, phrase
from reminder.domain.plan import Task
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.office import overview
from reminder.office.overview import LISTED, LeadStanding, TaskStanding
from tests.domain.builders import LEADER, RELATED, meeting, task, timetable, year_round

DAY = date(2026, 4, 20)
TEMPLATES = environment(None, autoescape=True)


def standing(
    given: Task,
    on: date = DAY,
    progress: Progress | None = None,
    *said: Registration,
    **more: object,
) -> TaskStanding:
    """Without a progress what was said waits to be confirmed."""
    table = timetable(given, meetings=[meeting()], **more)
    waits = {(one.task, one.unit, one.period): DAY for one in said}
    last = {(one.task, one.unit): one for one in said}
    return overview.standing(table, on, progress or Progress(reported=waits), last, given, 4)


def said(
    act: Act = Act.FINISH, unit: str = LEADER, given: str = "2026-04-1", period: str = ""
) -> Registration:
    at = datetime(2026, 4, 20, tzinfo=UTC)
    return Registration(at, act, unit, period, given, Signature("值班员", ""), DAY)


def word(row: TaskStanding | LeadStanding) -> str:
    return phrase(TEMPLATES, WORDS, "office_status", it=row.status)


def when(row: TaskStanding) -> str:
    return phrase(TEMPLATES, "web/console/parts.html", "when", row=row)


@pytest.mark.parametrize(
    ("on", "words", "light"),
    [
        (date(2026, 3, 31), "未开始", "blue"),
        (date(2026, 4, 20), "进行中", "green"),
        (date(2026, 4, 27), "剩3个工作日", "yellow"),
        (date(2026, 4, 30), "最后一个工作日", "yellow"),
        (date(2026, 5, 6), "待确认", "red"),
    ],
)
def test_a_light_has_its_word(on: date, words: str, light: str) -> None:
    row = standing(task(), on)
    assert (word(row), row.status.light) == (words, light)


@pytest.mark.parametrize("relation", Relation)
def test_overdue_is_said_of_an_explicit_day_of_ones_own_house_only(relation: Relation) -> None:
    row = standing(task(due=date(2026, 4, 15)), relations={LEADER: relation})
    assert word(row) == ("已逾期" if relation is Relation.OWN else "待确认")


def test_what_is_reported_waits_and_each_lead_has_its_own_light() -> None:
    found = standing(task(lead=(LEADER, RELATED)), DAY, None, said())
    assert (word(found), found.status.light) == ("待复核 1/2", "review")
    assert [word(lead) for lead in found.leads] == ["待复核", "进行中"]


def test_of_very_many_leads_those_that_have_spoken_stand_first() -> None:
    units = [Unit(f"unit{number}", f"第{number}委员会") for number in range(LISTED + 5)]
    given = task(lead=tuple(unit.id for unit in units), related=())
    found = standing(given, DAY, None, said(unit=units[-1].id), units=units)
    assert (len(found.leads), found.more) == (LISTED, 5)
    assert found.leads[0].unit == units[-1]
    assert word(found) == f"待复核 1/{len(units)}"


def test_what_is_confirmed_is_grey_and_says_whose_report_it_was() -> None:
    done = Progress(done={"2026-04-1": DAY})
    found = standing(task(), DAY, done, said(Act.CONFIRM))
    assert (word(found), found.done_on) == ("已办结", DAY)
    assert found.confirmed == found.leads[0].unit
    assert standing(task(), DAY, done).confirmed is None
    settled = standing(task(), date(2026, 5, 8), Progress(started=date(2026, 5, 6)))
    assert (word(settled), settled.status.light) == ("启用前", "grey")


def test_a_year_round_task_is_checked_in_month_by_month() -> None:
    given = year_round()
    for period, words in (("2026-04", "待复核"), ("2026-03", "进行中")):
        assert word(standing(given, DAY, None, said(given=given.id, period=period))) == words
    checked = standing(given, DAY, Progress(checked_in={(given.id, "2026-04"): DAY}))
    assert (word(checked), checked.done_as) == ("本月已登记", "2026-04")
    closed = standing(given, DAY, Progress(done={given.id: DAY}))
    assert (word(closed), closed.done_as) == ("已办结", "")


def test_a_meeting_without_a_date_says_so() -> None:
    waiting = task(meetings=("sc-25",), before_workdays=5)
    found = standing(waiting)
    assert (when(found), word(found)) == ("会期待定", "进行中")
    later = standing(waiting, date(2026, 5, 6))
    assert (when(later), word(later), later.status.light) == ("暂按4月", "会期待定", "wait")
    assert when(standing(task(soft=True))) == "4月内 · 适时"
