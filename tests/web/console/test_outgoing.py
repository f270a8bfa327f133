"""What waits, in the browser: shown once for those who read alike, let go or dropped after a second
look; nothing happens by a link alone."""

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest

from reminder.domain.notices import Reason
from reminder.ledger import holds as rows
from reminder.ledger.history import read_history
from reminder.ledger.holds import Hold
from reminder.ledger.views import read_notices
from reminder.office import completion
from reminder.office.previews import part
from reminder.web.console import outgoing as pages
from tests.office import approving
from tests.web.console.conftest import Secretary, as_person, at, logged_in

HERE = "/console/outgoing"
BEFORE = "2026-03-30T10:00+08:00"  # Monday, two working days before April's digests
DUE = "2026-04-01T09:00+08:00"
KEY = "npc-deputies/digest/2026-04/deputies"
COUNTY = "npc-deputies/digest/2026-04/helan"
PART = "approval/digest/2026-04"


@pytest.fixture
def waiting(house: Any) -> Any:
    """March's digests have gone, April's 31 wait for approval."""
    at(house, "2026-03-02T09:00+08:00")
    house.application.tick()
    house.set(mail=house.settings.mail.model_copy(update={"approval": True}))
    at(house, BEFORE)
    house.application.plan(datetime.fromisoformat(BEFORE))
    return house


@pytest.fixture
def held(house: Any) -> Any:
    """March's digests have gone; then everything was held, and April's 31 wait."""
    at(house, "2026-03-02T09:00+08:00")
    house.application.tick()
    hold(house, Reason.RESTORED)
    at(house, DUE)
    house.application.tick()
    return house


def hold(house: Any, reason: Reason) -> None:
    with house.database.write() as connection:
        rows.begin_hold(connection, Hold(reason, house.application.clock.now(), "why"))


@pytest.fixture
def secretary(waiting: Any) -> Secretary:
    return Secretary(logged_in(waiting))


def reasons(house: Any) -> dict[str, int]:
    with house.database.read() as connection:
        views = read_notices(connection, period="2026-04", kind="digest")
    return {reason: [v.reason for v in views].count(reason) for reason in {v.reason for v in views}}


def change(house: Any) -> None:
    completion.register(house.application, ["2026-03-3"], None, None, "")


def ticked(text: str) -> list[str]:
    return re.findall(r'type="checkbox" name="([^"]+)"', text)


def looked(secretary: Any, do: str, *names: str, part_: str = PART) -> tuple[str, dict[str, str]]:
    """The confirming page, and the form on it."""
    chosen = dict.fromkeys(names, "1")
    text = secretary.post(f"{HERE}/look", {"do": do, "part": part_} | chosen).text
    form = text.partition(f'action="{HERE}/do"')[2].partition("</form>")[0]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return text, {"do": do} | {name: unescape(value) for name, value in found}


def test_what_reads_alike_stands_there_once(waiting: Any, secretary: Any) -> None:
    text = secretary.get(HERE).text
    assert "31封邮件等待审核" in text
    assert "等27个单位" in text
    groups = ticked(text)
    assert len(groups) == 4
    href = re.search(rf'href="({HERE}/group[^"]+)"', text)[1]
    group = secretary.get(unescape(href)).text
    units = ticked(group)
    assert len(units) in (27, 2)
    assert "封只有抬头、地址和链接是各单位自己的" in group
    assert "贺兰县人大常委会：" in secretary.get(f"{HERE}/mail", key=COUNTY).text
    assert '<span class="pill wait">31<span' in secretary.get("/console").text


def test_all_some_and_one_are_approved_after_a_second_look(waiting: Any, secretary: Any) -> None:
    text = secretary.get(HERE).text
    [lead] = re.findall(r'name="(g\.\w+)"[^<]*><span class="sr">勾选：自治区人大常委会代表', text)
    text, form = looked(secretary, "release", lead, f"n.{COUNTY}")
    assert "通过2封，请确认" in text
    assert reasons(waiting) == {"approval": 31}  # nothing yet
    answer = secretary.post(f"{HERE}/do", form)
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    assert reasons(waiting) == {"approval": 29, "approved": 2}
    text, form = looked(secretary, "release-all")
    assert "通过29封，请确认" in text
    assert secretary.post(f"{HERE}/do", form).status_code == 303
    assert reasons(waiting) == {"approved": 31}
    assert "没有邮件等待处理，31封已审核，到时间发出" in secretary.get(HERE).text
    with waiting.database.read() as connection:
        names = {row["who"] for row in read_history(connection, KEY)} - {""}
    assert len(names) == 1


