"""The tone table on finished mails: every relation, role and kind, through a whole year."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

import pytest

from reminder.documents.office import Office
from reminder.documents.settings_sources import SettingsSources
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import digest_draft
from reminder.domain.plan import Part
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.mime import read
from reminder.mail.render_context import RenderContext
from tests.domain.builders import (
    LEADER,
    RELATED,
    UNITS,
    ZONE,
    at,
    meeting,
    reminders,
    standing,
    task,
    timetable,
    year_round,
)

PRESSURE = ("催办", "督办", "逾期", "超期", "限期", "未完成", "红灯", "通报", "排名")
STATES = re.compile("进行中|未开始|已完成|已逾期|待确认|剩[0-9]+个工作日|最后一个工作日|即今日")
YEAR = date(2026, 1, 1), date(2026, 12, 31)

MEETINGS = (meeting(date(2026, 6, 25), 6, "dated"), meeting(None, 5, "undated"))
TASKS = (
    task(1, 1, title="通报年度代表工作计划，限期报送"),
    task(3, 1, title="重点督办代表建议", short="督办代表建议"),
    task(4, 1, title="对代表建议办理情况进行排名、催办"),
    task(4, 2, part=Part.EARLY),
    task(5, 1, meetings=("undated",), before_workdays=1),
    task(5, 2, soft=True, title="起草意见，适时提请审议"),
    task(6, 1, meetings=("dated",), before_workdays=5),
    task(7, 1),
    task(12, 1),
    year_round(title="督办全年代表建议"),
    standing(title="通报履职情况"),
)
EXPLICIT = (task(2, 1, due=date(2026, 2, 11)), task(9, 1, due=date(2026, 9, 15)))

DONE = date(2026, 3, 20)
PROGRESS = {
    "nothing": Progress(),
    "half": Progress(dict.fromkeys(("2026-03-1", "2026-05-2", "2026-09-1"), DONE)),
    "all": Progress({task.id: DONE for task in (*TASKS, *EXPLICIT)}),
    "started": Progress(started=date(2026, 4, 1)),
    "reported": Progress(reported={(task.id, LEADER, ""): DONE for task in (*TASKS, *EXPLICIT)}),
}
CONTACT, PHONE = "联络员", "0951-1234567"
REACHABLE = [replace(unit, contact=CONTACT, phone=PHONE) for unit in UNITS]
LINKS = {
    "page_link": "https://reminder.test/units/x/unit",
    "calendar_link": "https://reminder.test/feeds/x/unit.ics",
}


@dataclass(frozen=True)
class Mail:
    draft: NoticeDraft
    subject: str
    text: str
    html: str

    @property
    def whole(self) -> str:
        return "\n".join((self.subject, self.text, self.html))


def year_of(
    table: Timetable, unit: str, progress: Progress
) -> Iterator[tuple[NoticeDraft, datetime, UnitFacts]]:
    """Every mail that the unit would get in 2026; digests also as written late in the month."""
    for month in range(1, 13):
        if unit in table.reached(month):
            draft = digest_draft(table, month, unit)
            yield draft, draft.due, UnitFacts(first_of_year=month == 1)
            yield draft, at(month, 28), UnitFacts(**LINKS)
    for draft in reminders(table, *YEAR, progress)[0]:
        if draft.unit == unit:
            yield draft, draft.due.astimezone(ZONE), UnitFacts(**LINKS)


@cache
def mails(
    unit: str, relation: Relation | None, explicit: bool, state: str = "", language: str = ""
) -> list[Mail]:
    """Of that state of the tasks, or of all; `explicit` says whether the plan has due dates."""
    tasks = (*TASKS, *EXPLICIT) if explicit else TASKS
    units = [replace(one, language=language) for one in REACHABLE]
    table = timetable(*tasks, meetings=MEETINGS, relations={unit: relation}, units=units)
    composer = Composer(Office(SettingsSources().load(), (table,)), InstallationKey(b"k" * 32))
    found = []
    for progress in [PROGRESS[state]] if state else PROGRESS.values():
        for draft, as_of, facts in year_of(table, unit, progress):
            mail, _ = read(RenderContext(composer, as_of, progress).compose(draft, facts).content)
            text = mail.text.replace("\r\n", "\n")
            found.append(Mail(draft, mail.subject, text, mail.html))
    return found


EVERY = [(unit, relation) for unit in (LEADER, RELATED) for relation in (*Relation, None)]


def unquoted(words: str) -> str:
    """Less the table's own wordings and their short titles."""
    quoted = {words for found in (*TASKS, *EXPLICIT) for words in (found.title, found.brief)}
    for wording in sorted(quoted, key=len, reverse=True):
        words = words.replace(wording, "")
    return words


