"""Claim, send, record: each recipient's answer, sick servers, killed senders."""

import asyncio
import logging
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received
from sqlalchemy import func, select, update

from reminder.clock import Clock
from reminder.domain.notices import Kind
from reminder.ledger import deliveries
from reminder.ledger.database import Place
from reminder.ledger.opening import reading
from reminder.ledger.schema import message, recipient
from reminder.ledger.senders import read_troubles
from reminder.mail.claims import PROBE, RETRY, back_off
from reminder.mail.replicas import single_process_lock
from reminder.mail.sending import Pace
from reminder.office import lookup, operations, previews
from reminder.office.application import Application
from tests.daemon.trials import MARCH, OPERATOR, Trial, trial
from tests.mail.servers import (
    CLOSE,
    GO_THEN_CLOSE,
    BadServer,
    Inbox,
    bad_server,
    real_server,
)

LEAD, SECOND, RELATED = "lead@unit.test", "second@unit.test", "related@unit.test"
DIGEST, OTHER = "digest/2026-03/lead", "digest/2026-03/related"
BUSY = "421 4.3.2 too busy"
APRIL = "2026-04-01T09:00+08:00"


@pytest.fixture
def office(tmp_path: Path, place: Place) -> Iterator[Trial]:
    """One unit leads, with two mailboxes; one is related; one must see nothing."""
    with trial(tmp_path, small=True, place=place) as opened:
        yield opened


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[Trial]:
    """The shipped plan: 31 mails in April."""
    with trial(tmp_path) as opened:
        yield opened


def by_smtp(port: int, **more: Any) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5}
    return {"transport": "smtp", "smtp": server | more}


def via(server: BadServer, **more: Any) -> dict[str, Any]:
    return by_smtp(server.port, **more)


def people(office: Trial, key: str = DIGEST) -> dict[str, tuple[str, str]]:
    return {p.address: (p.state, p.reason) for p in office.notice(key).recipients}


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The sender's own."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.name.startswith("reminder.mail")
    ]


def next_try(office: Trial, key: str = DIGEST) -> datetime:
    return max(person.not_before for person in office.notice(key).recipients)


def next_probe(office: Trial, server: BadServer) -> datetime:
    app = office.app(MARCH)
    with app.database.read() as connection:
        trouble = read_troubles(connection).get(app.container.alerts.replica)
    assert trouble is not None
    return trouble.not_before


# Each recipient


