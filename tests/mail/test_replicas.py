"""Many senders on one ledger: what is claimed is one's own as long as one's lease holds."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from reminder.domain.notices import Answer, State
from reminder.ledger import claiming, senders
from reminder.ledger.database import Database, open_database
from reminder.ledger.schema import lease, recipient
from reminder.ledger.senders import begin_alarm, read_alarms
from reminder.mail import replicas
from reminder.mail.replicas import Replica
from reminder.mail.transports import Envelope, Transport
from reminder.office.alerts import OTHER_FILES
from reminder.office.application import Application
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp, trial
from tests.mail.servers import Inbox, bad_server, real_server
from tests.postgresql import PostgreSQL

PAST = datetime(2026, 1, 1, tzinfo=UTC)
BUSY = "421 4.3.2 too busy"


@pytest.fixture
def office(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Trial]:
    with trial(tmp_path, small=True, place=postgresql.emptied()) as opened:
        yield opened


@pytest.fixture
def database(office: Trial) -> Iterator[Database]:
    database = open_database(office.place)
    yield database
    database.close()


def change(database: Database, one: Replica, **values: Any) -> None:
    """Its lease, as others see it."""
    with database.write() as connection:
        which = lease.c.name == one.lease.name
        connection.execute(update(lease).where(which).values(values))


def lapse(database: Database, one: Replica) -> None:
    """Its lease is over, and by the clock here too."""
    one.lease.until = 0.0
    change(database, one, until=PAST)


def planned(office: Trial, **settings: Any) -> Application:
    app = office.app(MARCH, **settings)
    app.plan(app.clock.now())
    return app


def claim(app: Application, one: Replica) -> None:
    with app.database.write() as connection:
        assert claiming.claim(connection, f"{one.lease.name}:1", "maildir", app.clock.now(), 9)


def put_back_by(one: Replica, app: Application) -> int:
    with app.database.write() as connection:
        return one.requeue_lost(connection, app.clock.now())


def tick_as(name: str, office: Trial, patch: pytest.MonkeyPatch, server: int) -> int:
    """By a process that finds the mail server in its own way. Returns how many it sent."""
    patch.setattr(replicas, "replica_name", lambda: name)
    patch.setattr("reminder.office.application.replica_name", lambda: name)
    return office.app(MARCH, **by_smtp(server)).tick().sent


def test_what_a_present_sender_claimed_is_left_to_it_until_its_lease_lapses_or_it_leaves(
    office: Trial, database: Database
) -> None:
    one, two, app = Replica(database), Replica(database), planned(office)
    claim(app, one)
    assert put_back_by(two, app) == 0
    lapse(database, one)
    assert put_back_by(two, app) == 3
    assert office.history("digest/2026-03/lead")[-1][1:] == ("retry", "interrupted")
    with Replica(database).kept() as three:
        claim(app, three)
    assert put_back_by(two, app) == 3


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_lease_that_is_renewed_holds_on_and_a_lapsed_one_never_is(
    database: Database, forgotten: bool
) -> None:
    """Nor one that others have forgotten, as after a standby took over that had not seen it."""
    one = Replica(database)
    first, until = one.lease, one.lease.until
    one._renew()
    assert one.lease is first
    assert one.lease.until > until
    if forgotten:
        with database.write() as connection:
            senders.leave(connection, first.name)
    else:
        lapse(database, one)
    one._renew()
    assert not first.holds
    assert one.lease.holds
    assert one.lease.name != first.name


def test_a_woken_sender_hands_nothing_over(office: Trial, database: Database) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        app = planned(office, **by_smtp(port))
        one = app.sender.replica = Replica(database)
        lapse(database, one)
        app.sender.send_ready()
        assert inbox.received == []
        office.app(MARCH, **by_smtp(port)).tick()
    assert len(inbox.received) == 2


class TakenOver:
    """The way to a server where, while the first answer is on its way, others take over."""

    closed = False

    def __init__(self, transport: Transport, take_over: Callable[[], object]) -> None:
        self._transport = transport
        self._take_over: list[Callable[[], object]] = [take_over]

    def open(self) -> "TakenOver":
        self._connection = self._transport.open()
        return self

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        answers = self._connection.send(envelope, still_ours)
        while self._take_over:
            self._take_over.pop()()
        return answers

    def close(self) -> None:
        self._connection.close()


def send_while(app: Application, database: Database, take_over: Callable[[Replica], None]) -> None:
    one = app.sender.replica = Replica(database)
    route = app.sender.route
    way = TakenOver(route.transport, lambda: take_over(one))
    app.sender.route = replace(route, transport=way)
    app.sender.send_ready()
    assert one.lease.holds


def test_who_finds_its_claim_gone_sends_nothing_more_of_it(
    office: Trial, database: Database
) -> None:
    """The database's clock jumped, or a standby took over that had not seen the claim."""
    inbox = Inbox()
    with real_server(inbox) as port:

        def take_over(one: Replica) -> None:
            change(database, one, until=PAST)
            assert office.app(MARCH, **by_smtp(port)).tick().sent == 2

        send_while(planned(office, **by_smtp(port)), database, take_over)
    assert len(inbox.received) == 3  # two mails, and the one that was on its way


