"""The notice of a year's holidays: its days in the forms of many years, and its contradictions."""

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from reminder.documents.holiday_notice import NoticeSlip, read_notice

# Dates of published notices, in the forms in which they stood there; what a later notice changed is
# in the form of that one.
NOTICES = {
    int(path.stem): path.read_text("utf-8")
    for path in sorted((Path(__file__).parents[1] / "data" / "notices").glob("*.txt"))
}


def letter(year: int, body: str) -> str:
    """As it is sent: the title above, the day of the notice below."""
    head = (
        f"关于{year}年部分节假日安排的通知\n现将{year}年元旦、春节放假调休日期的具体安排通知如下。"
    )
    return f"{head}\n{body}\n节假日期间，要安排好值班。\n办 公 厅\n{year - 1}年11月4日\n"


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_the_year_is_as_the_calendar_has_it(year: int) -> None:
    notice = read_notice(letter(year, NOTICES[year]))
    assert (notice.year, notice.faults, notice.lacks) == (year, [], [])
    days = notice.days()
    # The last days of a year are another notice's.
    of_year = {date(year, 1, 1) + timedelta(days=n): True for n in range(360)}
    for day in {*of_year, *days}:
        works = days.get(day, day.weekday() < 5)
        assert works is chinese_calendar.is_workday(day), day


@pytest.mark.parametrize(
    ("body", "kind", "line", "text"),
    [
        ("元旦：1月1日（周五）放假。", NoticeSlip.WEEKDAY, 3, "1月1日(周五)"),
        ("元旦：1月1日至3日放假，\n共4天。", NoticeSlip.COUNT, 3, "共4天"),
        ("元旦：1月1日放假2天。", NoticeSlip.COUNT, 3, "放假2天"),
        ("元旦：1月1日放假。\n1月5日上班。", NoticeSlip.WORK_ON_WEEKDAY, 4, "1月5日"),
        ("春节：2月30日放假。", NoticeSlip.IMPOSSIBLE_DATE, 3, "2月30日"),
        ("国庆节：10月7日至1日放假。", NoticeSlip.SPAN, 3, "国庆节:10月7日至1日放假"),
        ("国庆节：2024年10月1日放假。", NoticeSlip.FAR_DATE, 3, "2024年10月1日"),
        ("国庆节：10月1日至4日放假。\n10月4日上班。", NoticeSlip.TWICE, 4, "10月4日"),
        ("春节：延长至2月24日（周二）。", NoticeSlip.UNCLEAR, 3, "春节:延长至2月24日(周二)"),
        ("国庆节：10月1日上午至7日放假。", NoticeSlip.UNCLEAR, 3, "国庆节:10月1日上午至7日放假"),
        ("国庆节：10月1日至7日放假。9月29（周二）上班。", NoticeSlip.UNCLEAR, 3, "9月29(周二)上班"),
        (
            "端午节：6月25日放假，与周末连休。",
            NoticeSlip.NO_WEEKEND,
            3,
            "端午节:6月25日放假,与周末连休",
        ),
        ("清明节：3月5日放假。", NoticeSlip.SEASON, 3, "清明节"),
        ("国庆节：10月1日放假。8月9日（周日）上班。", NoticeSlip.SEASON, 3, "国庆节"),
        ("放假安排另行通知。", NoticeSlip.NO_HOLIDAYS, 0, ""),
    ],
)
def test_a_contradiction_is_named_with_its_line(
    body: str, kind: NoticeSlip, line: int, text: str
) -> None:
    faults = read_notice(letter(2026, body)).faults
    assert [(fault.kind, fault.line, fault.text) for fault in faults] == [(kind, line, text)]


def test_new_years_days_before_the_year_need_no_year() -> None:
    notice = read_notice(
        "2019年放假安排\n元旦：12月30日至1月1日放假，共3天。12月29日（周六）上班。"
    )
    assert notice.faults == []
    assert sorted(notice.days().items()) == [
        (date(2018, 12, 29), True),
        (date(2018, 12, 30), False),
        (date(2018, 12, 31), False),
        (date(2019, 1, 1), False),
    ]


@pytest.mark.parametrize(
    ("text", "year", "found", "slips"),
    [
        ("元旦：1月1日放假。", None, 0, [NoticeSlip.NO_YEAR]),
        ("元旦：1月1日放假。", 2026, 2026, []),
        ("2026年放假安排\n元旦：1月1日放假。", 2027, 2027, [NoticeSlip.OTHER_YEAR]),
        ("元旦：2026年1月1日放假。", None, 2026, []),
        ("2025年放假安排\n2026年放假安排\n元旦：1月1日放假。", None, 0, [NoticeSlip.NO_YEAR]),
    ],
)
def test_the_year_is_the_titles_or_asked_for(
    text: str, year: int | None, found: int, slips: list[NoticeSlip]
) -> None:
    notice = read_notice(text, year)
    assert (notice.year, [fault.kind for fault in notice.faults]) == (found, slips)


def test_what_is_missing_of_a_full_notice_is_named() -> None:
    body = "元旦：1月1日放假。\n春节：2月17日放假。"
    assert read_notice(letter(2026, body)).lacks == ["清明", "劳动", "端午", "中秋", "国庆"]
    assert read_notice(letter(2026, "劳动节：5月1日放假。")).lacks == []


def test_a_notice_that_somebody_typed_anew() -> None:
    notice = read_notice(
        "通知：国办发〔2026〕7号，2027年放假安排如下:\n1、元旦:1月1日(星期五)至3日放假,共3天.\n"
        "2、春节:2月5日-2月11日放假调休,共7天;2月14日(星期日)补班.\n4、五一劳动节：5月1日—5月5日放假\n"
        "5、校庆：6月9号放假1天。\n7、国庆：10月1日起至\n7日放假，9月26日（周日）、10月9日调休上班"
    )
    assert notice.faults == []
    found = [(holiday.name, len(holiday.rest), len(holiday.work)) for holiday in notice.holidays]
    assert found == [
        ("元旦", 3, 0), ("春节", 7, 1), ("五一劳动节", 5, 0), ("校庆", 1, 0), ("国庆", 7, 2),
    ]  # fmt: skip
    assert notice.lacks == ["清明", "端午", "中秋"]
