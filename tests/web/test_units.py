"""A unit's page: what it shows to whom, what it registers, and what no link opens."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.ledger import registrations
from reminder.ledger.access import FEED, PAGE, LinkView
from reminder.ledger.schema import link, metadata
from reminder.office import completion
from reminder.office.application import Application
from reminder.office.links import revoke, rotate
from tests.domain.builders import LEADER, OUTSIDER, RELATED, at, task, timetable, year_round
from tests.domain.test_tone import EXPLICIT, MEETINGS, PRESSURE, STATES, TASKS, unquoted
from tests.web.test_attacks import ask, statements

APRIL_TASK = "2026-04-1"
SECRETARY = Signature("", "console")
NO_MONTH = ("2026-05", "2026-00", "2025-12", "1999-99", "0", "2026-", "!!")


def address(house: Any, unit: str) -> str:
    return str(house.url(unit, PAGE))


@dataclass
class Visitor:
    """Somebody with a browser who has opened the unit's link."""

    house: Any
    unit: str
    client: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.house.client()

    @property
    def url(self) -> str:
        return address(self.house, self.unit)

    def see(self, query: str = "") -> str:
        answer = self.client.get(self.url + query)
        assert answer.status_code == 200
        return str(answer.text)

    def send(self, act: str, **fields: str) -> Any:
        sent = {"who": "值班员"} | fields
        return self.client.post(f"{self.url}/{act}", data=sent)

    def sign(self, **fields: str) -> Any:
        return self.send("sign", **({"period": "2026-04"} | fields))

    def report(self, **fields: str) -> Any:
        return self.send("progress", **({"task": APRIL_TASK} | fields))

    def finish(self, **fields: str) -> Any:
        return self.send("finish", **({"task": APRIL_TASK, "done_on": "2026-04-01"} | fields))

    def said(self) -> list[Registration]:
        with self.house.database.read() as connection:
            return registrations.of_unit(connection, "npc-deputies", self.unit)


@pytest.fixture
def leader(house: Any) -> Visitor:
    return Visitor(house, "deputies")


@pytest.fixture
def related(house: Any) -> Visitor:
    return Visitor(house, "helan")


def use(house: Any, table: Timetable, moment: datetime | None = None) -> None:
    """Another plan in force, and perhaps another moment."""
    house.application.office = replace(house.application.office, tables=(table,))
    if moment:
        house.application.clock = Clock(moment.astimezone(UTC))


def parts(page: str, heading: str) -> str:
    """The box under that heading."""
    [found] = re.findall(rf"<section[^>]*>\s*<h2>{heading}.*?</section>", page, re.DOTALL)
    return str(found)


# What it shows


def test_a_lead_unit_reads_its_month_with_lights_and_days_and_what_follows(leader: Visitor) -> None:
    page = leader.see()
    assert "<h1>自治区人大常委会代表工作委员会 <small><time>2026年4月</time></small></h1>" in page
    box = parts(page, "4月承办（2项）")
    assert '<span class="pill green">进行中 · 剩20个工作日</span>' in box
    assert "仅作进度登记，不替代正式书面反馈；请勿填写涉密信息" in box
    assert box.count('action="/units/') == 4
    order = ["4月承办", "5月预告", "全年事项", "常态化工作", "全年一览", "订阅日历"]
    assert [page.index(words) for words in order] == sorted(page.index(words) for words in order)
    year = parts(page, "2026年全年一览")
    assert (year.count("<title"), "今天 4月1日" in year) == (1, True)
    assert '<th scope="row">换届选举部署会议</th>' in year


def test_what_is_open_of_past_months_can_still_be_registered(house: Any, leader: Visitor) -> None:
    use(house, timetable(task(3), task(4)), at(4, 1))
    box = parts(leader.see(), "前期事项（待确认1项）")
    assert '<span class="pill red">待确认</span>' in box
    assert leader.finish(task="2026-03-1", done_on="2026年3月30日").status_code == 303
    assert "待复核（已登记3月30日完成）" in parts(leader.see(), "前期事项（已登记1项）")


def test_who_leads_nothing_has_no_light_or_form(house: Any, related: Visitor) -> None:
    box = parts(related.see(), r"4月相关事项（2项，4月内）")
    assert "举办全区县乡人大换届选举工作人员培训班" in box
    assert not re.search("pill|<form", box)
    page = Visitor(house, "high-court").see()
    assert "供工作衔接参考" in page
    assert not re.search("签收|<form|<button|pill", page)


