"""The console and units' pages where there are several plans and years."""

import re
from dataclasses import replace
from typing import Any

import pytest

from reminder.domain.series import linked
from reminder.ledger.registrations import read_progress
from tests.web.console.conftest import LEADER, TASK, Secretary

OTHER = "/plans/other/2026"


@pytest.fixture
def house(house: Any) -> Any:
    """The shipped plan, its next year, and another one with the same ids of tasks, in which only
    one unit has a part."""
    office = house.application.office
    plan = office.table.plan
    tasks = [replace(task, lead=(LEADER,), related=()) for task in plan.tasks]
    later = [replace(task, id=f"x{task.id}") for task in plan.tasks]
    plans = [
        plan,
        replace(plan, year=2027, name="下一年安排表", tasks=tuple(later)),
        replace(plan, id="other", name="另一张安排表", tag="另表", tasks=tuple(tasks)),
    ]
    tables = linked([replace(office.table, plan=one) for one in plans])
    house.application.office = replace(office, tables=tables, paths=office.paths * 3)
    return house


def links(html: str) -> set[str]:
    return set(re.findall(r'(?:href|action)="(/[^"]*)"', html))


@pytest.mark.parametrize("path", ["/console", "/console/month", "/console/units"])
def test_every_link_and_form_of_a_page_stays_with_its_table(
    secretary: Secretary, path: str
) -> None:
    for start, inside in (("", "/plans/npc-deputies/2026/"), (OTHER, f"{OTHER}/")):
        answer = secretary.get(start + path)
        assert answer.status_code == 200
        assert all(link.startswith(inside) for link in links(answer.text))
    assert "另表" in answer.text


def test_a_switch_leads_to_the_same_page_of_another_table(secretary: Secretary) -> None:
    html = secretary.get("/console").text
    assert '<option value="other">另表</option>' in html
    assert "<option>2027</option>" in html
    for query, wanted in (
        ({"plan": "other", "year": "2027"}, f"{OTHER}/console"),
        ({"plan": "npc-deputies", "year": "2027"}, "/plans/npc-deputies/2027/console"),
    ):
        answer = secretary.get(f"{OTHER}/console", **query)
        assert (answer.status_code, answer.headers["Location"]) == (307, wanted)
        assert secretary.get(wanted).status_code == 200
    assert secretary.get("/console", plan="third").status_code == 200
    assert secretary.get("/plans/third/2026/console").status_code == 404


def test_what_is_registered_on_a_page_is_of_its_table(house: Any, secretary: Secretary) -> None:
    done = {"task": TASK, "period": "", "done_on": "2026-04-01", "back": "/console"}
    answer = secretary.post(f"{OTHER}/console/done", done)
    assert answer.headers["Location"] == f"{OTHER}/console"
    with house.database.read() as connection:
        tables = {table.plan.id: table for table in house.application.tables}
        found = {name: read_progress(connection, t, "maildir").done for name, t in tables.items()}
    assert TASK in found["other"]
    assert TASK not in found["npc-deputies"]
    assert "已登记" in secretary.get(f"{OTHER}/console").text


def test_a_unit_sees_only_plans_that_name_it(house: Any) -> None:
    client = house.client()
    leads, related = (client.get(house.url(unit, "page")).text for unit in (LEADER, "helan"))
    assert "另表" in leads
    assert "另表" not in related
    assert "<option>2027</option>" in related
    assert client.get(f"{OTHER}{house.url('helan', 'page')}").text == related
    other = client.get(f"{OTHER}{house.url(LEADER, 'page')}").text
    assert all(link.startswith(OTHER) for link in links(other) if "/units/" in link)


def test_feeds_are_offered_for_each_plan(secretary: Secretary) -> None:
    html = secretary.get("/console/links").text
    assert "另一张安排表" in html
    assert secretary.get("/console/links/plan.other").status_code == 200
