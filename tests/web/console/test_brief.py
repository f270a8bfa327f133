"""The 情况简报: what its Word document says is what the console's pages say."""

import io
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from docx import Document

from reminder.domain.registrations import Signature
from reminder.office import completion, meetings, registrations, turn
from tests.daemon.trials import Trial
from tests.office.test_brief import document
from tests.office.test_meetings import preview
from tests.plans import plan_text, put_plans
from tests.web.conftest import House
from tests.web.console.conftest import LEADER, Secretary, at, finish, logged_in, sign

OFFICE, STAFF = Signature("", "console"), Signature("值班员", f"page/{LEADER}/1")
HERE = "/console/brief.docx"
# What a light's word on a page is called in the half page; all others are in hand.
CALLED = {"待复核": "待复核", "已逾期": "待确认", "启用前": "启用前已过", "会期待定": "待会期"}
CALLED |= {"已结转": "结转或终止", "已终止": "结转或终止"}
CALLED |= {word: word for word in ("已办结", "待确认", "未开始")}


@pytest.fixture
def busy(house: House) -> House:
    """The twentieth of April, since February: something of every kind is registered."""
    app, unit = house.application, house.table.directory[LEADER]
    for day in ("2026-02-02", "2026-03-02", "2026-04-01"):
        at(house, f"{day}T09:00+08:00")
        app.tick()
    for name in ("helan", "yinchuan", "zhongwei"):
        sign(house, name)
    at(house, "2026-04-20T10:00+08:00")
    done = ["2026-02-1", "2026-02-2", "2026-02-3", "2026-03-1"]
    completion.register(app, done, None, date(2026, 4, 2), "", OFFICE)
    for task in ("2026-03-5", "2026-03-4", "2026-03-2"):
        finish(house, task)
    completion.confirm(app, LEADER, "2026-03-2", "", OFFICE)
    completion.send_back(app, LEADER, "2026-03-4", "", "请附讨论稿", OFFICE)
    task = house.table.plan.by_id["2026-04-2"]
    registrations.report_progress(app, unit, task, STAFF, words="场地已落实", percent=40)
    meetings.save(app, preview(app, "sc-25", date(2026, 5, 27)))
    return house


def brief(secretary: Secretary, period: str = "", root: str = "") -> list[str]:
    answer = secretary.get(f"{root}{HERE}?period={period}")
    assert answer.status_code == 200
    return document(answer.content)


def counted(text: str) -> Counter[str]:
    """`已办结2项` and the like."""
    return Counter(
        {name: int(count) for name, count in re.findall(r"([^，。：、\d]+)(\d+)项", text)}
    )


def sentence(lines: list[str]) -> Counter[str]:
    """Of the month's own tasks, without how many they are."""
    return counted(lines[2].partition("：")[2].partition("。")[0])


def by_page(page: str) -> Counter[str]:
    """The lights of a month's page, a card for each task."""
    found = Counter[str]()
    tasks = page.partition("<h2>事项</h2>")[2].partition("<h2>")[0]
    for card in re.findall(r'<section class="card">(.*?)</section>', tasks, re.DOTALL):
        [word] = re.findall(r'class="pill \w*">(\S+?)(?: \d+/\d+)?</span>', card)
        name = CALLED.get(word, "待会期" if "会期待定" in card else "推进中")
        found[name] += 1
    return found


@pytest.mark.parametrize("month", [1, 2, 3, 4, 5, 9])
def test_figures_of_a_month_are_those_of_its_page(busy: House, month: int) -> None:
    secretary, period = Secretary(logged_in(busy)), f"2026-{month:02}"
    page = secretary.get(f"/console/month/{period}").text
    lines = brief(secretary, period)
    assert sentence(lines) == by_page(page)
    signed = re.findall(r"已签收(\d+)/(\d+)", page)[-1]
    told = re.findall(r"应签收(\d+)个单位，已签收(\d+)个", lines[2])
    assert told == ([signed[::-1]] if 2 <= month <= 4 else [])


def test_what_is_left_of_earlier_months_is_what_the_year_waits_for(busy: House) -> None:
    secretary = Secretary(logged_in(busy))
    page, lines = secretary.get("/console").text, brief(secretary)
    earlier = counted(lines[2].partition("未办结：")[2].partition("。")[0])
    [waiting] = re.findall(r"<strong>(\d+)</strong><[^>]*>待复核", page)
    [unconfirmed] = re.findall(r"<strong>(\d+)</strong><[^>]*>待确认", page)
    assert (earlier["待复核"], earlier["待确认"]) == (int(waiting), int(unconfirmed)) == (1, 2)
    whole = "\n".join(lines)
    for words in (
        "40%，场地已落实（代表工委 值班员，4月20日）",
        "未反馈进展（办公厅、代表工委）",
        "原安排3月内，4月20日退回：请附讨论稿",
        "5月2项",
    ):
        assert words in whole


