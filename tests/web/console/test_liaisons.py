"""A list of liaisons that is sent to the console: edits of units, and what is asked of the rest."""

import re
from typing import Any

import pytest

from reminder.documents.editing import apply_each
from reminder.office.unit_edits import values_of
from tests.web.console.conftest import XSS, Secretary, as_person
from tests.web.console.test_upload import asked, edits, mark

HERE = "/console/liaisons"
LIST = f"""单位\t联络员\t电话\t邮箱
代表工作委员会\t张三{XSS}\t0951-1234567\tzhang@example.org
贺兰县人大常委会\t李四\t0951-7654321\tli@example.org
贺兰县人大常委\t王五\t\twang@example.org
某县新办\t赵六\t\tzhao@example.org
永宁县人大常委会\t钱七\t\tzhang@example.org
灵武市人大常委会\t孙八\t\t不是邮箱
"""


@pytest.fixture
def editor(house: Any) -> Secretary:
    return as_person(house, "edit")


def send(who: Secretary, text: str) -> Any:
    return who.client.post(f"{HERE}/upload", files={"file": ("名单.txt", text.encode())})


def units(house: Any) -> bytes:
    return apply_each(house.application.office.contents, edits(house)).contents["units.toml"]


def reply(who: Secretary, page: Any, **answers: str) -> Any:
    numbers = " ".join(asked(page))
    return who.post(f"{HERE}/answers", {"mark": mark(page), "numbers": numbers, **answers})


def test_what_is_sure_is_in_the_draft_and_the_rest_is_asked(house: Any, editor: Secretary) -> None:
    assert send(editor, LIST).headers["Location"] == HERE
    page = editor.get(HERE)
    assert XSS not in page.text
    assert list(asked(page).values()) == [
        "第2行，代表工作委员会：zhang@example.org也是“永宁县人大常委会”的邮箱",
        "第4行：名册中没有“贺兰县人大常委”，是不是“贺兰县人大常委会”",
        "第5行：名册中没有“某县新办”",
        "第6行，永宁县人大常委会：zhang@example.org也是“自治区人大常委会代表工作委员会”的邮箱",
        "第7行，灵武市人大常委会：“不是邮箱”不是邮箱地址",
    ]
    assert values_of(units(house), "helan")["contact"] == "李四"
    assert values_of(units(house), "lingwu")["contact"] == "孙八"
    assert "有5处读得不确定" in editor.get("/console/draft").text


def test_answers_become_edits_of_units(house: Any, editor: Secretary) -> None:
    send(editor, LIST)
    page = editor.get(HERE)
    taken = reply(editor, page, choice0="keep", choice1="near", choice2="new", answer4="不是")
    assert taken.status_code == 422
    assert list(asked(taken)) == ["3", "4"]
    assert 'value="不是"' in taken.text
    after = units(house)
    assert values_of(after, "deputies")["to"] == ["zhang@example.org"]
    assert values_of(after, "helan")["contact"] == "王五"
    assert "某县新办" in after.decode()
    done = reply(editor, editor.get(HERE), choice3="skip", answer4="sun@example.org")
    assert done.status_code == 303
    assert values_of(units(house), "lingwu")["to"] == ["sun@example.org"]
    assert {edit.kind for edit in edits(house)} == {"unit"}


def test_the_list_to_fill_in_changes_nothing_as_it_is(house: Any, editor: Secretary) -> None:
    sheet = editor.get(f"{HERE}/sheet.xlsx").content
    sent = editor.client.post(f"{HERE}/upload", files={"file": ("liaisons.xlsx", sheet)})
    assert sent.status_code == 303
    assert [edit.kind for edit in edits(house) if edit.kind == "unit"] == []


@pytest.mark.parametrize(
    ("text", "words"), [("%PDF-1.7", "不是 Word"), ("", "请先选择文件|文件是空的")]
)
def test_what_is_no_list(house: Any, editor: Secretary, text: str, words: str) -> None:
    answer = send(editor, text)
    assert answer.status_code == 422
    assert re.search(words, answer.text)
