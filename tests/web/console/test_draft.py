"""The page of a draft: what moves, whom it concerns, and publishing it."""

import re
from typing import Any

import pytest

from reminder.domain.edits import Edit
from reminder.domain.persons import AccountRole, Person
from reminder.office import drafts
from tests.web.console.conftest import LEADER, XSS, Secretary, as_person

HERE = "/console/draft"
UNITS, PLAN = "units.toml", "plan/plan_2026.toml"
TITLE = "做好自治区十三届人大常委会第二十五次会议有关服务保障工作"


def person(name: str, role: str, full_name: str) -> Person:
    return Person(name, full_name, AccountRole(role))


def replaced(house: Any, document: str, old: str, new: str) -> Edit:
    before = house.application.office.contents[document].decode()
    assert old in before
    return Edit(document, "text", {"text": before.replace(old, new)})


def edit(house: Any, who: Person, *edits: Edit) -> None:
    drafts.add(house.application, who, *edits)


def seen(page: Any) -> str:
    return re.search(r'name="seen" value="(\w+)"', page.text)[1]


@pytest.fixture
def wang(house: Any) -> Secretary:
    return as_person(house, "edit")


@pytest.fixture
def li(house: Any) -> Secretary:
    return as_person(house, "approve", "li", "林某")


WANG, LI = person("wang", "edit", "王某"), person("li", "approve", "林某")


def test_without_edits_the_page_says_so(wang: Secretary) -> None:
    assert "没有未发布的修改" in wang.get(HERE).text
    assert "修改尚未发布" not in wang.get("/console").text


def test_what_moves_and_whom_it_concerns_stands_there_before(house: Any, li: Secretary) -> None:
    edit(house, LI, replaced(house, PLAN, TITLE, "做好常委会第二十五次会议的服务保障工作"))
    assert "1处修改尚未发布" in li.get("/console").text
    page = li.get(HERE)
    heard = "没有向任何单位提示过"
    for words in ("文字修改", TITLE, "做好常委会第二十五次会议的服务保障工作", "涉及", heard):
        assert words in page.text
    answer = li.post(f"{HERE}/publish", {"seen": seen(page), "tell": "digest", "note": "订正"})
    assert (answer.status_code, answer.headers["Location"]) == (303, HERE)
    assert "已发布" in li.get(HERE).text
    assert house.table.plan.by_id["2026-05-2"].title == "做好常委会第二十五次会议的服务保障工作"
    assert "服务保障工作" in house.application.office.path.read_text("utf-8")


def test_mistake_stands_beside_its_edit_and_nothing_is_published(house: Any, li: Secretary) -> None:
    edit(house, LI, replaced(house, PLAN, "month = 5\n", "month = 13\n"))
    page = li.get(HERE).text
    assert "1处有误" in page
    assert "seen" not in page
    answer = li.post(f"{HERE}/publish", {"seen": "x"})
    assert answer.status_code == 422


def test_draft_goes_to_an_approver_and_back(house: Any, wang: Secretary, li: Secretary) -> None:
    edit(house, WANG, units(house))
    assert "提交审核" in wang.get(HERE).text
    assert wang.post(f"{HERE}/publish", {"seen": "x"}).status_code == 403
    wang.post(f"{HERE}/submit", {"note": "请核"})
    assert "王某，1处修改" in li.get(HERE).text
    assert "王某提交的<strong>1处修改</strong>等待发布：请核" in li.get("/console").text
    [where] = re.findall(rf'href="({HERE}s/\d+)"', li.get(HERE).text)
    assert "请核" in li.get(where).text
    assert li.post(f"{where}/return", {"words": ""}).status_code == 422
    li.post(f"{where}/return", {"words": f"请改{XSS}"})
    assert "退回了修改稿：请改" in wang.get("/console").text
    mine = wang.get(HERE).text
    assert "林某" in mine
    assert "请改" in mine
    assert XSS not in mine
    assert li.get(where).status_code == 404
    wang.post(f"{HERE}/submit", {})
    page = li.get(where)
    assert li.post(f"{where}/publish", {"seen": seen(page)}).status_code == 303
    assert house.table.directory[LEADER].to == ("new@unit.test",)


def test_with_four_eyes_another_publishes(house: Any, li: Secretary) -> None:
    chen = as_person(house, "approve", "chen", "陈某")
    house.set(console=house.settings.console.model_copy(update={"four_eyes": True}))
    edit(house, LI, units(house))
    page = li.get(HERE)
    assert ("提交审核" in page.text, "须由他人发布" in page.text) == (True, True)
    refused = li.post(f"{HERE}/publish", {"seen": seen(page)})
    assert (refused.status_code, "须由他人发布" in refused.text) == (422, True)
    li.post(f"{HERE}/submit", {})
    [where] = re.findall(rf'href="({HERE}s/\d+)"', chen.get(HERE).text)
    assert li.post(f"{where}/publish", {"seen": seen(chen.get(where))}).status_code == 422
    assert chen.post(f"{where}/publish", {"seen": seen(chen.get(where))}).status_code == 303
    assert house.table.directory[LEADER].to == ("new@unit.test",)


def units(house: Any) -> Edit:
    [address] = house.table.directory[LEADER].to[:1]
    return replaced(house, UNITS, address, "new@unit.test")


def test_the_second_of_two_sees_what_the_first_published(
    house: Any, wang: Secretary, li: Secretary
) -> None:
    edit(house, LI, replaced(house, PLAN, TITLE, "甲"))
    li.post(f"{HERE}/publish", {"seen": seen(li.get(HERE)), "note": "第一次"})
    edit(house, WANG, units(house))
    edit(house, LI, replaced(house, PLAN, '"甲"', '"乙"'))
    li.post(f"{HERE}/publish", {"seen": seen(li.get(HERE)), "note": "订正标题"})
    page = wang.get(HERE).text
    for words in ("他人又发布了", "林某", "订正标题", "没有丢失"):
        assert words in page
    assert "第一次" not in page
    assert "new@unit.test" in page


def test_what_was_not_shown_is_not_published(house: Any, li: Secretary) -> None:
    edit(house, LI, units(house))
    old = seen(li.get(HERE))
    edit(house, LI, replaced(house, PLAN, TITLE, "甲"))
    for mark in ("", old):
        answer = li.post(f"{HERE}/publish", {"seen": mark, "note": "写好的说明"})
        assert (answer.status_code, "写好的说明" in answer.text) == (422, True)
    assert house.table.plan.by_id["2026-05-2"].title == TITLE


def test_edits_are_taken_back_one_by_one_or_all(house: Any, wang: Secretary) -> None:
    edit(house, WANG, units(house), replaced(house, PLAN, TITLE, "甲"))
    [first, _] = re.findall(r'name="place" value="(\w+)"', wang.get(HERE).text)
    wang.post(f"{HERE}/drop", {"place": first})
    assert "1处修改尚未发布" in wang.get("/console").text
    wang.post(f"{HERE}/discard", {})
    assert "没有未发布的修改" in wang.get(HERE).text


def test_what_fits_no_more_can_be_copied(house: Any, wang: Secretary) -> None:
    edit(house, WANG, Edit("workdays/2031.toml", "remove", {"id": "x", "title": "写了很久的话"}))
    page = wang.get(HERE).text
    assert "已无法套用" in page
    assert "写了很久的话" in page
