"""The ledger in the browser: found, read, and sent again where it did not arrive."""

from typing import Any

import pytest
from sqlalchemy import update

from reminder.domain.notices import Reason, State
from reminder.ledger.schema import recipient
from reminder.ledger.views import read_notices
from reminder.office import records
from reminder.office.previews import rehearse
from tests.web.conftest import AT
from tests.web.console.conftest import at, logged_in

HERE = "/console/ledger"
KEY = "npc-deputies/digest/2026-04/deputies"
RELATED = "npc-deputies/digest/2026-04/helan"


@pytest.fixture
def sent(house: Any) -> Any:
    """April's digests went; those of two units were refused."""
    house.application.tick()
    refused = {"state": State.REFUSED, "reason": Reason.RECIPIENT_REFUSED}
    with house.database.write() as connection:
        connection.execute(
            update(recipient)
            .where(recipient.c.notice.in_([KEY, RELATED]))
            .values(**refused, reply="550 5.1.1 <script>no such user</script>")
        )
    return house


def views(house: Any, **narrowed: Any) -> dict[str, Any]:
    with house.database.read() as connection:
        return {view.key: view for view in read_notices(connection, **narrowed)}


def test_row_says_what_became_of_a_notice_and_why(sent: Any, secretary: Any) -> None:
    text = secretary.get(HERE, state="refused").text
    assert text.count('class="pill red letter">被拒收') == 2
    assert "收件地址被拒收，请核对邮箱后重发" in text
    assert "550 5.1.1 &lt;script&gt;no such user" in text
    assert "月度提示 2026年4月" in text
    accepted = secretary.get(HERE, unit="xingqing").text
    assert ("xingqing@local.example" in accepted, "stored as" in accepted) == (True, False)
    older = secretary.get(HERE, period="2026-03", kind="digest").text
    assert ("启用前，不发" in older, "启用之前，不发" in older) == (True, False)


def test_filters_narrow_it_and_counts_stand_above_a_month(sent: Any, secretary: Any) -> None:
    for query, rows in (
        ({"unit": "贺兰县人大常委会"}, 1),
        ({"period": "2026-04", "unit": "helan"}, 1),
        ({"kind": "nudge"}, 0),
        ({"period": "2026-04", "state": "sent"}, 29),
    ):
        assert secretary.get(HERE, **query).text.count('<th scope="row">') == rows
    text = secretary.get(HERE, period="2026-04", kind="digest").text
    for said in (
        "<strong>31</strong>2026-04 应发",
        "<strong>29</strong>已接收",
        "<strong>2</strong>未送达",
    ):
        assert said in text


