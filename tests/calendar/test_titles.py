"""The day and the title under which each case stands in a calendar."""

from datetime import date
from typing import Any

import pytest

from reminder.domain.plan import Part, Timing

LEAD, RELATED = "deputies", "helan"
ELECTION, SESSION = "换届选举部署会议", "常委会第25次会议服务保障"
DUE, EARLY = Timing(due=date(2026, 4, 15)), Timing(part=Part.EARLY)


def short(desk: Any, feed: str, task: str) -> tuple[str, str]:
    entry = desk.entries(feed, "view=due")[f"{task}.due"]
    assert entry["DTEND"].dt - entry["DTSTART"].dt == date.resolution
    return str(entry["DTSTART"].dt), str(entry["SUMMARY"])


@pytest.mark.parametrize(
    ("feed", "task", "timing", "day", "title"),
    [
        (LEAD, "2026-04-1", None, "2026-04-30", f"4月内·{ELECTION}"),
        ("plan", "2026-04-1", None, "2026-04-30", f"4月内·{ELECTION}"),
        (RELATED, "2026-04-1", None, "2026-04-01", f"4月内·{ELECTION}（相关）"),
        (LEAD, "2026-04-1", DUE, "2026-04-15", f"4月15日前·{ELECTION}"),
        (RELATED, "2026-04-1", DUE, "2026-04-15", f"4月15日前·{ELECTION}（相关）"),
        (LEAD, "2026-04-1", EARLY, "2026-04-10", f"4月上旬·{ELECTION}"),
        (LEAD, "2026-06-1", None, "2026-06-30", "6月内·代表视察调研意见（适时）"),
        (LEAD, "2026-05-2", None, "2026-05-29", f"5月内·{SESSION}（会期待定）"),
        (RELATED, "2026-05-2", None, "2026-05-06", f"5月内·{SESSION}（会期待定）（相关）"),
    ],
)
def test_a_task_stands_on_one_day_under_its_time(
    desk: Any, feed: str, task: str, timing: Timing | None, day: str, title: str
) -> None:
    if timing:
        desk.time(task, timing)
    assert short(desk, feed, task) == (day, title)
    desk.done[task] = date(2026, 4, 20)  # which its lead alone is told, on the same day
    assert short(desk, feed, task)[0] == day
    assert short(desk, feed, task)[1].startswith("✓ ") is (feed == LEAD)


def test_a_meeting_with_a_date_stands_on_the_due_day(desk: Any) -> None:
    desk.hold("sc-25", date(2026, 5, 20))
    assert short(desk, LEAD, "2026-05-2") == ("2026-05-19", f"会前·{SESSION}")
    assert short(desk, RELATED, "2026-05-2")[0] == "2026-05-19"


def test_the_window_view_keeps_the_wording_to_the_letter_and_names_units_as_the_table_does(
    desk: Any,
) -> None:
    task = desk.table.plan.by_id["2026-05-2"]
    assert desk.title(LEAD, task.id) == f"{task.title}（会期待定）"
    assert desk.title(RELATED, task.id) == f"{task.title}（会期待定）（相关）"
    words = str(desk.entries(RELATED)["2026-04-1"]["DESCRIPTION"])
    assert "承办单位：自治区人大常委会办公厅、自治区人大常委会代表工作委员会" in words
    assert "各市、县（区）人大常委会（按月列示，未逐项划分）" in words
    assert "4月内（4月1日—4月30日）" in words
    assert "安排表只列月份，起止日期按工作日计算，仅用于提示" in words


def test_a_units_year_round_tasks_stand_together_once_a_month(desk: Any) -> None:
    entry = desk.entries(LEAD)["2026-year.2026-04"]
    assert (str(entry["DTSTART"].dt), str(entry["DTEND"].dt)) == ("2026-04-30", "2026-05-01")
    assert str(entry["SUMMARY"]) == "4月·全年事项（3项）"
    assert all(task.title in entry["DESCRIPTION"] for task in desk.table.plan.year_round)


def test_no_feed_has_a_word_of_pressure(desk: Any) -> None:
    words = ("催办", "逾期", "超期", "限期", "未完成", "红灯", "截止")
    for feed in desk.feeds.names():
        for view in ("window", "due", "todo"):
            text = desk.body(feed, f"view={view}").decode().replace("\r\n ", "")
            assert not [word for word in words if word in text]
