"""Each task as the secretariat sees it, in a word."""

from datetime import UTC, date, datetime

import pytest

from reminder.documents.settings_sources import SettingsSources
from reminder.documents.templates import WORDS, environment, phrase
from reminder.domain.plan import Task
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.office.overview import LISTED, LeadStanding, TaskStanding
from reminder.office.overview import standing as standing_of
from tests.domain.builders import LEADER, RELATED, meeting, task, timetable, year_round

DAY = date(2026, 4, 20)
AT = datetime(2026, 4, 20, tzinfo=UTC)


def standing(
    given: Task,
    on: date = DAY,
    progress: Progress | None = None,
    *said: Registration,
    relation: Relation = Relation.OWN,
) -> TaskStanding:
    table = timetable(given, relations={LEADER: relation}, meetings=[meeting()])
    last = {(one.task, one.unit): one for one in said}
    return standing_of(table, on, progress or waiting(*said), last, given, 4)


def waiting(*said: Registration) -> Progress:
    return Progress(reported={(one.task, one.unit, one.period): one.done_on for one in said})


def said(
    act: Act = Act.FINISH, unit: str = LEADER, given: str = "2026-04-1", period: str = ""
) -> Registration:
    return Registration(AT, act, unit, period, given, Signature("值班员", ""), DAY)


def say(template: str, macro: str, **facts: object) -> str:
    return phrase(environment(SettingsSources().load(), autoescape=True), template, macro, **facts)


def word(row: TaskStanding | LeadStanding) -> str:
    return say(WORDS, "office_status", it=row.status)


def when(row: TaskStanding) -> str:
    return say("web/console/parts.html", "when", row=row)


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


def test_overdue_is_said_of_an_explicit_day_of_ones_own_house_only() -> None:
    explicit = task(due=date(2026, 4, 15))
    assert word(standing(explicit)) == "已逾期"
    for relation in (Relation.LOCAL, Relation.PARALLEL):
        assert word(standing(explicit, relation=relation)) == "待确认"


def test_what_is_reported_waits() -> None:
    found = standing(task(), DAY, None, said())
    assert (word(found), found.status.light) == ("待复核", "wait")


def test_of_several_leads_each_has_its_own_light() -> None:
    found = standing(task(lead=(LEADER, RELATED)), DAY, None, said())
    assert word(found) == "待复核 1/2"
    assert [word(lead) for lead in found.leads] == ["待复核", "进行中"]


def test_of_very_many_leads_those_that_have_spoken_stand_first() -> None:
    units = [Unit(f"unit{number}", f"第{number}委员会") for number in range(LISTED + 5)]
    given = task(lead=tuple(unit.id for unit in units), related=())
    last = said(unit=units[-1].id)
    table, words = timetable(given, units=units), {(given.id, last.unit): last}
    found = standing_of(table, DAY, waiting(last), words, given, 4)
    assert (len(found.leads), found.more) == (LISTED, 5)
    assert found.leads[0].unit == units[-1]
    assert word(found) == f"待复核 1/{len(units)}"


def test_what_is_confirmed_is_grey_and_says_whose_report_it_was() -> None:
    done = Progress(done={"2026-04-1": DAY})
    found = standing(task(), DAY, done, said(Act.CONFIRM))
    assert (word(found), found.done_on) == ("已办结", DAY)
    assert found.confirmed == found.leads[0].unit
    assert standing(task(), DAY, done).confirmed is None


def test_what_was_over_before_the_first_start_is_settled() -> None:
    found = standing(task(), date(2026, 5, 8), Progress(started=date(2026, 5, 6)))
    assert (word(found), found.status.light) == ("启用前", "grey")


def test_a_year_round_task_is_checked_in_month_by_month() -> None:
    given = year_round()
    waits = said(given=given.id, period="2026-04")
    assert word(standing(given, DAY, None, waits)) == "待复核"
    assert word(standing(given, DAY, None, said(given=given.id, period="2026-03"))) == "进行中"
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
