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

RELATED = "plan/digest/2026-03/related"
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


def test_newest_stands_first_and_pages_follow_without_gap(ledger: Database) -> None:
    pages: list[str] = []
    while some := found(ledger, NoticeFilter(), pages[-1] if pages else "", 2):
        pages += some
    assert pages == found(ledger, NoticeFilter()) == [view.key for view in every(ledger)]


@pytest.mark.parametrize("state", State)
def test_state_is_what_its_recipients_make_it(ledger: Database, state: State) -> None:
    wanted = [view.key for view in every(ledger) if view.state is state]
    assert found(ledger, NoticeFilter(state=state)) == wanted


def test_month_kind_and_unit_narrow_it(ledger: Database) -> None:
    march = found(ledger, NoticeFilter(period="2026-03"))
    assert {key.split("/")[2] for key in march} == {"2026-03", "2026-03-26"}
    assert len(found(ledger, NoticeFilter(period="2026-12"))) == 1
    assert found(ledger, NoticeFilter(kind=Kind.NUDGE)) == ["plan/nudge/2026-03-26/lead"]
    related = [view.key for view in every(ledger) if view.unit == "related"]
    assert found(ledger, NoticeFilter(unit="related")) == related
    assert found(ledger, NoticeFilter(unit="related"), most=1) == related[:1]


def test_of_copies_the_last_one_counts(ledger: Database) -> None:
    query, march = notice.select().where(notice.c.key == RELATED), (Kind.DIGEST, "2026-03")
    with ledger.write() as connection:
        [row] = connection.execute(query).mappings()
        again = {"key": f"{RELATED}#2", "created": AT + timedelta(days=1), "state": State.HELD}
        connection.execute(notice.insert().values(**(dict(row) | again)))
    with ledger.read() as connection:
        newest = newest_copies(connection, *march, rehearsal=False)
        assert newest["related"].key == f"{RELATED}#2"
        assert newest_copies(connection, *march, rehearsal=True) == {}
        keys = refused(connection, NoticeFilter("2026-03", Kind.DIGEST))
    assert [unit for _, unit in keys] == ["lead", "third"]  # and not sent again since