def test_a_parallel_unit_that_leads_may_register_if_it_likes(house: Any) -> None:
    use(house, timetable(task(4), relations={LEADER: Relation.PARALLEL}), at(4, 28))
    visitor = Visitor(house, LEADER)
    page = visitor.see()
    assert "可选：如需登记进展" in page
    assert "签收" not in page
    assert not STATES.search(unquoted(page))
    assert visitor.report(words="已商定").status_code == 303
    assert "已商定" in visitor.see()


@pytest.mark.parametrize(
    "behind", ["/", "。", "）。", "，请查收", ">", "?utm_source=mail", "/?_=1"]
)
def test_what_stands_behind_a_link_is_no_part_of_it(leader: Visitor, behind: str) -> None:
    path, mark, query = behind.partition("?")
    assert leader.see(quote(path) + mark + query)


def test_a_month_without_anything_and_another_year_say_so(house: Any) -> None:
    use(house, timetable(task(1), task(12)), at(6, 1))
    assert "6月的安排中没有列明本单位的事项。" in Visitor(house, RELATED).see()
    use(house, timetable(task(1), task(12)), datetime(2027, 3, 1, 1, tzinfo=UTC))
    assert "2026年12月" in Visitor(house, LEADER).see()


# What it registers


def test_signing_is_said_once_to_who_signed_with_name_and_time(
    house: Any, related: Visitor
) -> None:
    rotate(house.application, LinkView(PAGE, "helan"))
    stranger = Visitor(house, related.unit)
    answer = related.sign()
    assert (answer.status_code, answer.headers["Location"]) == (303, related.url)
    for name in ("signed", "already", "progress", "finished", "closed"):  # no address says it
        stranger.client.cookies.set(house.cookie("said"), f"{name}.{'a' * 32}")
        assert 'role="status"' not in stranger.see(f"?said={name}")
    page = related.see()
    assert '<p class="said" role="status">已签收。回执发至本单位登记的邮箱。</p>' in page
    assert "值班员" in parts(page, "签收")
    assert "确认签收" not in page
    page = related.see()
    assert ('role="status"' in page, "已签收" in page) == (False, True)  # as the ledger has it
    # The page of a second window still has its form.
    assert related.sign(who="联络员").headers["Location"] == related.url
    assert "此前已签收，无需重复" in related.see()
    [said] = related.said()
    assert (said.act, said.period) == (Act.SIGN, "2026-04")
    assert said.by == Signature("值班员", "page/helan/2")  # by which of its links


def test_completion_waits_is_sent_back_and_then_closed(house: Any, leader: Visitor) -> None:
    leader.finish()
    page = leader.see()
    assert "已登记完成，待复核。回执发至本单位登记的邮箱。" in page
    assert "待复核（已登记4月1日完成）" in page
    leader.finish()
    assert "此前已作同样登记" in leader.see()
    assert len(leader.said()) == 1
    completion.send_back(
        house.application, "deputies", APRIL_TASK, "", "请补充<b>人数</b>", SECRETARY
    )
    page = leader.see()
    assert "已退回：请补充&lt;b&gt;人数&lt;/b&gt;" in page
    assert "待复核（" not in page
    leader.finish(words="共120人")
    assert "已退回：" not in leader.see()
    completion.confirm(house.application, "deputies", APRIL_TASK, "", SECRETARY)
    page = leader.see()
    assert '<span class="pill grey">已办结（4月1日）</span>' in page
    assert f'id="done-{APRIL_TASK}"' not in page


def test_without_confirmation_a_task_is_closed_at_once(house: Any, leader: Visitor) -> None:
    house.set(web=house.settings.web.model_copy(update={"finish": "direct"}))
    assert "登记后即为办结" in leader.see()
    leader.finish()
    assert re.search("已登记，本项已办结。.*已办结（4月1日）", leader.see(), re.DOTALL)


