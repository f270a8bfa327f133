"""A server that refuses whatever this office sends: nothing is lost, and nobody else waits long."""

import logging
from datetime import timedelta

import pytest

from reminder.domain.notices import Kind
from reminder.mail.outage import alike
from tests.daemon.trials import MARCH, OPERATOR, Trial, by_smtp
from tests.mail.servers import Naming, Picky, bad_server, real_server

APRIL = "2026-04-01T09:00+08:00"
LATER = "2026-04-01T10:00+08:00"
DENIED = Naming("554 5.7.1 <{}>: Relay access denied")
UNKNOWN = "550 User not found: {}"


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]


def next_probe(trial: Trial) -> str:
    return (trial.trouble().not_before + timedelta(seconds=1)).isoformat()


def refusing(reply: str, verb: str = "RCPT") -> dict[str, list[str]]:
    return {verb: [reply]}


@pytest.mark.parametrize(
    ("verb", "reply", "pipelining", "connections"),
    [
        ("RCPT", DENIED, False, 1),
        ("RCPT", DENIED, True, 4),
        ("RCPT", Naming("554 <{}>: Relay access denied"), False, 4),
        ("RCPT", "554 5.7.1 <mail[192.0.2.1]>: Client host rejected: Access denied", True, 1),
        ("BODY", "550 5.7.23 SPF validation failed; id 4Fq7-99", False, 1),
        ("BODY", "550 5.7.23 SPF validation failed; id 4Fq7-99", True, 4),
    ],
)
def test_relay_that_did_not_know_us_loses_nothing(
    shipped: Trial, caplog: pytest.LogCaptureFixture,
    verb: str, reply: str, pipelining: bool, connections: int,
) -> None:  # fmt: skip
    with bad_server(**refusing(reply, verb)) as server:
        server.pipelining = pipelining
        shipped.tick(APRIL, **by_smtp(server.port, connections=connections))
        assert shipped.states(period="2026-04") == {("retry", "server")}
        assert len(alarms(caplog)) == 1
        assert reply[:3] in alarms(caplog)[0]

        server.follow({})
        shipped.tick(LATER, **by_smtp(server.port))
    assert shipped.states(period="2026-04") == {("sent", "accepted")}
    assert len(server.accepted) == len(set(server.accepted)) > 30


def test_relay_is_asked_three_times_and_then_once_a_probe(shipped: Trial) -> None:
    with bad_server(**refusing(DENIED)) as server:
        one = by_smtp(server.port, connections=1)
        shipped.tick(APRIL, **one)
        assert server.verbs.count("RCPT") == 3
        shipped.tick(APRIL, **one)
        assert server.verbs.count("RCPT") == 3
        shipped.tick(LATER, **one)
        assert server.verbs.count("RCPT") <= 3 + 10


def test_one_recipient_alone_that_is_refused_because_of_us_waits(office: Trial) -> None:
    office.edit_units('to = ["lead@unit.test", "second@unit.test"]', "to = []")
    with bad_server(**refusing(DENIED)) as server:
        office.tick(MARCH, **by_smtp(server.port))
        assert office.notice("digest/2026-03/related").state == "retry"
        server.follow({})
        office.tick("2026-03-02T10:00+08:00", **by_smtp(server.port))
    assert office.notice("digest/2026-03/related").state == "sent"


def test_operators_report_comes_when_the_relay_knows_us(shipped: Trial) -> None:
    with bad_server(**refusing(Naming("554 <{}>: Relay access denied"))) as server:
        options = by_smtp(server.port) | {"mail": OPERATOR}
        for moment in (APRIL, LATER, "2026-04-01T12:00+08:00"):
            shipped.tick(moment, **options)
        reports = shipped.notices(kind=Kind.REPORT)
        assert {view.state for view in reports.values()} == {"retry"}
        server.follow({})
        shipped.tick("2026-04-01T18:00+08:00", **options)
        shipped.tick("2026-04-01T18:01+08:00", **options)
    assert {view.state for view in shipped.notices(kind=Kind.REPORT).values()} == {"sent"}


def addresses(trial: Trial) -> list[str]:
    with bad_server() as server:
        app = trial.app("2026-04-01T08:59+08:00", **by_smtp(server.port))
        units = app.table.directory
        return [a for unit in app.table.reached(4) for a in (*units[unit].to, *units[unit].cc)]


