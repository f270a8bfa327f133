"""Commands sent ahead (PIPELINING): what is owed to the server, and when they go one by one."""

import logging

import pytest

from reminder.domain.notices import Reason, State
from reminder.errors import ServerError
from reminder.mail.transports import smtp_client
from reminder.mail.transports.smtp import SmtpTransport
from tests.mail.certificates import Certificates
from tests.mail.servers import (
    CLOSE,
    CUT_SHORT,
    DRIP,
    HANG,
    LEAD,
    RELATED,
    SHORT,
    BadServer,
    Deaf,
    Held,
    Last,
    Slow,
    bad_server,
    kind,
    mail,
    ours,
    send,
    transport,
)

TOGETHER = {"MAIL": [Held("250 ok")], "RCPT": [Held("250 ok")], "DATA": ["354 go"]}
MANY = [f"p{number}@unit.test" for number in range(1000)]


def sent_anew(way: SmtpTransport, *recipients: str) -> set[State]:
    """Over a connection of its own."""
    connection = way.open()
    try:
        return {one.state for one in connection.send(mail(*recipients), ours).values()}
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def _offered(monkeypatch):
    monkeypatch.setattr(BadServer, "pipelining", True)


# In groups


@pytest.mark.parametrize(
    "script",
    [
        TOGETHER,
        {"MAIL": [Slow("250 ok")], "RCPT": [Slow("250-a\r\n250 b")], "DATA": [Slow("354 go")]},
    ],
    ids=["two round trips", "byte by byte"],
)
def test_message_takes_two_round_trips_and_replies_may_come_byte_by_byte(script):
    with bad_server(**script) as server:
        assert send(server, LEAD, RELATED, timeout=SHORT)[RELATED].state == State.SENT
        assert server.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA", "QUIT"]
        assert server.accepted == [(LEAD, server.bodies[0]), (RELATED, server.bodies[0])]


def test_no_more_than_a_hundred_commands_go_ahead():
    """The server forgets whatever comes beyond them."""
    a_group = [*[Held("250 ok")] * 99, Deaf("250 ok")]
    with bad_server(MAIL=[Held("250 ok")], RCPT=[*a_group[1:], *a_group * 9, "250 ok"]) as server:
        answers = send(server, *MANY, timeout=2)
        assert {one.state for one in answers.values()} == {State.SENT}
        assert [to for to, _ in server.accepted] == MANY
        assert server.verbs.count("EHLO") == 1


def test_each_of_many_recipients_gets_its_own_answer():
    replies = [["250 ok", "550 no such user", "450 later"][number % 3] for number in range(1000)]
    with bad_server(RCPT=replies) as server:
        answers = send(server, *MANY)
        assert [to for to, _ in server.accepted] == MANY[::3]
    assert [answers[one].reply for one in MANY[1::3]] == ["550 no such user"] * 333
    assert {kind(answers[one]) for one in MANY[2::3]} == {(State.RETRY, Reason.RECIPIENT_DEFERRED)}


@pytest.mark.parametrize(
    ("before", "under_tls", "grouped"),
    [
        ("250-bad.test\r\n250-PIPELINING\r\n250 STARTTLS", "250 bad.test", False),
        ("250-bad.test\r\n250 STARTTLS", "250-bad.test\r\n250 PIPELINING", True),
    ],
)
def test_only_what_is_offered_under_tls_counts(before, under_tls, grouped, tmp_path, monkeypatch):
    monkeypatch.setattr(BadServer, "pipelining", False)
    known = Certificates(tmp_path)
    script = {"EHLO": [before, under_tls], "STARTTLS": ["220 go"]}
    with bad_server(**script, **TOGETHER) as server:
        server.tls = known.contexts["good"]
        secure = {"security": "starttls", "ca_file": known.authority, "timeout": SHORT}
        if grouped:
            assert send(server, **secure)[LEAD].state == State.SENT
        else:
            with pytest.raises(ServerError, match=r"MAIL: .*timed out"):
                send(server, **secure)


# Nobody is to get it


@pytest.mark.parametrize("end", ["554 5.5.1 no valid recipients", "250 2.0.0 kept"])
def test_lone_dot_ends_what_has_no_recipients_and_the_connection_goes_on(end):
    refused = {"RCPT": ["550 no", "450 later", "250 ok"], "BODY": [end, "250 ok"]}
    with bad_server(**refused) as server:
        connection = transport(server.port).open()
        answers = connection.send(mail(LEAD, RELATED), ours)
        assert [answers[LEAD].state, answers[RELATED].state] == [State.REFUSED, State.RETRY]
        assert connection.send(mail(), ours)[LEAD].state == State.SENT
        connection.close()
        assert server.verbs[4:7] == ["DATA", "RSET", "MAIL"]
        assert server.lone_dots == 1
        assert len(server.accepted) == 1


