"""What `when` makes of a task: its occurrences, their windows, the months they stand in."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reminder.domain.notices import Kind
from reminder.domain.occurrences import Said, carried_keys, occurrences, read_row
from reminder.domain.plan import Meeting, Task, TaskKind
from reminder.domain.timetable import Timetable
from reminder.domain.when import Term, parse_when
from reminder.domain.windows import Rule, nudge_day
from tests.domain.builders import DAYS, meeting, plan, reminders, task, timetable

ID = "t"
APRIL = range(4, 5)


YEAR = Term(2026)


def said(words: str, row: str = "", months: range = range(0), term: Term = YEAR) -> Said:
    """A task's `when` in a row with one of its own, or of one month."""
    above = read_row(row, parse_when(row, term), term) if row else Said("", None, months)
    return read_row(words, parse_when(words, term), term).within(above) if words else above


def made(
    words: str, row: str = "", months: range = range(0), term: Term = YEAR, **timing: Any
) -> list[Task]:
    common = replace(task(0, **timing), id=ID)
    return list(occurrences(common, said(words, row, months, term), term))


def of(*tasks: Task, meetings: tuple[Meeting, ...] = (), first_month: int = 1) -> Timetable:
    table = timetable()
    found = plan(*tasks, meetings=meetings)
    return replace(table, plan=replace(found, first_month=first_month))


def shown(table: Timetable) -> list[str]:
    """`rule opens—due: months` of each occurrence."""
    return [
        f"{window.rule} {window.opens:%m%d}—{window.due:%m%d}: "
        + "{}—{}".format(*(table.months_of(table.plan.by_id[name])[n] for n in (0, -1)))
        for name, window in table.windows.items()
    ]


@pytest.mark.parametrize(
    ("words", "window"),
    [
        ("4月", "month 0401—0430: 4—4"),
        ("5—10月", "months 0506—1030: 5—10"),
        ("二季度", "months 0401—0630: 4—6"),
        ("10月—次年3月", "months 1008—0331: 10—15"),
        ("4月上旬", "part-of-month 0401—0410: 4—4"),
        ("4月中下旬", "part-of-month 0413—0430: 4—4"),
        ("2月上中旬", "part-of-month 0202—0214: 2—2"),
        ("年底", "part-of-month 1221—1231: 12—12"),
        ("4月15日前", "explicit 0401—0415: 4—4"),
        ("4月18日前", "explicit 0401—0417: 4—4"),
        ("10月5日前", "explicit 0901—0930: 9—9"),
        ("一季度末前", "explicit 0104—0331: 1—3"),
        ("年底前", "explicit 0104—1231: 1—12"),
        ("4月15日", "explicit 0415—0415: 4—4"),
        ("4月18日", "explicit 0418—0418: 4—4"),
        ("4月18日—19日", "explicit 0418—0419: 4—4"),
        ("10月1日—3日", "explicit 1001—1003: 10—10"),
        ("5月1日—8日", "explicit 0506—0508: 5—5"),
        ("4月10日—5月8日", "explicit 0410—0508: 4—5"),
    ],
)
def test_a_windows_days_rule_and_months(words: str, window: str) -> None:
    assert shown(of(*made(words))) == [window]


@pytest.mark.parametrize(
    ("words", "more", "window"),
    [
        ("4月18日前", {"exact": True}, "explicit 0401—0418: 4—4"),
        ("5月1日—8日", {"exact": True}, "explicit 0501—0508: 5—5"),
        ("4月15日前", {"opens": date(2026, 4, 10)}, "explicit 0410—0415: 4—4"),
        ("5—10月", {"opens": date(2026, 6, 20)}, "months 0622—1030: 6—10"),
        ("5—10月", {"due": date(2026, 8, 15)}, "explicit 0506—0814: 5—8"),
    ],
)
def test_what_may_stand_beside_when(words: str, more: dict[str, Any], window: str) -> None:
    assert shown(of(*made(words, **more))) == [window]