@pytest.mark.parametrize(
    ("now", "shown", "month", "day"),
    [
        ("2026-04-01T09:00+08:00", "2026年4月</time>", "2026-04", "2026-04-01"),
        # The next month's digest comes early; the plan's year is over.
        ("2026-03-30T09:00+08:00", "2026年4月</time>", "2026-03", "2026-03-30"),
        ("2027-01-02T09:00+08:00", "2026年12月</time>", "2026-12", "2026-12-31"),
    ],
)
def test_a_year_round_task_is_registered_for_the_running_month_or_for_good(
    house: Any, now: str, shown: str, month: str, day: str
) -> None:
    table = timetable(year_round(), task(3), task(4), task(12), workdays_before=3)
    use(house, table, datetime.fromisoformat(now))
    visitor, of_task = Visitor(house, LEADER), {"task": "2026-year-1", "done_on": day}
    page = visitor.see()
    assert shown in page
    assert f'<input type="radio" name="period" value="{month}" checked>' in page
    assert visitor.finish(**of_task, period=month).status_code == 303
    assert "本月待复核" in visitor.see()
    assert visitor.report(**of_task, words="总结已报").status_code == 303
    assert "总结已报" in visitor.see()
    completion.confirm(house.application, LEADER, "2026-year-1", month, SECRETARY)
    assert '<span class="pill green">本月已登记</span>' in visitor.see()
    assert visitor.finish(**of_task).status_code == 303
    assert "全年办结待复核" in visitor.see()


def test_a_name_is_typed_once_and_escaped(leader: Visitor) -> None:
    cookie = leader.sign(who="张 三").headers["Set-Cookie"]
    assert all(mark in cookie for mark in ("HttpOnly", "Max-Age=31536000", "Path=/", "lax"))
    assert 'name="who" value="张 三"' in leader.see()
    leader.client.cookies.clear()
    leader.client.cookies.set(leader.house.cookie("who"), "%22%3E%3Cscript%3E")
    page = leader.see()
    assert "<script>" not in page
    assert 'value="&#34;&gt;&lt;script&gt;"' in page


@pytest.mark.parametrize(
    ("act", "fields", "why"),
    [
        ("progress", {"words": "字" * 1001}, "说明最多1000字"),
        ("progress", {"percent": "很多"}, "进度应为0到100之间的整数"),
        ("progress", {"percent": "101"}, "进度应为0到100之间的整数"),
        ("progress", {"words": ""}, "请填写进展情况或进度"),
        ("progress", {"who": " "}, "请填写登记人姓名"),
        ("progress", {"task": "2026-04-99"}, "安排表中没有这一项"),
        ("progress", {"task": "2026-standing-1"}, "本项不由本单位承办"),
        ("finish", {"done_on": "2026-04-02"}, "完成日期不能晚于今天"),
        ("finish", {"done_on": "2024-12-31"}, "早于2025年"),
        *(("finish", {"done_on": day}, "请填写完成日期") for day in ("昨天", "2026-02-30", "")),
        *(("finish", {"task": "2026-year-1", "period": period}, "月份有误") for period in NO_MONTH),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(
    leader: Visitor, act: str, fields: dict[str, str], why: str
) -> None:
    sent = {"task": APRIL_TASK, "done_on": "2026-04-01", "words": "共120人"} | fields
    answer = leader.send(act, **sent)
    assert (answer.status_code, why in answer.text) == (422, True)
    assert leader.said() == []
    if sent["task"] == APRIL_TASK:
        assert sent["words"] in answer.text
        assert answer.text.count('<details class="answer" open>') == 1


def test_what_somebody_wrote_is_shown_and_never_run(leader: Visitor) -> None:
    evil = '<script>alert(1)</script>\n<img src=x onerror="x">'
    leader.report(words=evil, who="<b>张</b>", percent="60")
    leader.finish(words=evil)
    page = leader.see()
    assert "&lt;b&gt;张&lt;/b&gt; 反馈进展 60%" in parts(page, "4月承办")
    assert not re.search("<script>alert|<img|<b>", page)
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


# Whose link it is


def counts(house: Any) -> dict[str, int]:
    with house.database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table is not link
        }


def test_a_get_changes_nothing_but_when_the_link_was_used(house: Any, leader: Visitor) -> None:
    before = counts(house)
    leader.see("?said=signed&sign=1")
    leader.client.get(f"{leader.url}/mails")
    for act in ("sign", "progress", "finish"):
        assert leader.client.get(f"{leader.url}/{act}").status_code == 405
        assert leader.client.head(f"{leader.url}/{act}").status_code == 405
    assert counts(house) == before
    with house.database.read() as connection:
        [row] = connection.execute(select(link))
    assert (row.purpose, row.subject, row.last_use is not None) == (PAGE, "deputies", True)


SUB = ("", "/mails", "/mails/x/y", "/mail-body/x/y")
POSTS = ("/sign", "/progress", "/finish")


def _dead(house: Any) -> list[str]:
    old, revoked, other = (address(house, unit) for unit in ("helan", "yinchuan", "deputies"))
    rotate(house.application, LinkView(PAGE, "helan"))
    revoke(house.application, LinkView(PAGE, "yinchuan"))
    feed, token = house.url("deputies").split("/")[2], other.split("/")[2]
    return [
        old,
        revoked,
        other.replace("deputies", "zhongwei"),
        *(address(house, name) for name in ("nobody", "local-congresses")),
        *(f"/units/{forged}/deputies" for forged in (feed, "x", token[:-1], f"{token}%C3%A9")),
    ]


def test_dead_foreign_and_forged_links_are_one_404_that_costs_the_same_work(house: Any) -> None:
    client, dead = house.client(), _dead(house)
    answers = [client.get(url + sub) for url in dead for sub in SUB]
    answers += [client.post(url + sub, data={"who": "值班员"}) for url in dead for sub in POSTS]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.text, str(sorted(answer.headers.items()))) for answer in answers}) == 1
    paths = (*dead[2:], "/no/such")
    pages = [client.get(path, headers={"Accept": "text/html,*/*;q=0.8"}) for path in paths]
    [words] = {page.text for page in pages}
    assert "地址可能不完整，也可能已经更换或停用" in words
    form = {"content-type": "application/x-www-form-urlencoded"}
    work = {
        tuple(statements(house, partial(ask, house.app, url + sub, method, **form)))
        for url in dead
        for sub, method in [("", "GET"), ("/mails/x", "GET"), ("/sign", "POST")]
    }
    assert len(work) == 1