def test_page_follows_page(sent: Any, secretary: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PAGE_SIZE", 20)
    first = secretary.get(HERE, period="2026-04", kind="digest")
    assert first.text.count('<th scope="row">') == 20
    last = [view for view in views(sent, period="2026-04").values() if view.kind == "digest"]
    before = sorted((view.key for view in last), reverse=True)[19]
    second = secretary.get(HERE, period="2026-04", kind="digest", before=before).text
    assert second.count('<th scope="row">') == 11
    assert "回到最新" in second


@pytest.mark.parametrize(
    ("query", "said"),
    [({"unit": "<b>无此单位"}, "没有这个单位"), ({"period": "1999-01"}, "没有这个月份"),
     ({"state": "x"}, "没有这种"), ({"kind": "x"}, "没有这种")],
)  # fmt: skip
def test_wrong_filter_is_said_and_stays(secretary: Any, query: dict[str, str], said: str) -> None:
    answer = secretary.get(HERE, **query)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>无此单位" not in answer.text


def test_rehearsals_are_hidden_until_they_are_asked_for(house: Any, secretary: Any) -> None:
    rehearse(house.application, AT)
    assert "没有符合条件的通知" in secretary.get(HERE).text
    assert "演练</span>" in secretary.get(HERE, rehearsals="1").text


def test_notice_has_its_history_and_the_mail_as_sent(sent: Any, secretary: Any) -> None:
    text = secretary.get(f"{HERE}/notice", key=KEY).text
    assert "已生成" in text
    assert "对方服务器已接收" in text
    assert "发件人" in text
    assert "自治区人大常委会代表工作委员会：" in text
    body = secretary.get(f"{HERE}/mail", key=KEY)
    assert body.headers["content-security-policy"].startswith("sandbox;")
    source = secretary.get(f"{HERE}/source", key=KEY)
    assert source.headers["content-type"].startswith("text/plain")
    assert b"Message-ID: <" in source.content
    for path in ("notice", "mail", "source"):
        assert secretary.get(f"{HERE}/{path}", key="no/such").status_code == 404


def test_what_was_refused_goes_again_once(sent: Any, secretary: Any) -> None:
    assert "重新发送</button>" in secretary.get(f"{HERE}/notice", key=KEY).text
    answer = secretary.post(f"{HERE}/notice/resend", {"key": KEY})
    assert answer.status_code == 303
    assert views(sent)[f"{KEY}#2"].state is State.QUEUED
    text = secretary.get(f"{HERE}/notice", key=KEY).text
    assert ("重新发送</button>" in text, "第2次" in text) == (False, True)
    answer = secretary.post(f"{HERE}/notice/resend", {"key": KEY})
    assert (answer.status_code, "没有需要重新发送的" in answer.text) == (422, True)
    assert f"{KEY}#3" not in views(sent)


def test_all_of_a_month_that_were_refused_go_again(sent: Any, secretary: Any) -> None:
    query = {"period": "2026-04", "kind": "digest"}
    assert "重新发送2封未送达" in secretary.get(HERE, **query).text
    assert "贺兰县人大常委会" in secretary.get(f"{HERE}/resend", **query).text
    answer = secretary.post(f"{HERE}/resend/all", query)
    assert "已安排重新发送" in secretary.get(answer.headers["location"]).text
    again = {key for key in views(sent) if "#2" in key}
    assert again == {f"{KEY}#2", f"{RELATED}#2"}
    answer = secretary.post(f"{HERE}/resend/all", query)
    assert "没有需要重新发送的" in secretary.get(answer.headers["location"]).text


def test_front_page_names_what_did_not_arrive_until_it_is_dropped(
    sent: Any, secretary: Any
) -> None:
    front = secretary.get("/console").text
    assert "4月提示<strong>2封未送达</strong>" in front
    assert "被拒收2封" in front
    for key in (KEY, RELATED):
        assert "不再发送</button>" in secretary.get(f"{HERE}/notice", key=key).text
        assert secretary.post(f"{HERE}/notice/drop", {"key": key}).status_code == 303
        assert "不再发送</button>" not in secretary.get(f"{HERE}/notice", key=key).text
    assert "封未送达</strong>" not in secretary.get("/console").text
    assert views(sent)[KEY].reason == Reason.DROPPED
    arrived = next(key for key, view in views(sent).items() if view.state is State.SENT)
    assert "不再发送</button>" not in secretary.get(f"{HERE}/notice", key=arrived).text
    answer = secretary.post(f"{HERE}/notice/drop", {"key": arrived})
    assert (answer.status_code, "已送达、正在发送或已了结" in answer.text) == (422, True)


def test_unit_without_address_is_not_counted(house: Any) -> None:
    at(house, "2026-08-03T09:00+08:00")
    house.application.tick()
    query = {"period": "2026-08", "kind": "digest", "state": "refused"}
    text = logged_in(house).get(HERE, params=query).text
    assert ("无邮箱，需另行告知" in text, "封未送达…" in text) == (True, False)


@pytest.mark.parametrize("query", [{}, {"kind": "report", "period": "2026-04"},
                                   {"kind": "digest", "period": "x"}])  # fmt: skip
def test_what_no_filter_can_be_is_refused(secretary: Any, query: dict[str, str]) -> None:
    assert secretary.get(f"{HERE}/resend", **query).status_code == 400
    assert secretary.post(f"{HERE}/resend/all", query).status_code == 400
