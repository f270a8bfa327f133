"""Every unit, and all that is known of one."""

import re
from datetime import date
from typing import Any

import pytest

from reminder.domain.registrations import Signature
from reminder.ledger.links import PAGE, LinkView
from reminder.office import registrations
from reminder.office.links import revoke
from tests.web.console.conftest import Secretary

LEADER, RELATED = "deputies", "helan"
BY = Signature("值班员<b>", "page/deputies/1")


def finish(house: Any, task: str = "2026-04-1") -> None:
    registrations.finish(
        house.application,
        house.table.directory[LEADER],
        house.table.plan.by_id[task],
        BY,
        done_on=date(2026, 4, 1),
        words="已开\n<script>",
    )


def test_every_unit_is_listed(house: Any, secretary: Secretary) -> None:
    page = secretary.get("/console/units").text
    for unit in house.table.directory.single:
        assert f'href="/console/units/{unit.id}"' in page
        assert unit.name in page
    assert "本机关" in page
    assert "市县人大" in page
    assert "其他机关" in page


def test_a_unit_without_relation_is_not_called_one_of_the_own_house(
    house: Any, secretary: Secretary
) -> None:
    [unit] = [unit for unit in house.table.directory.single if unit.relation is None]
    assert "本机关" not in secretary.get(f"/console/units/{unit.id}").text
    row = secretary.get("/console/units").text.split(f"/console/units/{unit.id}", 1)[1]
    assert 'data-label="关系">—<' in row.split("</tr>")[0]


@pytest.mark.parametrize("path", ["nobody", "local-congresses", "%3Cb%3E", "?page=0", "?page=2"])
def test_what_is_no_unit_is_not_found(house: Any, secretary: Secretary, path: str) -> None:
    groups = [unit.id for unit in house.table.directory.groups]
    for name in (path, *groups):
        joint = "" if name.startswith("?") else "/"
        assert secretary.get(f"/console/units{joint}{name}").status_code == 404


def test_a_unit_has_its_tasks_with_their_lights(house: Any, secretary: Secretary) -> None:
    page = secretary.get(f"/console/units/{LEADER}").text
    led = [task for task in house.table.plan.tasks if task.kind != "standing"]
    led = [task for task in led if LEADER in house.table.lead_units(task)]
    assert f"承办事项 <small>{len(led)}项</small>" in page
    assert '<span class="pill green">进行中</span>' in page


def test_a_unit_that_leads_nothing_has_no_light(secretary: Secretary) -> None:
    page = secretary.get(f"/console/units/{RELATED}").text
    assert "没有承办事项" in page
    assert 'class="pill' not in page
    assert "4月 · 换届选举部署会议" in page


def test_the_link_of_its_own_page_is_at_hand(house: Any, secretary: Secretary) -> None:
    path = house.url(LEADER, PAGE)
    assert f'href="http://127.0.0.1{path}"' in secretary.get(f"/console/units/{LEADER}").text
    revoke(house.application, LinkView(PAGE, LEADER))
    page = secretary.get(f"/console/units/{LEADER}").text
    assert path not in page
    assert "已停用" in page


def test_history_says_what_when_who_and_by_which_way(house: Any, secretary: Secretary) -> None:
    finish(house)
    page = secretary.get(f"/console/units/{LEADER}").text
    row = page[page.index("登记记录") :]
    assert "登记完成" in row
    assert "4月1日 09:0" in row
    assert "值班员&lt;b&gt;" in row
    assert "单位页面" in row
    assert "已开\n&lt;script&gt;" in row
    assert "<script>" not in page


def test_what_holds_can_be_undone_and_what_is_over_cannot(house: Any, secretary: Secretary) -> None:
    unit = f"/console/units/{LEADER}"
    registrations.sign(house.application, house.table.directory[LEADER], "2026-04", BY)
    finish(house)
    assert undos(secretary.get(unit).text) == [("", "2026-04"), ("2026-04-1", "")]
    form = {"unit": LEADER, "task": "2026-04-1", "period": "", "back": unit}
    secretary.post("/console/confirm", form)
    assert undos(secretary.get(unit).text) == [("", "2026-04"), ("2026-04-1", "")]
    secretary.post("/console/undo", form)
    assert undos(secretary.get(unit).text) == [("", "2026-04")]
    secretary.post("/console/undo", form | {"task": "", "period": "2026-04"})
    assert undos(secretary.get(unit).text) == []


def undos(page: str) -> list[tuple[str, str]]:
    """Task and period of each form that undoes something."""
    forms = re.findall(r'action="/console/undo">.*?</form>', page, re.DOTALL)
    field = r'name="{}" value="([^"]*)"'
    return sorted(
        (re.findall(field.format("task"), form)[0], re.findall(field.format("period"), form)[0])
        for form in forms
    )


def test_its_mails_stand_with_what_became_of_them(house: Any, secretary: Secretary) -> None:
    assert "还没有发给该单位的邮件" in secretary.get(f"/console/units/{RELATED}").text
    house.application.tick()
    page = secretary.get(f"/console/units/{RELATED}").text
    mails = page[page.index("<h2>邮件") :]
    assert "月度提示" in mails
    assert "2026-04" in mails
    assert "已接收" in mails
    assert "helan@" in mails
