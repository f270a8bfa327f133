"""The year on one sheet, to print."""

import re

from tests.web.conftest import House
from tests.web.console.conftest import Secretary

HERE = "/console/sheet"


def test_every_task_stands_there_with_its_lead(house: House, secretary: Secretary) -> None:
    page = secretary.get(HERE).text
    for task in (*house.table.plan.month_tasks, *house.table.plan.year_round):
        assert f"{task.brief}（代表工委）" in page or f"{task.brief}（办公厅等2个单位）" in page
    assert page.count("<h1>") == page.count('role="img"') == 1
    assert f'href="{HERE}"' in secretary.get("/console").text


def test_its_figures_are_those_of_the_year(secretary: Secretary) -> None:
    page, year = secretary.get(HERE).text, secretary.get("/console").text
    [said] = re.findall(r'<p class="marks">([^<]*)</p>', page)
    counts = {word: int(count) for word, count in re.findall(r"([^，：、；\d]+)(\d+)项", said)}
    months = year.partition('<ol class="months">')[2].partition("</ol>")[0]
    found: dict[str, int] = {}
    for word, count in re.findall(r'class="pill \w*">(\S+) (\d+)</span>', months):
        found[word] = found.get(word, 0) + int(count)
    assert counts == found | {"全年事项": 3}
    assert said.startswith(f"截至2026年4月1日，{sum(found.values())}项：")


def test_who_is_not_logged_in_sees_none(house: House) -> None:
    assert house.client().get(HERE).status_code == 303
    assert "A4 landscape" in house.client().get("/static/sheet.css").text
