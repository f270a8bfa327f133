"""The year in one glance: what waits, whom to phone, where each task stands."""

import re
from typing import Any

import pytest
from sqlalchemy import event, update

from reminder.domain.edits import Edit
from reminder.domain.notices import Reason, State
from reminder.domain.persons import AccountRole, Person
from reminder.domain.registrations import Signature
from reminder.domain.versions import Tell
from reminder.ledger.holds import Hold, begin_hold
from reminder.ledger.schema import recipient
from reminder.ledger.senders import begin_alarm, end_alarm
from reminder.office import completion, drafts
from reminder.office.holds import hold
from tests.web.conftest import AT
from tests.web.console.conftest import (
    LEADER,
    RELATED,
    TASK,
    XSS,
    Secretary,
    as_person,
    at,
    finish,
    logged_in,
    put,
    sign,
)

NO_ADDRESS = (Reason.NO_ADDRESS, State.REFUSED)


def whom_to_phone(page: str) -> str:
    return page[page.index('id="calls"') : page.index('id="tasks"')]


def test_a_report_stands_first_until_its_task_is_done(house: Any, secretary: Secretary) -> None:
    finish(house, words=XSS)
    page = secretary.get("/console").text
    assert '<strong>1</strong><span class="pill review">待复核' in page
    assert 'action="/console/return"' in page
    assert "&lt;script&gt;" in page
    assert XSS not in page
    assert page.index("/console/confirm") < page.index("全年进度")
    assert '<span class="pill review">待复核 1/2</span>' in page
    completion.confirm(house.application, LEADER, TASK, "", Signature("", "console"))
    assert '<span class="pill grey">已办结</span>' in secretary.get("/console").text


def test_the_first_page_counts_what_is_to_be_done_then_whom_to_phone_then_what_comes(
    house: Any, secretary: Secretary
) -> None:
    finish(house)
    page = secretary.get("/console").text
    listed = page[page.index('aria-label="要办的事"') : page.index("</ol>")]
    assert [part.partition("<")[0] for part in listed.split('class="pill ')[1:]] == [
        'review">待复核',
        'wait">会期待定',
        'red">待确认',
    ]
    assert "有3件事要办" in page
    order = [page.index(f'id="{name}"') for name in ("reports", "calls", "coming", "tasks")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("files/conflict@host", "文件和系统中的现行版本各有改动"),
        ("workdays/2027", "日期暂按周一至周五推算"),
        ("disk", "磁盘空间不足"),
        ("channel/robot", "有渠道发不出去"),
    ],
)
def test_what_the_operator_was_told_of_stands_there_until_it_is_over(
    house: Any, secretary: Secretary, name: str, said: str
) -> None:
    with house.database.write() as connection:
        begin_alarm(connection, name, AT, "words of the log")
    page = secretary.get("/console").text
    assert (said in page, "words of the log" in page) == (True, False)
    with house.database.write() as connection:
        end_alarm(connection, name)
    assert said not in secretary.get("/console").text


def test_what_was_submitted_is_for_who_may_publish_it(house: Any) -> None:
    wang = as_person(house, "edit")
    author = Person("wang", "王某", AccountRole.EDIT)
    text = house.application.office.contents["units.toml"].decode()
    drafts.add(house.application, author, Edit("units.toml", "text", {"text": text}))
    drafts.submit(house.application, author, "", Tell.NOW)
    li = as_person(house, "approve", "li", "林某")
    link = "/console/drafts/1"
    assert (link in li.get("/console").text, link in wang.get("/console").text) == (True, False)


def test_a_quiet_year_says_so_and_a_restored_one_that_what_went_would_go_again(
    house: Any, secretary: Secretary
) -> None:
    at(house, "2026-01-05T10:00+08:00")
    page = secretary.get("/console").text
    assert "<strong>0</strong>1月邮件未送达" in page
    assert ("等待确认办结或退回" in page, "目前没有需要电话联系的单位" in page) == (False, True)
    assert "月度提示发出" in page
    with house.database.write() as connection:
        begin_hold(connection, Hold(Reason.RESTORED, AT))
    page = secretary.get("/console").text
    assert "不取消的放行后会再发一次" in page
    assert "月度提示发出" not in page


def test_every_month_is_there_and_what_session_has_no_date(secretary: Secretary) -> None:
    page = secretary.get("/console").text
    for month in range(1, 13):
        assert f'href="/console/month/2026-{month:02}"' in page
    lights = {"blue": "未开始", "green": "进行中", "red": "待确认", "wait": "会期待定"}
    for light, words in lights.items():
        assert f'<span class="pill {light}">{words}</span>' in page
    assert "已逾期" not in page
    asked = page[page.index("请登记会期") : page.index('id="calls"')]
    assert "/console/meetings/sc-24" in asked
    assert "sc-25" not in asked  # its month is yet to come
    assert "congress-13-3" not in asked  # no task's time hangs on it


