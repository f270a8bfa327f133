"""What a sheet shows of a number."""

from datetime import date

import pytest

from reminder.documents.tables.number_formats import BUILT_IN, shown_number

APRIL_15 = (date(2026, 4, 15) - date(1899, 12, 30)).days


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ('m"月"d"日"', "4月15日"),
        ('yyyy"年"m"月";@', "2026年4月"),
        ('[$-804]yyyy"年"m"月"d"日"', "2026年4月15日"),
        ("yyyy\\-mm\\-dd", "2026-04-15"),
        ("mm/dd/yy", "04/15/26"),
        (BUILT_IN[14], "2026/4/15"),
        (BUILT_IN[15], "15-Apr-26"),
        (BUILT_IN[57], "2026年4月"),
        (BUILT_IN[58], "4月15日"),
        ('[DBNum1][$-804]yyyy"年"m"月"d"日"', "二〇二六年四月十五日"),
        ('[DBNum2][$-804]m"月"d"日"', "肆月壹拾伍日"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "2026年4月15日"),
        ("[$-804]mmmm", "四月"),
        ("[$-804]dddd", "星期三"),
        ("aaaa", "星期三"),
        ("dddd", "Wednesday"),
        ('e"年"m"月"', "2026年4月"),
        ('[$-411]ggge"年"m"月"', "令和8年4月"),
        ("[$-411]ge.m.d", "R8.4.15"),
        ('[$-404]ggge"年"m"月"', "民国115年4月"),
    ],
)
def test_of_a_day_what_its_format_shows(code: str, wanted: str) -> None:
    assert shown_number(APRIL_15, code) == wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("yyyy/m/d h:mm", "2026/4/15 14:24"),
        ('上午/下午h"时"mm"分"', "下午2时24分"),
        ("h:mm:ss AM/PM", "2:24:00 PM"),
        ("mm:ss", "24:00"),
        ("yyyy/mm", "2026/04"),
    ],
)
def test_minutes_are_no_months(code: str, wanted: str) -> None:
    assert shown_number(APRIL_15 + 0.6, code) == wanted


@pytest.mark.parametrize(
    ("value", "code", "wanted"),
    [
        (2026.1, "General", "2026.1"),
        (4.1, "General", "4.1"),
        (4.1, "0.00", "4.10"),
        (4.1, "0.00_ ;[Red]\\-0.00\\ ", "4.10"),
        (4, '0"月"', "4月"),
        (4, 'General"月"', "4月"),
        (4, 'G/通用格式"月"', "4月"),
        (4, "00", "04"),
        (4, '"全年"', "全年"),
        (4, ";;;", "4"),  # hidden from sight, and yet there
        (202604, '0000"年"00"月"', "2026年04月"),
        (13800138000, "General", "13800138000"),
        (13800138000, "000 0000 0000", "138 0013 8000"),
        (1234567, "#,##0", "1,234,567"),
        (1234.5, "#,##0.00", "1,234.50"),
        (0.256, "0.0%", "25.6%"),
        (2.5, "0", "3"),
        (5, "#.##", "5"),
        (-5, "0.0;(0.0)", "(5.0)"),
        (0, '0;-0;"无"', "无"),
        (0.1 + 0.2, "General", "0.3"),
        (12, "[DBNum1][$-804]General", "一十二"),
        (0.5, "# ?/?", "0.5"),
        (-1, "yyyy", "-1"),
        (1e300, "yyyy", "1e+300"),
        (4, "", "4"),
        (2, '[=1]"一月";[=2]"二月";General', "二月"),
        (3, '[=1]"一月";[=2]"二月";General', "3"),
        (5550100, "[<=9999999]###\\-####;000\\-0000\\-0000", "555-0100"),
        (13800138000, "[<=9999999]###\\-####;000\\-0000\\-0000", "138-0013-8000"),
        (10.5, "[h]:mm", "252:00"),
        (100.25, "[h]:mm", "2406:00"),
        (4, "[" * 300, "4"),
    ],
)
def test_numbers_as_they_are_shown(value: float, code: str, wanted: str) -> None:
    assert shown_number(value, code) == wanted


def test_a_book_may_count_days_from_1904() -> None:
    assert shown_number(APRIL_15 - 1462, "yyyy-mm-dd", from_1904=True) == "2026-04-15"


@pytest.mark.parametrize(("value", "wanted"), [(1, "1900-01-01"), (61, "1900-03-01")])
def test_excel_has_a_day_too_many_in_1900(value: float, wanted: str) -> None:
    assert shown_number(value, "yyyy-mm-dd") == wanted