def test_message_is_shown_exactly_as_it_will_go_and_no_other(waiting: Any, secretary: Any) -> None:
    one = approving.find(waiting.application, KEY)
    answer = secretary.get(f"{HERE}/mail", key=KEY)
    assert "自治区人大常委会代表工作委员会：" in answer.text
    frame = re.search(r'src="([^"]+)" title', answer.text)
    body = secretary.get(unescape(frame[1]))
    assert body.content == part(one.composed().content, "html")
    assert body.headers["content-security-policy"].startswith("sandbox;")
    change(waiting)
    assert secretary.get(unescape(frame[1])).status_code == 409
    assert secretary.get(f"{HERE}/mail/html", key="no/such").status_code == 404
    for path in (f"{HERE}/mail?key=no/such", f"{HERE}/group?part={PART}&group=none"):
        unknown = secretary.get(path)
        assert (unknown.status_code, "已不在待发之列" in unknown.text) == (422, True)


def test_what_changed_was_done_or_never_ticked_is_refused(waiting: Any, secretary: Any) -> None:
    assert secretary.post(f"{HERE}/do", {"do": "burn"}).status_code == 400
    assert secretary.post(f"{HERE}/do", {"do": "release", "shown": "soon"}).status_code == 400
    text, _ = looked(secretary, "release")
    assert "请先勾选" in text
    _, form = looked(secretary, "release-all")
    _, other = looked(secretary, "release", f"n.{COUNTY}")
    change(waiting)
    answer = secretary.post(f"{HERE}/do", form)
    assert (answer.status_code, "内容已变化" in answer.text) == (422, True)
    assert "通过31封，请确认" in answer.text  # to look again
    assert reasons(waiting) == {"approval": 31}
    for said in ("已办理：", "此前已办理"):  # by two at once
        answer = secretary.post(f"{HERE}/do", other)
        assert answer.status_code == 303
        assert said in secretary.get(HERE).text
    assert reasons(waiting) == {"approval": 30, "approved": 1}


def test_dropped_with_a_reason_and_made_again_it_waits_anew(waiting: Any, secretary: Any) -> None:
    text, form = looked(secretary, "drop", f"n.{KEY}", f"n.{COUNTY}")
    assert "这2封不发，请确认" in text
    for why, said in (("", "请写明"), ("长" * 201, "最多200字")):
        answer = secretary.post(f"{HERE}/do", form | {"why": why})
        assert (answer.status_code, said in answer.text) == (422, True)
        assert why in answer.text
    answer = secretary.post(f"{HERE}/do", form | {"why": "改发<b>书面</b>通知"})
    assert answer.status_code == 303
    assert reasons(waiting) == {"approval": 29, "dropped": 2}
    text = secretary.get("/console/ledger/notice", key=KEY).text
    assert "改发&lt;b&gt;书面&lt;/b&gt;通知" in text
    assert "重新发送</button>" in text
    assert secretary.post("/console/ledger/notice/resend", {"key": KEY}).status_code == 303
    assert reasons(waiting) == {"approval": 30, "dropped": 2}


