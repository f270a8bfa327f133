"""Entries of times of several months, of days, of several times; a term from September."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from reminder.calendar.entries import FeedEvents
from reminder.domain.windows import Progress
from tests.calendar.conftest import Desk
from tests.domain.builders import LEADER, RELATED, at_times, meeting

DUE = "view=due&year-round=0"


def plan(desk: Desk, *words: str, first_month: int = 1, held: date | None = None) -> None:
    session = replace(meeting(held), length=2)
    tasks = [
        task
        for n, one in enumerate(words, 1)
        for task in at_times(one, n, month=4 if "会" in one else 0, meetings=(session.id,))
    ]
    tasks = [
        t if "会" in t.when else replace(t, timing=replace(t.timing, meetings=())) for t in tasks
    ]
    changed = replace(
        desk.table.plan,
        tasks=tuple(tasks),
        meetings={session.id: session},
        first_month=first_month,
    )
    desk.table = replace(desk.table, plan=changed)


@pytest.mark.parametrize(
    ("words", "uid", "title", "lead", "related"),
    [
        ("5—10月", "w-1", "5—10月·5—10月的工作", "20261030", "20260506"),
        ("11月—次年3月", "w-1", "11月—次年3月·11月—次年3月的工作", "20270331", "20261102"),
        ("每月", "w-1@2026-07", "7月内·每月的工作", "20260731", "20260701"),
        ("4月中下旬", "w-1", "4月中下旬·4月中下旬的工作", "20260430", "20260413"),
        ("上半年", "w-1", "上半年·上半年的工作", "20260630", "20260104"),
        ("每季度", "w-1@2026-07", "7—9月·每季度的工作", "20260930", "20260701"),
        ("年底前", "w-1", "年底前·年底前的工作", "20261231", "20261231"),
        ("次年3月底前", "w-1", "3月31日前·次年3月底前的工作", "20270331", "20270331"),
        ("4月", "w-1", "4月内·4月的工作", "20260430", "20260401"),
        ("4月15日前", "w-1", "4月15日前·4月15日前的工作", "20260415", "20260415"),
        ("4月18日", "w-1", "4月18日·4月18日的工作", "20260418", "20260418"),
        ("10月1日—3日", "w-1", "10月1日—3日·10月1日—3日的工作", "20261001", "20261001"),
        ("4月10日—20日", "w-1", "4月10日—20日·4月10日—20日的工作", "20260420", "20260420"),
        ("会前10日", "w-1", "会前·会前10日的工作", "20260414", "20260414"),
        ("会后1个月内", "w-1", "会后·会后1个月内的工作", "20260525", "20260525"),
    ],
)
def test_one_event_an_occurrence(
    desk: Desk, words: str, uid: str, title: str, lead: str, related: str
) -> None:
    plan(desk, words, held=date(2026, 4, 24))
    for unit, day, mark in ((LEADER, lead, ""), (RELATED, related, "（相关）")):
        entry = desk.entries(unit, DUE)[f"{uid}.due"]
        assert (str(entry["SUMMARY"]), entry["DTSTART"].to_ical().decode()) == (title + mark, day)


def test_an_occurrence_is_done_by_itself_and_a_bar_is_its_whole_window(desk: Desk) -> None:
    plan(desk, "3—4月、7—8月")
    desk.done["w-1@2026-03"] = date(2026, 4, 2)
    first, second = desk.entries(LEADER).values()
    assert [str(e["SUMMARY"])[0] for e in (first, second)] == ["✓", "3"]
    assert [e["DTEND"].to_ical() for e in (first, second)] == [b"20260501", b"20260901"]
    assert "时间安排：7—8月（7月1日—8月31日）" in str(second["DESCRIPTION"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("上半年", "时间安排：上半年（1月4日—6月30日）"),
        ("年底前", "时间安排：年底前（12月31日）"),
        ("4月15日前", "时间安排：4月15日前"),
    ],
)
def test_the_dates_stand_behind_the_words(desk: Desk, words: str, said: str) -> None:
    plan(desk, words)
    [entry] = desk.entries(LEADER).values()
    assert str(entry["DESCRIPTION"]).splitlines()[1] == said


def test_what_says_nothing_of_these_keeps_its_text(desk: Desk) -> None:
    """Whoever has subscribed sees no revision because the product knows more forms."""
    contents = FeedEvents(desk.table, Progress(), "").contents()[LEADER]
    keys = {key for text in contents.entries.values() for key in json.loads(text)}
    assert not {"offset", "ranged", "stretch"} & keys


def test_an_entry_of_the_terms_second_year_is_cancelled_and_not_forgotten(desk: Desk) -> None:
    plan(desk, "次年2月", "10月", first_month=9)
    assert [*desk.entries(LEADER)] == ["w-1", "w-2"]
    plan(desk, "10月", first_month=9)
    desk.at = datetime(2026, 4, 2, tzinfo=UTC)
    assert str(desk.entries(LEADER)["w-2"]["STATUS"]) == "CANCELLED"
