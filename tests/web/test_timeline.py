"""The year's picture: whose bars it has, which light a unit may see, and where all of it stands."""

import re
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reminder.documents.templates import environment
from reminder.domain.status import HIDDEN
from reminder.domain.units import Relation
from reminder.domain.when import Term
from reminder.domain.windows import Progress
from reminder.web.timeline import MANY, Bar, Year, task_bar, timeline, year_of
from tests.domain.builders import (
    LEADER,
    OUTSIDER,
    RELATED,
    at_times,
    meeting,
    reader,
    task,
    timetable,
    year_round,
)

APRIL = date(2026, 4, 28)


def bar(month: int, last: int = 28, name: str = "部署会议", lead: bool = True) -> Bar:
    given = task(month, short=name)
    return Bar(date(2026, month, 1), date(2026, month, last), lead, given)


def picture(*bars: Bar, on: date = date(2026, 4, 16)) -> dict[str, Any]:
    return timeline(Year(Term(2026), on, bars))


def drawn(*bars: Bar) -> str:
    template = environment(None, autoescape=True).get_template("web/timeline.html")
    return str(template.module.picture(picture(*bars), "year"))  # type: ignore[attr-defined]


# Whose bars


def test_a_unit_sees_the_tasks_of_its_rows_and_no_other() -> None:
    table = timetable(given := task(4, short="部署会议"))
    [led] = year_of(reader(table, LEADER, APRIL)).bars
    assert (led.task, led.opens, led.due) == (given, date(2026, 4, 1), date(2026, 4, 30))
    assert (led.lead, led.exact, led.status.light) == (True, True, "yellow")
    [related] = year_of(reader(table, RELATED, APRIL)).bars
    assert (related.lead, related.exact, related.status) == (False, False, HIDDEN)
    assert year_of(reader(table, OUTSIDER, APRIL)).bars == []


