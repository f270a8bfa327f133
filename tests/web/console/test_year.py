"""The year in one glance: what waits, whom to phone, where each task stands."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from reminder.clock import Clock
from reminder.domain.notices import Kind, NoticeDraft, Reason, State
from reminder.domain.registrations import Signature
from reminder.ledger import notices
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.notices import NewNotice
from reminder.ledger.schema import recipient
from reminder.office import registrations
from reminder.office.holds import hold
from tests.web.conftest import AT
from tests.web.console.conftest import Secretary, logged_in

BY = Signature("值班员", "page/deputies/1")
LEADER, RELATED = "deputies", "helan"
XSS = "<script>alert(1)</script>"


def at(house: Any, moment: str) -> None:
    house.application.clock = Clock(datetime.fromisoformat(moment))


def finish(house: Any, task: str = "2026-04-1", words: str = "会议已开") -> None:
    app = house.application
    registrations.finish(
        app,
        house.table.directory[LEADER],
        house.table.plan.by_id[task],
        BY,
        done_on=date(2026, 4, 1),
        words=words,
    )


def count(page: str, label: str) -> str:
    found = re.search(rf"<strong>([^<]*)</strong>{label}", page)
    assert found
    return found[1]


def refused(
    house: Any, unit: str, reason: Reason = Reason.NO_ADDRESS, state: State = State.REFUSED
) -> None:
    key = f"npc-deputies/digest/2026-04/{unit}"
    draft = NoticeDraft(key, Kind.DIGEST, "2026-04", unit, AT, AT + timedelta(days=9))
    with house.database.write() as connection:
        entry = NewNotice(draft, reason, state=state)
        notices.add(connection, [entry], AT, stream="maildir", rehearsal=False)


def test_a_report_stands_first_with_its_forms(house: Any, secretary: Secretary) -> None:
    finish(house, words=XSS)
    page = secretary.get("/console").text
    assert count(page, "待复核") == "1"
    assert 'action="/console/confirm"' in page
    assert 'action="/console/return"' in page
    assert "&lt;script&gt;" in page
    assert XSS not in page
    assert page.index("/console/confirm") < page.index("全年进度")


def test_a_quiet_year_says_so(house: Any, secretary: Secretary) -> None:
    at(house, "2026-01-05T10:00+08:00")
    page = secretary.get("/console").text
    assert "没有待复核的登记" in page
    assert "目前没有需要电话联系的单位" in page
    assert count(page, "1月邮件未送达") == "0"


def test_signing_is_counted_of_those_who_are_asked(house: Any, secretary: Secretary) -> None:
    before = count(secretary.get("/console").text, "4月签收")
    registrations.sign(house.application, house.table.directory[RELATED], "2026-04", BY)
    after = count(secretary.get("/console").text, "4月签收")
    asked = before.partition("/")[2]
    assert (before, after) == (f"0/{asked}", f"1/{asked}")


def test_every_month_is_there_with_its_light(secretary: Secretary) -> None:
    page = secretary.get("/console").text
    for month in range(1, 13):
        assert f'href="/console/month/2026-{month:02}"' in page
    assert '<span class="pill blue">未开始</span>' in page
    assert '<span class="pill green">进行中</span>' in page
    assert '<span class="pill red">待确认</span>' in page
    assert "已逾期" not in page


def test_a_light_waits_and_then_is_grey(house: Any, secretary: Secretary) -> None:
    finish(house)
    assert '<span class="pill wait">待复核 1/2</span>' in secretary.get("/console").text
    registrations.confirm(house.application, LEADER, "2026-04-1", "", Signature("", "console"))
    assert '<span class="pill grey">已办结</span>' in secretary.get("/console").text


def test_whom_to_phone_names_contact_task_and_why(house: Any, secretary: Secretary) -> None:
    page = secretary.get("/console").text
    calls = page[page.index('id="calls"') : page.index('id="tasks"')]
    assert "自治区人大常委会代表工作委员会" in calls
    assert "未登记联系人" in calls
    assert "已过安排时间，尚未登记" in calls
    assert "3月内（3月2日—3月31日）" in calls


def test_who_reported_is_not_phoned(house: Any, secretary: Secretary) -> None:
    finish(house, "2026-03-5")
    page = secretary.get("/console").text
    calls = page[page.index('id="calls"') : page.index('id="tasks"')]
    assert house.table.plan.by_id["2026-03-5"].title not in calls


def test_who_got_no_mail_is_phoned(house: Any, secretary: Secretary) -> None:
    refused(house, RELATED)
    page = secretary.get("/console").text
    assert count(page, "4月邮件未送达") == "1"
    assert "无邮箱，需另行告知" in page
    assert "贺兰县人大常委会" in page


def test_what_was_dropped_is_counted_and_nobody_is_phoned_for_it(
    house: Any, secretary: Secretary
) -> None:
    refused(house, RELATED, Reason.DROPPED, State.EXPIRED)
    page = secretary.get("/console").text
    [link] = re.findall(r'href="([^"]*)"><strong>1</strong>4月邮件未送达', page)
    assert "已取消" not in page
    listed = secretary.get(link.replace("&amp;", "&")).text
    assert '未发送</span><span class="why">已取消' in listed


@pytest.mark.parametrize(("day", "phoned"), [("24", False), ("27", True)])
def test_who_has_not_signed_is_phoned_near_the_months_end(
    house: Any, secretary: Secretary, day: str, phoned: bool
) -> None:
    house.application.clock = Clock(AT)
    house.application.tick()
    registrations.sign(house.application, house.table.directory["xingqing"], "2026-04", BY)
    at(house, f"2026-04-{day}T10:00+08:00")
    page = logged_in(house).get("/console").text
    calls = page[page.index('id="calls"') : page.index('id="tasks"')]
    assert ("4月将尽，尚未签收" in calls) is phoned
    assert ("贺兰县人大常委会" in calls) is phoned
    assert "兴庆区" not in calls


def test_nobody_is_phoned_to_sign_what_has_not_gone(house: Any) -> None:
    house.application.tick()
    refused = {"state": State.REFUSED, "reason": Reason.RECIPIENT_REFUSED}
    with house.database.write() as connection:
        to_one = recipient.c.notice == f"npc-deputies/digest/2026-04/{RELATED}"
        connection.execute(update(recipient).where(to_one).values(refused))
    at(house, "2026-04-27T10:00+08:00")
    page = logged_in(house).get("/console").text
    unsigned = page[page.index("尚未签收") : page.index('id="tasks"')]
    assert "银川市人大常委会" in unsigned
    assert "贺兰县人大常委会" not in unsigned


def test_nobody_is_phoned_to_sign_what_waits_for_approval(house: Any) -> None:
    mail = house.settings.mail.model_copy(update={"approval": True})
    house.set(mail=mail)
    house.application.tick()
    at(house, "2026-04-27T10:00+08:00")
    page = logged_in(house).get("/console").text
    assert "尚未签收" not in page
    assert "暂未发送；通过后立即发送" in page


def test_what_waits_for_approval_while_all_is_held_is_not_said_to_go(house: Any) -> None:
    mail = house.settings.mail.model_copy(update={"approval": True})
    house.set(mail=mail)
    at(house, "2026-04-28T10:00+08:00")
    house.application.tick()
    secretary = logged_in(house)
    assert "未审核的不发送" in secretary.get("/console").text
    hold(house.application.database, house.application.clock.now(), "")
    page = secretary.get("/console").text
    assert page.count("暂未发送；通过后等待放行") == 2
    assert "未审核的不发送" not in page


def statements(house: Any, secretary: Secretary) -> int:
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        found.append(statement)

    for engine in (house.database.writer, house.database.reader):
        event.listen(engine, "before_cursor_execute", note)
    assert secretary.get("/console").status_code == 200
    for engine in (house.database.writer, house.database.reader):
        event.remove(engine, "before_cursor_execute", note)
    return len(found)


def test_many_notices_make_no_more_statements(house: Any, secretary: Secretary) -> None:
    refused(house, RELATED)
    statements(house, secretary)  # what is read once
    few = statements(house, secretary)
    for unit in house.table.directory.single[:30]:
        if unit.id != RELATED:
            refused(house, unit.id)
    assert statements(house, secretary) == few


def test_what_waits_for_approval_is_said_at_the_top(house: Any, secretary: Secretary) -> None:
    assert "待审核" not in secretary.get("/console").text
    with house.database.write() as connection:
        due, end = house.table.digest_due(5), house.table.digest_end(5)
        draft = NoticeDraft("held", Kind.DIGEST, "2026-05", RELATED, due, end)
        entry = NewNotice(draft, Reason.APPROVAL, state=State.HELD)
        notices.add(connection, [entry], AT, stream="maildir", rehearsal=False)
    page = secretary.get("/console").text
    assert "5月提示<strong>1封待审核</strong>" in page
    assert page.index("1封待审核") < page.index('id="reports"')


def test_sessions_without_a_date_are_asked_for_at_the_top(house: Any, secretary: Secretary) -> None:
    page = secretary.get("/console").text
    asked = page[page.index("请登记会期") : page.index('id="reports"')]
    assert "/console/meetings/sc-24" in asked
    assert "sc-25" not in asked  # its month is yet to come
    assert "congress-13-3" not in asked  # no task's time hangs on it


def test_task_whose_month_is_over_and_whose_session_has_no_date_is_not_green(
    house: Any, secretary: Secretary
) -> None:
    page = secretary.get("/console/month/2026-03").text
    assert '<span class="pill wait">会期待定</span>' in page


def test_every_page_of_a_held_office_says_that_nothing_goes(
    house: Any, secretary: Secretary
) -> None:
    assert "目前暂停发送" not in secretary.get("/console").text
    with house.database.write() as connection:
        begin_hold(connection, Hold(Reason.BY_HAND, AT))
    for path in ("", "/month", "/units", "/approval", "/ledger", "/meetings", f"/units/{LEADER}"):
        page = secretary.get(f"/console{path}").text
        assert "目前暂停发送" in page
        assert "reminder ledger release" in page


@pytest.mark.parametrize("state", [State.HELD, State.REFUSED, State.EXPIRED])
def test_mails_that_no_server_has_accepted_count_as_not_delivered(
    house: Any, secretary: Secretary, state: State
) -> None:
    assert count(secretary.get("/console").text, "4月邮件未送达") == "0"
    refused(house, RELATED, Reason.BY_HAND, state)
    assert count(secretary.get("/console").text, "4月邮件未送达") == "1"


def test_why_an_office_was_held_by_hand_stands_on_its_pages(
    house: Any, secretary: Secretary
) -> None:
    with house.database.write() as connection:
        begin_hold(connection, Hold(Reason.BY_HAND, AT, f"核对邮箱{XSS}"))
    page = secretary.get("/console").text
    assert "人工暂停，暂存待放行（核对邮箱" in page
    assert XSS not in page


def test_a_restored_office_reads_that_what_went_would_go_again(
    house: Any, secretary: Secretary
) -> None:
    with house.database.write() as connection:
        begin_hold(connection, Hold(Reason.RESTORED, AT))
    assert "不取消的放行后会再发一次" in secretary.get("/console").text
