"""A unit is reached by a channel beside mail or instead of it: by the same ledger and promise."""

import email
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from reminder.ledger.own_messages import own_content
from reminder.ledger.senders import read_alarms, read_troubles
from reminder.mail.mime import short_text
from reminder.mail.replicas import SingleProcess
from reminder.mail.transports.maildir import messages
from reminder.office import operations
from reminder.office.outgoing import Wait
from reminder.office.releasing import Seen, let_go
from reminder.office.waiting import Choice, hash_of, read_waiting
from reminder.office.ways import ChannelSending
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp
from tests.mail.channel_server import HANG, ChannelServer, services
from tests.mail.servers import bad_server
from tests.office.test_registrations import sign

LATER, NOON = "2026-03-02T09:20+08:00", "2026-03-02T12:00+08:00"
DIGEST = "digest/2026-03/lead"
LIMITED, WRONG = (429, b"slowly"), (403, b"no such key")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChannelServer]:
    with services(tmp_path) as (server, _):
        yield server


@pytest.fixture
def robot(office: Trial, server: ChannelServer) -> dict[str, Any]:
    """The unit that leads has one; the settings for it."""
    office.edit_units('id = "lead"', 'id = "lead"\nchannels = ["robot"]')
    return {"channel": {"robot": {"url": server.url, "timeout": 5, "rate": 0}}}


def states(office: Trial, key: str = DIGEST) -> dict[str, str]:
    people = office.notices()[key].recipients
    return {person.address: f"{person.state} {person.reason}" for person in people}


def test_channel_gets_the_short_text_beside_the_mail(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    with bad_server() as mail:
        office.tick(MARCH, **robot, **by_smtp(mail.port))
    assert set(states(office).values()) == {"sent accepted"}
    assert "robot" in states(office)
    (asked,) = server.asked
    assert asked.said["title"] == "试·3月：承办1项：一件事"
    text = asked.said["message"].splitlines()
    assert text[0].startswith("承办委员会：3月承办1项，")
    assert text[1:] == ["1. 一件事，3月内", "承办委员会"]
    office.tick(LATER, **robot, **by_smtp(mail.port))
    assert len(server.asked) == 1


def test_unit_without_mail_is_reached_by_its_channel_alone(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    office.edit_units('channels = ["robot"]', 'channels = ["robot"]\nmail = false')
    with bad_server() as mail:
        office.tick(MARCH, **robot, **by_smtp(mail.port))
    assert states(office) == {"robot": "sent accepted"}
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("instead", "reason"),
    [([LIMITED] * 2, "server"), ([WRONG] * 2, "server-settings")],
    ids=["limited", "wrong key"],
)
def test_channel_in_trouble_holds_up_no_mail_and_goes_later(
    office: Trial, robot: dict[str, Any], server: ChannelServer, instead: Any, reason: str
) -> None:
    server.instead = list(instead)
    given = robot | {"mail": OPERATOR}
    with bad_server() as mail:
        office.tick(MARCH, **given, **by_smtp(mail.port))
        assert states(office) == {
            "lead@unit.test": "sent accepted",
            "second@unit.test": "sent accepted",
            "robot": f"retry {reason}",
        }
        with office.app(MARCH, **given).database.read() as connection:
            assert read_troubles(connection) == {}
            (trouble,) = read_troubles(connection, "robot").values()
            alarms = read_alarms(connection)
        assert "no such key" in trouble.detail or "slowly" in trouble.detail
        assert ("channel/robot" in alarms) == (reason == "server-settings")
        server.instead = []
        office.tick(NOON, **given, **by_smtp(mail.port))
    assert states(office)["robot"] == "sent accepted"
    assert len(server.asked) == 2


def test_answer_that_was_lost_is_asked_for_again(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    server.instead = ["cut"]
    with bad_server() as mail:
        office.tick(MARCH, **robot, **by_smtp(mail.port))
        assert states(office)["robot"] == "retry answer-lost"
        office.tick(LATER, **robot, **by_smtp(mail.port))
    assert states(office)["robot"] == "sent accepted"
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"mail": {"redirect_to": "me@unit.test"}},
        {"channel": {"robot": {"kinds": ["nudge"]}}},
    ],
    ids=["a rehearsal", "not this kind"],
)
def test_what_goes_to_no_channel(
    office: Trial, robot: dict[str, Any], server: ChannelServer, other: dict[str, Any]
) -> None:
    channel = robot["channel"]["robot"] | other.get("channel", {}).get("robot", {})
    given = robot | other | {"channel": {"robot": channel}}
    with bad_server() as mail:
        office.tick(MARCH, **given, **by_smtp(mail.port))
    people = {one.address for view in office.notices().values() for one in view.recipients}
    assert people
    assert "robot" not in people
    assert server.asked == []


