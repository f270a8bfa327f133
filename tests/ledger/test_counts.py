"""Counts are made by the database, and are what one gets by looking at every notice."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from reminder.domain.notices import WAITING, Kind, State
from reminder.ledger import counts, measures
from reminder.ledger.database import Database, open_database
from reminder.ledger.schema import notice, recipient
from reminder.ledger.views import NoticeView, read_notices
from tests.ledgers import put_notice

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
PERSONS = [State.QUEUED, State.SENDING, State.RETRY, State.SENT, State.REFUSED, State.BOUNCED]
OWN = [None, State.HELD, State.EXPIRED, State.BASELINE, State.REFUSED]
# Of a unit its notice and its copies: the state of each, and its recipients'.
COPIES = st.lists(
    st.tuples(st.sampled_from(OWN), st.lists(st.sampled_from(PERSONS), min_size=1, max_size=3)),
    min_size=1,
    max_size=3,
)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(tmp_path_factory.mktemp("ledger") / "ledger.db")


def fill(ledger: Database, units: list[list[tuple[State | None, list[State]]]]) -> None:
    with ledger.write() as connection:
        connection.execute(delete(recipient))
        connection.execute(delete(notice))
        for unit, copies in enumerate(units):
            for copy, (state, people) in enumerate(copies):
                key = f"plan/digest/2026-03/{unit}" + (f"#{copy + 1}" if copy else "")
                put_notice(connection, key, AT + timedelta(hours=copy), state, people)


@settings(deadline=None, max_examples=60)
@given(units=st.lists(COPIES, max_size=4))
def test_a_tally_counts_the_last_of_a_notice_and_its_copies(
    ledger: Database, units: list[list[tuple[State | None, list[State]]]]
) -> None:
    fill(ledger, units)
    with ledger.read() as connection:
        views = read_notices(connection)
        counted = counts.tally(connection, "plan", Kind.DIGEST, "2026-03")
        waiting, listed = counts.count(connection, *WAITING), counts.first_waiting(connection)
    last = {view.unit: view for view in views}
    expected = [view for view in last.values() if view.state is not State.BASELINE]
    others = {view.key for view in expected if view.state is not State.SENT}
    assert counted.states == Counter(view.state for view in expected)
    assert {view.key for view in counted.others} == others
    assert counted.waiting == sum(view.waiting for view in expected)
    assert listed == [view for view in views if view.waiting]
    assert waiting == len(listed)


def _best(views: list[NoticeView]) -> str:
    """Of one unit's copies."""
    states = {view.state for view in views}
    if State.SENT in states:
        return "accepted"
    if states & set(WAITING):
        return "waiting"
    return "expired" if states == {State.EXPIRED} else "refused"


@settings(deadline=None, max_examples=60)
@given(units=st.lists(COPIES, max_size=4))
def test_monitoring_counts_what_one_gets_by_looking_at_every_notice(
    ledger: Database, units: list[list[tuple[State | None, list[State]]]]
) -> None:
    fill(ledger, units)
    with ledger.read() as connection:
        views = read_notices(connection)
        counted = measures.notice_counts(connection, "smtp")
        outcomes = measures.digest_outcomes(connection, [("plan", "2026-03")], "smtp")
        people = measures.recipient_counts(connection)
    assert counted == Counter(("plan", "digest", view.state) for view in views)
    due = [view for view in views if view.state is not State.BASELINE]
    of_units = [[v for v in due if v.unit == unit] for unit in {view.unit for view in due}]
    assert outcomes == Counter(("plan", _best(copies)) for copies in of_units)
    assert people == Counter(("", one.state) for view in views for one in view.recipients)