def test_two_leads_see_their_own_words_and_the_offices(house: Any) -> None:
    use(house, timetable(task(4, lead=(LEADER, OUTSIDER), related=(RELATED,))), at(4, 20))
    one, other, third = (Visitor(house, unit) for unit in (LEADER, OUTSIDER, RELATED))
    other.report(words="外单位的话", who="办公室")
    other.finish(done_on="2026-04-17", words="外单位的话")
    other.sign(who="办公室")
    for visitor in (one, third):
        page = visitor.see()
        assert not re.search("外单位|办公室|待复核|已签收|4月17日", page)
    completion.confirm(house.application, OUTSIDER, APRIL_TASK, "", SECRETARY)
    assert "已办结（4月17日）" in one.see()
    assert "已办结" not in third.see()


# Mails


def test_mails_stand_as_they_were_sent_and_no_unit_reads_anothers(
    house: Any, leader: Visitor, related: Visitor
) -> None:
    house.application.tick()
    [path] = re.findall(rf'href="({leader.url}/mails/[^"]+)"', leader.see())
    mail = leader.client.get(path).text
    assert "【代表工作·4月】" in mail
    [frame] = re.findall(r'<iframe sandbox="allow-popups [^"]*" src="([^"]+)"', mail)
    body = leader.client.get(frame)
    assert body.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "自治区人大常委会代表工作委员会：" in body.text
    assert "【代表工作·4月】" in leader.client.get(f"{leader.url}/mails").text
    for key in ("digest/2026-04/deputies", "report/digest/2026-04/operator", "x"):
        for part in ("mails", "mail-body"):
            url = f"{related.url}/{part}/npc-deputies/{key}"
            assert related.client.get(url).status_code == 404


def test_a_rehearsal_is_no_mail_of_the_unit(house: Any, leader: Visitor) -> None:
    house.set(mail=house.settings.mail.model_copy(update={"redirect_to": "me@npc.example"}))
    rehearsing = Application(house.application.office, house.application.clock)
    assert rehearsing.tick().sent
    rehearsing.database.close()
    assert "正在演练" in leader.see()
    refused = leader.sign()
    assert (refused.status_code, "登记没有记入" in refused.text) == (422, True)
    assert "还没有发出的提示" in leader.client.get(f"{leader.url}/mails").text


