"""Claim, send, record: each recipient's answer, sick servers, killed senders."""

import asyncio
import logging
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received
from sqlalchemy import func, select, update

from reminder.clock import Clock
from reminder.ledger import claiming
from reminder.ledger.database import Place, reading
from reminder.ledger.schema import message, recipient
from reminder.mail.claims import PROBE, RETRY, back_off
from reminder.mail.replicas import single_process_lock
from reminder.mail.worker import Pace
from reminder.office import lookup, operations, previews, releasing
from tests.daemon.trials import MARCH, Trial, by_smtp, trial
from tests.mail.servers import Inbox, bad_server, real_server

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


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The sender's own."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR and record.name.startswith("reminder.mail")
    ]


# Each recipient


def test_message_goes_to_all_mailboxes_at_once_and_each_result_is_on_disk_before_the_next(
    office: Trial,
) -> None:
    witness = Witness(office.place)
    with real_server(witness) as port:
        office.tick(MARCH, **by_smtp(port))
    assert [mail.rcpt_tos for mail in witness.received] == [[LEAD, SECOND], [RELATED]]
    assert witness.seen == [{"sending": 3}, {"sending": 1, "sent": 2}]


def test_one_of_two_refused_is_partly_refused(office: Trial) -> None:
    """In the server's own words, and is not tried again."""
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user", "250 ok"]) as server:
        assert office.tick(MARCH, **by_smtp(server.port)) == {"planned": 2, "sent": 1, "refused": 1}
        heard = len(server.commands)
        assert office.tick("2026-03-20T09:00+08:00", **by_smtp(server.port)) == {}
        assert len(server.commands) == heard
    shown = office.notice(DIGEST)
    assert (shown.state, shown.reason) == ("refused", "partly")
    assert [(p.address, p.state, p.reason, p.reply) for p in shown.recipients] == [
        (LEAD, "sent", "accepted", "250 2.0.0 kept"),
        (SECOND, "refused", "recipient-refused", "550 5.1.1 no such user"),
    ]


def test_recipient_put_off_is_accepted_later_and_the_other_not_asked_again(office: Trial) -> None:
    with bad_server(RCPT=["250 ok", "450 4.2.1 later", "250 ok"]) as server:
        assert office.tick(MARCH, **by_smtp(server.port)) == {"planned": 2, "sent": 1, "retry": 1}
        assert office.tick("2026-03-02T09:01+08:00", **by_smtp(server.port)) == {}
        assert office.tick("2026-03-02T09:30+08:00", **by_smtp(server.port)) == {"sent": 1}
        asked = Counter(c.lower() for c in server.commands if c.upper().startswith("RCPT"))
    assert asked == {f"rcpt to:<{LEAD}>": 1, f"rcpt to:<{SECOND}>": 2, f"rcpt to:<{RELATED}>": 1}


# A sick server


@pytest.mark.parametrize("script", [{"GREETING": [BUSY]}, {"MAIL": ["550 not you"]}], ids=list)
def test_server_that_stays_sick_raises_one_alarm_and_is_probed_at_growing_intervals(
    office: Trial, caplog: pytest.LogCaptureFixture, script: dict[str, list[str]]
) -> None:
    waits = []
    with bad_server(**script) as server:
        for hour in (9, 10, 11, 12):
            at = datetime.fromisoformat(f"2026-03-02T{hour:02}:00+08:00")
            office.tick(at.isoformat(), **by_smtp(server.port))
            waits.append(office.trouble().not_before - at)
    assert waits == sorted(waits)
    assert len(set(waits)) == 4
    [alarm] = alarms(caplog)
    assert "2 notices wait" in alarm


def test_new_notice_waits_with_the_others_for_the_probe_of_a_sick_server(shipped: Trial) -> None:
    with bad_server(MAIL=["451 4.3.0 not now"]) as server:
        shipped.tick("2026-03-26T08:59:50+08:00", **by_smtp(server.port))
        heard = len(server.commands)
        done = shipped.tick("2026-03-26T09:00:05+08:00", **by_smtp(server.port))
        assert done == {"planned": 1, "retry": 1}
        assert len(server.commands) == heard
        assert shipped.notice("nudge/2026-03-26/deputies").reason == "server"
        shipped.tick(APRIL, **by_smtp(server.port))
        assert server.verbs.count("MAIL") == 2


def test_server_that_was_well_again_raises_a_new_alarm(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    replies = [BUSY, "220 here", BUSY]
    with bad_server(GREETING=replies, RCPT=["250 ok", "450 later"]) as server:
        for hour in (9, 10, 11):
            office.tick(f"2026-03-02T{hour:02}:00+08:00", **by_smtp(server.port))
    assert "works again" in caplog.text
    assert len(alarms(caplog)) == 2


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 2), (4, 16), (5, 30), (50, 30)])
def test_back_off_doubles_up_to_its_longest_give_or_take_a_fifth(
    attempts: int, minutes: int
) -> None:
    waits = {back_off(attempts, PROBE, Random()) / timedelta(minutes=minutes) for _ in range(50)}
    assert 0.8 <= min(waits) < max(waits) <= 1.2  # jitter: not everybody at once
    assert max(back_off(50, RETRY, Random()) for _ in range(50)) <= timedelta(hours=4) * 1.2


# Connections


