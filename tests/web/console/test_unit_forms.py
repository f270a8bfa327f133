"""Units on the console: what is typed goes into the draft, and into the file as it was typed."""

import re
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from reminder.documents.office import load_office
from reminder.domain.persons import AccountRole, Person
from reminder.office.unit_edits import units_draft
from tests.web.console.conftest import LEADER, RELATED, XSS, Secretary, as_person

HERE = "/console/unit"
WANG = Person("wang", "王某", AccountRole.APPROVE)


@pytest.fixture
def wang(house: Any) -> Secretary:
    return as_person(house, "approve")


def typed(wang: Secretary, unit: str, **changes: Any) -> dict[str, Any]:
    """The form as the page fills it in, with these changes."""
    page = wang.get(f"{HERE}/{unit}").text
    fields = re.finditer(r'<input id="\w+" name="(\w+)"[^>]*? value="([^"]*)"', page)
    values = {found[1]: found[2] for found in fields}
    texts = re.finditer(r'<textarea id="\w+" name="(\w+)"[^>]*>([^<]*)<', page)
    values |= {found[1]: found[2] for found in texts}
    chosen = re.search(r'<option value="(\w*)" selected', page)
    return {**values, "relation": chosen[1] if chosen else "", **changes}


def told(house: Any) -> dict[str, dict[str, Any]]:
    """The units as the draft has them."""
    with house.database.read() as connection:
        content = units_draft(house.application, connection, WANG).content
    return {unit["id"]: unit for unit in tomllib.loads(content.decode())["unit"]}


def publish(wang: Secretary, tell: str = "nobody") -> Any:
    seen = re.search(r'name="seen" value="(\w+)"', wang.get("/console/draft").text)[1]
    return wang.post("/console/draft/publish", {"seen": seen, "tell": tell})


def test_an_address_goes_into_the_draft_and_then_into_force(house: Any, wang: Secretary) -> None:
    before = house.application.office.contents["units.toml"]
    form = typed(wang, RELATED, to="new@helan.example, second@helan.example", contact="陈")
    assert wang.post(f"{HERE}/{RELATED}", form).status_code == 303
    assert told(house)[RELATED]["to"] == ["new@helan.example", "second@helan.example"]
    assert (
        "收件邮箱改为“new@helan.example、second@helan.example”" in wang.get("/console/draft").text
    )
    assert "已改，未发布" in wang.get("/console/units").text
    assert publish(wang).status_code == 303
    unit = house.application.table.directory[RELATED]
    assert (unit.to, unit.contact) == (("new@helan.example", "second@helan.example"), "陈")
    after = house.application.office.contents["units.toml"]
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert len(changed) <= 4  # all else as it was, comments too


def test_what_is_typed_as_it_was_leaves_no_edit(house: Any, wang: Secretary) -> None:
    wang.post(f"{HERE}/{RELATED}", typed(wang, RELATED, phone="0951-1"))
    wang.post(f"{HERE}/{RELATED}", typed(wang, RELATED, phone=""))
    assert "没有未发布的修改" in wang.get("/console/draft").text


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"to": "nobody"}, "to", "不是邮箱地址"),
        ({"name": ""}, "name", ""),
        ({"aliases": "代表工作委员会"}, "aliases", "代表工作委员会"),
    ],
)
def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(
    house: Any, wang: Secretary, changes: dict[str, str], field: str, words: str
) -> None:
    answer = wang.post(f"{HERE}/{RELATED}", typed(wang, RELATED, phone="0951-2", **changes))
    assert answer.status_code == 422
    found = re.search(rf'id="{field}-wrong">([^<]+)<', answer.text)
    assert found
    assert words in found[1]
    assert "0951-2" in answer.text
    assert "phone" not in told(house)[RELATED]


@pytest.fixture
def chat(house: Any) -> Any:
    """The office has a channel."""
    app = house.application
    given = app.office.command_line | {"channel": {"chat": {"url": "json://127.0.0.1/hook"}}}
    app.office = replace(load_office(app.office.config, given), publication=app.office.publication)
    return house


def test_a_unit_is_told_by_a_channel_instead_of_mail(chat: Any, wang: Secretary) -> None:
    wrong = wang.post(f"{HERE}/{RELATED}", typed(wang, RELATED, channels="sms:13800000000"))
    assert "设置中没有渠道“sms”，应为chat之一" in wrong.text
    form = typed(wang, RELATED, channels="chat", mail="no")
    assert wang.post(f"{HERE}/{RELATED}", form).status_code == 303
    assert (told(chat)[RELATED]["channels"], told(chat)[RELATED]["mail"]) == (["chat"], False)
    draft = wang.get("/console/draft").text
    assert "其他渠道改为“chat”；邮件改为“否”" in draft
    publish(wang)
    assert chat.application.table.directory[RELATED].addresses == ("chat",)
    assert "不发邮件" in wang.get(f"/console/units/{RELATED}").text
    chat.application.tick()
    key = f"npc-deputies/digest/2026-04/{RELATED}"
    page = wang.get("/console/ledger/notice", key=key).text
    assert "经渠道 chat 发出的短文" in page
    assert "代表工作·4月：" in page


def test_a_new_unit_gets_an_id_and_is_known(house: Any, wang: Secretary) -> None:
    form = {"name": f"红寺堡区人大{XSS}", "to": "hsb@local.example"}
    assert wang.post(f"{HERE}/new", form).status_code == 303
    assert "没有填写与本机关的关系" in wang.get("/console/draft").text
    wang.post(f"{HERE}/unit-41", {**form, "relation": "local"})
    assert "没有填写与本机关的关系" not in wang.get("/console/draft").text
    assert "&lt;script&gt;" in wang.get("/console/draft").text
    publish(wang)
    unit = house.application.table.directory.named(form["name"])
    assert unit is not None
    assert re.fullmatch(r"unit-\d+", unit.id)


def test_a_unit_that_tables_name_is_retired_and_not_removed(house: Any, wang: Secretary) -> None:
    assert "不能删除" in wang.get(f"{HERE}/{LEADER}").text
    assert wang.post(f"{HERE}/{LEADER}/drop", {}).status_code == 422
    wang.post(f"{HERE}/{RELATED}", typed(wang, RELATED, retired="1"))
    publish(wang)
    unit = house.application.table.directory[RELATED]
    assert (unit.retired, unit.has_address) == (True, False)
    assert "已停用" in wang.get("/console/units").text


def test_an_unnamed_unit_is_removed_and_undone(house: Any, wang: Secretary) -> None:
    wang.post(f"{HERE}/new", {"name": "某办公室"})
    publish(wang)
    [name] = [u.id for u in house.application.table.directory.single if u.name == "某办公室"]
    assert wang.post(f"{HERE}/{name}/drop", {}).status_code == 303
    assert name not in told(house)
    wang.post(f"{HERE}/{name}/undo", {})
    assert name in told(house)
    assert wang.get(f"{HERE}/nobody").status_code == 404


def test_units_are_found_by_name_and_address(wang: Secretary) -> None:
    page = wang.get("/console/units", q="贺兰").text
    assert page.count("<tr id=") == 1
    assert wang.get("/console/units", q="没有这个").text.count("<tr id=") == 0
