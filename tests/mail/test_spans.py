"""What mails say of a time of several months, of days, of several times."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.occasions import digest_units
from reminder.domain.occurrences import occurrences, read_row
from reminder.domain.plan import Task
from reminder.domain.series import linked
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.when import Term, parse_when
from reminder.domain.windows import Progress
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
    at_times,
    meeting,
    task,
    timetable,
)
from tests.mail.written import written

SPAN = at_times("5—10月")
DONE = Progress({"w-1": date(2026, 7, 10)})
REPORTED = Progress(reported={("w-1", LEADER, ""): date(2026, 7, 10)})
SETTLED = Progress(started=date(2026, 6, 1))


def rows(table: Timetable, unit: str, progress: Progress) -> str:
    """A letter for each month: what its digest has of the task, `.` for nothing."""
    letters = {
        "lead": "L",
        "related": "R",
        "confirm": "C",
        "next-lead": "N",
        "next-related": "n",
        "older": "O",
    }
    found = []
    for month in table.plan.months:
        day = table.digest_day(month)
        gets = unit in digest_units(table, month, day, progress)
        kinds = written(table, unit, month, progress).kinds
        assert gets is bool(set(kinds) & {"lead", "related", "confirm", "older"})
        found.append("".join(letters[kind] for kind in kinds) or ".")
    return " ".join(found)


@pytest.mark.parametrize(
    ("words", "unit", "progress", "months"),
    [
        ("5—10月", LEADER, Progress(), ". . . N L L L L L L C C"),
        ("5—10月", RELATED, Progress(), ". . . n R R R R R R . ."),
        ("5—10月", OUTSIDER, Progress(), ". . . . . . . . . . . ."),
        ("5—10月", LEADER, DONE, ". . . N L L L . . . . ."),
        ("5—10月", RELATED, DONE, ". . . n R R R . . . . ."),
        ("5—10月", LEADER, REPORTED, ". . . N L L L . . . . ."),
        ("5—10月", RELATED, REPORTED, ". . . n R R R R R R . ."),
        ("5—10月", LEADER, SETTLED, ". . . N L L L L L L C C"),
        ("年底前", LEADER, Progress(), "L L L L L L L L L L L L"),
        ("4月10日—5月8日", LEADER, Progress(), ". . N L L C C O O O O O"),
        ("10月5日前", LEADER, Progress(), ". . . . . . . N L C C O"),
        ("3月、11—12月", LEADER, Progress(), ". N L C C O O O O ON LO LO"),
        ("7—9月、适时", LEADER, Progress(), ". . . . . N L L L . . ."),
    ],
)
def test_a_task_stands_in_each_month_that_its_window_touches_while_it_is_open(
    words: str, unit: str, progress: Progress, months: str
) -> None:
    assert rows(timetable(*at_times(words)), unit, progress) == months


@pytest.mark.parametrize(
    ("tasks", "month", "subject", "first"),
    [
        (SPAN, 6, "承办1项：5—10月的工作", "6月承办1项，跨月安排（至10月30日 周五）。"),
        (SPAN, 10, "承办1项：5—10月的工作", "10月承办1项，安排在月内（至10月30日 周五）。"),
        (
            [task(6), *SPAN],
            6,
            "承办2项：6月表列第1项工作、5—10月的工作",
            "6月承办2项，安排在月内（至6月30日 周二），另有1项跨月安排（至10月30日 周五）。",
        ),
        (
            [task(6), *at_times("年底前")],
            6,
            "承办2项：6月表列第1项工作、年底前的工作",
            "6月承办2项，安排在月内（至6月30日 周二），另有1项跨月安排（至12月31日 周四）。",
        ),
        (
            [*SPAN, *at_times("6—7月", 2)],
            6,
            "承办2项：5—10月的工作、6—7月的工作",
            "6月承办2项，均跨月安排（最早至7月31日 周五）。",
        ),
        (
            at_times("11月—次年3月"),
            12,
            "承办1项：11月—次年3月的工作",
            "12月承办1项，跨月安排（至2027年3月31日 周三）。",
        ),
        (
            [task(4), *at_times("4月底前")],
            4,
            "承办2项：4月表列第1项工作、4月底前的工作",
            "4月承办2项，安排在月内（至4月30日 周四），其中1项4月底前（4月30日 周四）。",
        ),
        (
            at_times("4月15日"),
            4,
            "承办1项：4月15日的工作",
            "4月承办1项，4月15日。",
        ),
    ],
)
def test_the_first_sentence_tells_the_month_from_what_goes_on_after_it(
    tasks: Sequence[Task], month: int, subject: str, first: str
) -> None:
    mail = written(timetable(*tasks), month=month)
    assert mail.subject == f"【代表工作·{month}月】{subject}"
    assert mail.summary == first


TERM = Term(2026)
DATED = meeting(date(2026, 4, 24))
WORDED = {
    "months": ("5—10月", 6, "5—10月（5月6日—10月30日） · 第2个月", "5—10月 · 第2个月"),
    "over the new year": (
        "11月—次年3月",
        12,
        "11月—次年3月（11月2日—2027年3月31日）（工作日安排尚未公布，日期暂定） · 第2个月",
        "11月—次年3月 · 第2个月",
    ),
    "part": ("4月中下旬", 4, "4月中下旬（4月13日—4月30日）", "4月中下旬"),
    "half a year": (
        "上半年",
        2,
        "上半年（1月4日—6月30日） · 第2个月",
        "上半年 · 第2个月",
    ),
    "a quarter": (
        "一季度、适时",
        1,
        "一季度（1月4日—3月31日） · 适时 · 第1个月",
        "一季度 · 第1个月",
    ),
    "other signs": (
        "５月 至 10月",
        6,
        "5月至10月（5月6日—10月30日） · 第2个月",
        "5月至10月 · 第2个月",
    ),
    "a month": ("4月", 4, "4月内（4月1日—4月30日）", ""),
    "one of several": ("每季度", 2, "1—3月（1月4日—3月31日） · 第2个月", "1—3月 · 第2个月"),
    "a month's begin": ("4月初", 4, "4月初（4月1日—4月10日）", "4月初"),
    "before": ("年底前", 6, "年底前（12月31日 周四）", "年底前"),
    "before a month's end": ("5月底前", 5, "5月底前（5月29日 周五）", "5月底前"),
    "before a day": ("5月10日前", 5, "5月9日 周六前", "5月9日前"),
    "days": ("4月10日—15日", 4, "4月10日—4月15日", "4月10日—15日"),
    "days of two months": ("4月10日—5月8日", 5, "4月10日—5月8日", "4月10日—5月8日"),
    "a day": ("4月18日", 4, "4月18日 周六", "4月18日"),
}


@pytest.mark.parametrize(("words", "month", "lead", "related"), WORDED.values(), ids=WORDED)
def test_a_time_in_words(words: str, month: int, lead: str, related: str) -> None:
    table = timetable(*at_times(words))
    for unit, wanted in ((LEADER, lead), (RELATED, related)):
        assert [line.timing for line in written(table, unit, month).lines] == [wanted]


@pytest.mark.parametrize(
    ("words", "month", "wanted"),
    [
        ("上半年", 2, "上半年 · 第2个月"),
        ("年底前", 2, "年底前"),
        ("4月底前", 4, ""),
        ("4月10日—5月8日", 5, "4—5月"),
    ],
)
def test_another_body_reads_no_day_that_the_table_does_not_say(
    words: str, month: int, wanted: str
) -> None:
    table = timetable(*at_times(words), relations={RELATED: Relation.PARALLEL})
    assert [line.timing for line in written(table, RELATED, month).lines] == [wanted]


def test_a_due_day_beside_the_words_is_what_counts() -> None:
    [one] = at_times("上半年")
    due = replace(one, timing=replace(one.timing, due=date(2026, 6, 18)))
    assert [line.timing for line in written(timetable(due), month=2).lines] == ["6月18日 周四前"]


def test_a_task_that_is_soft_keeps_its_rows_words() -> None:
    row, own = (read_row(text, parse_when(text, TERM), TERM) for text in ("上半年", "适时"))
    [one] = occurrences(replace(task(0), id="w-1"), own.within(row), TERM)
    [line] = written(timetable(one), month=2).lines
    assert (one.when, line.timing) == (
        "上半年、适时",
        "上半年（1月4日—6月30日） · 适时 · 第2个月",
    )


def test_words_wait_for_a_session_as_months_do() -> None:
    table = timetable(*at_times("上半年", meetings=("sc-25",)), meetings=[meeting()])
    [line] = written(table, month=2).lines
    assert line.timing == "会期待定，暂按上半年（1月4日—6月30日）"


@pytest.mark.parametrize(
    ("words", "lead", "other_body", "related"),
    [
        ("会前5个工作日", "会前5个工作日（4月17日 周五；会议4月24日）", "会前5个工作日", ""),
        ("会前10日", "会前10日（4月14日 周二；会议4月24日）", "会前10日", ""),
        (
            "会后1个月内",
            "会后1个月内（5月22日 周五；会议4月24日）",
            "会后1个月内",
            "会后1个月内",
        ),
    ],
)
def test_a_time_that_counts_from_a_meeting(
    words: str, lead: str, other_body: str, related: str
) -> None:
    tasks = at_times(words, month=4, meetings=("sc-25",))
    table = timetable(*tasks, meetings=[DATED])
    assert [line.timing for line in written(table).lines] == [lead]
    assert [line.timing for line in written(table, RELATED).lines] == [related]
    other = timetable(*tasks, meetings=[DATED], relations={LEADER: Relation.PARALLEL})
    assert [line.timing for line in written(other).lines] == [other_body]


def test_what_begins_next_month_is_announced_with_its_end_and_the_year() -> None:
    table = timetable(*at_times("12月—次年3月"))
    heading = written(table, month=11).heading("next-lead")
    assert heading == "12月预告（承办1项，12月1日—2027年3月31日）"


def test_a_span_goes_on_in_the_next_years_table_and_is_asked_for_after_its_end() -> None:
    ends = timetable(*at_times("10月—次年3月"), *at_times("次年2月", 2))
    begins = replace(task(1), id="2027-01-1")
    following = replace(ends, plan=replace(ends.plan, year=2027, tasks=(begins,)))
    _, table = linked((ends, following))
    march, april = (written(table, month=month) for month in (3, 4))
    assert march.summary.startswith("3月承办1项，安排在月内（至3月31日 周三）")
    assert march.parts[0].lines[0].timing.endswith("第6个月")
    months = ("2月待确认", "3月待确认")
    assert [part.title[:5] for part in april.parts if part.kind == "confirm"] == [*months]