def test_figures_of_the_year_are_those_of_the_first_page(busy: House) -> None:
    secretary = Secretary(logged_in(busy))
    page = secretary.get("/console").text
    months = page.partition('<ol class="months">')[2].partition("</ol>")[0]
    marks = Counter[str]()
    for word, count in re.findall(r'class="pill \w*">(\S+) (\d+)</span>', months):
        marks[CALLED.get(word, "推进中")] += int(count)
    lines = brief(secretary, "2026")
    said = sentence(lines)
    assert said == marks
    assert said.total() == len(busy.table.plan.month_tasks)
    assert "各月提示应签收共" in lines[2]


def test_of_several_plans_each_has_its_own(office: Trial) -> None:
    other = plan_text("other", months=[3, 4, 5], ids="o")
    put_plans(office, one=plan_text(), other=other)
    office.tick("2026-03-02T09:00+08:00")
    house = House(office.app("2026-04-20T09:00+08:00"))
    secretary, app = Secretary(logged_in(house)), house.application
    completion.register(app.about("other"), ["o-04-1"], None, None, "", OFFICE)
    for plan, counts in (("small", {"推进中": 1}), ("other", {"已办结": 1})):
        root = f"/plans/{plan}/2026"
        assert sentence(brief(secretary, "2026-04", root)) == counts
        assert by_page(secretary.get(f"{root}/console/month/2026-04").text) == counts


def test_january_offers_the_year_before_and_counts_what_is_left_of_it(office: Trial) -> None:
    old = plan_text(months=[9, 10, 11, 12])
    put_plans(office, now=old, next=plan_text(year=2027, months=[1, 2]))
    office.tick("2026-09-01T09:00+08:00")
    house = House(office.app("2027-01-05T10:00+08:00"))
    secretary, app = Secretary(logged_in(house)), house.application
    completion.register(app.about("small", 2026), ["2026-09-1"], None, None, "", OFFICE)
    turn.end(app, "2026-10-1", "不再举办")
    page = secretary.get("/plans/small/2027/console").text
    offered = re.findall(r"brief\.docx\?period=(\S+?)\"", page)
    assert offered == ["2027-01", "2027", "2026"]
    now = brief(secretary, "2027-01", "/plans/small/2027")
    assert "此前安排的尚有2项未办结：待确认2项。" in now[2]
    year = brief(secretary, "2026", "/plans/small/2027")
    assert sentence(year) == {"已办结": 1, "待确认": 2, "结转或终止": 1}
    assert not [line for line in year if "下月安排" in line or "未签收" in line]
    first_page = secretary.get("/plans/small/2026/console").text
    assert re.search(r"<strong>2</strong><[^>]*>待确认", first_page)
    assert re.findall(r"brief\.docx\?period=(\S+?)\"", first_page) == ["2026"]


def test_its_name_is_for_old_programs_and_for_all_others(secretary: Secretary) -> None:
    for path, name, plain in (
        (HERE, "情况简报-2026年4月.docx", "brief-2026-04.docx"),
        (f"{HERE}?period=2026", "情况简报-2026年.docx", "brief-2026.docx"),
    ):
        answer = secretary.get(path)
        said = re.fullmatch(
            r"attachment; filename=\"([!-~]+)\"; filename\*=UTF-8''([\w%.-]+)",
            answer.headers["Content-Disposition"],
            re.ASCII,
        )
        assert said
        assert (unquote(said[2]), said[1]) == (name, plain)
        assert answer.headers["Content-Type"].endswith("wordprocessingml.document")
        assert answer.headers["Cache-Control"] == "no-store"
        assert Document(io.BytesIO(answer.content)).core_properties.modified.date() == date(
            2026, 4, 1
        )


@pytest.mark.parametrize(
    ("period", "status"),
    [("2026-13", 400), ("4", 400), ("x", 400), ("2025-04", 400), ("2025", 404), ("２０２６", 400)],
)
def test_of_no_other_time_there_is_one(secretary: Secretary, period: str, status: int) -> None:
    assert secretary.get(HERE, period=period).status_code == status


def test_who_is_not_logged_in_gets_none(house: House) -> None:
    answer = house.client().get(HERE)
    assert (answer.status_code, "login" in answer.headers["location"]) == (303, True)


def test_a_broken_template_of_the_office_is_said_in_words(
    house: House, secretary: Secretary, tmp_path: Path
) -> None:
    (tmp_path / "zh-CN" / "documents").mkdir(parents=True)
    (tmp_path / "zh-CN" / "documents" / "brief.docx").write_bytes(b"no document")
    house.set(templates=tmp_path)
    answer: Any = Secretary(logged_in(house)).client.get(HERE, headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "brief.docx：不是 Word 文档（.docx）" in answer.text
    assert "请改正后再试" in answer.text
