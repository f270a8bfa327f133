"""Letters on the console: what is not understood is read there, and registered with one click."""

from typing import Any

import pytest

from reminder.documents.server_sections import InboxSettings
from reminder.domain.incoming import LetterReason
from reminder.ledger.incoming import read_letters
from reminder.ledger.registrations import read_all
from reminder.ledger.views import read_notice
from reminder.office.inbox import take_in
from reminder.words import CHINESE, ENGLISH, environment
from tests.web.console.conftest import LEADER, TASK, XSS, as_person

HERE = "/console/letters"
KEY = f"npc-deputies/digest/2026-04/{LEADER}"


def letter(house: Any, said: str, name: str = "张某") -> int:
    """A reply to the leader's digest that came in. Its number."""
    with house.database.read() as connection:
        view = read_notice(connection, KEY)
    sender = house.table.directory[LEADER].to[0]
    content = (
        f"From: {name} <{sender}>\r\nSubject: Re: {XSS}\r\nIn-Reply-To: {view.message_id}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{said}\r\n"
    )
    assert take_in(house.application, content.encode())
    with house.database.read() as connection:
        return max(one.id for one in read_letters(connection))


@pytest.fixture
def house(house: Any) -> Any:
    house.set(inbox=InboxSettings(trust=True, maildir="/nowhere"))
    house.application.tick()
    return house


def state(house: Any, number: int) -> tuple[str, str]:
    with house.database.read() as connection:
        [one] = [one for one in read_letters(connection) if one.id == number]
    return one.state, one.who


def test_letter_stands_there_with_its_unit_and_nothing_in_it_is_code(house: Any) -> None:
    person = as_person(house, "edit")
    assert "没有待处理的来信" in person.get(HERE).text
    letter(house, f"有一个问题{XSS}", name=XSS)
    page = person.get(HERE).text
    assert "1封来信待处理" in page
    assert "有一个问题" in page
    assert "代表工作委员会" in page
    assert XSS not in page
    today = person.get("/console").text
    assert "1封来信" in today
    assert "来信</a>" in today


@pytest.mark.parametrize(
    ("path", "form", "act"),
    [
        ("sign", {"period": "2026-04"}, ("sign", "", "2026-04")),
        ("progress", {"about": TASK, "words": "已发通知"}, ("progress", TASK, "")),
        ("finish", {"about": TASK, "done_on": "2026-04-01"}, ("finish", TASK, "")),
    ],
)
def test_one_click_registers_it_in_the_name_of_who_wrote_it(
    house: Any, path: str, form: dict[str, str], act: tuple[str, str, str]
) -> None:
    number, person = letter(house, "请代为登记"), as_person(house, "edit")
    page = person.get(HERE).text
    assert f"{HERE}/{path}" in page
    assert "代签收4月提示" in page
    answer = person.post(f"{HERE}/{path}", {"letter": str(number), **form})
    assert answer.status_code == 303
    with house.database.read() as connection:
        [row] = read_all(connection, "npc-deputies")
    assert (row.act, row.task, row.period) == act
    assert (row.by.who, row.by.channel, row.by.clerk) == ("张某", "mail", "王某")
    assert row.by.link == f"mail/{number}"
    assert state(house, number) == ("settled", "王某")
    assert "王某已处理" in person.get(f"{HERE}?all=1").text
    # Somebody else clicks too.
    again = person.post(f"{HERE}/{path}", {"letter": str(number), **form})
    assert (again.status_code, "已经处理" in again.text) == (422, True)


def test_form_that_is_refused_leaves_the_letter_and_what_was_typed(house: Any) -> None:
    number, person = letter(house, "请代为登记"), as_person(house, "edit")
    form = {"letter": str(number), "about": TASK, "done_on": "2026-05-01"}
    answer = person.post(f"{HERE}/finish", form)
    assert answer.status_code == 422
    assert 'value="2026-05-01"' in answer.text
    assert state(house, number) == ("waiting", "")
    assert person.post(f"{HERE}/settle", {"letter": str(number)}).status_code == 303
    assert state(house, number) == ("settled", "王某")


def test_stopped_address_is_named_until_somebody_lets_mail_go_there_again(house: Any) -> None:
    address = house.table.directory[LEADER].to[0]
    report = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n--B\r\n"
        f"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 no {XSS}\r\n\r\n--B--"
    )
    with house.database.read() as connection:
        message_id = read_notice(connection, KEY).message_id
    head = f"From: mailer-daemon@x.test\r\nIn-Reply-To: {message_id}\r\n"
    assert take_in(house.application, (head + report).encode())
    person = as_person(house, "edit")
    unit = f"/console/units/{LEADER}"
    for path in ("/console", unit, HERE):
        page = person.get(path).text
        assert address in page
        assert XSS not in page
    assert "需另行告知" in person.get("/console").text
    form = {"address": address, "back": unit}
    assert person.post("/console/address", form).status_code == 303
    assert "停发" not in person.get(unit).text
    assert person.post("/console/address", form).status_code == 422


@pytest.mark.parametrize("language", [CHINESE, ENGLISH])
def test_whatever_became_of_a_letter_has_its_word(language: str) -> None:
    words = environment(None, autoescape=False, language=language).get_template("words.txt")
    assert vars(words.module)["letter_reasons"].keys() == set(LetterReason)