@pytest.mark.parametrize(
    ("words", "day", "window"),
    [
        ("会前5个工作日", date(2026, 4, 24), "meeting 0401—0417: 4—4"),
        ("会前10日", date(2026, 4, 24), "meeting 0401—0414: 4—4"),
        ("会前1个月", date(2026, 4, 24), "meeting 0302—0324: 3—3"),
        ("会前10日", date(2026, 5, 12), "meeting 0401—0430: 4—4"),
        ("会后5日内", date(2026, 4, 24), "meeting 0427—0430: 4—4"),
        ("会后15个工作日内", date(2026, 4, 24), "meeting 0427—0519: 4—5"),
        ("会后1个月内", date(2026, 4, 24), "meeting 0427—0526: 4—5"),
        ("会后2日内", date(2026, 9, 30), "meeting 1001—1002: 10—10"),
        ("会前10日", None, "meeting-undated 0401—0430: 4—4"),
    ],
)
def test_before_a_meeting_from_its_first_day_after_it_from_its_last(
    words: str, day: date | None, window: str
) -> None:
    session = replace(meeting(day), length=3 if day and day.month == 4 else 1)
    tasks = made(words, months=APRIL, meetings=(session.id,))
    assert shown(of(*tasks, meetings=(session,))) == [window]


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("4月", ["t"]),
        ("3—4月、7—8月、12月", ["t@2026-03", "t@2026-07", "t@2026-12"]),
        ("10月、次年3月", ["t@2026-10", "t@2027-03"]),
        ("7月5日、7月20日前、9月", ["t@2026-07-01", "t@2026-07-05", "t@2026-09"]),
        ("每季度首月20日前", ["t@2026-01", "t@2026-04", "t@2026-07", "t@2026-10"]),
    ],
)
def test_an_occurrence_is_known_by_its_id_and_the_month_in_which_it_begins(
    words: str, keys: list[str]
) -> None:
    tasks = made(words)
    assert [found.id for found in tasks] == keys
    assert {found.table_id for found in tasks} == {ID}


@pytest.mark.parametrize(
    ("words", "row", "months", "kind", "count", "soft"),
    [
        ("全年", "", range(0), TaskKind.YEAR, 1, False),
        ("1—12月", "", range(0), TaskKind.YEAR, 1, False),
        ("适时", "", range(0), TaskKind.YEAR, 1, True),
        ("根据工作需要", "", range(0), TaskKind.YEAR, 1, True),
        ("", "适时", range(0), TaskKind.YEAR, 1, True),
        ("适时", "", APRIL, TaskKind.MONTH, 1, True),
        ("适时", "3月、9月", range(0), TaskKind.MONTH, 2, True),
        ("每月、适时", "", range(0), TaskKind.MONTH, 12, True),
        ("5月", "3月、9月", range(0), TaskKind.MONTH, 1, False),
        ("5月", "", APRIL, TaskKind.MONTH, 1, False),
        ("", "每月", range(0), TaskKind.MONTH, 12, False),
    ],
)
def test_a_tasks_word_comes_before_its_rows_and_leaves_open_what_it_does_not_say(
    words: str, row: str, months: range, kind: TaskKind, count: int, soft: bool
) -> None:
    tasks = made(words, row, months)
    assert ({found.kind for found in tasks}, len(tasks)) == ({kind}, count)
    assert {found.timing.soft for found in tasks} == {soft}


def test_a_term_that_begins_in_september_has_months_9_to_20() -> None:
    table = of(*made("每月", term=Term(2026, 9)), first_month=9)
    assert [*table.plan.months] == [*range(9, 21)]
    assert [table.plan.period(month) for month in (9, 13)] == ["2026-09", "2027-01"]
    assert table.plan.month_of("2027-01") == 13
    assert table.plan.month_of("2026-01") == 0
    assert shown(table)[4] == "month 0104—0129: 13—13"
    assert table.plan.tasks[4].month == 1


def test_two_times_that_begin_on_one_day_would_have_one_id() -> None:
    with pytest.raises(ValueError, match="begins on 2026-04-10 twice, wanted times that begin on"):
        made("4月10日、4月10日—15日")


EVERYTHING = {"opens", "due", "part", "before", "exact"}


