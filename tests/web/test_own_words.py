"""What pages and calendars say, by whose words and to whom: mails have tests/domain/test_tone."""

import email
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.documents.templates import WORDS
from reminder.domain.occasions import digest_draft
from reminder.domain.units import Relation
from reminder.office.application import Application
from reminder.words import CHINESE
from tests.domain.test_tone import PRESSURE
from tests.web.conftest import AT, House
from tests.web.test_units import address

SHIPPED = Path("templates") / CHINESE / WORDS
UNIT = "deputies"  # which leads in April
LATE = datetime(2026, 9, 28, 1, tzinfo=UTC)


@pytest.fixture
def own(tmp_path: Path) -> House:
    folder = tmp_path / "own" / CHINESE
    folder.mkdir(parents=True)
    words = SHIPPED.read_text(encoding="utf-8").replace("承办", "牵头")
    (folder / WORDS).write_text(words, encoding="utf-8")
    given = {"state_dir": tmp_path / "state", "templates": tmp_path / "own"}
    house = House(Application(load_office(command_line=given), Clock(AT)))
    house.application.sync_feeds(AT)
    return house


def mail(house: House) -> str:
    writer = house.application.container.notice_writer
    draft = digest_draft(house.table, 4, UNIT)
    with house.database.read() as connection:
        composed = writer.compose(connection, draft, AT)
    message = email.message_from_bytes(composed.content, policy=default)
    assert isinstance(message, EmailMessage)
    bodies = (message.get_body((kind,)) for kind in ("plain", "html"))
    return str(message["Subject"]) + "".join(str(body.get_content()) for body in bodies if body)


def page(house: House) -> str:
    return house.client().get(address(house, UNIT)).text


def calendar(house: House, unit: str = UNIT) -> str:
    return house.client().get(house.url(unit)).text.replace("\r\n ", "")


@pytest.mark.parametrize("written", [mail, page, calendar])
def test_one_word_of_the_shared_file_is_said_everywhere(own: House, written: object) -> None:
    said = written(own)  # type: ignore[operator]
    assert "牵头" in said
    assert "承办" not in said


@pytest.mark.parametrize("relation", [*Relation, None])
@pytest.mark.parametrize("unit", [UNIT, "helan"])
def test_no_calendar_presses_anybody(house: House, relation: Relation | None, unit: str) -> None:
    """Late in the year, with much to be confirmed; no task of the plan has an explicit day."""
    office = house.application.office
    directory = office.table.directory
    units = {**directory.units, unit: replace(directory[unit], relation=relation)}
    table = replace(office.table, directory=replace(directory, units=units))
    application = Application(replace(office, tables=(table,)), Clock(LATE))
    application.sync_feeds(LATE)
    said = calendar(House(application), unit)
    for task in table.plan.tasks:
        said = said.replace(task.title, "").replace(task.brief, "")
    assert [word for word in PRESSURE if word in said] == []
