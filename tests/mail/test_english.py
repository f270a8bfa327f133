"""English and Chinese mails say the same facts, whoever reads them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from jinja2.filters import do_striptags

from reminder.clock import Clock
from reminder.documents.office import Office, load_office
from reminder.documents.settings_sources import SettingsSources
from reminder.documents.templates import environment, phrase
from reminder.domain.digest import digest, receipt
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import digest_draft
from reminder.domain.registrations import Act, Channel, Registration, Signature
from reminder.domain.units import Directory, Relation
from reminder.domain.windows import Progress
from reminder.errors import Fault
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.mime import language_of, read
from reminder.mail.render_context import RenderContext
from reminder.office.application import Application
from reminder.words import CHINESE, ENGLISH
from tests.daemon.trials import messages, parsed, text_of
from tests.domain.builders import LEADER, at, reader, task, timetable, year_round
from tests.domain.test_tone import EVERY, EXPLICIT, LINKS, REACHABLE, TASKS, mails, unquoted
from tests.mail.facts import CJK, facts_of, say_the_same

SETTINGS = SettingsSources().load()
PLAN = "自治区人大常委会2026年度代表工作安排表"
PRESSURE = re.compile(
    r"\b(urge|overdue|deadline|late|delay|fail|red light|must|immediately)", re.IGNORECASE
)


def wordings(text: str) -> list[str]:
    """Of the plan, as often as they are quoted; a mark stands before each that stands in a row."""
    titles = sorted({task.title for task in (*TASKS, *EXPLICIT)}, key=len, reverse=True)
    return re.findall("|".join(map(re.escape, titles)), text)


ALL = pytest.param("", marks=pytest.mark.long, id="all states")


@pytest.mark.parametrize(("unit", "relation"), EVERY)
@pytest.mark.parametrize("state", ["half", ALL])
def test_the_same_dates_counts_wordings_and_links(
    unit: str, relation: Relation | None, state: str
) -> None:
    both = [mails(unit, relation, True, state, of) for of in (CHINESE, ENGLISH)]
    assert len(both[0]) == len(both[1]) > 5
    for chinese, english in zip(*both, strict=True):
        for part in ("subject", "text"):
            theirs, ours = (unquoted(getattr(mail, part)) for mail in (chinese, english))
            assert say_the_same(theirs, ours), ours
        assert wordings(english.text) == wordings(chinese.text)
        assert facts_of(english.html).links == facts_of(chinese.html).links
        shown = facts_of(unquoted(do_striptags(english.html.partition("<body")[2])))
        assert shown.numbers >= facts_of(unquoted(english.text)).numbers


@pytest.mark.parametrize(("unit", "relation"), EVERY)
@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize("state", ["nothing", ALL])
def test_no_chinese_but_what_is_quoted_and_no_word_of_pressure(
    unit: str, relation: Relation | None, explicit: bool, state: str
) -> None:
    own = unit == LEADER and relation in (Relation.OWN, None)
    names = {one.name for one in REACHABLE} | {PLAN, SETTINGS.mail.contact}
    said = set()
    for mail in mails(unit, relation, explicit, state, ENGLISH):
        whole = unquoted(mail.whole)
        for name in sorted(names, key=len, reverse=True):
            whole = whole.replace(name, "")
        assert CJK.findall(whole) == []
        said |= {word.lower() for word in PRESSURE.findall(whole.replace("sent late", ""))}
        assert 'lang="en"' in mail.html
        assert all(
            f'<span lang="zh-CN">{title}</span>' in mail.html for title in wordings(mail.text)
        )
    assert said == ({"overdue"} if own and explicit else set())


def offices() -> tuple[Office, Office]:
    """The shipped one, and the same where every unit is written to in English."""
    office = load_office()
    units = {key: replace(u, language=ENGLISH) for key, u in office.table.directory.units.items()}
    table = replace(office.table, directory=Directory(units))
    return office, replace(office, tables=(table,))


def without(texts: Iterable[str], said: str) -> str:
    return re.sub("|".join(map(re.escape, sorted(set(texts), key=len, reverse=True))), "", said)


@pytest.mark.long
def test_the_whole_plan_says_the_same_to_every_unit() -> None:
    key, both = InstallationKey(b"k" * 32), offices()
    table, names = both[0].table, [unit.name for unit in both[0].table.directory.units.values()]
    names += [PLAN, SETTINGS.mail.contact]
    wordings = [words for task in table.plan.tasks for words in (task.title, task.brief)]
    for month in table.plan.months:
        at = table.digest_due(month)
        contexts = [RenderContext(Composer(office, key), at, Progress()) for office in both]
        for unit in table.reached(month):
            draft, facts = digest_draft(table, month, unit), UnitFacts(month == 1, **LINKS)
            mails = [context.compose(draft, facts).content for context in contexts]
            assert [language_of(mail) for mail in mails] == [CHINESE, ENGLISH]
            chinese, english = (without(wordings, read(mail)[0].text) for mail in mails)
            assert say_the_same(chinese, english)
            assert CJK.findall(without(names, english)) == []


def test_who_is_told_of_a_unit_reads_the_offices_language() -> None:
    composer = Composer(offices()[1], InstallationKey(b"k" * 32))
    content = digest(reader(composer.office.table, LEADER, at(4, 1)), 4, at(4, 1))
    assert composer.language(content) == ENGLISH
    assert composer.language(replace(content, for_lead=False)) == CHINESE
    assert composer.subject(content).startswith("[Deputies’ work · April] 2 to lead: ")


# Receipts


def _registration(act: Act, channel: Channel | None = None, **fields: Any) -> Registration:
    task = "" if act is Act.SIGN else "2026-04-1"
    period, by = fields.pop("period", "" if task else "2026-04"), Signature("某", "page", channel)
    return Registration(at(4, 20, 10), act, LEADER, period, task, by, **fields)


SIGNED = _registration(Act.SIGN)
PROGRESS = _registration(Act.PROGRESS, percent=60, message="已报批")
FINISHED = _registration(Act.FINISH, done_on=date(2026, 4, 17))
HISTORIES = {
    "signed": [SIGNED],
    "progress": [PROGRESS],
    "finished": [FINISHED],
    "of a month": [replace(FINISHED, task="2026-year-1", period="2026-03")],
    "left the plan": [replace(PROGRESS, task="2026-99-1")],
    "several": [SIGNED, PROGRESS, PROGRESS, replace(FINISHED, at=at(4, 21, 9))],
    "by phone": [_registration(Act.PROGRESS, Channel.PHONE, percent=30)],
    "in person": [_registration(Act.FINISH, Channel.VISIT, done_on=date(2026, 4, 17))],
    "several by mail": [_registration(Act.PROGRESS, Channel.MAIL, percent=n) for n in (30, 40)],
    "sent back": [_registration(Act.RETURN, message="请补充日期")],
}


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_receipts_say_the_same(history: list[Registration], relation: Relation) -> None:
    history = [replace(one, plan="npc-deputies") for one in history]
    tasks = (task(4, short="部署会议"), task(12), year_round())
    said = []
    for language in (CHINESE, ENGLISH):
        units = [replace(unit, language=language) for unit in REACHABLE]
        table = timetable(*tasks, relations={LEADER: relation}, units=units)
        composer = Composer(Office(SETTINGS, (table,)), InstallationKey(b"k" * 32))
        content = receipt(reader(table, LEADER, at(4, 21)), history, at(4, 21, 10))
        draft = NoticeDraft("key", Kind.RECEIPT, "2026-04-21", LEADER, at(4, 21), at(4, 28))
        said.append(composer.text(draft, content, UnitFacts(page_link="https://reminder.test/x")))
    chinese, english = said
    assert say_the_same(chinese.subject, english.subject), said
    assert say_the_same(chinese.text, english.text), said
    titles = [words for one in tasks for words in (one.title, one.brief)]
    names = [PLAN, SETTINGS.mail.contact, *(one.name for one in REACHABLE)]
    typed = [one.message for one in history if one.message]
    assert CJK.findall(without([*titles, *names, *typed], english.subject + english.text)) == []


# What the operator is told, in the office's language

UNAPPROVED = {"period": "2026-04", "due": at(4, 1), "count": 7}
ALARMS: dict[str, list[dict[str, Any]]] = {
    "scheduler": [{}],
    "other_files": [{}],
    "broken_files": [{"fault": Fault("plan.toml", 12, "plan.year", "no_file"), "count": 3}],
    "conflicts": [{"documents": ["a.toml", "b.toml"]}],
    "pending_settings": [{"names": ["web.port", "smtp.host"]}],
    "unplanned": [{"period": "2026-04"}],
    "unapproved": [
        UNAPPROVED | {"changed": changed, "late": late, "url": url}
        for changed, late, url in product((0, 2), (False, True), ("", LINKS["page_link"]))
    ],
    "unapproved_supplements": [UNAPPROVED | {"changed": 0, "late": True, "url": ""}],
    "held": [
        {"reason": reason, "since": at(4, 1), "url": url, "has_console": bool(url)}
        for reason, url in product(("restored", "hold", "held-by-hand"), ("", LINKS["page_link"]))
    ],
    "workdays": [{"year": 2027, "month": 12}],
    "backup": [{"why": "disk full"}],
    "inbox": [{"detail": "NO", "refused": refused} for refused in (False, True)],
    "channel": [{"channel": "sms", "detail": "403", "refused": r} for r in (False, True)],
    "disk": [{"free": 90}],
}  # fmt: skip


@pytest.mark.parametrize(("macro", "facts"), [(m, f) for m in ALARMS for f in ALARMS[m]])
def test_alarms_say_the_same(macro: str, facts: dict[str, Any]) -> None:
    said = [phrase(templates(of), "mail/alarm.txt", macro, **facts) for of in (CHINESE, ENGLISH)]
    assert say_the_same(*said), said
    assert len(said[1].splitlines()) == len(said[0].splitlines()) == 2
    assert CJK.findall(said[1]) == []


def templates(language: str) -> Environment:
    return environment(None, autoescape=False, language=language)


def test_no_alarm_is_left_out() -> None:
    module = vars(templates(ENGLISH).get_template("mail/alarm.txt").module)
    macros = {name for name, value in module.items() if callable(value)}
    assert macros - {"subject", "summary", "over"} == ALARMS.keys()


@pytest.mark.long
def test_reports_of_a_spring_say_the_same(tmp_path: Path) -> None:
    found = []
    for language in (CHINESE, ENGLISH):
        settings = {
            "state_dir": tmp_path / language,
            "language": language,
            "secret_key": "q7Zk2mXv9RbT4sLw8YpN1cJd6HfG3aUe5oVi0xBzQtE",
            "mail": {"operator": "operator@npc.test", "first_start": "send"},
        }
        app = Application(load_office(command_line=settings), Clock(at(2, 26)))
        for month, day in ((2, 26), (3, 2), (3, 3), (3, 9), (4, 1), (4, 2), (4, 28)):
            app.clock = Clock(at(month, day))
            app.tick()
        mails = map(parsed, (path.read_bytes() for path in messages(app.settings.outbox)))
        app.database.close()
        found.append({mail["Message-ID"]: mail for mail in mails if "operator" in mail["To"]})
    chinese, english = found
    assert chinese.keys() == english.keys()
    assert len(chinese) > 3
    for key, mail in english.items():
        assert mail["Content-Language"] == ENGLISH
        assert say_the_same(text_of(chinese[key]), text_of(mail)), text_of(mail)