@pytest.mark.parametrize(("unit", "relation"), EVERY)
@pytest.mark.parametrize("explicit", [False, True])
def test_no_word_of_pressure_but_overdue_on_an_explicit_date_in_the_own_house(
    unit: str, relation: Relation | None, explicit: bool
) -> None:
    """And nobody is called by a pronoun."""
    own = unit == LEADER and relation in (Relation.OWN, None)
    whole = "\n".join(unquoted(mail.whole) for mail in mails(unit, relation, explicit))
    assert {word for word in PRESSURE if word in whole} == ({"逾期"} if own and explicit else set())
    assert not re.search("[你您贵]", whole)
    if not explicit:  # no window of a month is a deadline
        assert not re.search("截止|逾期|[0-9]日前", whole)


@pytest.mark.parametrize(("unit", "relation"), EVERY)
@pytest.mark.parametrize("explicit", [False, True])
def test_no_state_is_said_to_a_related_or_a_parallel_unit(
    unit: str, relation: Relation | None, explicit: bool
) -> None:
    found, parallel = mails(unit, relation, explicit), relation is Relation.PARALLEL
    saying = [mail.draft.key for mail in found if STATES.search(unquoted(mail.whole))]
    assert bool(saying) is (unit == LEADER and not parallel)
    assert all("无需回执" in mail.text and "无需回执" in mail.html for mail in found if parallel)


@pytest.mark.parametrize(("unit", "relation"), EVERY)
def test_every_mail_opens_and_closes_as_the_office_wants_it(
    unit: str, relation: Relation | None
) -> None:
    """The first one of a year says who sends it and why, a late one that it is late."""
    closing = ("工作提示，不作为正式公文", "涉密", "如误送", "内容截至", "联系：")
    introduction = ("本邮件由自治区人大常委会代表工作委员会依据", "月初发送一封")
    for mail in mails(unit, relation, True):
        for body in (mail.text, mail.html):
            assert [words for words in closing if words not in body] == []
            january = mail.draft.period == "2026-01" and "〔补发〕" not in mail.subject
            assert [body.count(words) for words in introduction] == [january, january]
        if mail.draft.kind is Kind.DIGEST and mail.draft.period == "2026-04":
            late = "4月28日" in mail.text.rpartition("内容截至")[2]
            assert ("〔补发〕" in mail.subject) is late


def test_wordings_with_hard_words_are_quoted_whole_in_both_parts() -> None:
    april = [m for m in mails(RELATED, Relation.PARALLEL, False) if m.draft.period == "2026-04"]
    wording = TASKS[2].title
    assert april
    assert all(wording in mail.text and wording in mail.html for mail in april)


@pytest.mark.parametrize("unit", [LEADER, RELATED])
def test_nothing_of_another_unit_and_nobodys_contact_stands_in_a_mail(unit: str) -> None:
    whole = "".join(mail.whole for mail in mails(unit, Relation.LOCAL, True))
    assert [words for words in ("中卫市人大常委会", CONTACT, PHONE) if words in whole] == []


SIGN = "请签收（打开后点“确认签收”，不需要账号）"


@pytest.mark.parametrize(
    ("unit", "relation", "words"),
    [
        *((LEADER, relation, "签收、登记、查看全年") for relation in ("own", "local")),
        *((RELATED, relation, SIGN) for relation in ("own", "local")),
        *((unit, "parallel", "查看安排、订阅日历（可选）") for unit in (LEADER, RELATED)),
    ],
)
def test_a_digest_invites_to_its_page_in_words_that_fit_relation_and_role(
    unit: str, relation: str, words: str
) -> None:
    """And a parallel unit is never asked to sign or register."""
    linked = [m for m in mails(unit, Relation(relation), False) if LINKS["page_link"] in m.text]
    assert linked
    for mail in linked:
        if mail.draft.kind is Kind.DIGEST:
            assert f"{words}：\n{LINKS['page_link']}\n" in mail.text
            assert f"{words}：<br>" in mail.html
        asks = re.search("签收|登记完成|请登记", unquoted(mail.text))
        assert not (asks and relation == "parallel")


def test_who_has_a_page_registers_there_and_others_tell_the_contact() -> None:
    for mail in mails(LEADER, Relation.OWN, False):
        if "登记后不再提示" in mail.text:
            there = LINKS["page_link"] in mail.text
            assert ("已完成的请登记" in mail.text) is there
            assert ("已完成的请告知联系人登记" in mail.text) is not there


def test_a_reported_task_waits_for_review_and_is_not_asked_for() -> None:
    found = mails(LEADER, Relation.OWN, False, "reported")
    assert {mail.draft.kind for mail in found} == {Kind.DIGEST}
    assert any("待复核（已登记3月20日完成）" in mail.text for mail in found)
    assert not any("待确认" in mail.text for mail in found)