class Stingy(Inbox):
    """Takes a few messages on each connection, then says 421 to MAIL."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.sessions: Counter[Any] = Counter()

    async def said_to_mail(self, peer: Any) -> str:
        self.sessions[peer] += 1
        return "421 4.7.0 enough" if self.sessions[peer] > self.limit else "250 ok"


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

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Received) -> str:  # noqa: N802
        self.there.discard(session.peer)
        return "221 bye"


class Meeting(Stingy):
    """After the first mail it lets nobody go on before two connections are there."""

    def __init__(self) -> None:
        super().__init__(99)
        self.both = asyncio.Event()

    async def said_to_mail(self, peer: Any) -> str:
        reply = await super().said_to_mail(peer)
        if len(self.sessions) == 2:
            self.both.set()
        if self.received:
            await self.both.wait()
        return reply


def all_of_april(
    shipped: Trial, caplog: pytest.LogCaptureFixture, inbox: Inbox, **options: int
) -> None:
    """Each goes once, and nobody is told of trouble."""
    with real_server(inbox) as port:
        assert shipped.tick(APRIL, **by_smtp(port, **options))["sent"] == 31
    once = Counter(inbox.reached)
    assert (len(once), set(once.values())) == (31, {1})
    assert alarms(caplog) == []


def test_server_that_takes_few_messages_a_connection_gets_all(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    all_of_april(shipped, caplog, Stingy(4))


def test_no_connection_carries_more_messages_than_it_may(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    all_of_april(shipped, caplog, inbox := Stingy(99), messages_per_connection=10)
    assert max(inbox.sessions.values()) == 10


def test_server_that_allows_one_connection_gets_all(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    all_of_april(shipped, caplog, Lonely(), connections=2)


def test_two_connections_send_everything_once(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    all_of_april(shipped, caplog, Meeting(), connections=2, rate=60_000)


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


class Witness(Inbox):
    """Reads in the ledger what stands there whenever a message begins."""

    def __init__(self, ledger: Place) -> None:
        super().__init__()
        self.ledger = ledger
        self.seen: list[dict[str, int]] = []

    async def said_to_mail(self, peer: Any) -> str:
        query = select(recipient.c.state, func.count()).group_by(recipient.c.state)
        with reading(self.ledger) as connection:
            self.seen.append(dict(connection.execute(query).all()))
        return "250 ok"


def test_both_transports_carry_the_bytes_that_the_preview_shows(tmp_path: Path) -> None:
    """With one installation key, notice, plan and moment."""
    inbox, kept = Inbox(), {}
    with real_server(inbox) as port:
        for name, way in (("folder", {}), ("server", by_smtp(port))):
            (tmp_path / name).mkdir()
            with trial(tmp_path / name, small=True) as office:
                office.tick(MARCH, secret_key="k7Rq0vXz3LmT9bNf2YdH6sWc1JpG8uEa4KoQ5tMiZy0=", **way)
                kept[name] = [office.stored(key) for key in (DIGEST, OTHER)]
                app = office.app("2026-03-09T09:00+08:00", **way)
                shown = previews.preview(app, lookup.find_unit(app, "lead"), "2026-03")
                assert shown.content == kept[name][0]
                assert name == "server" or set(office.files()) == set(kept[name])
    assert kept["folder"] == kept["server"] == [mail.content for mail in inbox.received]


def test_preview_before_the_mail_shows_what_will_go(office: Trial) -> None:
    app = office.app(MARCH, mail={"first_start": "hold"})
    app.plan(app.clock.now())
    before = previews.preview(app, lookup.find_unit(app, "lead"), "2026-03")
    releasing.release(app)
    assert office.stored(DIGEST) == before.content


# One sender at a time


def test_second_process_on_a_file_plans_and_does_not_deliver_until_the_first_is_killed(
    tmp_path: Path,
) -> None:
    program = (
        "import sys, pathlib\n"
        "from reminder.mail.replicas import single_process_lock\n"
        "with single_process_lock(pathlib.Path(sys.argv[1])) as ours:\n"
        "    print(ours, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    office = Trial(tmp_path, small=True)
    words = [sys.executable, "-c", program, str(office.state / "ledger.sender.lock")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        done = office.app(MARCH).tick()
        other.send_signal(signal.SIGKILL)
    assert (done.planned, done.sent, done.delivers) == (2, 0, False)
    assert office.tick(MARCH) == {"sent": 2}


def test_lock_is_free_after_its_holder_is_done(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with single_process_lock(path) as first, single_process_lock(path) as second:
        assert (first, second) == (True, False)
    with single_process_lock(path) as third:
        assert third


def test_next_sender_puts_back_what_a_dead_one_left(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    app = office.app(MARCH)
    app.plan(app.clock.now())
    with app.database.write() as connection:
        claiming.claim(connection, "dead", "maildir", app.clock.now(), 9)
    assert office.tick(MARCH) == {"sent": 2}
    assert (LEAD, "retry", "interrupted") in office.history(DIGEST)
    assert "requeued 3 recipients" in caplog.text


def test_sender_stopped_within_a_batch_gives_the_rest_back(office: Trial) -> None:
    with real_server(Inbox(lambda: app.sender.stop.set())) as port:
        app = office.app(MARCH, **by_smtp(port))
        app.plan(app.clock.now())
        app.sender.send_ready()
        assert {view.state for view in office.notices().values()} == {"retry", "sent"}
        assert app.sender.send_ready() == 0
        app.sender.stop.clear()
        app.sender.send_ready()
    assert office.states() == {("sent", "accepted")}


def test_rest_of_a_batch_that_broke_off_is_not_lost(shipped: Trial) -> None:
    with bad_server(MAIL=["250 ok", "250 ok", BUSY]) as server:
        done = shipped.tick(APRIL, **by_smtp(server.port, connections=1))
        assert (done["sent"], done["retry"]) == (2, 29)
    with real_server(inbox := Inbox()) as port:
        shipped.tick("2026-04-01T10:00+08:00", **by_smtp(port))
    assert len(inbox.received) == 29


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
