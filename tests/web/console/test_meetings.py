"""The console's sessions: shown before it is saved, saved as it was shown."""

import re
from datetime import date
from html import escape
from typing import Any

import pytest

from reminder.office import meetings
from reminder.office.holds import hold
from reminder.web.forms import parse_day
from tests.office.test_meetings import preview
from tests.web.conftest import AT
from tests.web.console.conftest import as_person

SC_25 = "/console/meetings/sc-25"
MAY_27 = f"{SC_25}?date=2026-05-27"


def seen(page: Any) -> str:
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


def day_of(house: Any) -> date | None:
    found: date | None = house.table.plan.meetings["sc-25"].day
    return found


def save(secretary: Any, day: str = "2026-05-27") -> Any:
    mark = seen(secretary.get(f"{SC_25}?date={day}"))
    return secretary.post(SC_25, {"date": day, "seen": mark})


def test_a_preview_shows_what_moves_and_changes_nothing(secretary: Any, house: Any) -> None:
    every = secretary.get("/console/meetings").text
    assert every.count(">登记</a>") == 11
    assert 'role="status"' not in secretary.get("/console/meetings?said=set").text
    assert "做好自治区十三届人大常委会第二十五次会议有关服务保障工作" in every
    page = secretary.get(MAY_27)
    assert page.status_code == 200
    for words in (
        "会期待定，暂按5月（5月6日—5月29日）",
        "会前1个工作日（5月26日 周二；会议5月27日）",
        "临近提醒",
        "5月21日 周四",
        "2026年5月26日 周二 会前·常委会第25次会议服务保障",
        "相关单位的日历（28个）",
    ):
        assert words in page.text
    assert day_of(house) is None


@pytest.mark.parametrize(
    ("day", "doubt"),
    [
        ("2026-05-27", None),
        ("2026-05-24", "周日是休息日。"),
        ("2026-06-03", "周三不在5月。"),
        ("2025-05-27", "周二不在2026年，已经过去。"),
    ],
)
def test_a_day_that_is_odd_is_asked_about(secretary: Any, day: str, doubt: str | None) -> None:
    page = secretary.get(f"{SC_25}?date={day}").text
    assert ("请核对：" in page) == (doubt is not None)
    assert (doubt or "") in page


@pytest.mark.parametrize("held", [True, False])
def test_a_reminder_of_today_goes_at_once_unless_held(
    secretary: Any, house: Any, held: bool
) -> None:
    if held:
        hold(house.database, AT, "")
    page = secretary.get(f"{SC_25}?date=2026-04-03").text
    assert ("随即发出" in page, "放行后发出" in page) == (not held, held)


def test_what_was_not_shown_or_has_changed_since_is_not_saved(secretary: Any, house: Any) -> None:
    old = seen(secretary.get(MAY_27))
    meetings.save(house.application, preview(house.application, "sc-24", date(2026, 4, 20)))
    for mark in ("", "x", seen(secretary.get(f"{SC_25}?date=2026-05-28")), old):
        answer = secretary.post(SC_25, {"date": "2026-05-27", "seen": mark})
        assert (answer.status_code, "请核对后重新确认" in answer.text) == (422, True)
        assert "会前1个工作日" in answer.text
    assert day_of(house) is None


def test_what_was_shown_is_saved_and_taken_back(secretary: Any, house: Any) -> None:
    answer = save(secretary)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/meetings")
    assert day_of(house) == date(2026, 5, 27)
    page = secretary.get("/console/meetings").text
    assert "会期已登记" in page
    assert "2026年5月27日 周三" in page
    save(secretary, "2026-05-28")
    page = secretary.get(SC_25).text
    assert "登记为2026年5月28日 周四" in page
    assert f'href="{MAY_27}"' in page
    preview = secretary.get(f"{SC_25}?unset=1")
    assert "改为待定" in preview.text
    answer = secretary.post(SC_25, {"unset": "1", "seen": seen(preview)})
    assert "会期已改为待定" in secretary.get(answer.headers["Location"]).text
    assert day_of(house) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2062-05-27", "日期有误"),
        ("明天", "“明天”不是日期"),
        ("", "请填写日期"),
        ("2026-02-30", "不是日期"),
        ("<script>alert(1)</script>", "不是日期"),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_kept_in_the_form(
    secretary: Any, house: Any, typed: str, words: str
) -> None:
    for answer in (
        secretary.get(f"{SC_25}?date={typed}"),
        secretary.post(SC_25, {"date": typed, "seen": "x"}),
    ):
        assert (answer.status_code, words in answer.text) == (422, True)
        assert f'value="{escape(typed)}"' in answer.text
    assert day_of(house) is None


@pytest.mark.parametrize("typed", ["2026-05-27", "2026/5/27", "2026年5月27日", " 2026.05.27 "])
def test_a_day_may_be_typed_as_people_write_it(typed: str) -> None:
    assert parse_day(typed) == date(2026, 5, 27)


def test_who_may_not_publish_has_the_day_in_the_draft(house: Any) -> None:
    editor = as_person(house, "edit")
    page = editor.get(MAY_27)
    assert "确认发布" not in page.text
    answer = editor.post(SC_25, {"date": "2026-05-27", "seen": seen(page)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/draft")
    assert "会期为2026年5月27日" in editor.get("/console/draft").text
    assert day_of(house) is None
