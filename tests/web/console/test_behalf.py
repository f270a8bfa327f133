"""What the secretariat notes for a unit, by forms on the pages where it looks for whom to phone."""

import csv
import io
import re
from typing import Any

import pytest

from reminder.domain.notices import Reason, State
from tests.web.console.conftest import LEADER, RELATED, TASK, XSS, Secretary, at, logged_in, put

APRIL = {"unit": RELATED, "task": "", "period": "2026-04"}
SIGNED = APRIL | {"act": "sign", "channel": "visit", "who": "联络员<b>"}
CALL = APRIL | {"act": "call", "channel": "phone", "who": "联络员", "words": XSS}
TOLD = {"unit": LEADER, "act": "register", "channel": "mail", "who": "联络员", "about": TASK}
EXPORT, BY = "/console/export.csv", ("联络员", "电话告知", "秘书处")
DONE = {"done_on": "2026-04-07", "words": "已召开"}


@pytest.fixture
def unsigned(house: Any) -> Secretary:
    """The third working day after April's mails."""
    house.application.tick()
    at(house, "2026-04-07T10:00+08:00")
    return Secretary(logged_in(house))


def row_of(page: str, unit: str) -> str:
    [row] = [row for row in re.findall(r"<tr\b.*?</tr>", page, re.DOTALL) if f"units/{unit}" in row]
    return row


def test_a_month_says_who_has_not_signed_for_days_and_signs_for_them(unsigned: Secretary) -> None:
    month = "/console/month/2026-04"
    page = unsigned.get(month).text
    assert "31个单位收到提示已满3个工作日" in page
    row = row_of(page, RELATED)
    assert ('<span class="pill yellow">未签收' in row, "/console/sign-for" in row) == (True, True)
    assert '<span class="pill yellow">未签收' in row_of(
        unsigned.get("/console/units").text, RELATED
    )
    answer = unsigned.post("/console/sign-for", SIGNED | {"back": month})
    assert answer.headers["location"] == f"{month}#signing"
    page = unsigned.get(month).text
    assert "30个单位收到提示已满3个工作日" in page
    assert "联络员&lt;b&gt;（当面告知，秘书处代签收）" in row_of(page, RELATED)


def test_a_call_stands_beside_its_unit_wherever_it_is_to_be_phoned(unsigned: Secretary) -> None:
    answer = unsigned.post("/console/call", CALL | {"back": "/console"})
    assert answer.headers["location"] == "/console#calls"
    for path in ("", "/month/2026-04", f"/units/{RELATED}"):
        page = unsigned.get(f"/console{path}").text
        assert "&lt;script&gt;" in page
        assert XSS not in page
    assert "已联系 联络员：" in row_of(unsigned.get("/console").text, RELATED)


def test_who_says_on_the_telephone_that_it_came_has_signed(unsigned: Secretary) -> None:
    unsigned.post("/console/sign-for", CALL | {"back": "/console"})
    page = unsigned.get(f"/console/units/{RELATED}").text
    assert "电话告知，秘书处代签收" in page
    assert "通话记录" in page
    assert f"units/{RELATED}" not in unsigned.get("/console").text.partition('id="tasks"')[0]


def test_who_has_no_mailbox_is_told_on_the_telephone_and_signs_there(house: Any) -> None:
    put(house, RELATED, Reason.NO_ADDRESS, State.REFUSED)
    secretary = Secretary(logged_in(house))
    assert "/console/sign-for" in row_of(secretary.get("/console").text, RELATED)
    secretary.post("/console/sign-for", CALL | {"back": "/console"})
    row = row_of(secretary.get("/console").text, RELATED)
    assert ("无邮箱，需另行告知" in row, "/console/sign-for" in row) == (True, False)