def test_in_a_trial_it_lies_in_the_outbox(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    office.tick(MARCH, **robot)
    mails = [email.message_from_bytes(p.read_bytes(), policy=default) for p in
             messages(office.state / "outbox")]  # fmt: skip
    (short,) = [mail for mail in mails if "To" not in mail]
    assert short["X-Reminder-Channel"] == "robot"
    with office.app(MARCH, **robot).database.read() as connection:
        key = f"small/{DIGEST}"
        content = own_content(connection, key, "robot")
        assert content
    assert short.get_content().split() == short_text(content).text.split()
    assert server.asked == []


def test_what_is_approved_is_the_short_text_too(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    given = robot | {"mail": {"approval": True}}
    with bad_server() as mail:
        office.tick(MARCH, **given, **by_smtp(mail.port))
        assert server.asked == []
        app = office.app(LATER, **given, **by_smtp(mail.port))
        with app.database.read() as connection:
            (part,) = read_waiting(app, connection, app.clock.now()).of(Wait.APPROVAL)
        lead = next(one for one in part.mails if one.key.endswith("/lead"))
        composed = lead.composed()
        assert composed.approval != composed.sha256
        seen = Seen(Choice(part=part.id, whole=True), app.clock.now(), hash_of(part.mails))
        let_go(app, seen)
        office.tick(LATER, **given, **by_smtp(mail.port))
    assert states(office)["robot"] == "sent accepted"
    assert len(server.asked) == 1


def test_what_did_not_reach_a_channel_is_sent_anew(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    server.instead = [(400, b"no such field")]
    with bad_server() as mail:
        office.tick(MARCH, **robot, **by_smtp(mail.port))
        assert states(office)["robot"] == "refused message-refused"
        app = office.app(LATER, **robot, **by_smtp(mail.port))
        key = operations.resend(app, f"small/{DIGEST}")
        app.tick()
    assert states(office, key.removeprefix("small/")) == {"robot": "sent accepted"}


def test_channel_that_hangs_holds_up_no_mail(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    server.instead = [HANG]
    failed: list[Exception] = []
    with bad_server() as mail:
        app = office.app(MARCH, **robot, **by_smtp(mail.port))
        app.plan(app.clock.now())
        channels = ChannelSending(app.senders[1:], waits=lambda: False, tell=failed.append)
        with channels.by(SingleProcess()):
            until = monotonic() + 5
            while not server.asked and monotonic() < until:
                sleep(0.01)
            app.sender.send_ready()
            assert states(office) == {
                "lead@unit.test": "sent accepted",
                "second@unit.test": "sent accepted",
                "robot": "sending planned",
            }
            server.over.set()
    assert states(office)["robot"] == "retry answer-lost"
    assert failed == []


def test_receipt_waits_for_its_channel_and_goes_days_later(
    office: Trial, robot: dict[str, Any], server: ChannelServer
) -> None:
    office.edit_units('channels = ["robot"]', 'channels = ["robot"]\nmail = false')
    server.instead = [WRONG] * 99
    with bad_server() as mail:
        given = robot | by_smtp(mail.port)
        app = office.app(MARCH, **given)
        app.tick()
        sign(app)
        office.tick("2026-03-02T10:00+08:00", **given)
        (key,) = [key for key in office.notices() if key.startswith("receipt/")]
        assert states(office, key) == {"robot": "retry server-settings"}
        server.instead = []
        office.tick("2026-03-05T10:00+08:00", **given)
    assert states(office, key) == {"robot": "sent accepted"}
    assert "登记回执" in server.asked[-1].said["title"]
