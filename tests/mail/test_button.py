"""The button near a mail's top says what is asked; its address stands there in the text, and in
words at the foot of both."""

from collections.abc import Callable
from datetime import datetime

import pytest

from reminder.documents.office import Office, load_office
from reminder.domain.digest import Content, digest, receipt, reminder
from reminder.domain.notices import Kind
from reminder.domain.occasions import digest_draft
from reminder.domain.registrations import Act, Registration, Signature
from reminder.domain.status import Reader
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.mime import MailText

LINK = "https://reminder.test/units/token/unit"
WITH_LINK, WITHOUT = UnitFacts(page_link=LINK), UnitFacts()
AT = datetime.fromisoformat("2026-04-27T09:00+08:00")


@pytest.fixture(scope="module")
def office() -> Office:
    return load_office()


def monthly(reader: Reader) -> Content:
    return digest(reader, 4, AT)


def late(reader: Reader) -> Content:
    return reminder(Kind.OVERDUE, reader, ["2026-03-4"], AT)


def nudge(reader: Reader) -> Content:
    return reminder(Kind.NUDGE, reader, ["2026-04-1"], AT)


def sent_back(reader: Reader) -> Content:
    by, unit = Signature("", "console"), reader.unit.id
    said = Registration(AT, Act.RETURN, unit, "", "2026-04-1", by, message="请补充文号")
    return receipt(reader, [said], AT)


def written(
    office: Office, unit: str, say: Callable[[Reader], Content], facts: UnitFacts
) -> MailText:
    table = office.table
    reader = Reader(table, table.directory[unit], AT.date(), Progress(), linked=True)
    composer = Composer(office, InstallationKey(b"of a test"))
    return composer.text(digest_draft(table, 4, unit), say(reader), facts)


@pytest.mark.parametrize(
    ("unit", "say", "word"),
    [
        ("deputies", monthly, "签收、登记"),
        ("helan", monthly, "签收"),
        ("deputies", nudge, "登记"),
        ("deputies", late, "登记"),
        ("deputies", sent_back, "查看、重新登记"),
        ("high-court", monthly, ""),
    ],
)
def test_what_is_asked_is_a_button_before_the_first_section(
    office: Office, unit: str, say: Callable[[Reader], Content], word: str
) -> None:
    _, text, html = written(office, unit, say, WITH_LINK)
    page = "\ufdd1"  # where the unit's own address is put in
    before, _, after = html.partition("一、")
    assert (f'href="{page}"' in before, page in after) == (bool(word), True)
    assert not word or f">{word}</a>" in before.replace("\n", "")
    assert (f"\n{word}：{page}\n" in text.partition("一、")[0]) == bool(word)
    assert f"：\n{page}" in text.partition("一、")[2]


def test_without_an_address_of_the_site_there_is_no_button(office: Office) -> None:
    _, text, html = written(office, "deputies", monthly, WITHOUT)
    assert "签收" not in text
    assert 'class="press"' not in html
