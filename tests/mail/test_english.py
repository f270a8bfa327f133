"""English and Chinese mails say the same facts, whoever reads them."""

import re
from collections.abc import Iterable
from dataclasses import replace

import pytest
from jinja2.filters import do_striptags

from reminder.documents.office import Office, load_office
from reminder.documents.settings_sources import SettingsSources
from reminder.domain.digest import digest
from reminder.domain.occasions import digest_draft
from reminder.domain.units import Directory, Relation
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.mime import language_of, read
from reminder.mail.render_context import RenderContext
from reminder.words import CHINESE, ENGLISH
from tests.domain.builders import LEADER, at, reader
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