def test_long_lists_stand_on_several_pages(
    waiting: Any, secretary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS", 3)
    monkeypatch.setattr(pages, "UNITS", 10)
    assert len(ticked(secretary.get(f"{HERE}?page=1").text)) == 3
    last = secretary.get(f"{HERE}?page=99").text
    assert (len(ticked(last)), "通过全部（31封）" in last) == (1, True)
    assert secretary.get(f"{HERE}?page=x").status_code == 404
    links = re.findall(rf'href="({HERE}/group[^"]+)"', secretary.get(HERE).text + last)
    sizes = [len(ticked(secretary.get(f"{unescape(link)}&page=3").text)) for link in links]
    assert 7 in sizes  # of 27


def test_a_restored_ledger_is_sorted_out_on_the_page(held: Any) -> None:
    """What went is dropped, some is let go though the hold stands, then the rest and the hold."""
    secretary = Secretary(logged_in(held))
    text = secretary.get(HERE).text
    assert "31封邮件等待放行，放行之前一封不发" in text
    assert "备份之后已经发出的，台账并不知道" in text
    part_ = "release/digest/2026-04"
    _, form = looked(secretary, "drop", f"n.{KEY}", part_=part_)
    secretary.post(f"{HERE}/do", form | {"why": "已发过"})
    text, form = looked(secretary, "release", f"n.{COUNTY}", part_=part_)
    assert "其余29封和今后的邮件继续暂存" in text
    secretary.post(f"{HERE}/do", form)
    held.application.tick()
    assert reasons(held) == {"restored": 29, "dropped": 1, "accepted": 1}
    text, form = looked(secretary, "release-hold", part_="")
    assert "放行29封并恢复发送，请确认" in text
    secretary.post(f"{HERE}/do", form)
    held.application.tick()
    assert reasons(held) == {"dropped": 1, "accepted": 30}
    assert "没有邮件等待处理，到时间的邮件自动发出" in secretary.get(HERE).text


def test_approved_while_all_is_held_it_waits_for_the_release(waiting: Any, secretary: Any) -> None:
    hold(waiting, Reason.BY_HAND)
    text = secretary.get(HERE).text
    assert "目前暂停发送，通过后仍待放行" in text
    _, form = looked(secretary, "release-all")
    secretary.post(f"{HERE}/do", form)
    at(waiting, DUE)
    waiting.application.tick()
    assert reasons(waiting) == {"approved": 31}
    secretary = Secretary(logged_in(waiting))
    _, form = looked(secretary, "release-hold", part_="")
    secretary.post(f"{HERE}/do", form)
    waiting.application.tick()
    assert reasons(waiting) == {"accepted": 31}


def test_all_is_held_and_goes_on_by_the_page_alone(house: Any) -> None:
    """With its reason on every page; who comes twice changes nothing."""
    secretary = Secretary(logged_in(house))
    for why in ("等主任<b>审定</b>", "再来一次"):
        assert secretary.post(f"{HERE}/hold", {"do": "hold", "why": why}).status_code == 303
    text = secretary.get(HERE).text
    assert "已暂停发送，放行之前一封不发。" in text
    assert "还没有邮件暂存" in text
    assert "暂停全部发送" not in text
    assert "等主任&lt;b&gt;审定&lt;/b&gt;" in secretary.get("/console").text
    house.application.tick()
    assert "31封邮件等待放行" in secretary.get(HERE).text
    text, form = looked(secretary, "release-hold", part_="")
    assert "放行31封并恢复发送" in text
    secretary.post(f"{HERE}/do", form)
    again = secretary.post(f"{HERE}/do", form)  # of another, who looked at the same time
    assert (again.status_code, "可能已由他人处理" in again.text) == (422, True)
    house.application.tick()
    assert reasons(house) == {"accepted": 31}


def test_addresses_of_earlier_versions_lead_on(waiting: Any, secretary: Any) -> None:
    for path in ("", f"/mail?key={KEY}"):
        answer = secretary.get(f"/console/approval{path}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}{path}")


def test_who_may_not_let_go_sees_all_and_may_do_nothing(waiting: Any) -> None:
    person = as_person(waiting, "edit")
    text = person.get(HERE).text
    assert "31封邮件等待审核" in text
    assert '<button name="do"' not in text
    assert ticked(text) == []
    assert person.post(f"{HERE}/do", {"do": "release"}).status_code == 403


def test_without_approval_the_page_says_how_to_have_it(house: Any) -> None:
    text = logged_in(house).get(HERE).text
    assert "approval = true" in text
    assert "没有邮件等待处理，到时间的邮件自动发出" in text
