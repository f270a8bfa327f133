"""Notices as they are read: what one gets by looking at every one."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.domain.notices import Kind, State
from reminder.ledger.database import Database
from reminder.ledger.schema import notice, recipient
from reminder.ledger.views import (
    NoticeFilter,
    NoticeView,
    newest_copies,
    page_of,
    read_notices,
    refused,
)

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
# Period, kind, unit, state on the notice, states of its recipients.
ROWS: list[tuple[str, Kind, str, State | None, list[State]]] = [
    ("2026-02", Kind.DIGEST, "lead", State.BASELINE, []),
    ("2026-03", Kind.DIGEST, "lead", None, [State.SENT, State.REFUSED]),
    ("2026-03", Kind.DIGEST, "related", None, [State.REFUSED]),
    ("2026-03", Kind.DIGEST, "third", State.REFUSED, []),
    ("2026-03", Kind.DIGEST, "fourth", State.EXPIRED, [State.REFUSED]),
    ("2026-03-26", Kind.NUDGE, "lead", None, [State.SENT]),
    ("2026-04", Kind.DIGEST, "lead", None, [State.RETRY, State.SENT]),
    ("2026-04", Kind.DIGEST, "related", None, [State.SENDING, State.RETRY]),
    ("2026-12", Kind.DIGEST, "lead", State.HELD, []),
]


@pytest.fixture
def ledger(database: Database) -> Database:
    with database.write() as connection:
        for number, (period, kind, unit, state, people) in enumerate(ROWS):
            made = AT + timedelta(hours=number // 2)
            shared = {"reason": "planned", "attempts": 0, "updated": made}
            row = {"key": f"plan/{kind}/{period}/{unit}", "period": period, "kind": kind}
            connection.execute(
                notice.insert().values(
                    **row, **shared, unit=unit, state=state, due=made, useful_until=made,
                    stream="smtp", rehearsal=False, created=made,
                )
            )  # fmt: skip
            for place, one in enumerate(people):
                values = {"address": f"{place}@unit.test", "reply": "", "not_before": made}
                connection.execute(
                    recipient.insert().values(**shared, **values, notice=row["key"], state=one)
                )
    return database


def found(ledger: Database, wanted: NoticeFilter, before: str = "", most: int = 50) -> list[str]:
    with ledger.read() as connection:
        return [view.key for view in page_of(connection, wanted, before, most)]


def every(ledger: Database) -> list[NoticeView]:
    with ledger.read() as connection:
        return read_notices(connection)[::-1]


def test_newest_stands_first(ledger: Database) -> None:
    assert found(ledger, NoticeFilter()) == [view.key for view in every(ledger)]


def test_pages_follow_one_another_without_gap(ledger: Database) -> None:
    whole, pages = found(ledger, NoticeFilter()), []
    while some := found(ledger, NoticeFilter(), pages[-1] if pages else "", 2):
        pages += some
    assert pages == whole


@pytest.mark.parametrize("state", State)
def test_state_is_what_its_recipients_make_it(ledger: Database, state: State) -> None:
    wanted = [view.key for view in every(ledger) if view.state is state]
    assert found(ledger, NoticeFilter(state=state)) == wanted


def test_month_has_its_days(ledger: Database) -> None:
    periods = {key.split("/")[2] for key in found(ledger, NoticeFilter(period="2026-03"))}
    assert periods == {"2026-03", "2026-03-26"}
    assert len(found(ledger, NoticeFilter(period="2026-12"))) == 1


def test_kind_and_unit_narrow_it(ledger: Database) -> None:
    assert found(ledger, NoticeFilter(kind=Kind.NUDGE)) == ["plan/nudge/2026-03-26/lead"]
    assert found(ledger, NoticeFilter(unit="third")) == ["plan/digest/2026-03/third"]


def test_of_a_unit_the_newest_come_first(ledger: Database) -> None:
    related = [view for view in every(ledger) if view.unit == "related"]
    wanted = NoticeFilter(unit="related", rehearsals=True)
    assert found(ledger, wanted) == [view.key for view in related]
    assert found(ledger, wanted, most=1) == [related[0].key]


@pytest.fixture
def sent_again(ledger: Database) -> Database:
    """Another copy of the one that was refused."""
    query = notice.select().where(notice.c.key == "plan/digest/2026-03/related")
    with ledger.write() as connection:
        [row] = connection.execute(query).mappings()
        again = {"key": f"{row['key']}#2", "created": AT + timedelta(days=1), "state": State.HELD}
        connection.execute(notice.insert().values(**(dict(row) | again)))
    return ledger


def test_of_copies_the_last_one_counts(sent_again: Database) -> None:
    with sent_again.read() as connection:
        newest = newest_copies(connection, Kind.DIGEST, "2026-03", rehearsal=False)
        assert newest["related"].key == "plan/digest/2026-03/related#2"
        assert newest_copies(connection, Kind.DIGEST, "2026-03", rehearsal=True) == {}


def test_refused_are_those_that_were_not_sent_again(sent_again: Database) -> None:
    with sent_again.read() as connection:
        keys = refused(connection, NoticeFilter("2026-03", Kind.DIGEST))
    assert [unit for _, unit in keys] == ["lead", "third"]