@pytest.mark.parametrize(
    ("path", "form", "why", "kept"),
    [
        ("call", CALL | {"words": " "}, "请写明通话内容", "联络员"),
        ("call", CALL | {"unit": "nobody"}, "没有这个单位", ""),
        ("sign-for", SIGNED | {"who": ""}, "请填写登记人姓名", ""),
        ("sign-for", SIGNED | {"channel": "dream"}, "请选择告知方式", "联络员&lt;b&gt;"),
        ("sign-for", SIGNED | {"period": "2026-05"}, "该月提示无需签收", ""),
        ("sign-for", SIGNED | {"words": "w" * 501}, "最多500字", "联络员&lt;b&gt;"),
        ("sign-for", CALL | {"who": ""}, "请填写登记人姓名", ""),
        ("progress-for", TOLD, "请填写进展情况或进度", "联络员"),
        ("progress-for", TOLD | {"words": "x", "closes": "1"}, "已经完成的，请用", ""),
        ("progress-for", TOLD | {"percent": "200"}, "0到100之间", "200"),
        ("progress-for", TOLD | {"unit": RELATED, "words": "x"}, "不由本单位", ""),
        ("finish-for", TOLD | {"done_on": "2026-04-08"}, "不能晚于今天", "2026-04-08"),
        ("finish-for", TOLD | DONE | {"about": "2026-99-9"}, "没有这一项", "2026-04-07"),
    ],
)
def test_a_form_that_is_refused_says_why_and_keeps_what_was_typed(
    unsigned: Secretary, path: str, form: dict[str, str], why: str, kept: str
) -> None:
    back = "/console" if form["act"] == "call" else f"/console/units/{form['unit']}"
    answer = unsigned.post(f"/console/{path}", form | {"back": back})
    assert answer.status_code == 422
    assert why in answer.text
    assert not kept or f'value="{kept}"' in answer.text


@pytest.mark.parametrize(("closes", "words"), [("", "待复核"), ("1", "已办结")])
def test_a_task_is_noted_as_in_hand_and_as_done(
    unsigned: Secretary, closes: str, words: str
) -> None:
    here = f"/console/units/{LEADER}"
    page = unsigned.get(f"{here}?task={TASK}").text
    assert f'<option value="{TASK}" selected>' in page
    unsigned.post("/console/progress-for", TOLD | {"words": "方案已报批", "back": here})
    assert "进展已代登记" in (page := unsigned.get(here).text)
    assert "联络员（回复邮件，秘书处代登记）" in page
    unsigned.post("/console/finish-for", TOLD | DONE | {"closes": closes, "back": here})
    page = unsigned.get(here).text
    assert "已代登记完成" in page
    assert words in unsigned.get("/console/month/2026-04").text
    assert (f'<option value="{TASK}"' in page) == (not closes)


def test_the_month_of_a_year_round_task_is_chosen_with_it(unsigned: Secretary) -> None:
    here, about = f"/console/units/{LEADER}", "2026-year-1 2026-04"
    assert f'<option value="{about}"' in unsigned.get(here).text
    unsigned.post("/console/finish-for", TOLD | DONE | {"about": about, "back": here})
    assert "4月" in (page := unsigned.get(here).text)
    assert "待复核 <small>1项" in page


def test_a_units_own_page_says_what_was_noted_for_it(house: Any, unsigned: Secretary) -> None:
    here = f"/console/units/{LEADER}"
    form = {"unit": LEADER, "period": "2026-04", "act": "sign", "channel": "phone", "who": "联络员"}
    unsigned.post("/console/sign-for", form | {"back": here})
    unsigned.post("/console/progress-for", TOLD | {"words": "方案已报批", "back": here})
    unsigned.post("/console/call", CALL | {"unit": LEADER, "words": "再催", "back": here})
    page = house.client().get(f"/units{house.url(LEADER, 'page').partition('/units')[2]}").text
    assert "联络员（电话告知，秘书处代签收）" in page
    assert "联络员（回复邮件，秘书处代登记）" in page
    assert "再催" not in page


def test_what_was_noted_stands_in_what_is_taken_away(unsigned: Secretary) -> None:
    unsigned.post("/console/sign-for", CALL | {"words": "周五\n再报", "back": "/console"})
    tables = {
        table: list(csv.DictReader(io.StringIO(unsigned.get(EXPORT, table=table).text)))
        for table in ("signatures", "registrations", "calls")
    }
    [signed] = [row for row in tables["signatures"] if row["签收"] == "已签收"]
    assert (signed["签收人"], signed["代签收途径"], signed["经办人"]) == BY
    [registered] = tables["registrations"]
    assert (registered["登记人"], registered["代登记途径"], registered["经办人"]) == BY
    [call] = tables["calls"]
    assert (call["通话人"], call["内容"], call["月份"]) == ("联络员", "周五\n再报", "2026年4月")
