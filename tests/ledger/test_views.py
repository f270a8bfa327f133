"""Notices as they are read: what one gets by looking at every one."""

from datetime import UTC, datetime, timedelta

import pytest

from reminder.domain.notices import Kind, State
from reminder.ledger import views
from reminder.ledger.database import Database
from reminder.ledger.views import NoticeFilter, NoticeView
from tests.ledgers import put_notice

RELATED = "plan/digest/2026-03/related"
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
# Key, state on the notice, states of its recipients.
ROWS: list[tuple[str, State | None, list[State]]] = [
    ("plan/digest/2026-02/lead", State.BASELINE, []),
    ("plan/digest/2026-03/lead", None, [State.SENT, State.REFUSED]),
    ("plan/digest/2026-03/related", None, [State.REFUSED]),
    ("plan/digest/2026-03/third", State.REFUSED, []),
    ("plan/digest/2026-03/fourth", State.EXPIRED, [State.REFUSED]),
    ("plan/nudge/2026-03-26/lead", None, [State.SENT]),
    ("plan/digest/2026-04/lead", None, [State.RETRY, State.SENT]),
    ("plan/digest/2026-04/related", None, [State.SENDING, State.RETRY]),
    ("plan/digest/2026-12/lead", State.HELD, []),
]


@pytest.fixture
def ledger(database: Database) -> Database:
    with database.write() as connection:
        for number, (key, state, people) in enumerate(ROWS):
            put_notice(connection, key, AT + timedelta(hours=number // 2), state, people)
    return database


def found(ledger: Database, wanted: NoticeFilter, before: str = "", most: int = 50) -> list[str]:
    with ledger.read() as connection:
        return [view.key for view in views.page_of(connection, wanted, before, most)]


def every(ledger: Database) -> list[NoticeView]:
    with ledger.read() as connection:
        return views.read_notices(connection)[::-1]


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
    march = ("plan", Kind.DIGEST, "2026-03")
    with ledger.write() as connection:
        put_notice(connection, f"{RELATED}#2", AT + timedelta(days=1), State.HELD)
    with ledger.read() as connection:
        newest = views.newest_copies(connection, *march, rehearsal=False)
        assert newest["related"].key == f"{RELATED}#2"
        assert views.newest_copies(connection, *march, rehearsal=True) == {}
        keys = views.refused(connection, NoticeFilter("2026-03", Kind.DIGEST))
    assert [unit for _, unit in keys] == ["lead", "third"]  # and not sent again since
