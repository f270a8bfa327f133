"""What is open of an earlier year, on the console and on a unit's own page."""

from typing import Any

import pytest

from reminder.office import turn
from reminder.office.links import PAGE
from tests.daemon.trials import Trial
from tests.plans import plan_text, put_plans
from tests.web.conftest import House
from tests.web.console.conftest import XSS, Secretary, logged_in

NOVEMBER, JANUARY = "2026-11-02T09:00+08:00", "2027-01-05T10:00+08:00"
OLD, OTHER, NEW = "2026-11-1", "2026-12-1", "2027-01-1"
HERE = "/plans/small/2027/console/turn"


@pytest.fixture
def years(office: Trial) -> House:
    """The fifth of January: a table that has ended, with two tasks open, and the next one."""
    both = {"now": plan_text(months=[11, 12]), "next": plan_text(year=2027, months=[1, 2])}
    put_plans(office, **both)
    office.tick(NOVEMBER)
    office.tick(JANUARY)
    return House(office.app(JANUARY))


@pytest.fixture
def secretary(years: House) -> Secretary:
    return Secretary(logged_in(years))


def read(house: House) -> turn.Turn:
    with house.database.read() as connection:
        return turn.read_turn(house.application, connection, house.application.clock.now())


def test_what_is_open_stands_there_with_three_ways_to_close_it(secretary: Secretary) -> None:
    page = secretary.get(HERE).text
    assert 'href="/plans/small/2027/console/turn" aria-current="page">跨年</a>' in page
    assert page.count("<summary>办结") == page.count("<summary>终止") == 2
    assert f'<option value="{NEW}">1月 small的1月工作（{NEW}）</option>' in page
    assert "2026年 · 11月内（11月2日—11月30日）" in page


@pytest.mark.parametrize(
    ("act", "form", "said", "shown"),
    [
        ("carry", {"onto": NEW}, "已结转", f"结转到“small的1月工作”（{NEW}）"),
        ("end", {"why": f"不再举办{XSS}"}, "已终止", "终止：不再举办&lt;script&gt;"),
    ],
)
def test_it_is_closed_with_a_word_and_opened_again(
    years: House, secretary: Secretary, act: str, form: dict[str, str], said: str, shown: str
) -> None:
    answer = secretary.post(f"{HERE}/{act}", {"task": OLD, **form})
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    page = secretary.get(HERE).text
    assert said in page
    assert shown in page
    assert [one.task.id for one in read(years).open] == [OTHER]
    secretary.post(f"{HERE}/undo", {"task": OLD})
    assert [one.task.id for one in read(years).open] == [OLD, OTHER]


def test_it_is_done_on_a_day_of_its_own_year(years: House, secretary: Secretary) -> None:
    secretary.post(f"{HERE}/done", {"task": OLD, "done_on": "2026-11-20", "note": "已报"})
    assert [one.task.id for one in read(years).left] == [OTHER]


@pytest.mark.parametrize(
    ("act", "form", "why"),
    [
        ("carry", {"task": OLD}, "请选择2026年之后的事项"),
        ("carry", {"task": OLD, "onto": OTHER}, "请选择2026年之后的事项"),
        ("end", {"task": OLD, "why": " "}, "请写明终止原因"),
        ("end", {"task": NEW, "why": "停"}, "往年安排表中没有这一项"),
        ("done", {"task": NEW, "done_on": "2027-01-05"}, "往年安排表中没有这一项"),
        ("done", {"task": OLD, "done_on": "2027-02-01"}, "完成日期不能晚于今天"),
        ("undo", {"task": OLD}, "本项没有结转或终止"),
    ],
)
def test_what_cannot_be_is_refused_and_stands_there_again(
    years: House, secretary: Secretary, act: str, form: dict[str, str], why: str
) -> None:
    answer = secretary.post(f"{HERE}/{act}", {"act": act, **form})
    assert (answer.status_code, why in answer.text) == (422, True)
    assert [one.task.id for one in read(years).open] == [OLD, OTHER]


def test_a_unit_reports_a_last_years_task_on_its_page(years: House, secretary: Secretary) -> None:
    path = years.url("lead", PAGE)
    client: Any = years.client()
    page = client.get(path).text
    assert '<span class="number">2026年11月</span>small的11月工作' in page
    form = {"task": OLD, "who": "联络员", "done_on": "2027-01-04", "act": "finish"}
    answer = client.post(f"{path}/finish", data=form)
    assert answer.status_code == 303, answer.text
    home = secretary.get("/plans/small/2027/console").text
    assert "small的11月工作" in home
    back = {"unit": "lead", "task": OLD, "period": "", "back": "/console"}
    assert secretary.post("/plans/small/2027/console/confirm", back).status_code == 303
    assert [one.task.id for one in read(years).left] == [OTHER]


def test_without_an_earlier_year_there_is_no_such_entry(house: House) -> None:
    secretary = Secretary(logged_in(house))
    assert "跨年" not in secretary.get("/console").text
    assert secretary.get("/console/turn").status_code == 200


def test_what_a_unit_says_on_the_telephone_of_last_year_is_noted(
    years: House, secretary: Secretary
) -> None:
    here = "/console/units/lead"
    path = f"/plans/small/2027{here}"
    assert f'<option value="{OLD}">2026年11月 · ' in secretary.get(path).text
    form = {"unit": "lead", "act": "register", "channel": "phone", "who": "联络员", "closes": "1"}
    form |= {"about": OLD, "done_on": "2026-11-20", "back": here}
    answer = secretary.post("/plans/small/2027/console/finish-for", form)
    assert answer.headers["location"] == path
    assert [one.task.id for one in read(years).open] == [OTHER]
    assert f'<option value="{OLD}"' not in secretary.get(path).text
