"""Many senders: what one of them leaves behind does not wait."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from reminder.delivery.presence import Member
from reminder.storage.ledger import claims
from tests.app.trials import MARCH, Trial, trial
from tests.delivery.test_sending import by_smtp
from tests.postgresql import PostgreSQL

AT = datetime.fromisoformat(MARCH)


@pytest.fixture
def office(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Trial]:
    """Everything is planned, nothing sent."""
    with trial(tmp_path, small=True, place=postgresql.emptied()) as opened:
        app = opened.app(MARCH, **by_smtp(1))
        app.plan(AT, hold_first_start=False)
        yield opened


def claimed_by(office: Trial, member: Member) -> int:
    """As a drain does whose process never heard that its claim was written."""
    app = office.app(MARCH, **by_smtp(1))
    with app.database.write() as connection:
        course = app.registrar.course
        return len(claims.claim(connection, f"{member.lease.name}:1", course, AT, 10))


def put_back(office: Trial, member: Member) -> int:
    with office.app(MARCH).database.write() as connection:
        return member.recover(connection, AT)


def test_claim_that_its_own_sender_lost_hold_of_goes_back(office: Trial) -> None:
    with Member(office.app(MARCH).database, lambda: None).kept() as member:
        assert claimed_by(office, member) == 2
        assert put_back(office, member) == 3
    assert office.states(period="2026-03") == {("retry", "interrupted")}


def test_claim_of_a_sender_that_is_present_stays(office: Trial) -> None:
    database = office.app(MARCH).database
    with Member(database, lambda: None).kept() as one, Member(database, lambda: None).kept() as two:
        claimed_by(office, one)
        assert put_back(office, two) == 0
