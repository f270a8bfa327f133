"""When a task is to be done, as offices write it."""

import re
from datetime import date

import pytest

from reminder.domain.when import Basis, Offset, Span, Term, parse_when

YEAR = Term(2026)
SCHOOL_YEAR = Term(2026, 9)


def spans(text: str, term: Term = YEAR) -> list[str]:
    """Each as `first/last basis`."""
    return [f"{s.first:%y%m%d}/{s.last:%y%m%d} {s.basis}" for s in parse_when(text, term).spans]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("4月", "260401/260430 months"),
        ("４月", "260401/260430 months"),
        ("四月", "260401/260430 months"),
        ("4月份", "260401/260430 months"),
        (" 4 月 ", "260401/260430 months"),
        ("十二月", "261201/261231 months"),
        ("5—10月", "260501/261031 months"),
        ("5月至10月", "260501/261031 months"),
        ("5月到10月", "260501/261031 months"),
        ("5--10月", "260501/261031 months"),
        ("5～10月", "260501/261031 months"),
        ("三至五月", "260301/260531 months"),
        ("10月—次年3月", "261001/270331 months"),
        ("一季度", "260101/260331 months"),
        ("第二季度", "260401/260630 months"),
        ("1—3季度", "260101/260930 months"),
        ("上半年", "260101/260630 months"),
        ("下半年", "260701/261231 months"),
        ("全年", "260101/261231 months"),
        ("4月上旬", "260401/260410 part-of-month"),
        ("4月中下旬", "260411/260430 part-of-month"),
        ("2月下旬", "260221/260228 part-of-month"),
        ("4月初", "260401/260410 part-of-month"),
        ("年底", "261221/261231 part-of-month"),
        ("4月底前", "260401/260430 before"),
        ("一季度末", "260321/260331 part-of-month"),
        ("上半年底前", "260101/260630 before"),
        ("年底前", "260101/261231 before"),
        ("4月中旬前", "260401/260420 before"),
        ("4月15日", "260415/260415 days"),
        ("4月15号", "260415/260415 days"),
        ("4月15日前", "260401/260415 before"),
        ("4月15日之前", "260401/260415 before"),
        ("十二月二十五日前", "261201/261225 before"),
        ("4月10日—15日", "260410/260415 days"),
        ("4月10—15日", "260410/260415 days"),
        ("4月10日至5月8日", "260410/260508 days"),
        ("12月20日—次年1月10日", "261220/270110 days"),
    ],
)
def test_one_time(text: str, span: str) -> None:
    assert spans(text) == [span]


@pytest.mark.parametrize(
    ("text", "count", "second"),
    [
        ("每月", 12, "260201/260228 months"),
        ("每月25日前", 12, "260201/260225 before"),
        ("每月31日前", 12, "260201/260228 before"),
        ("每月5日", 12, "260205/260205 days"),
        ("每月底前", 12, "260201/260228 before"),
        ("每月上旬", 12, "260201/260210 part-of-month"),
        ("每季度", 4, "260401/260630 months"),
        ("每季度首月20日前", 4, "260401/260420 before"),
        ("每季度末月", 4, "260601/260630 months"),
        ("每季度末", 4, "260621/260630 part-of-month"),
        ("季度末", 4, "260621/260630 part-of-month"),
        ("每半年", 2, "260701/261231 months"),
        ("3—4月、7—8月、12月", 3, "260701/260831 months"),
        ("3月；12月", 2, "261201/261231 months"),
    ],
)
def test_several_times(text: str, count: int, second: str) -> None:
    assert len(spans(text)) == count
    assert spans(text)[1] == second


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("会前5个工作日", Offset(workdays=-5)),
        ("会前十日", Offset(days=-10)),
        ("会前2周", Offset(days=-14)),
        ("会后1个月内", Offset(months=1)),
        ("会后15个工作日内", Offset(workdays=15)),
    ],
)
def test_before_and_after_a_meeting(text: str, offset: Offset) -> None:
    when = parse_when(text, YEAR)
    assert (when.spans, when.offset, when.soft) == ((), offset, False)


def test_not_fixed() -> None:
    assert parse_when("适时", YEAR).soft
    assert parse_when("根据工作需要", YEAR).soft
    monthly = parse_when("每月、适时", YEAR)
    assert (len(monthly.spans), monthly.soft) == (12, True)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("9月", "260901/260930 months"),
        ("4月", "270401/270430 months"),
        ("11—3月", "261101/270331 months"),
        ("上半年", "270101/270630 months"),
        ("全年", "260901/270831 months"),
        ("年底前", "260901/261231 before"),
        ("年初", "270101/270110 part-of-month"),
    ],
)
def test_a_term_that_begins_in_september(text: str, span: str) -> None:
    assert spans(text, SCHOOL_YEAR) == [span]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("每季度", ["260901/260930", "261001/261231", "270101/270331", "270401/270630"]),
        ("每季度末", ["260921/260930", "261221/261231", "270321/270331", "270621/270630"]),
        ("每季度初", ["261001/261010", "270101/270110", "270401/270410", "270701/270710"]),
        ("每季度末月", ["260901/260930", "261201/261231", "270301/270331", "270601/270630"]),
        ("每半年", ["260901/261231", "270101/270630"]),
    ],
)
def test_a_quarter_belongs_to_the_term_in_which_it_ends_or_begins(
    text: str, ends: list[str]
) -> None:
    assert [span.partition(" ")[0] for span in spans(text, SCHOOL_YEAR)] == ends


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("6月31日", "'6月31日' names a day that is none: 6月 has 30 days"),
        ("2月30日前", "2月 has 28 days"),
        ("13月", "names a month that is none, wanted 1月 to 12月"),
        ("10月—3月", "ends before it begins, wanted 次年 before a month of the next year"),
        ("4月10日—4月5日", "ends before it begins"),
        ("每季度20日前", "does not say in which month, wanted 首月 or 末月 before the day"),
        ("每季度上旬", "does not say in which month, wanted 首月, 末月 or a month before it"),
        ("4月、4月", "says 2026-04-01 to 2026-04-30 twice, wanted it once"),
        ("会前5个工作日、4月", "counts from a meeting, wanted nothing beside it"),
        ("4月前", "is no time that a table says, wanted such as 4月, 5—10月"),
        ("7日", "is no time that a table says"),
        ("", "is no time that a table says"),
        ("尽快", "is no time that a table says"),
    ],
)
def test_what_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_when(text, YEAR)


@pytest.mark.parametrize("text", ["下半年", "三季度", "3—4季度"])
def test_what_a_term_cuts_in_two_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is cut in two by the term, wanted its months"):
        parse_when(text, SCHOOL_YEAR)


def test_spans_stand_in_their_order() -> None:
    assert parse_when("12月、3—4月", YEAR).spans == (
        Span(date(2026, 3, 1), date(2026, 4, 30), Basis.MONTHS),
        Span(date(2026, 12, 1), date(2026, 12, 31), Basis.MONTHS),
    )
