"""Approval in the browser: what is shown is what goes; nothing goes by a link alone."""

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest

from reminder.ledger.views import read_notices
from reminder.office import completion
from reminder.office.previews import part
from reminder.web.console import approval as pages
from tests.office import approving as approval
from tests.web.console.conftest import Secretary, at, logged_in

HERE = "/console/approval"
BEFORE = "2026-03-30T10:00+08:00"  # Monday, two working days before April's digests
KEY = "npc-deputies/digest/2026-04/deputies"


@pytest.fixture
def waiting(house: Any) -> Any:
    """March's digests have gone, April's 31 wait."""
    at(house, "2026-03-02T09:00+08:00")
    house.application.tick()
    house.set(mail=house.settings.mail.model_copy(update={"approval": True}))
    at(house, BEFORE)
    house.application.plan(datetime.fromisoformat(BEFORE))
    return house


@pytest.fixture
def secretary(waiting: Any) -> Secretary:
    return Secretary(logged_in(waiting))


def reasons(house: Any) -> dict[str, int]:
    with house.database.read() as connection:
        views = read_notices(connection, period="2026-04", kind="digest")
    return {reason: [v.reason for v in views].count(reason) for reason in {v.reason for v in views}}


def one(house: Any, key: str = KEY) -> dict[str, str]:
    """The form that approves it."""
    digest, as_of = approval.find(house.application, key)
    return {"key": key, "as_of": as_of.isoformat(), "sha256": digest.composed.sha256}


def all_of(house: Any) -> dict[str, str]:
    [batch] = approval.read_batches(house.application)
    moments = {"due": batch.due.isoformat(), "as_of": batch.as_of.isoformat()}
    return {"period": batch.period, "sha256": batch.sha256} | moments


def change(house: Any) -> None:
    completion.register(house.application, ["2026-03-3"], None, None, "")


def test_every_digest_stands_there_and_one_is_approved(waiting: Any, secretary: Any) -> None:
    text = secretary.get(HERE).text
    assert text.count('class="pill approve">待审核') == 31
    assert "2026年4月1日 09:00" in text
    assert "【代表工作·4月】承办2项" in text
    assert "deputies@npc.example" in text
    answer = secretary.post(f"{HERE}/approve", one(waiting))
    assert (answer.status_code, answer.headers["location"]) == (303, HERE)
    assert reasons(waiting) == {"approval": 30, "approved": 1}
    text = secretary.get(HERE).text
    assert "已审核，到时发送" in text
    assert "全部通过（30封）" in text


def test_message_is_shown_exactly_as_it_will_go_and_no_other(waiting: Any, secretary: Any) -> None:
    digest, _ = approval.find(waiting.application, KEY)
    answer = secretary.get(f"{HERE}/mail", key=KEY)
    assert "自治区人大常委会代表工作委员会：" in answer.text
    frame = re.search(r'src="([^"]+)"', answer.text)
    body = secretary.get(unescape(frame[1]))
    assert body.content == part(digest.composed.content, "html")
    assert body.headers["content-security-policy"].startswith("sandbox;")
    change(waiting)
    assert secretary.get(unescape(frame[1])).status_code == 409
    assert secretary.get(f"{HERE}/mail/html", key="no/such").status_code == 404
    unknown = secretary.get(f"{HERE}/mail", key="no/such")
    assert (unknown.status_code, "不在待审核之列" in unknown.text) == (422, True)


def test_all_of_every_page_are_approved(
    waiting: Any, secretary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "ROWS", 10)
    text = secretary.get(f"{HERE}?page=4").text
    assert text.count('class="pill approve"') == 1
    assert "全部通过（31封）" in text
    assert secretary.get(f"{HERE}?page=99").text.count('class="pill approve"') == 1
    assert secretary.get(f"{HERE}?page=x").status_code == 404
    assert secretary.post(f"{HERE}/all", all_of(waiting)).status_code == 303
    assert reasons(waiting) == {"approved": 31}
    assert "全部审核完毕" in secretary.get(HERE).text
    change(waiting)
    assert "审核后内容有变化" in secretary.get(HERE).text


def test_what_changed_and_a_broken_form_are_refused(waiting: Any, secretary: Any) -> None:
    for form in ({}, {"as_of": "soon"}, {"as_of": "2026-04-01T09:00"}):
        assert secretary.post(f"{HERE}/approve", {"key": KEY} | form).status_code == 400
    forms = {"approve": one(waiting), "all": all_of(waiting)}
    change(waiting)
    for name, form in forms.items():
        answer = secretary.post(f"{HERE}/{name}", form)
        assert (answer.status_code, "内容已变化" in answer.text) == (422, True)
        assert one(waiting)["sha256"] in answer.text
    assert reasons(waiting) == {"approval": 31}


def test_dropped_with_its_reason_and_made_again_it_waits_anew(waiting: Any, secretary: Any) -> None:
    for why, said in (("", "请写明"), ("长" * 201, "最多200字")):
        for place in ("", "mail"):
            answer = secretary.post(f"{HERE}/drop", {"key": KEY, "why": why, "from": place})
            assert (answer.status_code, said in answer.text) == (422, True)
            assert why in answer.text
    answer = secretary.post(f"{HERE}/drop", {"key": KEY, "why": "改发<b>书面</b>通知"})
    assert answer.status_code == 303
    assert reasons(waiting) == {"approval": 30, "dropped": 1}
    text = secretary.get("/console/ledger/notice", key=KEY).text
    assert "改发&lt;b&gt;书面&lt;/b&gt;通知" in text
    assert "重新发送</button>" in text
    assert secretary.post("/console/ledger/notice/resend", {"key": KEY}).status_code == 303
    assert reasons(waiting) == {"approval": 31, "dropped": 1}


def test_without_approval_the_page_says_how_to_have_it(house: Any) -> None:
    text = logged_in(house).get(HERE).text
    assert "approval = true" in text
    assert "没有待审核的提示" in text
