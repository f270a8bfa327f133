"""What units and readers of copies choose by their links: pages, forms, one click in a mail."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from reminder.documents.sections import WebSettings
from reminder.domain.notices import Kind
from reminder.domain.preferences import MOST_READERS, Preference, UnitChoices
from reminder.ledger.access import PAGE
from reminder.ledger.own_messages import own_content
from reminder.ledger.views import read_notices
from reminder.mail.mime import read
from reminder.office import preferences
from reminder.office.login import begin_session

UNIT = "deputies"
NEW = "chief@npc.example"
CLICK = {"pressed": ""}
ALL = {f"kind-{kind}": "1" for kind in Kind}


@pytest.fixture
def house(house: Any) -> Any:
    """Whose links stand in its mails."""
    house.set(web=WebSettings(base_url="https://reminder.test"))
    house.application.tick()
    return house


@pytest.fixture
def browser(house: Any) -> Any:
    client = house.client(name="reminder.test")
    client.base_url = "https://reminder.test"
    return client


def choices(house: Any) -> UnitChoices:
    with house.database.read() as connection:
        return preferences.choices_of(connection, house.table.directory[UNIT])


def settings(house: Any) -> str:
    return f"{house.url(UNIT, PAGE)}/settings"


def asked(house: Any) -> Any:
    with house.database.read() as connection:
        return read_notices(connection, kind=Kind.READER)


def link_in_mail(house: Any, address: str = NEW) -> str:
    """By which the reader was asked."""
    with house.database.read() as connection:
        content = own_content(connection, asked(house)[-1].key, address)
    assert content is not None
    [found] = set(re.findall(r"https://reminder\.test(/readers/\S+)", read(content)[0].text))
    return str(found)


def added(house: Any, browser: Any, *, confirmed: bool = True) -> str:
    """A new reader, and the address of their page."""
    form = {"address": NEW, "label": "分管领导"}
    assert browser.post(f"{settings(house)}/add", data=form).status_code == 303
    link = link_in_mail(house)
    if confirmed:
        assert browser.post(f"{link}/confirm", data=CLICK).status_code == 303
    return link


def test_a_unit_chooses_and_never_loses_its_digest(house: Any, browser: Any) -> None:
    form = {"kind-overdue": "1", "quiet_from": "22:00", "quiet_until": "07:00",
            "pause_from": "2026-04-06", "pause_until": "2026-04-10"}  # fmt: skip
    page = browser.get(settings(house)).text
    assert "kind-digest" not in page
    answer = browser.post(settings(house), data=form)
    assert answer.status_code == 303
    own = choices(house).own
    assert own.declined == {Kind.NUDGE, Kind.SUPPLEMENT, Kind.RECEIPT}
    assert (str(own.quiet), own.pause and own.pause.last.day) == ("22:00-07:00", 10)
    assert (
        "不要临近提醒、登记回执、更正提示；免打扰22:00-07:00" in browser.get(settings(house)).text
    )


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"quiet_from": "22:00"}, "起止都要填写"),
        ({"quiet_from": "07:00", "quiet_until": "06:00"}, "最长16小时"),
        ({"pause_from": "2026-04-09", "pause_until": "2026-04-08"}, "不能早于首日"),
        ({"pause_from": "2026-04-09"}, "请填写暂停的末日"),
        ({"pause_until": "soon"}, "请填写日期"),
        ({"pause_from": "2026-04-01", "pause_until": "2027-04-01"}, "最长92天"),
    ],
)
def test_what_cannot_be_chosen_is_said_and_stays_typed(
    house: Any, browser: Any, form: dict[str, str], said: str
) -> None:
    answer = browser.post(settings(house), data=ALL | form)
    assert (answer.status_code, said in answer.text) == (422, True)
    assert all(f'value="{value}"' in answer.text for value in form.values())
    assert choices(house).own == Preference(UNIT)


def test_a_new_reader_reads_when_they_have_confirmed_and_the_unit_hears_of_it(
    house: Any, browser: Any
) -> None:
    link = added(house, browser, confirmed=False)
    [notice] = asked(house)
    assert {one.address for one in notice.recipients} == {"deputies@npc.example", NEW}
    assert "待本人确认" in browser.get(settings(house)).text
    page = browser.get(link).text
    assert ("确认接收" in page, choices(house).copied) == (True, [])
    browser.post(f"{link}/confirm", data=CLICK)
    assert [one.address for one in choices(house).copied] == [NEW]
    again = browser.post(f"{settings(house)}/add", data={"address": NEW.upper()})
    assert "已在接收" in again.text
    browser.post(f"{settings(house)}/remove", data={"address": NEW})
    assert browser.get(link).status_code == 404


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("chief@elsewhere.example", "只能增加本单位邮箱所在域名"),
        ("deputies@npc.example", "已在接收"),
        ("nobody", "不是邮箱地址"),
    ],
)
def test_who_may_not_be_added_gets_no_mail(
    house: Any, browser: Any, address: str, said: str
) -> None:
    answer = browser.post(f"{settings(house)}/add", data={"address": address})
    assert (answer.status_code, said in answer.text, asked(house)) == (422, True, [])


def test_nobody_is_asked_twice_a_day(house: Any, browser: Any) -> None:
    added(house, browser, confirmed=False)
    answer = browser.post(f"{settings(house)}/add", data={"address": NEW})
    assert ("今天已向这个邮箱发过" in answer.text, len(asked(house))) == (True, 1)


def test_a_units_link_cannot_write_to_ever_more_people(house: Any, browser: Any) -> None:
    for number in range(MOST_READERS + 1):
        address = f"{number}-{NEW}"
        answer = browser.post(f"{settings(house)}/add", data={"address": address})
        browser.post(f"{settings(house)}/remove", data={"address": address})
    assert (answer.status_code, len(asked(house))) == (422, MOST_READERS)


def test_a_reader_chooses_for_themselves_and_leaves_and_comes_back(
    house: Any, browser: Any
) -> None:
    link = added(house, browser)
    form = {key: value for key, value in ALL.items() if key != "kind-digest"}
    browser.post(f"{link}/choose", data=form)
    [reader] = choices(house).copied
    assert reader.declined == {Kind.DIGEST}
    assert choices(house).own == Preference(UNIT)
    assert browser.get(f"{link}/leave").status_code == 200
    assert choices(house).copied[0].left is None  # to look changes nothing
    browser.post(f"{link}/leave", data=CLICK)
    assert choices(house).copied[0].left is not None
    assert "您已不再接收" in browser.get(link).text
    browser.post(f"{link}/back", data=CLICK)
    assert choices(house).copied[0].left is None


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
    ],
    ids=["urlencoded", "multipart"],
)
def test_one_click_in_a_mail_program_leaves(house: Any, browser: Any, sent: dict[str, Any]) -> None:
    """RFC 8058: no cookie, from wherever its server is, answered without a redirect."""
    link = added(house, browser)
    client = house.client(name="reminder.test", is_inside=False)
    client.base_url = "https://reminder.test"
    answer = client.post(f"{link}/leave", headers={"Origin": "https://mail.example"}, **sent)
    assert (answer.status_code, choices(house).copied[0].left is None) == (200, False)


@pytest.mark.parametrize("act", ["", "/leave", "/confirm", "/choose", "/back"])
def test_no_other_link_opens_a_readers_page(house: Any, browser: Any, act: str) -> None:
    link = added(house, browser)
    word, unit = urlsplit(link).path.split("/")[2:]
    for forged in (f"/readers/{'a' * 32}/{unit}", f"/readers/{word}/helan", f"/readers/{word}/x"):
        is_form = act not in ("", "/leave")
        answer = browser.post(forged + act, data=CLICK) if is_form else browser.get(forged + act)
        assert answer.status_code == 404
    assert browser.post(f"/readers/{'a' * 32}/{unit}/leave").status_code == 404
    assert choices(house).copied[0].left is None


def test_the_office_may_switch_readers_off(house: Any, browser: Any) -> None:
    mail = house.settings.mail.model_copy(update={"readers": "off"})
    house.set(mail=mail)
    assert "增加抄送收件人" not in browser.get(settings(house)).text
    answer = browser.post(f"{settings(house)}/add", data={"address": NEW})
    assert (answer.status_code, asked(house)) == (422, [])


def test_the_secretariat_sees_who_has_left_and_puts_them_back(house: Any, browser: Any) -> None:
    link = added(house, browser)
    browser.post(f"{link}/leave", data=CLICK)
    unit = f"/console/units/{UNIT}"
    console = browser
    with house.database.write() as connection:
        session = begin_session(connection, house.application.clock.now())
    console.cookies.set(house.cookie("console"), session)
    assert "起不再接收" in console.get(unit).text
    form = {"back": unit, "address": NEW, "act": "back"}
    assert console.post("/console/readers", data=form).headers["Location"] == f"{unit}#readers"
    assert choices(house).copied[0].left is None
    console.post("/console/readers", data=form | {"act": "remove"})
    assert choices(house).copied == []


def test_who_has_left_is_not_asked_again_by_the_unit(house: Any, browser: Any) -> None:
    link = added(house, browser)
    browser.post(f"{link}/leave", data=CLICK)
    before = len(asked(house))
    browser.post(f"{settings(house)}/remove", data={"address": NEW})
    answer = browser.post(f"{settings(house)}/add", data={"address": NEW})
    assert (answer.status_code, len(asked(house))) == (422, before)
    assert "对方已退订" in answer.text