# The calendar


def test_a_calendar_is_one_click_away_but_from_wechat_or_when_withdrawn(
    house: Any, leader: Visitor, related: Visitor
) -> None:
    box = parts(leader.see(), "订阅日历")
    feed = f"//127.0.0.1{house.url('deputies')}?view=due&amp;year-round=0"
    assert f'href="webcal:{feed}"' in box
    assert f'value="http:{feed}"' in box
    assert box.count("<svg") == 1
    assert "alarms=3d" in box
    assert "alarms" not in related.see()  # who leads nothing has none
    addresses = re.findall(r'href="http://127.0.0.1(/feeds/[^"]+)"', box)
    assert len(addresses) == 6
    for found in addresses:
        answer = leader.client.get(found.replace("&amp;", "&"))
        assert answer.headers["Content-Type"].startswith("text/calendar")
    leader.client.headers["User-Agent"] = "Mozilla/5.0 (iPhone) MicroMessenger/8.0.49"
    page = leader.see()
    assert "请点右上角“…”，选择“在浏览器打开”" in page
    assert "webcal:" not in page
    revoke(house.application, LinkView(FEED, "deputies"))
    page = leader.see()
    assert ("日历地址已停用" in page, ".ics" in page) == (True, False)


@pytest.mark.parametrize(
    ("base_url", "wanted", "offered"),
    [
        ("", None, False),
        ("", True, True),
        ("https://reminder.lan", None, False),
        ("https://npc.gov.cn/reminder", None, True),
        ("https://npc.gov.cn", False, False),
    ],
)
def test_foreign_web_calendars_are_offered_where_the_office_is_public_or_wants_them(
    house: Any, leader: Visitor, base_url: str, wanted: bool | None, offered: bool
) -> None:
    web = {"base_url": base_url, "foreign_calendars": wanted}
    house.set(web=house.settings.web.model_copy(update=web))
    page = leader.see()
    for words in ("calendar.google.com", "outlook.office.com", "outlook.live.com", "网页日历"):
        assert (words in page) is offered
    assert "webcal:" in page
    assert ("设置对外网址（web.base_url）后才能读到" in page) is (offered and not base_url)
    if base_url and offered:
        feed = quote(f"{base_url.partition(':')[2]}/feeds/", safe="")
        assert f"addfromweb?url=https%3A{feed}" in page
        assert f"https://calendar.google.com/calendar/r?cid=webcal%3A{feed}" in page


def test_the_script_is_short_and_the_page_does_without(leader: Visitor) -> None:
    answer = leader.client.get("/static/page.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert len(answer.text.splitlines()) <= 40
    assert not re.search(r"<script(?! src)|style=|\son\w+=", leader.see())


# Tone


@pytest.mark.parametrize("unit", [LEADER, RELATED])
@pytest.mark.parametrize("relation", [*Relation, None])
def test_no_page_presses(house: Any, unit: str, relation: Relation | None) -> None:
    found: set[str] = set()
    visitor, app = Visitor(house, unit), house.application
    moments = (at(1, 15), at(2, 13), at(4, 28), at(6, 1), at(9, 17), at(12, 31))
    for tasks in (TASKS, (*TASKS, *EXPLICIT)):
        table = timetable(*tasks, meetings=MEETINGS, relations={unit: relation})
        for moment in moments:
            use(house, table, moment)
            page = unquoted(visitor.see())
            found |= {word for word in PRESSURE if word in page}
            found |= set(re.findall("[你您贵]|截止", page))
            if relation is Relation.PARALLEL or unit == RELATED:
                assert not STATES.search(page)
                assert "pill" not in page.replace('"pill green">已签收', "")
            if relation is Relation.LOCAL:
                assert "pill red" not in page
        if unit == LEADER and tasks is TASKS:
            # One task waits, one was sent back, one is closed.
            for month in (1, 3, 4):
                sent = visitor.finish(task=f"2026-{month:02}-1", done_on="2026-01-05")
                assert sent.status_code == 303
            completion.send_back(app, unit, "2026-03-1", "", "请核对", SECRETARY)
            completion.confirm(app, unit, "2026-04-1", "", SECRETARY)
    own = unit == LEADER and relation in (Relation.OWN, None)
    assert found == ({"逾期"} if own else set())
