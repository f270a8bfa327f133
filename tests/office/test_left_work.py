"""Many senders: what one of them leaves behind does not wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from reminder.clock import since_boot
from reminder.ledger import claiming, deliveries, senders
from reminder.mail import replicas, sending
from reminder.mail.replicas import Replica
from tests.daemon.processes import SHORT, SOON
from tests.daemon.trials import MARCH, NOBODY, Trial, by_smtp, trial
from tests.mail.servers import Inbox, real_server
from tests.postgresql import PostgreSQL

AT = datetime.fromisoformat(MARCH)

PAST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def office(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Trial]:
    """Everything is planned, nothing sent."""
    with trial(tmp_path, small=True, place=postgresql.emptied()) as opened:
        app = opened.app(MARCH, **NOBODY)
        app.plan(AT)
        yield opened


@contextmanager
def kept(office: Trial, count: int = 1, wake: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """So many replicas, each with its lease."""
    with ExitStack() as stack:
        database = office.app(MARCH).database
        members = [stack.enter_context(Replica(database, wake).kept()) for _ in range(count)]
        yield members if count > 1 else members[0]


def claimed_by(office: Trial, member: Replica) -> int:
    """As a pass does whose process never heard that its claim was written."""
    app = office.app(MARCH, **NOBODY)
    with app.database.write() as connection:
        stream = app.settings.stream
        return len(claiming.claim(connection, f"{member.lease.name}:1", stream, AT, 10))


def put_back(office: Trial, member: Replica) -> int:
    with office.app(MARCH).database.write() as connection:
        return member.requeue_lost(connection, AT)


def test_claim_that_its_own_sender_lost_hold_of_goes_back_to_it_alone(office: Trial) -> None:
    with kept(office, 2) as (one, two):
        assert claimed_by(office, one) == 2
        assert put_back(office, two) == 0
        assert put_back(office, one) == 3
    assert office.states(period="2026-03") == {("retry", "interrupted")}


def test_lapsed_sender_is_relieved_in_the_midst_of_a_pass(office: Trial) -> None:
    with kept(office, 2) as (one, two), office.app(MARCH).database.write() as connection:
        stream = office.app(MARCH, **NOBODY).settings.stream
        claiming.claim(connection, f"{one.lease.name}:1", stream, AT, 10)
        assert two.requeue_lost(connection, AT, in_pass=True) == 0
        senders.renew(connection, one.lease.name, -timedelta(seconds=1), "")
        assert two.requeue_lost(connection, AT, in_pass=True) == 3


def test_what_was_given_back_goes_before_what_is_new(office: Trial) -> None:
    app = office.app(MARCH, **NOBODY)
    stream = app.settings.stream
    with app.database.write() as connection:
        [taken] = claiming.claim(connection, "a:1", stream, AT, 1)
        deliveries.requeue(connection, [taken], AT)
        assert claiming.ready(connection, stream, AT, 1) == [taken.key]


def happens(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while not (done := what()) and time.monotonic() < end:
        time.sleep(SHORT)
    return done


def test_sender_that_is_kept_waiting_leaves_to_others_what_it_has_not_begun(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SLOW", SHORT)
    monkeypatch.setattr(sending, "LOOK", SHORT)
    seen: list[bool] = []

    def handed() -> bool:
        return ("retry", "interrupted") in office.states(period="2026-03")

    def keep_waiting() -> None:
        seen.append(bool(seen) or happens(handed))

    with office.app(MARCH).database.record() as connection:
        for_long = timedelta(minutes=2)
        senders.enter(
            connection, for_long, name="other", replica="elsewhere", config_hash="", since=PAST
        )
    with real_server(Inbox(keep_waiting)) as port:
        assert office.tick(MARCH, **by_smtp(port, connections=1))["sent"] == 2
    assert seen == [True, True]


def test_sender_hears_of_what_another_gave_back(office: Trial) -> None:
    with kept(office) as member:
        claimed_by(office, member)
        for left in (False, True):
            with office.reading() as connection:
                assert senders.have_left_work(connection) == left
            put_back(office, member)


@pytest.mark.parametrize("left", [0, 3])
def test_who_leaves_work_behind_in_order_is_found_by_the_others(office: Trial, left: int) -> None:
    """As when the ledger failed while it was to be given back."""
    woken = Event()
    with kept(office, wake=woken.set) as stays:
        with kept(office) as leaves:
            if left:
                claimed_by(office, leaves)
        stays._renew()
        assert woken.is_set() == bool(left)
        assert put_back(office, stays) == left


def test_lease_that_lapsed_here_is_not_renewed_by_a_late_yes(office: Trial) -> None:
    """A worker may have seen the lapse, and left its message to others."""
    woken = Event()
    with kept(office, wake=woken.set) as member:
        lease, member.lease.until = member.lease, since_boot()
        member._renew()
        assert not lease.holds
        assert member.lease.holds
    assert woken.is_set()


def test_failure_that_nobody_foresaw_does_not_end_the_renewing(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed, failures = Event(), iter([RuntimeError("unforeseen")])

    def renew(*_: object) -> bool:
        for failure in failures:
            raise failure
        renewed.set()
        return True

    monkeypatch.setattr(replicas, "RENEWED", 0.01)
    monkeypatch.setattr(senders, "renew", renew)
    with kept(office):
        assert renewed.wait(10)
