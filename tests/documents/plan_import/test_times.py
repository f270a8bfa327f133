"""Time cells, in the words of a plan or as a question."""

import pytest

from reminder.documents.plan_import.draft import Doubt
from reminder.documents.plan_import.times import read_time, whole_month
from reminder.domain.plan import TaskKind
from reminder.domain.when import Term

YEAR, SCHOOL_YEAR = Term(2026), Term(2026, 9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4月", "4月"),
        ("四月份", "4月"),
        ("11\n月", "11月"),
        ("2026年4月", "4月"),
        ("2026.4", "4月"),
        ("2026-04-15", "4月15日"),
        ("2026/4/15", "4月15日"),
        ("2026.4.15-4.20", "4月15日-4月20日"),
        ("4.15", "4月15日"),
        ("4.15前", "4月15日前"),
        ("3.1—3.5", "3月1日—3月5日"),
        ("4/15", "4月15日"),
        ("3月5日（周四）", "3月5日"),
        ("4月15日、20日", "4月15日、4月20日"),
        ("2026年10月—2027年3月", "10月—次年3月"),
        ("3月和9月", "3月、9月"),
        ("4、5月", "4月、5月"),
        ("4月\n5月", "4月、5月"),
        ("一、二季度", "一季度、二季度"),
        ("一\n季\n度", "一季度"),
        ("Q1", "第1季度"),
        ("4月底前完成", "4月底前"),
        ("4月内", "4月"),
        ("截至4月15日", "4月15日前"),
        ("4月15日截止", "4月15日前"),
        ("4月（暂定）", "4月"),
        ("4月中上旬", "4月上中旬"),
        ("3月 9月", "3月、9月"),
        ("1、4、7、10月", "1月、4月、7月、10月"),
        ("26年4月", "4月"),
        ("2026年底前", "年底前"),
        ("当年12月", "12月"),
        ("每年4月、10月", "4月、10月"),
        ("2026.3.5-13", "3月5日-13日"),
        ("4月15日18:00前", "4月15日前"),
        ("会议召开前3日", "会前3日"),
        ("半年一次", "每半年"),
        ("每月1次", "每月"),
        ("每季度一次", "每季度"),
        ("按季度", "每季度"),
        ("视情况", "适时"),
        ("根据工作安排", "适时"),
        ("会前5个工作日", "会前5个工作日"),
    ],
)
def test_times_that_nobody_would_doubt(text: str, words: str) -> None:
    read = read_time(text, YEAR)
    assert (read.words, read.kind, read.doubt) == (words, TaskKind.MONTH, None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("全年", TaskKind.YEAR),
        ("2026年全年", TaskKind.YEAR),
        ("2026年", TaskKind.YEAR),
        ("长期坚持", TaskKind.YEAR),
        ("常态化", TaskKind.STANDING),
        ("日常工作", TaskKind.STANDING),
    ],
)
def test_times_without_a_window(text: str, kind: TaskKind) -> None:
    read = read_time(text, YEAR)
    assert (read.words, read.kind, read.doubt) == ("", kind, None)


@pytest.mark.parametrize(
    ("text", "doubt", "taken"),
    [
        ("6月31日", Doubt.DATE_IMPOSSIBLE, "6月"),
        ("2月29日", Doubt.DATE_IMPOSSIBLE, "2月"),
        ("13月", Doubt.DATE_IMPOSSIBLE, ""),
        ("2023-11-31", Doubt.DATE_OTHER_YEAR, ""),
        ("2025年12月", Doubt.DATE_OTHER_YEAR, "12月"),
        ("2027年1月", Doubt.DATE_OTHER_YEAR, "1月"),
        ("2026.1", Doubt.DATE_POINT, "1月"),
        ("4.1", Doubt.DATE_POINT, "4月1日"),
        ("10月—3月", Doubt.DATE_REVERSED, "10月—次年3月"),
        ("3月5日（周五）", Doubt.DATE_WEEKDAY, "3月5日"),
        ("第3周", Doubt.TIME_UNREAD, ""),
        ("2次/年", Doubt.TIME_UNREAD, ""),
        ("每月第一个星期五", Doubt.TIME_UNREAD, "每月"),
        ("全年（每季度一次）", Doubt.TIME_UNREAD, "每季度"),
        ("每月1-2次", Doubt.TIME_UNREAD, "每月"),
        ("每周", Doubt.TIME_UNREAD, ""),
        ("春节前", Doubt.TIME_UNREAD, ""),
        ("待定", Doubt.TIME_UNREAD, ""),
        ("5月左右", Doubt.TIME_UNREAD, "5月"),
        ("年内", Doubt.TIME_UNREAD, "年底前"),
        ("年初", Doubt.TIME_UNREAD, "年初"),
        ("3月起", Doubt.TIME_UNREAD, "3月—12月"),
        ("3月启动，10月完成", Doubt.TIME_UNREAD, "3月—10月"),
        ("4月上旬至5月中旬", Doubt.TIME_UNREAD, "4月1日—5月20日"),
        ("3月、9月底前", Doubt.TIME_UNREAD, "3月、9月底前"),
        ("6月、12月中旬", Doubt.TIME_UNREAD, "6月、12月中旬"),
        ("15日前", Doubt.TIME_UNREAD, ""),
        ("每季度、4月", Doubt.TIME_UNREAD, "每季度"),
        ("4", Doubt.TIME_UNREAD, "4月"),
        ("Dec-26", Doubt.TIME_UNREAD, ""),
    ],
)
def test_times_that_are_asked(text: str, doubt: Doubt, taken: str) -> None:
    read = read_time(text, YEAR)
    assert (read.doubt, read.words) == (doubt, taken)


@pytest.mark.parametrize(
    ("text", "heading", "within", "words"),
    [
        ("4", "月份", "", "4月"),
        ("4-6", "月份", "", "4-6月"),
        ("4月15日", "完成时限", "", "4月15日前"),
        ("4月15日", "时间", "", "4月15日"),
        ("15日前", "时间", "3月", "3月15日前"),
        ("月底前", "时间", "3月份", "3月底前"),
        ("上旬", "时间", "3月", "3月上旬"),
    ],
)
def test_a_heading_or_a_section_says_the_rest(
    text: str, heading: str, within: str, words: str
) -> None:
    read = read_time(text, YEAR, heading=heading, within=within)
    assert (read.words, read.doubt) == (words, None)


def test_months_of_a_school_year() -> None:
    assert read_time("2027年3月", SCHOOL_YEAR).words == "3月"
    assert read_time("2026年3月", SCHOOL_YEAR).doubt is Doubt.DATE_OTHER_YEAR


def test_one_whole_month_is_known() -> None:
    assert [whole_month(words) for words in ("4月", "十二月份", "4月上旬", "4—5月")] == [
        4,
        12,
        0,
        0,
    ]
