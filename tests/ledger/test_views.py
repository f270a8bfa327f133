"""What became of a unit's notices: the newest first, of copies the last."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.domain.notices import Kind, State
from reminder.ledger.database import Database
from reminder.ledger.schema import notice
from reminder.ledger.views import latest_to, newest_copies

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
KEYS = ["lead", "related", "lead#2", "other"]


@pytest.fixture
def ledger(database: Database) -> Database:
    with database.write() as connection:
        for number, key in enumerate(KEYS):
            made = AT + timedelta(hours=number)
            connection.execute(
                notice.insert().values(
                    key=key, kind=Kind.DIGEST, period="2026-03", unit=key.partition("#")[0],
                    due=made, useful_until=made, state=State.REFUSED, reason="no-address",
                    stream="smtp", rehearsal=key == "other", attempts=0, created=made,
                    updated=made,
                )
            )  # fmt: skip
    return database


def test_of_a_unit_the_newest_come_first(ledger: Database) -> None:
    with ledger.read() as connection:
        assert [view.key for view in latest_to(connection, "lead", 9)] == ["lead#2", "lead"]
        assert [view.key for view in latest_to(connection, "lead", 1)] == ["lead#2"]


def test_of_copies_the_last_one_counts(ledger: Database) -> None:
    with ledger.read() as connection:
        newest = newest_copies(connection, Kind.DIGEST, "2026-03", rehearsal=False)
    assert newest["lead"].key == "lead#2"
    assert "other" not in newest