@pytest.mark.parametrize(
    ("words", "months", "allowed"),
    [
        ("", APRIL, EVERYTHING),
        ("适时", APRIL, EVERYTHING),
        ("4月", range(0), EVERYTHING),
        ("5—10月", range(0), EVERYTHING - {"part"}),
        ("4月上旬", range(0), {"opens", "due", "exact"}),
        ("4月15日前", range(0), {"opens", "exact"}),
        ("4月10日—15日", range(0), {"exact"}),
        ("会前10日", range(0), {"opens", "exact"}),
        ("每月", range(0), {"part"}),
        ("每月25日前", range(0), {"exact"}),
        ("每季度", range(0), set()),
        ("全年", range(0), set()),
        ("适时", range(0), set()),
    ],
)
def test_what_contradicts_when(words: str, months: range, allowed: set[str]) -> None:
    assert said(words, months=months).allows(YEAR) == allowed


@pytest.mark.parametrize(
    ("words", "nudged"),
    [
        ("4月15日", "0410"),
        ("4月14日—15日", "0410"),
        ("10月1日—3日", "0924"),
        ("4月15日前", "0410"),
        ("5—10月", "1027"),
        ("5月上旬", "0506"),
    ],
)
def test_days_that_are_said_are_nudged_before_they_come(words: str, nudged: str) -> None:
    (window,) = of(*made(words)).windows.values()
    assert f"{nudge_day(window, DAYS, 3):%m%d}" == nudged


def test_only_days_are_firm_and_a_repetition_without_time_is_never_late() -> None:
    windows = of(*made("4月10日—15日")).windows.values()
    assert [(w.rule, w.can_be_overdue) for w in windows] == [(Rule.EXPLICIT, True)]
    soft = of(*made("每月、适时")).windows.values()
    assert {(w.rule, w.can_be_overdue) for w in soft} == {(Rule.MONTH, False)}


@pytest.mark.parametrize(
    ("words", "nudges", "overdue"),
    [
        ("3月、9月", ["0326 t@2026-03", "0924 t@2026-09"], ["0401 t@2026-03", "1008 t@2026-09"]),
        ("每半年", ["0625 t@2026-01", "1228 t@2026-07"], ["0701 t@2026-01"]),
        ("3月、9月、适时", ["0326 t@2026-03", "0924 t@2026-09"], []),
        ("4月18日", ["0414 t"], ["0420 t"]),
        ("10月1日—3日", ["0924 t"], ["1008 t"]),
        ("5—10月", ["1027 t"], ["1102 t"]),
        ("全年", [], []),
    ],
)
def test_each_occurrence_is_nudged_before_its_end_and_asked_for_after_it(
    words: str, nudges: list[str], overdue: list[str]
) -> None:
    table = of(*made(words))
    table = replace(table, schedule=replace(table.schedule, overdue=(1,)))
    mails, _ = reminders(table, date(2026, 1, 1), date(2026, 12, 31))
    told = {kind: [m for m in mails if m.kind is kind] for kind in (Kind.NUDGE, Kind.OVERDUE)}
    assert [
        [f"{date.fromisoformat(m.period):%m%d} {m.tasks[0][0]}" for m in told[kind]]
        for kind in told
    ] == [nudges, overdue]


@pytest.mark.parametrize(
    ("before", "after", "carried"),
    [
        ("9月", "9月、11月", {"t": "t@2026-09"}),
        ("11月", "9月、11月", {"t": "t@2026-11"}),  # of the same month, not the first
        ("10月", "9月、11月", {"t": "t@2026-09"}),
        ("9月、11月", "11月", {"t@2026-11": "t"}),
        ("9月、11月", "10月", {"t@2026-09": "t"}),
        ("3月、9月", "4月、9月", {"t@2026-03": "t@2026-04"}),
        ("3月、9月", "3月、9月、12月", {}),
        ("9月", "9月15日前", {}),
        ("9月", "全年", {}),
    ],
)
def test_what_is_registered_of_a_time_goes_on_under_its_new_key(
    before: str, after: str, carried: dict[str, str]
) -> None:
    assert carried_keys(plan(*made(before)), plan(*made(after))) == carried