def test_message_goes_to_all_mailboxes_of_its_unit_at_once(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        office.tick(MARCH, **by_smtp(port))
    assert [mail.rcpt_tos for mail in inbox.received] == [[LEAD, SECOND], [RELATED]]


def test_unit_that_the_plan_does_not_name_gets_nothing(office: Trial) -> None:
    office.tick(MARCH)
    assert [mail for mail in office.files() if b"bystander" in mail] == []
    assert office.notices(unit="bystander") == {}


def test_one_of_two_refused_is_partly_refused(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        assert office.tick(MARCH, **via(server)) == {"planned": 2, "sent": 1, "refused": 1}
    assert people(office) == {LEAD: ("sent", "accepted"), SECOND: ("refused", "recipient-refused")}
    assert (office.notice(DIGEST).state, office.notice(DIGEST).reason) == ("refused", "partly")


def test_servers_own_words_stand_with_the_recipient(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        office.tick(MARCH, **via(server))
    assert [p.reply for p in office.notice(DIGEST).recipients] == [
        "250 2.0.0 kept",
        "550 5.1.1 no such user",
    ]


def test_refused_recipient_is_not_tried_again(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        office.tick(MARCH, **via(server))
        heard = len(server.commands)
        assert office.tick("2026-03-20T09:00+08:00", **via(server)) == {}
        assert len(server.commands) == heard


def test_refused_message_is_refused_for_all_and_harms_no_other(office: Trial) -> None:
    with bad_server(BODY=["554 5.7.1 not wanted", "250 kept"]) as server:
        assert office.tick(MARCH, **via(server)) == {"planned": 2, "sent": 1, "refused": 1}
    assert set(people(office).values()) == {("refused", "message-refused")}


def test_recipient_put_off_is_accepted_later_and_the_other_not_asked_again(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "450 4.2.1 later", "250 ok"]) as server:
        assert office.tick(MARCH, **via(server)) == {"planned": 2, "sent": 1, "retry": 1}
        assert office.tick("2026-03-02T09:30+08:00", **via(server)) == {"sent": 1}
        asked = Counter(c.lower() for c in server.commands if c.upper().startswith("RCPT"))
    assert asked == {f"rcpt to:<{LEAD}>": 1, f"rcpt to:<{SECOND}>": 2, f"rcpt to:<{RELATED}>": 1}


def test_message_put_off_goes_later_with_the_same_bytes(office: Trial) -> None:
    with bad_server(BODY=["450 4.3.0 later", "250 kept"]) as server:
        office.tick(MARCH, **via(server))
        office.tick("2026-03-20T15:00+08:00", **via(server))
        first, _, again = server.bodies
    assert first == again
    assert office.notice(DIGEST).message_id in again.decode()


def test_retry_waits_for_its_time(office: Trial) -> None:
    with bad_server(RCPT=["450 4.2.1 later"]) as server:
        office.tick(MARCH, **via(server))
        heard = len(server.commands)
        assert office.tick("2026-03-02T09:01+08:00", **via(server)) == {}
        assert len(server.commands) == heard


def test_lost_answer_is_tried_again_with_the_same_message(office: Trial) -> None:
    with bad_server(DATA=[GO_THEN_CLOSE, "354 go ahead"]) as server:
        office.tick(MARCH, **via(server))
        assert set(people(office).values()) == {("retry", "answer-lost")}
        office.tick("2026-03-02T10:00+08:00", **via(server))
    assert set(people(office).values()) == {("sent", "accepted")}


def test_throttle_that_says_never_is_tried_again(office: Trial) -> None:
    with bad_server(BODY=["550 5.7.1 RP:TRC 163 smtp1", "250 kept"]) as server:
        office.tick(MARCH, **via(server))
        assert set(people(office).values()) == {("retry", "throttled")}
        assert office.tick("2026-03-02T10:00+08:00", **via(server)) == {"sent": 1}


# A sick server


@pytest.mark.parametrize(
    "script",
    [{"GREETING": [BUSY]}, {"GREETING": [CLOSE]}, {"EHLO": ["550 no"]}, {"MAIL": ["550 not you"]}],
    ids=lambda script: "-".join(script) + "-" + next(iter(script.values()))[0][:3],
)
def test_failure_before_the_message_concerns_the_server(
    office: Trial, script: dict[str, list[str]]
) -> None:
    with bad_server(**script) as server:
        assert office.tick(MARCH, **via(server)) == {"planned": 2, "retry": 2}
    assert office.states(period="2026-03") == {("retry", "server")}


@pytest.mark.parametrize("script", [{"GREETING": [BUSY]}, {"MAIL": ["550 not you"]}], ids=list)
def test_server_that_stays_sick_raises_one_alarm(
    office: Trial, caplog: pytest.LogCaptureFixture, script: dict[str, list[str]]
) -> None:
    with bad_server(**script) as server:
        for minute in (0, 10, 30, 59):
            office.tick(f"2026-03-02T09:{minute:02}+08:00", **via(server))
    assert len(alarms(caplog)) == 1
    assert "2 notices wait" in alarms(caplog)[0]


@pytest.mark.parametrize("script", [{"GREETING": [BUSY]}, {"MAIL": ["550 not you"]}], ids=list)
def test_server_that_stays_sick_is_probed_at_growing_intervals(
    office: Trial, script: dict[str, list[str]]
) -> None:
    waits = []
    with bad_server(**script) as server:
        for hour in (9, 10, 11, 12):
            at = f"2026-03-02T{hour:02}:00+08:00"
            office.tick(at, **via(server))
            waits.append((next_probe(office, server) - datetime.fromisoformat(at)).total_seconds())
    assert waits[0] < waits[1] < waits[2] < waits[3]


def test_sick_server_is_not_asked_before_its_time(office: Trial) -> None:
    with bad_server(MAIL=["421 4.3.2 too busy"]) as server:
        office.tick(MARCH, **via(server))
        heard = len(server.commands)
        assert office.tick("2026-03-02T09:00:30+08:00", **via(server)) == {}
        assert len(server.commands) == heard


def test_new_notice_waits_with_the_others_for_a_sick_server(shipped: Trial) -> None:
    with bad_server(MAIL=["451 4.3.0 not now"]) as server:
        shipped.tick("2026-03-26T08:59:50+08:00", **via(server))
        heard = len(server.commands)
        assert shipped.tick("2026-03-26T09:00:05+08:00", **via(server)) == {
            "planned": 1,
            "retry": 1,
        }
        assert len(server.commands) == heard
    assert shipped.notice("nudge/2026-03-26/deputies").reason == "server"


def test_one_probe_is_made_for_all_that_wait(shipped: Trial) -> None:
    with bad_server(MAIL=["451 4.3.0 not now"]) as server:
        shipped.tick(APRIL, **via(server))
        assert server.verbs.count("MAIL") == 1


def test_server_that_is_well_again_gets_everything(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server(GREETING=[BUSY, "220 here"]) as server:
        office.tick(MARCH, **via(server))
        assert office.tick("2026-03-02T09:05+08:00", **via(server)) == {"sent": 2}
    assert "works again" in caplog.text


def test_server_that_was_well_again_raises_a_new_alarm(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [BUSY, "220 here", BUSY]
    with bad_server(GREETING=replies, RCPT=["250 ok", "450 later"]) as server:
        for hour in (9, 10, 11):
            office.tick(f"2026-03-02T{hour:02}:00+08:00", **via(server))
    assert len(alarms(caplog)) == 2


def test_server_that_nobody_runs_is_a_sick_server(office: Trial) -> None:
    with bad_server() as server:
        port = server.port
    assert office.tick(MARCH, **by_smtp(port)) == {"planned": 2, "retry": 2}


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 2), (4, 16), (5, 30), (50, 30)])
def test_back_off_doubles_up_to_its_longest_give_or_take_a_fifth(
    attempts: int, minutes: int
) -> None:
    waits = {back_off(attempts, PROBE, Random()) / timedelta(minutes=minutes) for _ in range(50)}
    assert min(waits) >= 0.8
    assert max(waits) <= 1.2
    assert len(waits) > 1  # jitter: not everybody at once


def test_recipient_is_tried_again_within_four_hours_at_the_latest() -> None:
    assert max(back_off(50, RETRY, Random()) for _ in range(50)) <= timedelta(hours=4) * 1.2


# Connections


class Stingy(Inbox):
    """Takes a few messages on each connection, then says 421 to MAIL."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.sessions: Counter[Any] = Counter()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        self.sessions[session.peer] += 1
        if self.sessions[session.peer] > self.limit:
            return "421 4.7.0 enough of you"
        envelope.mail_from = address
        return "250 ok"


def test_server_that_takes_few_messages_a_connection_gets_all(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Stingy(4)
    with real_server(inbox) as port:
        assert shipped.tick(APRIL, **by_smtp(port))["sent"] == 31
    assert len(inbox.received) == 31
    assert alarms(caplog) == []


def test_no_connection_carries_more_messages_than_it_may(shipped: Trial) -> None:
    inbox = Stingy(99)
    with real_server(inbox) as port:
        shipped.tick(APRIL, **by_smtp(port, messages_per_connection=10))
    assert max(inbox.sessions.values()) == 10
    assert len(inbox.received) == 31


class Lonely(Inbox):
    """Allows one connection at a time: a second one hears 421 at the first word."""

    def __init__(self) -> None:
        super().__init__()
        self.there: set[Any] = set()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, host: str, replies: list[str]
    ) -> list[str]:
        if self.there - {session.peer}:
            return ["421 4.7.0 one of you is enough"]
        self.there.add(session.peer)
        session.host_name = host
        return replies

    async def handle_QUIT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received
    ) -> str:
        self.there.discard(session.peer)
        return "221 bye"


def test_server_that_allows_one_connection_gets_all(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with real_server(Lonely()) as port:
        assert shipped.tick(APRIL, **by_smtp(port, connections=2))["sent"] == 31
    assert alarms(caplog) == []


class Meeting(Stingy):
    """After the first mail it lets nobody go on before two connections are there."""

    def __init__(self) -> None:
        super().__init__(99)
        self.both = asyncio.Event()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        reply = await super().handle_MAIL(server, session, envelope, address, options)
        if len(self.sessions) == 2:
            self.both.set()
        if self.received:
            await self.both.wait()
        return reply


def test_two_connections_send_everything_once(shipped: Trial) -> None:
    inbox = Meeting()
    with real_server(inbox) as port:
        assert shipped.tick(APRIL, **by_smtp(port, connections=2))["sent"] == 31
    once = Counter(address for mail in inbox.received for address in mail.rcpt_tos)
    assert (len(once), set(once.values())) == (31, {1})


class Impatient(threading.Event):
    """Notes how long it was to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return False


def test_rate_keeps_messages_apart() -> None:
    stop = Impatient()
    pace = Pace(300, Clock(), stop)
    for _ in range(101):
        pace.wait()
    # 300 a minute: the hundredth after the first goes 20 seconds later.
    assert stop.waits[0] == 0
    assert 10 < stop.waits[-1] <= 20


def test_paced_messages_all_arrive(office: Trial) -> None:
    inbox = Inbox()
    with real_server(inbox) as port:
        office.tick(MARCH, **by_smtp(port, rate=600, connections=2))
    assert len(inbox.received) == 2


class Witness(Inbox):
    """Reads in the ledger what stands there whenever a message begins."""

    def __init__(self, ledger: Place) -> None:
        super().__init__()
        self.ledger = ledger
        self.seen: list[dict[str, int]] = []

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Received, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        query = select(recipient.c.state, func.count()).group_by(recipient.c.state)
        with reading(self.ledger) as connection:
            self.seen.append(dict(connection.execute(query).all()))
        return "250 ok"


def test_each_result_is_on_disk_before_the_next_message(office: Trial) -> None:
    witness = Witness(office.place)
    with real_server(witness) as port:
        office.tick(MARCH, **by_smtp(port))
    assert witness.seen == [{"sending": 3}, {"sending": 1, "sent": 2}]


def test_mail_server_gets_the_stored_bytes_as_the_preview_shows_them(shipped: Trial) -> None:
    inbox = Inbox()
    key = "digest/2026-04/helan"
    with real_server(inbox) as port:
        settings = by_smtp(port)
        shipped.tick(APRIL, **settings)
        app = shipped.app("2026-04-09T09:00+08:00", **settings)
        shown = previews.preview(app, lookup.find_unit(app, "helan"), "2026-04")
    [wire] = [mail.content for mail in inbox.received if mail.rcpt_tos == ["helan@local.example"]]
    assert wire == shipped.stored(key) == shown.content


def test_maildir_keeps_the_stored_bytes_as_the_preview_shows_them(shipped: Trial) -> None:
    shipped.tick(APRIL)
    app = shipped.app("2026-04-09T09:00+08:00")
    shown = previews.preview(app, lookup.find_unit(app, "helan"), "2026-04")
    assert shown.content == shipped.stored("digest/2026-04/helan")
    assert shown.content in shipped.files()


def test_both_transports_carry_the_same_bytes(tmp_path: Path) -> None:
    """With one installation key, notice, plan and moment."""
    inbox, kept = Inbox(), {}
    with real_server(inbox) as port:
        for name, way in (("folder", {}), ("server", by_smtp(port))):
            (tmp_path / name).mkdir()
            with trial(tmp_path / name, small=True) as office:
                office.tick(MARCH, secret_key="k7Rq0vXz3LmT9bNf2YdH6sWc1JpG8uEa4KoQ5tMiZy0=", **way)
                kept[name] = [office.stored(key) for key in (DIGEST, OTHER)]
    assert kept["folder"] == kept["server"] == [mail.content for mail in inbox.received]


def test_preview_before_the_mail_shows_what_will_go(office: Trial) -> None:
    app = office.app(MARCH, mail={"first_start": "hold"})
    app.plan(app.clock.now())
    before = previews.preview(app, lookup.find_unit(app, "lead"), "2026-03")
    operations.release(app)
    assert office.stored(DIGEST) == before.content


# One sender at a time


def held_elsewhere(state: Path) -> subprocess.Popen[str]:
    """Another process that has the sender's lock and keeps it."""
    program = (
        "import sys, pathlib\n"
        "from reminder.mail.replicas import single_process_lock\n"
        "with single_process_lock(pathlib.Path(sys.argv[1])) as ours:\n"
        "    print(ours, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_second_process_on_a_file_plans_and_does_not_deliver(tmp_path: Path) -> None:
    office = Trial(tmp_path, small=True)
    with held_elsewhere(office.state / "ledger.sender.lock") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        done = office.app(MARCH).tick()
        other.kill()
    assert (done.planned, done.sent, done.delivers) == (2, 0, False)
    assert office.states(period="2026-03") == {("queued", "planned")}


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    office = Trial(tmp_path, small=True)
    with held_elsewhere(office.state / "ledger.sender.lock") as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        other.send_signal(signal.SIGKILL)
    assert office.app(MARCH).tick().delivers


def test_lock_is_free_after_its_holder_is_done(tmp_path: Path) -> None:
    with (
        single_process_lock(tmp_path / "lock") as first,
        single_process_lock(tmp_path / "lock") as second,
    ):
        assert (first, second) == (True, False)
    with single_process_lock(tmp_path / "lock") as third:
        assert third


def test_next_sender_puts_back_what_a_dead_one_left(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    app = planned(office)
    with app.database.write() as connection:
        deliveries.claim(connection, "dead", "maildir", app.clock.now(), 9)
    assert office.tick(MARCH) == {"sent": 2}
    assert (LEAD, "retry", "interrupted") in office.history(DIGEST)
    assert "requeued 3 recipients" in caplog.text


def test_sender_that_is_told_to_stop_leaves_the_rest_ready(office: Trial) -> None:
    app = planned(office)
    app.sender.stop.set()
    assert app.sender.send_ready() == 0
    assert office.tick(MARCH) == {"sent": 2}


class Caller(Inbox):
    """Tells the sender to stop as soon as it has a message."""

    def __init__(self, stop: Callable[[], None]) -> None:
        super().__init__()
        self.stop = stop

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        self.stop()
        return await super().handle_DATA(server, session, envelope)


def test_sender_stopped_within_a_batch_gives_the_rest_back(office: Trial) -> None:
    inbox = Caller(lambda: app.sender.stop.set())
    with real_server(inbox) as port:
        app = office.app(MARCH, **by_smtp(port))
        app.plan(app.clock.now())
        app.sender.send_ready()
        assert sorted(v.state for v in office.notices(kind=Kind.DIGEST).values()) == [
            "retry",
            "sent",
        ]
        app.sender.stop.clear()
        app.sender.send_ready()
    assert office.states() == {("sent", "accepted")}


def planned(office: Trial) -> Application:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    return app


def test_rest_of_a_batch_that_broke_off_is_not_lost(shipped: Trial) -> None:
    with bad_server(MAIL=["250 ok", "250 ok", "421 4.3.2 too busy"]) as server:
        done = shipped.tick(APRIL, **via(server, connections=1))
        assert (done["sent"], done["retry"]) == (2, 29)
    with real_server(inbox := Inbox()) as port:
        shipped.tick("2026-04-01T10:00+08:00", **by_smtp(port))
    assert len(inbox.received) == 29


def test_operators_report_is_sent_in_the_same_pass(office: Trial) -> None:
    assert office.tick(MARCH, mail=OPERATOR) == {"planned": 2, "sent": 2}
    assert {view.state for view in office.notices(kind=Kind.REPORT).values()} == {"sent"}


def test_stored_message_that_cannot_be_read_holds_up_no_others(office: Trial) -> None:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    with app.database.write() as connection:
        spoilt = update(message).where(message.c.notice == office.notice(DIGEST).key)
        connection.execute(spoilt.values(content=b"spoilt"))
    assert office.tick("2026-03-02T09:01+08:00") == {"sent": 1, "refused": 1}
    assert office.notice(DIGEST).reason == "damaged"
    again = office.app("2026-03-02T09:02+08:00")
    operations.resend(again, office.notice(DIGEST).key)
    assert office.tick("2026-03-02T09:03+08:00") == {"sent": 1}