def test_months_in_order_then_what_runs_all_year_and_none_begins_before_it() -> None:
    early = meeting(date(2026, 1, 5), 1, "first")
    first = task(1, meetings=("first",), before_workdays=5)
    bars = year_of(reader(timetable(year_round(), task(6), first, meetings=[early]))).bars
    assert ([each.due.month for each in bars], bars[-1].window) == ([1, 6, 12], None)
    assert bars[0].opens == bars[0].due == date(2026, 1, 1)
    assert (bars[-1].opens, bars[-1].due) == (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("unit", [LEADER, RELATED])
@pytest.mark.parametrize("on", [date(2026, 3, 1), APRIL, date(2026, 7, 1)])
def test_a_parallel_unit_has_no_light(unit: str, on: date) -> None:
    table = timetable(task(4), relations=dict.fromkeys((LEADER, RELATED), Relation.PARALLEL))
    year = year_of(reader(table, unit, on))
    assert (year.lights, year.lit, year.bars[0].exact) == ([], False, False)


@pytest.mark.parametrize(("relation", "light"), [("own", "red"), ("local", "yellow")])
def test_outside_the_own_house_nothing_is_red(relation: str, light: str) -> None:
    table = timetable(task(4), relations={LEADER: Relation(relation)})
    assert year_of(reader(table, LEADER, date(2026, 5, 6))).lights == [light]


def test_very_many_bars_become_one_a_month_and_role() -> None:
    tasks = [task(month, number) for month in range(1, 13) for number in range(1, MANY // 12 + 2)]
    done = Progress(done={"2026-04-1": APRIL})
    year = year_of(reader(timetable(*tasks, year_round()), progress=done))
    assert (len(year.bars), len(year.tasks)) == (13, len(tasks) + 1)
    assert (year.bars[3].count, year.bars[3].done) == (MANY // 12 + 1, 1)
    assert year.bars[3].opens == date(2026, 4, 1)
    assert (year.bars[-1].all_year, year.bars[-1].count) == (True, 1)


@pytest.mark.parametrize(
    ("count", "parts"), [(0, [0]), (1, [1]), (36, [36]), (37, [19, 18]), (100, [34, 34, 32])]
)
def test_a_long_picture_comes_in_parts_of_a_page_each(count: int, parts: list[int]) -> None:
    bars = [
        replace(bar(4), task=task(4, number, short=f"第{number}项"))
        for number in range(1, count + 1)
    ]
    assert [len(rows) for rows in picture(*bars)["parts"]] == parts
    html = drawn(*bars)
    svg = re.findall(r'<svg class="timeline" width="100%" height="(\d+)em"', html)
    assert svg == [str(3 + 2 * rows) for rows in parts]
    assert html.count('<text class="month"') == 12 * len(parts)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert all(f"第{number}项" in html for number in range(1, count + 1))


def test_the_times_of_one_task_are_one_row_of_which_the_pressing_one_speaks() -> None:
    table = timetable(*at_times("每月", short="信息"), task(4, short="部署会议"))
    done = Progress(done={"w-1@2026-01": date(2026, 1, 30)})
    year = year_of(reader(table, LEADER, date(2026, 3, 9), done))
    assert (len(year.rows), len(year.bars)) == (2, 13)
    row = timeline(year)["rows"][0]
    assert (row.bar.task.id, row.bar.status.light) == ("w-1@2026-02", "red")
    assert (len(row.others), row.others[0].style, row.beside) == (11, "lead grey", None)
    assert row.above is not None


# Where it stands


def test_a_term_from_september_begins_with_it() -> None:
    on, term = date(2027, 1, 16), Term(2026, 9)
    first = Bar(date(2026, 9, 1), date(2026, 9, 30), True, task(9))
    shown = timeline(Year(term, on, [first, task_bar(term, task(10), None, HIDDEN)]))
    assert [name for name, *_ in shown["months"]] == [9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8]
    assert [(row.x, row.width) for row in shown["rows"]] == [
        ("0.00%", "8.33%"),
        ("0.00%", "100.00%"),
    ]
    assert shown["today"] == "37.37%"
    page = environment(None, autoescape=True).get_template("web/timeline.html")
    assert "2026年9月至2027年8月" in page.module.picture(shown, "year")  # type: ignore[attr-defined]


def test_a_month_is_a_twelfth_of_the_width_and_today_stands_in_the_plans_own_year() -> None:
    all_year = task_bar(Term(2026), task(5, short="调研"), None, HIDDEN)
    month, year = picture(bar(4, 30), all_year)["rows"]
    assert (month.x, month.width) == ("25.00%", "8.33%")
    assert (year.x, year.width, year.beside) == ("0.00%", "100.00%", None)
    assert picture()["today"] == "29.17%"
    assert picture(on=date(2027, 4, 16))["today"] == ""


@pytest.mark.parametrize("month", range(1, 13))
def test_a_name_has_room_beside_its_bar_and_above_it(month: int) -> None:
    [row] = picture(bar(month))["rows"]
    assert row.beside is not None
    assert row.above is not None
    for name, room in ((row.beside, 45), (row.above, 31)):
        x = float(name[0].rstrip("%"))
        left = {"start": 100 - x, "middle": 2 * min(x, 100 - x), "end": x}[name[1]]
        assert left >= room


def test_the_picture_is_sound_and_says_what_it_shows() -> None:
    page = drawn(bar(4, name="<script>x</script>"), bar(6, lead=False))
    tree = ET.fromstring(page)
    assert tree.attrib["role"] == "img"
    assert tree.find("title") is not None
    assert "承办1项、相关1项" in (tree.findtext("desc") or "")
    assert [text for text in tree.itertext() if text.strip().endswith("月")] == [
        f"{month}月" for month in range(1, 13)
    ]
    assert not re.search(r"<script|style=|\son\w+=", page)
    assert page.count("url(#year-hatch)") == 1  # the related one: print tells them apart


def test_in_words_the_times_of_one_task_are_one_line_with_the_state_of_each() -> None:
    table = timetable(*at_times("每季度", short="信息"), task(4, short="部署会议"))
    done = Progress(done={"w-1@2026-01": date(2026, 3, 30)})
    shown = timeline(year_of(reader(table, LEADER, APRIL, done)))
    template = environment(None, autoescape=True).get_template("web/unit/year.html")
    page = {"reader": reader(table, LEADER, APRIL)}
    text = re.sub("<[^>]*>", " ", template.render(drawn=shown, page=page))
    assert "文字版（2项）" in text
    states = "第一季度 已办结（3月30日）；第二季度 进行中 · 剩42个工作日；第三季度 未开始"
    assert f"信息 每季度 承办 {states}" in " ".join(text.split())
