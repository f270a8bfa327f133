"""A year's working days on the console: turned one by one, or taken from a notice."""

import re
from typing import Any

import pytest

from reminder.office import drafts
from tests.web.console.conftest import Secretary, as_person

HERE = "/console/workdays"
NOTICE = """国务院办公厅关于2027年部分节假日安排的通知
一、元旦：1月1日（周五）放假，与周末连休，共3天。
"""


@pytest.fixture
def editor(house: Any) -> Secretary:
    return as_person(house, "edit")


def edits(house: Any) -> list[tuple[str, str, Any]]:
    with house.database.read() as connection:
        draft = drafts.open_draft(connection, "wang")
    return [(edit.document, edit.kind, edit.args) for edit in draft.edits] if draft else []


def day(page: Any, name: str) -> str:
    return re.search(rf'<button class="([^"]*)" name="day" value="{name}"', page.text)[1]


def test_a_day_is_turned_by_one_click_and_back_by_another(house: Any, editor: Secretary) -> None:
    page = editor.get(HERE, year="2026")
    assert "odd" in day(page, "2026-01-04")
    assert day(page, "2026-05-08").split() == ["day", "works"]
    turned = editor.post(f"{HERE}/day?year=2026", {"day": "2026-05-08"})
    assert turned.headers["location"].endswith(f"{HERE}?year=2026#m5")
    page = editor.get(HERE, year="2026")
    assert set(day(page, "2026-05-08").split()) == {"day", "rests", "odd", "turned"}
    [(document, kind, args)] = edits(house)
    assert (document, kind) == ("workdays/2026.toml", "day")
    assert args == {"id": "2026-05-08", "works": False}
    shown = editor.get("/console/draft")
    assert "2026年5月8日改为休息" in shown.text
    editor.post(f"{HERE}/day?year=2026", {"day": "2026-05-08"})
    page = editor.get(HERE, year="2026")
    assert day(page, "2026-05-08").split() == ["day", "works"]


def test_a_published_day_moves_what_rests_on_it(house: Any) -> None:
    approver = as_person(house, "approve")
    # The last working day of May: all that is due with the month moves.
    approver.post(f"{HERE}/day?year=2026", {"day": "2026-05-29"})
    seen = re.search(r'name="seen" value="(\w+)"', approver.get("/console/draft").text)[1]
    answer = approver.post("/console/draft/publish", {"seen": seen, "tell": "nobody"})
    assert answer.status_code == 303
    window = house.application.table.windows["2026-05-2"]
    assert f"{window.due}" == "2026-05-28"
    page = approver.get("/console/versions").text
    assert "第2版" in page
    assert "5月29日" in approver.get("/console/versions/2").text


def test_a_pasted_notice_goes_into_the_draft_and_a_wrong_one_is_asked_about(
    house: Any, editor: Secretary
) -> None:
    taken = editor.post(f"{HERE}/notice?year=2027", {"notice": NOTICE})
    assert taken.status_code == 303, taken.text
    [(document, kind, args)] = edits(house)
    assert (document, kind) == ("workdays/2027.toml", "text")
    assert "2027-01-01" in args["text"]
    wrong = NOTICE.replace("周五", "周四")
    answer = editor.post(f"{HERE}/notice?year=2027", {"notice": wrong})
    assert answer.status_code == 422
    assert "1月1日" in answer.text
    assert "周四" in answer.text  # what was pasted stands there still
    assert editor.post(f"{HERE}/notice?year=2027", {"notice": " "}).status_code == 422
    assert editor.get(f"{HERE}?year=99999").status_code == 404


def test_versions_say_what_changed_and_come_back(house: Any) -> None:
    approver = as_person(house, "approve")
    assert approver.get("/console/versions/1").status_code == 404
    approver.post(f"{HERE}/day?year=2026", {"day": "2026-05-29"})
    seen = re.search(r'name="seen" value="(\w+)"', approver.get("/console/draft").text)[1]
    approver.post("/console/draft/publish", {"seen": seen, "tell": "nobody", "note": "调休"})
    assert "调休" in approver.get("/console/versions/2").text
    text = approver.get("/console/versions/2/file?document=workdays/2026.toml")
    assert b"2026-05-29" in text.content
    assert "attachment" in text.headers["content-disposition"]
    assert approver.get("/console/versions/2/file?document=secret").status_code == 404
    assert approver.post("/console/versions/2/restore", {}).status_code in (409, 422)
    first = approver.get("/console/versions/1").text
    assert "最初的一版" in first
    approver.post(f"{HERE}/day?year=2026", {"day": "2026-05-29"})
    seen = re.search(r'name="seen" value="(\w+)"', approver.get("/console/draft").text)[1]
    approver.post("/console/draft/publish", {"seen": seen, "tell": "nobody"})
    restored = approver.post("/console/versions/2/restore", {})
    assert restored.headers["location"].endswith("/console/draft")
    assert "恢复到以前的版本" in approver.get("/console/draft").text


def test_a_notice_comes_as_a_file_too(house: Any, editor: Secretary) -> None:
    sent = editor.client.post(f"{HERE}/upload?year=2027", files={"file": ("通知.txt", NOTICE)})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{HERE}?year=2027")
    assert [name for name, kind, _ in edits(house)] == ["workdays/2027.toml"]
    wrong = NOTICE.replace("（周五）", "（周六）")
    again = editor.client.post(f"{HERE}/upload?year=2027", files={"file": ("通知.txt", wrong)})
    assert again.status_code == 422
    assert "对不上" in again.text
    assert "（周六）" in again.text