def test_one_mailbox_that_does_not_take_us_is_refused_and_holds_up_nobody(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    for odd in addresses(shipped)[:1]:
        with real_server(inbox := Picky([odd], str(DENIED))) as port:
            shipped.tick(APRIL, **by_smtp(port))
    [refused] = [v for v in shipped.notices(period="2026-04").values() if v.state != "sent"]
    assert (refused.state, refused.reason) == ("refused", "recipient-refused")
    assert len(inbox.reached) == len(set(inbox.reached)) >= 30
    assert alarms(caplog) == []


def test_three_refused_by_policy_wait_and_hold_up_nobody(shipped: Trial) -> None:
    odd = set(addresses(shipped)[:9:3])
    with real_server(inbox := Picky(odd, str(DENIED))) as port:
        shipped.tick(APRIL, **by_smtp(port))
        assert shipped.states(period="2026-04") == {
            ("sent", "accepted"), ("retry", "sender-refused"),
        }  # fmt: skip
        inbox.refused = ()
        shipped.tick(LATER, **by_smtp(port))
    assert shipped.states(period="2026-04") == {("sent", "accepted")}
    assert len(inbox.reached) == len(set(inbox.reached)) > 30


def test_three_wrong_mailboxes_in_a_row_cost_one_probe(shipped: Trial) -> None:
    wrong = set(addresses(shipped)[:3])
    with real_server(inbox := Picky(wrong, UNKNOWN)) as port:
        shipped.tick(APRIL, **by_smtp(port, connections=1))
        shipped.tick(next_probe(shipped), **by_smtp(port, connections=1))
    refused = {v.recipients[0].address for v in shipped.notices(state="refused").values()}
    assert refused == wrong
    assert shipped.states(period="2026-04") == {
        ("sent", "accepted"), ("refused", "recipient-refused"),
    }  # fmt: skip
    assert len(inbox.reached) == len(set(inbox.reached))


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("550 5.1.1 no such user", ("refused", "recipient-refused")),
        ("550 #5.1.0 Address rejected.", ("retry", "server")),
        ("550 5.2.0 not taken", ("retry", "server")),
    ],
)
def test_code_that_says_nothing_of_the_mailbox_leaves_it_to_the_words(
    shipped: Trial, reply: str, outcome: tuple[str, str]
) -> None:
    """One that says it is not there is never the server's trouble."""
    with bad_server(RCPT=[reply]) as server:
        shipped.tick(APRIL, **by_smtp(server.port))
    assert shipped.states(period="2026-04") == {outcome}


def test_own_house_is_reached_while_the_relay_takes_nothing_for_elsewhere(shipped: Trial) -> None:
    everybody = addresses(shipped)
    own, elsewhere = everybody[-2:], everybody[:-2]
    with real_server(inbox := Picky(elsewhere, str(DENIED))) as port:
        shipped.tick(APRIL, **by_smtp(port))
        for _ in range(3):
            if not inbox.reached:
                shipped.tick(next_probe(shipped), **by_smtp(port))
        assert set(inbox.reached) == set(own)
        inbox.refused = ()
        shipped.tick("2026-04-01T18:00+08:00", **by_smtp(port))
    assert sorted(inbox.reached) == sorted(everybody)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "554 5.7.1 <lead@a.test>: Relay access denied",
            "554 5.7.1 <r@b.test>: Relay access denied",
        ),
        ("550 LEAD@A.TEST not allowed", "550 R@B.Test not allowed"),
        ("550 user lead unknown here", "550 user r unknown here"),
        ("550 no (id 4Fq7x2, 10.1.2.3)", "550 no (id 9Zz1b, 10.1.2.4)"),
        ("550 host a.test: denied", "550 host b.test: denied"),
    ],
)
def test_replies_are_alike_but_for_address_and_numbers(one: str, other: str) -> None:
    assert alike(one, "lead@a.test") == alike(other, "r@b.test")


def test_address_in_its_own_script_is_left_out_too() -> None:
    one = alike("550 lead@办公室.test denied 办公室.test", "lead@xn--55qx2ab2r.test")
    assert one == alike("550 x@b.test denied b.test", "x@b.test")


def test_codes_and_words_tell_replies_apart() -> None:
    replies = ("550 5.1.2 denied", "550 5.1.3 denied", "554 5.1.2 denied", "550 5.1.2 unknown")
    assert len({alike(reply, "a@a.test") for reply in replies}) == 4


def test_alarm_counts_all_that_wait_also_what_was_tried(
    shipped: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server(RCPT=["421 closing"]) as server:
        shipped.tick(APRIL, **by_smtp(server.port, connections=1))
    waiting = len(shipped.notices(state="retry"))
    assert f"{waiting} notices wait" in alarms(caplog)[0]
