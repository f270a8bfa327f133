"""What the secretariat makes of reports: confirmed, sent back, undone, or registered by itself."""

from typing import Any

import pytest

from reminder.domain.registrations import Act, Registration, Signature
from reminder.ledger.registrations import in_force, of_unit
from reminder.ledger.sessions import end_sessions
from tests.web.console.conftest import LEADER, RELATED, TASK, YEAR_ROUND, Secretary, finish, sign

MONTH = "/console/month/2026-04"


@pytest.fixture
def reported(house: Any) -> Any:
    finish(house)
    return house


def form(task: str = TASK, unit: str = LEADER, **more: str) -> dict[str, str]:
    return {"unit": unit, "task": task, "period": "", "back": "/console", **more}


def history(house: Any, unit: str = LEADER) -> list[Registration]:
    with house.database.read() as connection:
        return of_unit(connection, "npc-deputies", unit)


def is_done(house: Any, task: str = TASK) -> bool:
    return task in house.application.progress().done


def test_confirming_closes_the_task_once(reported: Any, secretary: Secretary) -> None:
    answer = secretary.post("/console/confirm", form())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")
    assert is_done(reported)
    assert history(reported)[0].by == Signature("", "console", clerk="秘书处")
    assert "已确认办结" in secretary.get("/console").text
    again = secretary.post("/console/confirm", form())
    assert (again.status_code, "这项登记已处理，请刷新页面" in again.text) == (422, True)


def test_sent_back_the_unit_is_asked_again(reported: Any, secretary: Secretary) -> None:
    answer = secretary.post("/console/return", form(words="请补充\r\n<b>会议</b>纪要", back=MONTH))
    assert answer.headers["Location"] == MONTH
    last = history(reported)[0]
    assert (last.act, last.message) == (Act.RETURN, "请补充\n<b>会议</b>纪要")
    assert reported.application.progress().is_asked(TASK, LEADER)
    assert "请补充\n&lt;b&gt;会议&lt;/b&gt;纪要" in secretary.get(f"/console/units/{LEADER}").text


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        *((path, path) for path in ("/console", MONTH, f"/console/units/{LEADER}")),
        *((path, "/console") for path in ("https://evil.example", "//evil", "/console/month/x")),
    ],
)
def test_one_comes_back_to_where_one_was_and_never_elsewhere(
    reported: Any, secretary: Secretary, path: str, leads_to: str
) -> None:
    answer = secretary.post("/console/confirm", form(back=path))
    assert answer.headers["Location"] == leads_to


# Undo


def test_a_signing_or_a_report_is_undone_and_a_confirmed_one_too(
    reported: Any, secretary: Secretary
) -> None:
    sign(reported, RELATED)
    signing = form("", RELATED, period="2026-04", back=MONTH)
    assert secretary.post("/console/undo", signing).headers["Location"] == MONTH
    with reported.database.read() as connection:
        assert in_force(connection, "npc-deputies", Act.SIGN, unit=RELATED) == []
    assert "没有可撤销的签收" in secretary.post("/console/undo", signing).text
    secretary.post("/console/confirm", form())
    secretary.post("/console/undo", form())
    assert not is_done(reported)
    assert [said.act for said in history(reported)] == [Act.UNDO, Act.CONFIRM, Act.FINISH]
    finish(reported)
    secretary.post("/console/undo", form())
    assert reported.application.progress().is_asked(TASK, LEADER)


# Registered by the secretariat itself


def done(**more: str) -> dict[str, str]:
    return form(**{"unit": "", "done_on": "2026-04-01", "note": "", "back": MONTH, **more})


def test_the_secretariat_itself_closes_and_reopens(reported: Any, secretary: Secretary) -> None:
    answer = secretary.post("/console/done", done(note="电话 确认"))
    assert answer.headers["Location"] == MONTH
    assert is_done(reported)
    assert "撤回办结" in secretary.get(MONTH).text
    assert (history(reported)[0].act, history(reported)[0].by.link) == (Act.CONFIRM, "console")
    assert secretary.post("/console/reopen", done()).headers["Location"] == MONTH
    assert not is_done(reported)
    assert "本项没有登记办结" in secretary.post("/console/reopen", done()).text
    month = done(task=YEAR_ROUND, period="2026-04", scope="month")
    secretary.post("/console/done", month)
    assert (YEAR_ROUND, "2026-04") in reported.application.progress().checked_in
    secretary.post("/console/done", month | {"scope": "year"})
    assert is_done(reported, YEAR_ROUND)


@pytest.mark.parametrize(
    ("path", "more", "words"),
    [
        ("done", {"done_on": ""}, "请填写完成日期"),
        ("done", {"done_on": "4月1日"}, "请填写完成日期"),
        ("done", {"done_on": "2026-04-02"}, "完成日期不能晚于今天"),
        ("done", {"done_on": "2024-12-31"}, "早于2025年"),
        ("done", {"task": "2026-99-1"}, "安排表中没有这一项"),
        ("done", {"task": "2026-standing-1"}, "安排表中没有这一项"),
        *(("done", {"task": YEAR_ROUND, "period": m}, "月份有误") for m in ("2026-05", "x")),
        ("reopen", {"task": "2026-99-1"}, "本项没有登记办结"),
        ("undo", {"unit": "<b>"}, "没有可撤销"),
        ("return", {"words": " \r\n "}, "请写明退回原因"),
        ("return", {"words": "长" * 1001}, "最多1000字"),
    ],
)
def test_what_cannot_be_is_refused_and_the_rest_kept(
    reported: Any, secretary: Secretary, path: str, more: dict[str, str], words: str
) -> None:
    unit = LEADER if path == "return" else ""
    sent = done(**{"unit": unit, "act": path, "note": "电话确认", **more})
    answer = secretary.post(f"/console/{path}", sent)
    assert answer.status_code == 422
    assert words in answer.text
    if sent["task"] == TASK and path in ("done", "return"):
        assert (sent["note"] if path == "done" else sent["words"].strip()) in answer.text
    assert [said.act for said in history(reported)] == [Act.FINISH]
    progress = reported.application.progress()
    assert (progress.done, progress.checked_in) == ({}, {})


def test_an_expired_session_orders_nothing(reported: Any, secretary: Secretary) -> None:
    with reported.database.write() as connection:
        end_sessions(connection)
    sent = form() | {"words": "请补<文号>"}
    come_from = {"Referer": "http://127.0.0.1/console/month/2026-04"}
    answer = secretary.client.post("/console/return", data=sent, headers=come_from)
    assert answer.status_code == 403
    assert "登录已过期" in answer.text
    assert "请补&lt;文号&gt;" in answer.text
    assert "/console/login?next=%2Fconsole%2Fmonth%2F2026-04" in answer.text
    assert len(history(reported)) == 1
