"""The year's picture: places in per cent, names inside it, words for who does not see it."""

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from reminder.documents.settings import Settings
from reminder.documents.templates import environment
from reminder.domain.status import HIDDEN
from reminder.domain.year import Bar, Year, task_bar
from reminder.web.timeline import timeline
from tests.domain.builders import task


def bar(month: int, last: int = 28, name: str = "部署会议", lead: bool = True) -> Bar:
    given = task(month, short=name)
    return Bar(date(2026, month, 1), date(2026, month, last), lead, given)


def drawn(*bars: Bar) -> str:
    picture = timeline(Year(2026, date(2026, 4, 16), bars))
    template = environment(Settings(), autoescape=True).get_template("web/timeline.html")
    return str(template.module.picture(picture, "year"))  # type: ignore[attr-defined]


def test_a_month_is_a_twelfth_of_the_width() -> None:
    [row] = timeline(Year(2026, None, (bar(4, 30),))).rows
    assert (row.x, row.width) == ("25.00%", "8.33%")


def test_today_stands_where_it_is_in_its_month() -> None:
    assert timeline(Year(2026, date(2026, 4, 16), ())).today == "29.17%"
    assert timeline(Year(2026, None, ())).today == ""


@pytest.mark.parametrize("month", range(1, 13))
def test_a_name_has_room_beside_its_bar_and_above_it(month: int) -> None:
    [row] = timeline(Year(2026, None, (bar(month),))).rows
    assert row.beside is not None
    assert row.above is not None
    for name, room in ((row.beside, 45), (row.above, 31)):
        x = float(name[0].rstrip("%"))
        left = {"start": 100 - x, "middle": 2 * min(x, 100 - x), "end": x}[name[1]]
        assert left >= room


def test_a_bar_of_the_whole_year_carries_its_name() -> None:
    whole = task_bar(2026, task(short="调研"), None, HIDDEN)
    [row] = timeline(Year(2026, None, (whole,))).rows
    assert (row.x, row.width, row.beside) == ("0.00%", "100.00%", None)


def test_the_picture_is_sound_and_says_what_it_shows() -> None:
    tree = ET.fromstring(drawn(bar(4), bar(6, lead=False)))
    assert tree.attrib["role"] == "img"
    assert tree.find("title") is not None
    summary = tree.findtext("desc") or ""
    assert "承办1项、相关1项" in summary
    assert [text for text in tree.itertext() if text.strip().endswith("月")] == [
        f"{month}月" for month in range(1, 13)
    ]


def test_related_bars_are_hatched_so_that_print_tells_them_apart() -> None:
    assert drawn(bar(4)).count("url(#year-hatch)") == 0
    assert drawn(bar(4, lead=False)).count("url(#year-hatch)") == 1


def test_nothing_in_it_needs_a_style_of_its_own_or_can_run() -> None:
    page = drawn(bar(4, name="<script>x</script>"))
    assert not re.search(r"<script|style=|\son\w+=", page)
    assert "&lt;script&gt;" in page
