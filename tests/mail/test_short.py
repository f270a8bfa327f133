"""The short text for a channel: it fits, says in both languages the same, and presses nobody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from reminder.documents.office import load_office
from reminder.domain.digest import Content, digest
from reminder.domain.status import Reader
from reminder.domain.units import Relation, Unit
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.mime import MailText
from reminder.mail.short import LONGEST
from reminder.words import CHINESE, ENGLISH
from tests.mail.facts import say_the_same

LINK = "https://reminder.test/units/" + "k" * 40 + "/unit?plan=npc-deputies"
ASKS = ("登记", "核对", "签收", "请关注")
WECOM = 2048  # bytes
COMPOSER = Composer(load_office(), InstallationKey(b"k" * 32))


def contents(month: int, language: str) -> Iterator[Content]:
    table = COMPOSER.office.table
    for unit in table.directory.single:
        if unit.id in table.reached(month):
            asked = replace(unit, language=language)
            progress = Progress(started=date(2026, 1, 5))
            reader = Reader(table, asked, table.digest_day(month), progress, linked=True)
            yield digest(reader, month, table.digest_due(month))


def short(content: Content, unit: Unit | None = None) -> MailText:
    facts = UnitFacts(page_link=LINK)
    return COMPOSER.short(content, facts, unit or content.reader.unit)


@pytest.mark.parametrize("month", [3, 4, 11])
def test_it_fits_says_the_same_in_english_and_presses_no_other_body(month: int) -> None:
    pairs = zip(contents(month, CHINESE), contents(month, ENGLISH), strict=True)
    for chinese, english in pairs:
        one, other = short(chinese), short(english)
        for said in (one, other):
            assert len(said.subject) + 1 + len(said.text) <= LONGEST
            assert len(f"{said.subject}\n{said.text}".encode()) <= WECOM
            assert LINK in said.text
        # English is longer: it may name fewer tasks.
        first, second = (said.text.partition("\n")[0] for said in (one, other))
        assert say_the_same(first, second), (first, second)
        if chinese.reader.unit.relation is Relation.PARALLEL:
            assert not [word for word in ASKS if word in one.text]
            assert "（可选）" in one.text


def test_a_long_name_takes_the_room_of_tasks_and_never_that_of_the_link() -> None:
    content = max(contents(11, CHINESE), key=lambda content: len(content.led))
    unit = replace(content.reader.unit, name="某" * 600)
    said = short(content, unit)
    assert len(said.subject) + 1 + len(said.text) == LONGEST
    assert LINK in said.text
    assert "1." not in said.text
