"""The mails that a unit has had: its own, those that went, as they went."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from reminder.ledger.database import Place
from reminder.ledger.views import SentMail, mailed_to
from tests.daemon.trials import MARCH, Trial, parsed, trial

DIGEST, NUDGE = "small/digest/2026-03/lead", "nudge/2026-03-26/lead"


@pytest.fixture
def house(tmp_path: Path, place: Place) -> Iterator[Trial]:
    with trial(tmp_path, small=True, place=place) as opened:
        yield opened


def mailed(house: Trial, unit: str, first: int = 0, most: int = 10) -> list[SentMail]:
    with house.reading() as connection:
        return list(mailed_to(connection, unit, ["lead@unit.test"], first, most))


def test_the_latest_stands_first(house: Trial) -> None:
    house.tick(MARCH)
    house.tick("2026-03-26T09:00+08:00")
    found = mailed(house, "lead")
    assert [each.kind for each in found] == ["nudge", "digest"]
    assert found[1].as_of == datetime.fromisoformat(MARCH)
    assert mailed(house, "lead", 1, 1) == found[1:]


def test_it_is_the_bytes_that_went(house: Trial) -> None:
    house.tick(MARCH)
    [digest] = mailed(house, "lead")
    assert digest.content in house.files()
    assert "lead@unit.test" in str(parsed(digest.content)["To"])


def test_a_mail_is_its_own_units(house: Trial) -> None:
    house.tick(MARCH)
    with house.reading() as connection:
        assert mailed_to(connection, "lead", [], key=DIGEST)
        assert mailed_to(connection, "related", [], key=DIGEST) == []
        assert mailed_to(connection, "lead", [], key="small/digest/2026-03/nobody") == []
    assert mailed(house, "bystander") == []


def test_what_others_were_sent_is_not_looked_through(tmp_path: Path) -> None:
    asked: list[tuple[str, Any]] = []
    with trial(tmp_path, small=True) as opened, opened.reading() as connection:
        hear = "before_cursor_execute"
        event.listen(connection, hear, lambda *given: asked.append((given[2], given[3])))
        assert list(mailed_to(connection, "lead", ["lead@unit.test"], 0, 10)) == []
        [_begin, (statement, values)] = asked
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "recipient_ready" not in str(plan)


def test_what_is_held_or_rehearsed_has_not_been_had(house: Trial) -> None:
    house.tick(MARCH, mail={"redirect_to": "me@npc.test"})
    assert mailed(house, "lead") == []
    house.app(MARCH, mail={"first_start": "hold"}).plan(datetime.fromisoformat(MARCH))
    assert mailed(house, "lead") == []


def test_a_reminder_that_went_to_others_of_the_house_is_not_the_units(house: Trial) -> None:
    house.tick(MARCH)
    house.tick("2026-03-26T09:00+08:00", nudge=[{"to": ["chief@unit.test"]}])
    assert (house.notice(NUDGE).state, house.notice(NUDGE).unit) == ("sent", "lead")
    assert [each.kind for each in mailed(house, "lead")] == ["digest"]
    with house.reading() as connection:
        assert mailed_to(connection, "lead", ["lead@unit.test"], key=f"small/{NUDGE}") == []
