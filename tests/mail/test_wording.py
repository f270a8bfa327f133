"""How windows and lights read in a digest: a month is an arrangement, not a deadline."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from reminder.domain.plan import Part, Task
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from tests.domain.builders import LEADER, at, meeting, task, timetable
from tests.mail.written import Mail, written


def status(content: Mail) -> str:
    [line] = content.parts[0].lines
    return line.status


@pytest.mark.parametrize(
    ("timing", "on", "wanted"),
    [
        ({}, 1, "进行中"),
        ({}, 24, "进行中"),
        ({}, 27, "剩3个工作日"),
        ({}, 29, "剩1个工作日"),
        ({"part": Part.EARLY}, 20, "待确认"),
        # What is never red, days after the window's last day.
        ({"soft": True}, 35, "进行中"),
        ({"meetings": ("b",)}, 35, "安排月份已过，会期待定"),
    ],
)
def test_the_light_of_a_lead_task_in_words(timing: dict[str, Any], on: int, wanted: str) -> None:
    table = timetable(task(4, **timing), meetings=[meeting(name="b")])
    assert status(written(table, on=at(4, 1) + timedelta(days=on - 1))) == wanted
    done = Progress({"2026-04-1": date(2026, 4, 20)})
    assert "4月20日" in status(written(timetable(task(4)), progress=done, on=27))


@pytest.mark.parametrize(
    ("relation", "wanted"),
    [
        (Relation.OWN, "已逾期"),
        (None, "已逾期"),
        (Relation.LOCAL, "待确认"),
        (Relation.PARALLEL, ""),
    ],
)
def test_only_the_own_house_reads_overdue_and_only_on_an_explicit_date(
    relation: Relation | None, wanted: str
) -> None:
    table = timetable(task(4, due=date(2026, 4, 15)), relations={LEADER: relation})
    assert status(written(table, on=20)) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (task(4), "4月内（4月1日—4月30日）"),
        (task(4, due=date(2026, 4, 15)), "4月15日 周三前"),
        (task(4, part=Part.MIDDLE), "4月中旬（4月13日—4月20日）"),
        (task(4, soft=True), "4月内（4月1日—4月30日） · 适时"),
        (task(4, meetings=("a",), before_workdays=3), "会前3个工作日（4月21日 周二；会议4月24日）"),
        (task(4, meetings=("b",)), "会期待定，暂按4月（4月1日—4月30日）"),
    ],
    ids=["month", "explicit", "part", "soft", "dated meeting", "undated meeting"],
)
def test_a_window_in_words(found: Task, wanted: str) -> None:
    meetings = [meeting(date(2026, 4, 24), name="a"), meeting(name="b")]
    content = written(timetable(found, meetings=meetings))
    assert content.parts[0].lines[0].timing == wanted


def test_a_guessed_date_is_marked_where_it_is_shown_and_no_month_is_called_a_deadline() -> None:
    table = timetable(task(4))
    table = replace(table, plan=replace(table.plan, year=2027))
    [line] = written(table, on=at(4, 1).replace(year=2027)).lines
    assert "暂定" in line.timing
    content = written(timetable(task(3), task(4), task(4, 2, soft=True)), on=20)
    said = content.subject + content.whole
    assert [word for word in ("截止", "逾期", "日前") if word in said] == []


@pytest.mark.parametrize(
    "found", [task(4, due=date(2026, 5, 15)), task(4, meetings=("a",), before_workdays=3)]
)
def test_a_summary_never_says_within_the_month_of_a_date_after_it(found: Task) -> None:
    table = timetable(found, meetings=[meeting(date(2026, 5, 20), name="a")])
    assert table.windows[found.id].due.month == 5
    assert "月内" not in written(table).summary
