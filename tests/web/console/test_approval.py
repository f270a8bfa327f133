"""Approval in the browser: what is shown is what goes; nothing goes by a link alone."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from reminder.clock import Clock
from reminder.ledger.views import read_notices
from reminder.office import registrations
from reminder.office.application import Application
from reminder.office.previews import part
from reminder.web.console import approval as pages
from tests.office import approving as approval

HERE = "/console/approval"
# Monday, two working days before April's digests.
BEFORE = datetime(2026, 3, 30, 2, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, 1, tzinfo=UTC)
KEY = "npc-deputies/digest/2026-04/deputies"


@pytest.fixture
def waiting(house: Any) -> Any:
    """March's digests have gone, April's 31 wait."""
    at(house, MARCH).tick()
    house.set(mail=house.settings.mail.model_copy(update={"approval": True}))
    house.application = at(house, BEFORE)
    house.application.plan(BEFORE)
    return house


def at(house: Any, moment: datetime) -> Application:
    application = Application(house.application.office, Clock(moment))
    vars(application)["database"] = house.database
    return application


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
    return {
        "period": batch.period,
        "due": batch.due.isoformat(),
        "as_of": batch.as_of.isoformat(),
        "sha256": batch.sha256,
    }


def change(house: Any) -> None:
    registrations.register(house.application, ["2026-03-3"], None, None, "")


def test_every_digest_stands_there_with_subject_unit_and_address_and_one_is_approved(
    waiting: Any, secretary: Any
) -> None:
    text = secretary.get(HERE).text
    assert text.count('class="pill wait">待审核') == 31
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
    assert text.count('class="pill wait"') == 1
    assert "全部通过（31封）" in text
    assert secretary.get(f"{HERE}?page=99").text.count('class="pill wait"') == 1
    assert secretary.get(f"{HERE}?page=x").status_code == 404
    assert secretary.post(f"{HERE}/all", all_of(waiting)).status_code == 303
    assert reasons(waiting) == {"approved": 31}
    assert "全部审核完毕" in secretary.get(HERE).text
    change(waiting)
    assert "审核后内容有变化" in secretary.get(HERE).text


def test_what_changed_is_refused_and_shown_anew(waiting: Any, secretary: Any) -> None:
    forms = {"approve": one(waiting), "all": all_of(waiting)}
    change(waiting)
    for name, form in forms.items():
        answer = secretary.post(f"{HERE}/{name}", form)
        assert (answer.status_code, "内容已变化" in answer.text) == (422, True)
        assert one(waiting)["sha256"] in answer.text
    assert reasons(waiting) == {"approval": 31}


def test_dropped_with_its_reason_and_made_again_it_waits_anew(waiting: Any, secretary: Any) -> None:
    answer = secretary.post(f"{HERE}/drop", {"key": KEY, "why": "改发<b>书面</b>通知"})
    assert answer.status_code == 303
    assert reasons(waiting) == {"approval": 30, "dropped": 1}
    text = secretary.get("/console/ledger/notice", key=KEY).text
    assert "改发&lt;b&gt;书面&lt;/b&gt;通知" in text
    assert "重新发送</button>" in text
    assert secretary.post("/console/ledger/notice/resend", {"key": KEY}).status_code == 303
    assert reasons(waiting) == {"approval": 31, "dropped": 1}


@pytest.mark.parametrize(("why", "said"), [("", "请写明"), ("长" * 201, "最多200字")])
def test_bad_reason_is_refused_and_stays(waiting: Any, secretary: Any, why: str, said: str) -> None:
    for place in ("", "mail"):
        answer = secretary.post(f"{HERE}/drop", {"key": KEY, "why": why, "from": place})
        assert answer.status_code == 422
        assert said in answer.text
        assert why in answer.text


def test_without_approval_the_page_says_how_to_have_it(secretary: Any) -> None:
    text = secretary.get(HERE).text
    assert "approval = true" in text
    assert "没有待审核的提示" in text


@pytest.mark.parametrize("form", [{}, {"as_of": "soon"}, {"as_of": "2026-04-01T09:00"}])
def test_broken_form_is_refused(waiting: Any, secretary: Any, form: dict[str, str]) -> None:
    assert secretary.post(f"{HERE}/approve", {"key": KEY} | form).status_code == 400
