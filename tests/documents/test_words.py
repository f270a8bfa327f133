"""The words that all texts share: each value of an enum has one, each macro says what it should."""

from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from reminder.documents.templates import WORDS, environment, phrase
from reminder.domain.notices import Kind, Reason, State
from reminder.domain.registrations import Act
from reminder.domain.status import TaskState, TaskStatus
from reminder.domain.units import Relation, Unit
from tests.domain.builders import meeting, task, timetable

DAY = date(2026, 4, 5)


def say(macro: str, **facts: object) -> str:
    return phrase(environment(None, autoescape=False), WORDS, macro, **facts)


def test_days_and_numerals() -> None:
    assert say("day", value=DAY) == "4月5日"
    assert say("full_day", value=DAY) == "2026年4月5日"
    assert say("weekday", value=DAY) == "4月5日 周日"
    moment = datetime(2026, 4, 5, 9, 7, tzinfo=UTC)
    assert say("moment", value=moment) == "2026年4月5日 09:07"
    wanted = {1: "一", 10: "十", 12: "十二", 20: "二十", 35: "三十五"}
    assert {number: say("numeral", number=number) for number in wanted} == wanted


def test_units_whose_names_hold_a_comma_are_told_apart() -> None:
    one, other = Unit("a", "甲"), Unit("b", "乙、丙", members=("c", "d"))
    assert say("unit_names", units=[one, one]) == "甲、甲"
    assert say("unit_names", units=[one, other]) == "甲，乙、丙（2个）"


@pytest.mark.parametrize(
    ("macro", "values"), [("kind", Kind), ("notice_state", State), ("step", Reason), ("act", Act)]
)
def test_each_value_has_its_word(macro: str, values: type[StrEnum]) -> None:
    words = [say(macro, value=value) for value in values]
    assert [word for word in words if not word or word.isascii()] == []


def test_past_its_time_an_open_end_is_marked_for_the_secretariat() -> None:
    marks = [say("mark", it=TaskStatus(TaskState.LINGERING, t)) for t in (None, Relation.OWN)]
    assert marks == ["临近", ""]


@pytest.mark.parametrize("macro", ["status", "page_status", "office_status"])
def test_each_state_of_a_task_has_its_word(macro: str) -> None:
    for state in TaskState:
        status = TaskStatus(state, since=DAY, days_left=2)
        assert bool(say(macro, it=status)) is (state is not TaskState.HIDDEN)


def test_windows() -> None:
    table = timetable(
        task(4, 1), task(4, 2, due=date(2026, 4, 15)), task(4, 3, soft=True),
        task(4, 4, meetings=("sc-25",), before_workdays=5), meetings=[meeting()],
    )  # fmt: skip
    said = [
        (say("short_timing", **facts), say("timing", **facts))
        for window in table.windows.values()
        for facts in [{"window": window, "task": table.plan.by_id[window.task]}]
    ]
    assert said == [
        ("4月内", "4月内（4月1日—4月30日）"),
        ("4月15日前", "4月15日 周三前"),
        ("4月内", "4月内（4月1日—4月30日） · 适时"),
        ("4月内", "会期待定，暂按4月（4月1日—4月30日）"),
    ]
