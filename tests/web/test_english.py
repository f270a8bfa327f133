"""A unit that is written to in English reads, answers and subscribes in English."""

import re
from dataclasses import replace

import pytest

from reminder.domain.units import Directory
from reminder.words import CHINESE, ENGLISH
from tests.daemon.trials import messages, parsed, text_of
from tests.web.conftest import AT, House
from tests.web.console.conftest import logged_in
from tests.web.test_units import Visitor, address

CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
UNIT, OTHER = "deputies", "helan"


@pytest.fixture
def english(house: House) -> House:
    """One unit's language."""
    office = house.application.office
    units = dict(office.table.directory.units)
    units[UNIT] = replace(units[UNIT], language=ENGLISH)
    table = replace(office.table, directory=Directory(units))
    house.application.office = replace(office, tables=(table,))
    return house


def unquoted(house: House, html: str) -> str:
    """Less what the plan and the list of units say."""
    plan, directory = house.table.plan, house.table.directory
    said = {plan.name, plan.tag, house.settings.mail.contact}
    said |= {words for task in plan.tasks for words in (task.title, task.brief)}
    said |= {words for unit in directory.units.values() for words in (unit.name, unit.label)}
    return re.sub("|".join(map(re.escape, sorted(said, key=len, reverse=True))), "", html)


def test_its_pages_are_in_english_around_the_plans_own_words(english: House) -> None:
    english.application.tick()
    client, home = english.client(), address(english, UNIT)
    [mail] = re.findall(r'href="(/units/[^"]+/mails/[^"]+)"', client.get(home).text)
    for path in (home, f"{home}/mails", mail):
        page = client.get(path)
        assert page.status_code == 200
        assert '<html lang="en">' in page.text
        assert CJK.findall(unquoted(english, page.text.partition("<pre>")[0])) == []
    page = client.get(home).text
    assert '<span lang="zh-CN">举办全区县乡人大换届选举工作人员培训班</span>' in page
    assert "In April your unit leads 2 tasks, both within the month (to Thursday 30 April)." in page
    assert f'<html lang="{CHINESE}">' in client.get(address(english, OTHER)).text


def test_its_answers_and_receipts_are_in_english(english: House) -> None:
    visitor = Visitor(english, UNIT)
    assert "Please enter the day on which it was done" in visitor.finish(who="Li", done_on="").text
    home = visitor.sign(who="Li").headers["location"]
    assert "Acknowledged. A receipt goes to your unit’s mailbox." in visitor.client.get(home).text
    english.application.tick()
    mails = [parsed(path.read_bytes()) for path in messages(english.settings.outbox)]
    [receipt] = [mail for mail in mails if "Receipt" in mail["Subject"]]
    assert (
        receipt["Subject"] == "[Deputies’ work · April] Receipt: acknowledged, reminder for April"
    )
    assert receipt["Content-Language"] == ENGLISH
    assert CJK.findall(unquoted(english, text_of(receipt))) == []


def test_its_calendar_is_in_english_and_the_whole_plans_in_the_offices(english: House) -> None:
    english.application.sync_feeds(AT)
    client = english.client()
    calendar = client.get(english.url(UNIT) + "?view=due").text.replace("\r\n ", "")
    assert "PRODID:-//reminder//plan feeds 1//EN\r\n" in calendar
    assert "NAME:Deputies’ work 2026 · 代表工委\r\n" in calendar
    assert "SUMMARY:In April · 换届选举部署会议\r\n" in calendar
    assert CJK.findall(unquoted(english, re.sub("Session: [^(]*", "", calendar))) == []
    assert "SUMMARY:4月内·换届选举部署会议" in client.get(english.url("plan") + "?view=due").text


def test_a_calendar_changes_with_its_units_language(house: House, english: House) -> None:
    client = english.client()
    english.application.sync_feeds(AT)
    tags = {client.get(english.url(unit)).headers["etag"] for unit in (UNIT, OTHER)}
    assert len(tags) == 2


def test_a_link_that_is_no_good_tells_nobody_whose_it_was(english: House) -> None:
    """It speaks all languages of the units, whatever unit it names."""
    client, wanted = english.client(), {"Accept": "text/html"}
    paths = [f"/units/{'x' * 32}/{unit}" for unit in (UNIT, OTHER, "nobody")]
    pages = [client.get(path, headers=wanted) for path in paths]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "没有这个页面" in pages[0].text
    assert '<section lang="en"><h2>There is no such page</h2>' in pages[0].text
    assert "There is no such page" not in client.get("/nowhere", headers=wanted).text


def test_what_goes_wrong_behind_a_good_link_is_said_in_its_language(english: House) -> None:
    client, wanted = english.client(), {"Accept": "text/html"}
    page = client.get(f"{address(english, UNIT)}/mails/none", headers=wanted)
    assert (page.status_code, '<html lang="en">' in page.text) == (404, True)
    assert CJK.findall(unquoted(english, page.text)) == []


def test_the_console_and_the_local_pages_speak_the_offices_language(house: House) -> None:
    house.set(language=ENGLISH)
    client = logged_in(house)
    paths = {route.path for route in house.routes if "GET" in (route.methods or ())}
    for path in sorted(path for path in paths if path.startswith("/console") and "{" not in path):
        assert client.get(path).status_code < 500, path
    for path in ("/", "/outbox"):
        page = client.get(path).text
        assert '<html lang="en">' in page
        assert CJK.findall(unquoted(house, page)) == []
