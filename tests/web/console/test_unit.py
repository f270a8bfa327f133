"""Every unit, and all that is known of one."""

import re
from typing import Any

from reminder.ledger.access import PAGE, LinkView
from reminder.office.links import revoke
from tests.web.console.conftest import LEADER, RELATED, TASK, XSS, Secretary, finish, sign
from tests.web.test_units import address

PAGE_OF_LEADER = f"/console/units/{LEADER}"


def test_every_unit_is_listed_with_its_relation(house: Any, secretary: Secretary) -> None:
    page = secretary.get("/console/units").text
    rows = {row.split('"')[0]: row for row in page.split('<a href="/console/units/')}
    for unit in house.table.directory.single:
        relation = {"own": "本机关", "local": "市县人大", "parallel": "其他机关"}
        said = relation.get(unit.relation, "—")
        assert unit.name in rows[unit.id]
        assert f'data-label="关系">{said}<' in rows[unit.id]


def test_a_unit_has_its_tasks_lights_and_own_link(house: Any, secretary: Secretary) -> None:
    page, url = secretary.get(PAGE_OF_LEADER).text, address(house, LEADER)
    led = [task for task in house.table.plan.tasks if task.kind != "standing"]
    led = [task for task in led if LEADER in house.table.lead_units(task)]
    assert f"承办事项 <small>{len(led)}项</small>" in page
    assert '<span class="pill green">进行中</span>' in page
    assert f'href="http://127.0.0.1{url}"' in page
    revoke(house.application, LinkView(PAGE, LEADER))
    page = secretary.get(PAGE_OF_LEADER).text
    assert ("已停用" in page, url in page) == (True, False)
    page = secretary.get(f"/console/units/{RELATED}").text
    assert "没有承办事项" in page
    assert 'class="pill' not in page
    assert "4月 · 换届选举部署会议" in page


def test_history_says_what_when_who_and_by_which_way_and_what_became_of_its_mails(
    house: Any, secretary: Secretary
) -> None:
    assert "还没有发给该单位的邮件" in secretary.get(PAGE_OF_LEADER).text
    finish(house, words=f"已开\n{XSS}")
    house.application.tick()
    page = secretary.get(PAGE_OF_LEADER).text
    row, mails = page[page.index("登记记录") :], page[page.index("<h2>邮件") :]
    for words in ("登记完成", "4月1日 09:0", "值班员&lt;b&gt;", "单位页面", "已开\n&lt;script&gt;"):
        assert words in row
    for words in ("月度提示", "2026-04", "已接收", "deputies@"):
        assert words in mails
    assert "<script>" not in page


def test_what_holds_can_be_undone_and_what_is_over_cannot(house: Any, secretary: Secretary) -> None:
    sign(house, LEADER)
    finish(house)
    report, signing = (TASK, ""), ("", "2026-04")
    form = {"unit": LEADER, "back": PAGE_OF_LEADER}
    assert undos(secretary) == [signing, report]
    secretary.post("/console/confirm", form | {"task": TASK, "period": ""})
    assert undos(secretary) == [signing, report]
    for (task, period), left in ((report, [signing]), (signing, [])):
        secretary.post("/console/undo", form | {"task": task, "period": period})
        assert undos(secretary) == left


def undos(secretary: Secretary) -> list[tuple[str, str]]:
    """Task and period of each form that undoes something."""
    page = secretary.get(PAGE_OF_LEADER).text
    forms = re.findall(r'action="/console/undo">.*?</form>', page, re.DOTALL)
    fields = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)) for form in forms]
    return sorted((field["task"], field["period"]) for field in fields)
