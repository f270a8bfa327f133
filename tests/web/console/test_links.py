"""The console's links: listed, made for single readers, rotated, revoked."""

import html
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from reminder.errors import DeclinedError
from reminder.ledger.access import FEED, PAGE, LinkView, read_link
from reminder.office.links import note_use, rotate

DEPUTIES = "/console/links/deputies"


def link(house: Any, purpose: str, subject: str) -> LinkView | None:
    with house.database.read() as connection:
        return read_link(connection, purpose, subject)


def generations(house: Any) -> tuple[int, int]:
    """Of the unit's page and of its feed."""
    page, feed = link(house, PAGE, "deputies"), link(house, FEED, "deputies")
    return page.generation, feed.generation


def add(secretary: Any, label: str = "值班员") -> Any:
    return secretary.post(DEPUTIES, {"label": label})


def address(page: Any, field: str) -> str:
    found = re.search(f'id="{field}" readonly value="([^"]+)"', page.text)
    assert found
    parts = urlsplit(html.unescape(found[1]))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def change(secretary: Any, act: str, purpose: str, subject: str, **more: str) -> Any:
    sent = {"act": act, "purpose": purpose, "link": subject, "generation": "1"} | more
    return secretary.post(f"{DEPUTIES}/change", sent)


def test_every_unit_and_the_plan_stand_in_the_list_and_are_found_by_name(
    secretary: Any, house: Any
) -> None:
    page = secretary.get("/console/links").text
    assert page.count('href="/console/links/') == len(house.table.directory.single) + 1
    assert "/feeds/" not in page
    page = secretary.get("/console/links?q=贺兰").text
    assert "贺兰县人大常委会" in page
    assert "中卫" not in page
    assert "没有名称含" in secretary.get("/console/links?q=火星").text


def test_addresses_open_what_they_say_and_a_single_reader_has_one_of_its_own(
    secretary: Any,
) -> None:
    for label in ("值班员", "联络员"):
        assert add(secretary, label).headers["Location"] == f"{DEPUTIES}#readers"
    page = secretary.get(DEPUTIES)
    own, other, shared = (address(page, f) for f in ("reader-1", "reader-2", "feed-address"))
    feed = secretary.get(shared)
    assert (feed.status_code, feed.headers["Content-Type"][:13]) == (200, "text/calendar")
    assert secretary.get(other).content == feed.content
    assert secretary.get(address(page, "feed-full")).status_code == 200
    assert address(page, "page-address").startswith("/units/")
    assert "/deputies~1.ics" in own
    assert all(words in page.text for words in ("值班员", 'href="webcal://'))
    assert change(secretary, "revoke", FEED, "deputies~1").status_code == 303
    assert [secretary.get(url).status_code for url in (own, other, shared)] == [404, 200, 200]


@pytest.mark.parametrize("field", ["feed-address", "reader-1"])
def test_a_rotated_link_has_a_new_address_and_the_old_one_is_dead(
    secretary: Any, field: str
) -> None:
    add(secretary)
    old = address(secretary.get(DEPUTIES), field)
    subject = "deputies" if field == "feed-address" else "deputies~1"
    assert change(secretary, "rotate", FEED, subject).headers["Location"] == DEPUTIES
    assert "已换新地址" in secretary.get(DEPUTIES).text
    new = address(secretary.get(DEPUTIES), field)
    assert [secretary.get(url).status_code for url in (old, new)] == [404, 200]


def test_a_pages_link_is_rotated_with_the_feed_that_stood_on_it_if_wanted(
    secretary: Any, house: Any
) -> None:
    change(secretary, "rotate", PAGE, "deputies")
    assert generations(house) == (2, 1)
    asked = secretary.get(f"{DEPUTIES}/change?act=rotate&purpose={PAGE}&link=deputies").text
    assert "日历地址也列在这个页面上" in asked
    assert '<input type="checkbox" name="feed" value="1" checked>' in asked
    again = change(secretary, "rotate", PAGE, "deputies", feed="1", generation="2")
    assert again.status_code == 303
    assert generations(house) == (3, 2)