@pytest.mark.parametrize("data", ["354 go", "503 5.5.1 RCPT first", "554 5.5.1 no recipients"])
def test_mail_refused_for_its_size_leaves_the_connection_good(data):
    script = {
        "MAIL": ["552 5.3.4 too large", "250 ok"],
        "RCPT": ["503 MAIL first", "503 MAIL first", "250 ok"],
        "DATA": [data, "354 go"],
    }
    with bad_server(**script) as server:
        connection = transport(server.port).open()
        answers = connection.send(mail(LEAD, RELATED), ours)
        assert {kind(one) for one in answers.values()} == {(State.REFUSED, Reason.MESSAGE_REFUSED)}
        assert connection.send(mail(), ours)[LEAD].state == State.SENT
        connection.close()
        assert server.verbs.count("EHLO") == 1
        assert server.lone_dots == (data == "354 go")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        *[({"MAIL": ["451 4.3.0 later"], "RCPT": [rest]}, "refused MAIL: 451")
          for rest in ("503 MAIL first", "250 ok", CLOSE)],
        *[({"GREETING": ["220 hi", again], "RCPT": [CLOSE]}, "greeting")
          for again in (CLOSE, "421 4.3.2 too busy")],
    ],
)  # fmt: skip
def test_refused_mail_or_group_that_cannot_be_asked_again_concerns_the_server(script, said):
    """Whatever it says to the rest."""
    with bad_server(**script) as server:
        with pytest.raises(ServerError, match=said):
            send(server)
        assert server.dropped
    assert server.bodies == []


def test_nobody_gets_an_empty_mail_from_a_server_that_refused_mail_and_took_recipients():
    with bad_server(MAIL=["552 5.3.4 too large"]) as server:
        assert send(server)[LEAD].state == State.REFUSED
        assert server.dropped
    assert server.verbs[-1] == "DATA"
    assert server.accepted == []


# One by one after all


@pytest.mark.parametrize(
    ("verb", "replies"),
    [
        *[("MAIL", [odd, "250 ok"]) for odd in (Deaf("250 ok"), CLOSE)],
        *[("RCPT", ["250 ok", odd, "250 ok"]) for odd in (CLOSE, HANG)],
        *[("RCPT", [odd, "250 ok"]) for odd in (DRIP, Last("250 ok"), "what", "354 odd")],
        ("RCPT", [Deaf("250 ok")]),
        *[("DATA", [odd, "354 go"]) for odd in (CUT_SHORT, CLOSE, "250 odd")],
    ],
)
def test_group_that_goes_unanswered_is_told_one_by_one_on_a_new_connection(verb, replies, caplog):
    with bad_server(**{verb: replies}) as server:
        way = transport(server.port, timeout=SHORT)
        for _ in range(2):
            assert sent_anew(way, LEAD, RELATED) == {State.SENT}
        assert [to for to, _ in server.accepted] == [LEAD, RELATED] * 2
        assert server.verbs.count("EHLO") == 3
    warnings = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "one by one" in warnings[0]


@pytest.mark.parametrize("first", [["550 no", "250 ok"], ["250 ok", "550 no"]])
def test_refusal_in_a_group_that_is_out_of_step_may_be_anothers_and_does_not_count(first):
    replies = [*map(Held, first), "250 ok"]
    with bad_server(MAIL=[Held("250 ok\r\n250 ok"), "250 ok"], RCPT=replies) as server:
        answers = send(server, LEAD, RELATED)
    assert {one.state for one in answers.values()} == {State.SENT}


def test_server_that_restarted_is_believed_again_after_a_while(monkeypatch):
    monkeypatch.setattr(smtp_client, "DOUBT", 0)
    with bad_server(RCPT=[CLOSE, Held("250 ok")]) as server:
        way = transport(server.port, timeout=SHORT)
        assert [sent_anew(way) for _ in range(2)] == [{State.SENT}] * 2


@pytest.mark.parametrize("end", [CLOSE, HANG, "421 4.3.2 enough"])
def test_connection_that_served_well_and_ends_says_nothing_against_groups(end, caplog):
    with bad_server(MAIL=["250 ok", end, Held("250 k")]) as server:
        way = transport(server.port, timeout=SHORT)
        connection = way.open()
        connection.send(mail(), ours)
        with pytest.raises(ServerError):
            connection.send(mail(), ours)
        assert sent_anew(way) == {State.SENT}
    assert caplog.records == []
    with bad_server(RCPT=["250 ok", "421 4.3.2 closing"]) as server:
        answers = send(server, LEAD, RELATED)  # nor does a 421 within one
        assert {kind(one) for one in answers.values()} == {(State.RETRY, Reason.SERVER)}
        assert server.verbs.count("EHLO") == 1
    assert caplog.records == []