def test_whom_to_phone_names_contact_task_and_why(house: Any, secretary: Secretary) -> None:
    finish(house, "2026-03-5")  # who has reported it is not phoned for it
    calls = whom_to_phone(secretary.get("/console").text)
    for words in (
        "自治区人大常委会代表工作委员会",
        "未登记联系人",
        "已过安排时间，尚未登记",
        "3月内（3月2日—3月31日）",
    ):
        assert words in calls
    assert house.table.plan.by_id["2026-03-5"].title not in calls


@pytest.mark.parametrize(
    ("state", "reason", "phoned", "why"),
    [
        (State.REFUSED, Reason.NO_ADDRESS, True, "无邮箱，需另行告知"),
        (State.EXPIRED, Reason.TOO_LATE, True, "贺兰县人大常委会"),
        (State.EXPIRED, Reason.DROPPED, False, "已取消"),
        (State.HELD, Reason.BY_HAND, False, "人工暂停"),
    ],
)
def test_what_no_server_has_accepted_is_counted_and_its_unit_phoned_where_that_helps(
    house: Any, secretary: Secretary, state: State, reason: Reason, phoned: bool, why: str
) -> None:
    assert "<strong>0</strong>4月邮件未送达" in secretary.get("/console").text
    put(house, RELATED, reason, state)
    page = secretary.get("/console").text
    [link] = re.findall(r'href="([^"]*)"><strong>1</strong>4月邮件未送达', page)
    assert ("贺兰县人大常委会" in whom_to_phone(page)) is phoned
    assert (why in page) is phoned
    assert RELATED in secretary.get(link.replace("&amp;", "&")).text


@pytest.mark.parametrize(("day", "phoned"), [("03", False), ("07", True)])
def test_who_has_not_signed_is_phoned_from_the_third_working_day(
    house: Any, day: str, phoned: bool
) -> None:
    house.application.tick()
    sign(house, "xingqing")
    refused = {"state": State.REFUSED, "reason": Reason.RECIPIENT_REFUSED}
    with house.database.write() as connection:
        to_one = recipient.c.notice == "npc-deputies/digest/2026-04/yinchuan"
        connection.execute(update(recipient).where(to_one).values(refused))
    at(house, f"2026-04-{day}T10:00+08:00")
    calls = whom_to_phone(logged_in(house).get("/console").text)
    assert ("4月提示送达已满3个工作日，尚未签收" in calls) is phoned
    assert ("贺兰县人大常委会" in calls) is phoned
    assert "兴庆区" not in calls
    assert "银川市人大常委会" not in calls.partition("尚未签收")[2]  # it has had no mail


def test_what_waits_for_approval_is_neither_phoned_for_nor_said_to_go(house: Any) -> None:
    house.set(mail=house.settings.mail.model_copy(update={"approval": True}))
    house.application.tick()
    at(house, "2026-04-28T10:00+08:00")
    house.application.tick()
    secretary = logged_in(house)
    page = secretary.get("/console").text
    assert "尚未签收" not in page
    assert "暂未发送；通过后立即发送" in page
    assert "未审核的不发送" in page
    assert page.index("待审核") < page.index("请登记会期") < page.index('id="calls"')
    assert "月度提示（须先审核，未审核的不发）" in page
    hold(house.application.database, house.application.clock.now(), "")
    page = secretary.get("/console").text
    assert page.count("暂未发送；通过后等待放行") == 2
    assert "未审核的不发送" not in page


def test_many_notices_make_no_more_statements(house: Any, secretary: Secretary) -> None:
    ran: list[str] = []
    reader = house.database.reader
    event.listen(reader, "before_cursor_execute", lambda *given: ran.append(given[2]))
    put(house, RELATED, *NO_ADDRESS)
    secretary.get("/console")  # what is read once
    lengths = []
    for units in ([], house.table.directory.single[:30]):
        for unit in units:
            if unit.id != RELATED:
                put(house, unit.id, *NO_ADDRESS)
        ran.clear()
        assert secretary.get("/console").status_code == 200
        lengths.append(len(ran))
    assert lengths[0] == lengths[1]


def test_every_page_of_a_held_office_says_that_nothing_goes(
    house: Any, secretary: Secretary
) -> None:
    assert "目前暂停发送" not in secretary.get("/console").text
    hold(house.database, AT, f"核对邮箱{XSS}")
    for path in ("", "/month", "/units", "/links", "/ledger", "/meetings", f"/units/{LEADER}"):
        page = secretary.get(f"/console{path}").text
        assert "目前暂停发送" in page
        assert '请在<a href="/console/outgoing">待发</a>核对后放行' in page
        assert "人工暂停，暂存待放行（核对邮箱" in page
        assert XSS not in page