def test_state_last_use_and_every_change_of_a_link_stand_on_its_page_with_who_and_when(
    secretary: Any, house: Any
) -> None:
    add(secretary)
    change(secretary, "rotate", FEED, "deputies~1")
    change(secretary, "revoke", FEED, "deputies")
    rotate(house.application, link(house, PAGE, "deputies"), "command line (root)", with_feed=True)
    note_use(house.application, link(house, PAGE, "deputies"))
    page = secretary.get(DEPUTIES).text
    for words in ("生成（秘书处）；", "换新地址（秘书处）", "换新地址（命令行 (root)）"):
        assert words in page
    assert len(re.findall(r"2026年4月1日\d\d:\d\d(?:生成|换新地址|停用)（", page)) == 4
    assert "2026年4月1日</dd>" in page
    assert "已停用" in page
    assert "已停用" in secretary.get("/console/links").text
    assert link(house, FEED, "deputies").revoked  # not opened with the page


@pytest.mark.parametrize(
    ("purpose", "subject", "words"),
    [
        (PAGE, "deputies", "持有此前邮件的所有人"),
        (FEED, "deputies", "用这个地址订阅日历的所有人"),
        (FEED, "deputies~1", "只有“值班员”"),
    ],
)
def test_it_is_said_who_loses_access_and_nothing_is_changed(
    secretary: Any, house: Any, purpose: str, subject: str, words: str
) -> None:
    add(secretary)
    for act in ("rotate", "revoke"):
        page = secretary.get(f"{DEPUTIES}/change?act={act}&purpose={purpose}&link={subject}")
        assert words in page.text
    found = link(house, purpose, subject)
    assert (found.generation, found.revoked) == (1, False)


def test_a_second_click_does_not_rotate_twice_nor_do_two_at_once(
    secretary: Any, house: Any
) -> None:
    found = link(house, FEED, "deputies")
    change(secretary, "rotate", FEED, "deputies")
    assert change(secretary, "rotate", FEED, "deputies").status_code == 422
    with pytest.raises(DeclinedError):
        rotate(house.application, found)
    assert generations(house) == (1, 2)


def test_a_label_that_cannot_be_or_comes_twice_is_refused_and_kept_in_the_form_as_text(
    secretary: Any, house: Any
) -> None:
    for label in ("", "  ", "长" * 41, "张\u202e三"):
        assert add(secretary, label).status_code == 422
    assert link(house, FEED, "deputies~1") is None
    add(secretary)
    answer = add(secretary)
    assert (answer.status_code, "已有专用链接" in answer.text) == (422, True)
    assert 'name="label" required maxlength="40" value="值班员"' in answer.text
    add(secretary, "<script>alert(1)</script>")
    assert "<script>alert" not in secretary.get(DEPUTIES).text


@pytest.mark.parametrize(
    "subject", ["deputies~7", "deputies~", "helan", "local-congresses", "x", ""]
)
def test_a_link_that_is_not_this_units_is_a_404_and_is_not_made(
    secretary: Any, house: Any, subject: str
) -> None:
    for act in ("rotate", "revoke"):
        assert change(secretary, act, FEED, subject).status_code == 404
    assert link(house, FEED, "deputies~7") is None
    assert link(house, FEED, "helan") == LinkView(FEED, "helan")


@pytest.mark.parametrize("path", ["nobody", "local-congresses", "nobody/change?act=rotate"])
def test_a_unit_that_is_not_there_is_a_404_and_strangers_see_none(
    secretary: Any, house: Any, path: str
) -> None:
    assert secretary.get(f"/console/links/{path}").status_code == 404
    assert secretary.post(f"/console/links/{path}", {"label": "x"}).status_code == 404
    stranger = house.client()
    for known in ("/console/links", DEPUTIES, f"{DEPUTIES}/change?act=rotate"):
        assert stranger.get(known).status_code == 303
    for known in (DEPUTIES, f"{DEPUTIES}/change"):
        assert stranger.post(known, data={"label": "x"}).status_code == 403


def test_the_plan_has_a_feed_and_readers_but_no_page(secretary: Any) -> None:
    page = secretary.get("/console/links/plan")
    assert "页面链接" not in page.text
    sent = {"act": "rotate", "purpose": PAGE, "link": "plan", "generation": "1"}
    assert secretary.post("/console/links/plan/change", sent).status_code == 404
    secretary.post("/console/links/plan", {"label": "值班员"})
    own = address(secretary.get("/console/links/plan"), "reader-1")
    assert secretary.get(own).headers["Content-Disposition"] == 'inline; filename="plan.ics"'