def test_what_nobody_took_over_of_a_claim_that_is_gone_is_given_back(
    office: Trial, database: Database
) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:

        def take_over(_: Replica) -> None:
            one = recipient.c.address == inbox.received[0].rcpt_tos[0]
            values = {"state": State.RETRY, "claim": None}
            with database.write() as connection:
                connection.execute(update(recipient).where(one).values(values))

        send_while(planned(office, **by_smtp(port)), database, take_over)
    assert len(inbox.received) == 1
    assert "sending" not in {state for state, _ in office.states()}


def test_two_at_once_send_everything_once(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port, ThreadPoolExecutor(4) as pool:
        apps = [office.app(MARCH, **by_smtp(port)) for _ in range(4)]
        passes = list(pool.map(lambda app: app.tick(), apps))
    assert all(each.delivers for each in passes)
    once = Counter(inbox.reached)
    assert (len(once), set(once.values())) == (3, {1})


def test_a_replica_that_cannot_reach_the_server_leaves_the_mails_to_others(
    office: Trial, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    inbox, other = Inbox(), Replica(database)
    with real_server(inbox) as port, bad_server(GREETING=[BUSY]) as sick:
        tick_as("one", office, monkeypatch, sick.port)
        assert tick_as("two", office, monkeypatch, port) == 2
    assert other.lease.holds
    assert len(inbox.received) == 2


def test_where_all_find_the_server_sick_the_mails_wait(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bad_server(GREETING=[BUSY]) as sick:
        for name in ("one", "two"):
            tick_as(name, office, monkeypatch, sick.port)
    assert office.states(period="2026-03") == {("retry", "server")}


def test_the_last_of_a_replica_takes_its_alarms_along(office: Trial, database: Database) -> None:
    one, two, app = Replica(database), Replica(database), planned(office)
    with database.write() as connection:
        begin_alarm(connection, "disk@gone", app.clock.now(), "full")
    change(database, one, replica="gone")
    lapse(database, one)
    put_back_by(two, app)
    with database.read() as connection:
        assert read_alarms(connection) == {}


def test_of_different_files_those_of_the_replica_that_began_last_are_in_force(
    office: Trial, database: Database
) -> None:
    app = office.app(MARCH)
    old = Replica(database, config_hash=lambda: app.config_hash, lasting=True)
    assert app.is_current()
    new = Replica(database, config_hash=lambda: "other settings", lasting=True)
    assert not app.is_current()
    assert app.tick().planned == 0  # a pass beside a daemon puts no other files in force
    lapse(database, new)
    assert app.is_current()
    assert app.tick().planned == 2
    assert old.lease.holds


@pytest.mark.parametrize("daemons", [True, False], ids=["two daemons", "a pass beside a daemon"])
def test_of_two_on_one_host_neither_calls_over_what_the_other_sees(
    office: Trial, daemons: bool
) -> None:
    for port, troubles in [(8001, [OTHER_FILES]), (8002, [])] * 2:
        if daemons or troubles:
            app = planned(office, mail=OPERATOR, web={"port": port})
            app.alerts.check(app.clock.now(), troubles)
        else:
            app.tick()
    assert sum("/alarm/" in key for key in office.notices()) == 1


def test_whose_files_are_not_in_force_ends_and_begins_no_alarm_by_them(
    office: Trial, database: Database
) -> None:
    daemon = Replica(database, config_hash=lambda: "the daemon's settings", lasting=True)
    with database.write() as connection:
        begin_alarm(connection, "workdays/2027", PAST, "unknown")
    office.app("2026-03-03T12:00+08:00").tick()
    with database.read() as connection:
        assert list(read_alarms(connection)) == ["workdays/2027"]
    assert daemon.lease.holds
