"""A mail server as a way out: what each of its answers means for each recipient."""

from base64 import b64encode
from collections.abc import Iterator
from time import monotonic

import pytest
import trustme

from reminder.delivery.transports import Envelope
from reminder.delivery.transports.smtp import SmtpTransport
from reminder.delivery.transports.throttles import THROTTLES, is_throttle
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.settings.model import SmtpSettings
from tests.delivery.servers import (
    CLOSE,
    DRIP,
    GO_THEN_CLOSE,
    HANG,
    Accounts,
    BadServer,
    Inbox,
    bad_server,
    real_server,
    server_tls,
)

# aiosmtpd says so of every server that offers AUTH without TLS, which one test is about.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

CONTENT = b"Subject: plan\r\n\r\n.\r\n..\r\n.one\r\ntwo.\r\n\r\nlast\r\n"
LEAD, RELATED = "lead@unit.test", "related@unit.test"
PASSWORD = "correct horse battery"
SHORT = 0.3


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def ours() -> bool:
    return True


def claim_that_lapses_after(times: int):
    answers = iter([True] * times)
    return lambda: next(answers, False)


def transport(port: int, **options) -> SmtpTransport:
    options = {"host": "127.0.0.1", "security": "none", "timeout": 5} | options
    return SmtpTransport(SmtpSettings(port=port, **options), "client.test")


def mail(*recipients: str, content: bytes = CONTENT) -> Envelope:
    return Envelope("<1@mail.test>", "office@mail.test", recipients or (LEAD,), content)


def send(server: BadServer, *recipients: str, claim=ours, content: bytes = CONTENT, **options):
    connection = transport(server.port, **options).open()
    try:
        return connection.send(mail(*recipients, content=content), claim)
    finally:
        connection.close()


def kind(answer: Answer) -> tuple[State, Reason]:
    return answer.state, answer.reason


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def port(inbox) -> Iterator[int]:
    with real_server(inbox) as port:
        yield port


# What arrives


def test_server_receives_the_stored_bytes(port, inbox):
    connection = transport(port).open()
    answers = connection.send(mail(LEAD, RELATED), ours)
    connection.close()
    assert {kind(one) for one in answers.values()} == {(State.SENT, Reason.ACCEPTED)}
    assert answers[LEAD].reply == "250 2.0.0 kept"
    assert [one.original_content for one in inbox.received] == [CONTENT]


def test_envelope_names_the_sender_and_every_recipient_once(port, inbox):
    connection = transport(port).open()
    connection.send(mail(LEAD, RELATED, LEAD), ours)
    connection.close()
    assert inbox.received[0].mail_from == "office@mail.test"
    assert inbox.received[0].rcpt_tos == [LEAD, RELATED]


def test_size_is_told_where_the_server_asks_for_it(port, inbox):
    connection = transport(port).open()
    connection.send(mail(), ours)
    connection.close()
    assert inbox.mail_options == [f"SIZE={len(CONTENT)}"]


def test_size_is_not_told_to_a_server_that_does_not_know_it():
    with bad_server(EHLO=["250 bad.test"]) as server:
        send(server)
        assert server.commands[1] == "mail FROM:<office@mail.test>"


def test_one_connection_carries_many_messages(port, inbox):
    connection = transport(port).open()
    for number in range(3):
        connection.send(mail(content=CONTENT + b"%d\r\n" % number), ours)
    connection.close()
    assert len(inbox.received) == 3


def test_missing_last_line_end_is_added_before_the_final_dot():
    with bad_server() as server:
        send(server, content=b"a\r\n.b")
        assert server.bodies == [b"a\r\n..b\r\n"]


# The server fails before any message is at risk


@pytest.mark.parametrize(
    ("verb", "reply", "step"),
    [
        ("GREETING", "421 4.3.2 too busy", "greeting: 421 4.3.2 too busy"),
        ("GREETING", "554 5.7.1 go away", "greeting: 554 5.7.1 go away"),
        ("GREETING", "hello there", "greeting: not an SMTP reply: o there"),
        ("GREETING", CLOSE, "greeting: Connection unexpectedly closed"),
        ("GREETING", HANG, "greeting: Connection unexpectedly closed: timed out"),
        ("GREETING", "220-" + "x" * 9000, "greeting: 500 Line too long"),
        ("EHLO", "550 5.5.1 not you", "EHLO: 550 5.5.1 not you"),
        ("EHLO", CLOSE, "EHLO: Connection unexpectedly closed"),
    ],
)
def test_failed_opening_names_server_step_and_reply(verb, reply, step):
    with bad_server(**{verb: [reply]}) as server, pytest.raises(ServerError) as error:
        transport(server.port, timeout=SHORT).open()
    assert f"127.0.0.1:{server.port}" in str(error.value)
    assert step in str(error.value)
    assert not error.value.permanent


def test_nobody_listening_is_a_server_failure():
    with bad_server() as server:
        port = server.port
    with pytest.raises(ServerError, match=f"127.0.0.1:{port} failed at connect: .*refused"):
        transport(port).open()


def test_host_without_address_is_a_server_failure():
    with pytest.raises(ServerError, match="failed at connect"):
        transport(25, host="a..b").open()


def test_dripping_server_does_not_outlast_the_timeout():
    began = monotonic()
    with bad_server(GREETING=[DRIP]) as server, pytest.raises(ServerError, match="timed out"):
        transport(server.port, timeout=SHORT).open()
    assert monotonic() - began < 2


def test_endless_reply_is_cut_off():
    endless = "\r\n".join(["250-more of the same and again"] * 5000)
    with bad_server(EHLO=[endless]) as server, pytest.raises(ServerError, match="a reply of more"):
        transport(server.port).open()


@pytest.mark.parametrize("reply", ["451 4.3.0 later", "550 5.7.1 not from you", CLOSE, "what"])
def test_refused_mail_concerns_the_server(reply):
    with bad_server(MAIL=[reply]) as server:
        connection = transport(server.port).open()
        with pytest.raises(ServerError, match=rf"127.0.0.1:{server.port} \w+( at)? MAIL: "):
            connection.send(mail(), ours)
        assert connection.closed
        assert "RCPT" not in server.verbs


def test_closed_connection_says_so():
    with bad_server() as server:
        connection = transport(server.port).open()
        connection.close()
        connection.close()
        with pytest.raises(ServerError, match="MAIL: the connection is closed"):
            connection.send(mail(), ours)


def test_closing_a_hung_connection_neither_raises_nor_waits():
    with bad_server(QUIT=[HANG]) as server:
        connection = transport(server.port, timeout=SHORT).open()
        began = monotonic()
        connection.close()
    assert monotonic() - began < 2


# Recipients


def test_one_refused_recipient_does_not_stop_the_other():
    with bad_server(RCPT=["250 ok", "550 5.1.1 no such user"]) as server:
        answers = send(server, LEAD, RELATED)
        assert kind(answers[LEAD]) == (State.SENT, Reason.ACCEPTED)
        assert kind(answers[RELATED]) == (State.REFUSED, Reason.RECIPIENT_REFUSED)
        assert answers[RELATED].reply == "550 5.1.1 no such user"


@pytest.mark.parametrize("reply", ["251 will forward", "252 cannot verify, will try"])
def test_forwarded_and_unverified_recipients_count_as_accepted(reply):
    with bad_server(RCPT=[reply]) as server:
        assert send(server)[LEAD].state == State.SENT


def test_deferred_recipient_waits():
    with bad_server(RCPT=["450 4.2.0 greylisted"]) as server:
        answer = send(server)[LEAD]
        assert answer == Answer(State.RETRY, Reason.RECIPIENT_DEFERRED, "450 4.2.0 greylisted")


@pytest.mark.parametrize(
    "reply",
    [
        "550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help",
        "550 Mailbox unavailable or access denied [abc]",
        "550-more\r\n550 RP:TRC 163 smtp1,abc",
        "554 5.5.0 MI:STC 163 smtp2",
    ],
)
def test_throttle_that_lies_with_a_550_waits(reply):
    with bad_server(RCPT=[reply]) as server:
        assert kind(send(server)[LEAD]) == (State.RETRY, Reason.THROTTLED)


def test_every_throttle_has_a_source_and_is_known():
    for throttle in THROTTLES:
        assert throttle.source.startswith("http")
        assert is_throttle(f"550 {throttle.words} x")


@pytest.mark.parametrize(
    "reply", ["550 Mailbox unavailable", "554 DT:SPM 163 smtp", "550 User suspended", "550 RP:TRCX"]
)
def test_other_refusals_are_not_taken_for_throttles(reply):
    assert not is_throttle(reply)


def test_when_all_recipients_fail_nothing_is_sent():
    with bad_server(RCPT=["550 no", "450 later"]) as server:
        answers = send(server, LEAD, RELATED)
        assert [answers[LEAD].state, answers[RELATED].state] == [State.REFUSED, State.RETRY]
        assert server.verbs == ["EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"]


def test_421_at_rcpt_ends_the_connection_and_keeps_what_was_refused():
    with bad_server(RCPT=["250 ok", "550 no", "421 4.3.2 closing"]) as server:
        connection = transport(server.port).open()
        answers = connection.send(mail(LEAD, RELATED, "c@unit.test", "d@unit.test"), ours)
        assert connection.closed
        assert "DATA" not in server.verbs
    assert kind(answers[RELATED]) == (State.REFUSED, Reason.RECIPIENT_REFUSED)
    for one in (LEAD, "c@unit.test", "d@unit.test"):
        assert answers[one] == Answer(State.RETRY, Reason.SERVER, "421 4.3.2 closing")


@pytest.mark.parametrize("reply", [CLOSE, HANG, "what"])
def test_broken_off_at_rcpt_is_tried_again(reply):
    with bad_server(RCPT=[reply]) as server:
        answers = send(server, LEAD, RELATED, timeout=SHORT)
        assert {kind(one) for one in answers.values()} == {(State.RETRY, Reason.SERVER)}
        assert "DATA" not in server.verbs


def test_address_that_smtp_cannot_say_is_refused_alone():
    with bad_server() as server:
        answers = send(server, LEAD, "部门@unit.test", "x@unit.test>\r\nDATA")
        assert [one.state for one in answers.values()].count(State.REFUSED) == 2
        assert answers[LEAD].state == State.SENT
        assert server.verbs.count("DATA") == 1


def test_reply_is_one_harmless_line_of_at_most_500_characters():
    reply = "550-5.1.1 \x1b[31m不存在\x07\r\n550 " + "很长" * 400
    with bad_server(RCPT=[reply]) as server:
        words = send(server)[LEAD].reply
        assert words.startswith("550 5.1.1 [31m不存在 很长")
        assert words.isprintable()
        assert len(words) == 500


# Reserved addresses


def reserved_rule(monkeypatch_free_server: BadServer, host_is_loopback: bool, *recipients: str):
    """The rule on a connection that believes itself far from, or on, this machine."""
    connection = transport(monkeypatch_free_server.port).open()
    connection._spares_reserved = not host_is_loopback
    answers = connection.send(mail(*recipients), ours)
    connection.close()
    return answers


# The message


@pytest.mark.parametrize("verb", ["DATA", "BODY"])
@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        ("552 5.3.4 too large", State.REFUSED, Reason.MESSAGE_REFUSED),
        ("554 5.7.1 spam", State.REFUSED, Reason.MESSAGE_REFUSED),
        ("451 4.3.0 later", State.RETRY, Reason.MESSAGE_DEFERRED),
        ("421 4.3.2 closing", State.RETRY, Reason.MESSAGE_DEFERRED),
        ("550 Sender frequency limited", State.RETRY, Reason.THROTTLED),
    ],
)
def test_refused_message_is_refused_for_all_accepted_recipients(verb, reply, state, reason):
    with bad_server(**{verb: [reply], "RCPT": ["250 ok", "250 ok", "550 no"]}) as server:
        answers = send(server, LEAD, RELATED, "gone@unit.test")
        assert answers[LEAD] == answers[RELATED] == Answer(state, reason, reply)
        assert answers["gone@unit.test"].reason == Reason.RECIPIENT_REFUSED


def test_connection_carries_on_after_a_refused_message():
    with bad_server(DATA=["554 spam", "354 go"]) as server:
        connection = transport(server.port).open()
        first, second = (connection.send(mail(), ours)[LEAD].state for _ in range(2))
        connection.close()
        assert (first, second) == (State.REFUSED, State.SENT)
        assert server.verbs[3:6] == ["DATA", "RSET", "MAIL"]


def test_421_at_data_ends_the_connection():
    with bad_server(DATA=["421 closing"]) as server:
        connection = transport(server.port).open()
        connection.send(mail(), ours)
        assert connection.closed


def test_server_that_balks_at_rset_is_not_used_again():
    with bad_server(RCPT=["550 no"], RSET=["500 what"]) as server:
        connection = transport(server.port).open()
        assert connection.send(mail(), ours)[LEAD].state == State.REFUSED
        assert connection.closed


@pytest.mark.parametrize(
    "script",
    [
        {"DATA": [HANG]},
        {"DATA": [CLOSE]},
        {"DATA": ["what"]},
        {"DATA": ["250 odd"]},
        {"DATA": [GO_THEN_CLOSE]},
        {"BODY": [HANG]},
        {"BODY": [CLOSE]},
        {"BODY": [DRIP]},
        {"BODY": ["what"]},
        {"BODY": ["354 again"]},
    ],
)
def test_answer_lost_after_data_is_tried_again_on_a_new_connection(script):
    with bad_server(RCPT=["250 ok", "550 no"], **script) as server:
        connection = transport(server.port, timeout=SHORT).open()
        answers = connection.send(mail(LEAD, RELATED), ours)
        assert connection.closed
    assert kind(answers[LEAD]) == (State.RETRY, Reason.ANSWER_LOST)
    assert kind(answers[RELATED]) == (State.REFUSED, Reason.RECIPIENT_REFUSED)


def test_connection_cut_inside_a_large_body_is_an_answer_lost():
    large = b"Subject: plan\r\n\r\n" + b"x" * 76 + b"\r\n" * 4_000_000
    with bad_server(EHLO=["250 bad.test"], DATA=[GO_THEN_CLOSE]) as server:
        assert kind(send(server, content=large)[LEAD]) == (State.RETRY, Reason.ANSWER_LOST)


def test_message_larger_than_the_server_takes_is_refused_before_mail():
    with bad_server(EHLO=["250-bad.test\r\n250 SIZE 20"]) as server:
        answer = send(server)[LEAD]
        assert kind(answer) == (State.REFUSED, Reason.MESSAGE_REFUSED)
        assert answer.reply == f"not sent: {len(CONTENT)} bytes, the server takes 20"
        assert "MAIL" not in server.verbs


# The claim


@pytest.mark.parametrize(("asked", "unseen"), [(0, "MAIL"), (1, "DATA")])
def test_lapsed_claim_sends_nothing_and_drops_the_connection(asked, unseen):
    with bad_server() as server:
        connection = transport(server.port).open()
        with pytest.raises(ClaimLapsedError, match=unseen):
            connection.send(mail(), claim_that_lapses_after(asked))
        assert connection.closed
        assert unseen not in server.verbs
        assert server.bodies == []


# Encryption and log-in


def test_mail_never_goes_unencrypted_in_place_of_starttls():
    with bad_server() as server, pytest.raises(ServerError, match="STARTTLS") as error:
        transport(server.port, security="starttls").open()
    assert error.value.permanent
    assert server.verbs == ["EHLO"]


def test_refused_starttls_is_a_server_failure():
    script = {"EHLO": ["250-bad.test\r\n250 STARTTLS"], "STARTTLS": ["454 4.7.0 not now"]}
    with bad_server(**script) as server, pytest.raises(ServerError, match="STARTTLS: 454 4.7.0"):
        transport(server.port, security="starttls").open()


@pytest.fixture
def starttls_port(inbox, authority) -> Iterator[int]:
    with real_server(inbox, tls_context=server_tls(authority, "localhost")) as port:
        yield port


@pytest.fixture
def tls_port(inbox, authority) -> Iterator[int]:
    with real_server(inbox, ssl_context=server_tls(authority, "localhost")) as port:
        yield port


@pytest.mark.parametrize(
    ("security", "fixture"), [("starttls", "starttls_port"), ("tls", "tls_port")]
)
def test_encrypted_mail_arrives_when_the_authority_is_known(
    security, fixture, request, inbox, ca_file
):
    port = request.getfixturevalue(fixture)
    way = transport(port, host="localhost", security=security, ca_file=ca_file)
    connection = way.open()
    connection.send(mail(), ours)
    connection.close()
    assert inbox.received[0].original_content == CONTENT
    assert way.check() == f"localhost:{port} answers as mail.test, TLSv1.3, not logged in."


@pytest.mark.parametrize(
    ("security", "fixture"), [("starttls", "starttls_port"), ("tls", "tls_port")]
)
def test_unknown_authority_is_refused(security, fixture, request, inbox):
    port = request.getfixturevalue(fixture)
    with pytest.raises(ServerError, match="CERTIFICATE_VERIFY_FAILED") as error:
        transport(port, host="localhost", security=security).open()
    assert error.value.permanent
    assert inbox.received == []


@pytest.mark.parametrize(
    ("security", "fixture"), [("starttls", "starttls_port"), ("tls", "tls_port")]
)
def test_certificate_of_another_host_is_refused(security, fixture, request, ca_file):
    port = request.getfixturevalue(fixture)
    with pytest.raises(ServerError, match="IP address mismatch") as error:
        transport(port, host="127.0.0.1", security=security, ca_file=ca_file).open()
    assert error.value.permanent


def test_ca_file_that_is_missing_or_empty_is_said(tls_port, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for name in ("absent.pem", "empty.pem"):
        with pytest.raises(ServerError, match=f"{name}.*wanted certificates") as error:
            transport(tls_port, security="tls", ca_file=tmp_path / name).open()
        assert error.value.permanent


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_server_that_hangs_in_the_handshake_is_a_server_failure(security):
    script = {"EHLO": ["250-bad.test\r\n250 STARTTLS"], "STARTTLS": ["220 go"], "\x16": [HANG]}
    with bad_server(**script) as server, pytest.raises(ServerError):
        transport(server.port, security=security, timeout=SHORT).open()


def test_password_is_never_shown_to_the_network():
    way = transport(25, host="mail.test", username="office", password=PASSWORD)
    with pytest.raises(ServerError, match="without encryption") as error:
        way.open()
    assert error.value.permanent


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_log_in_on_loopback_needs_no_encryption(inbox, mechanism):
    others = {"PLAIN", "LOGIN"} - {mechanism}
    accounts = Accounts("office", PASSWORD)
    options = {"auth_require_tls": False, "auth_exclude_mechanism": others}
    with real_server(inbox, authenticator=accounts, **options) as port:
        words = transport(port, username="office", password=PASSWORD).check()
    assert words == f"127.0.0.1:{port} answers as mail.test, no encryption, logged in."
    assert accounts.tried == [mechanism]


def test_log_in_over_tls(inbox, authority, ca_file):
    accounts = Accounts("office", PASSWORD)
    tls = server_tls(authority, "localhost")
    with real_server(inbox, authenticator=accounts, tls_context=tls, auth_required=True) as port:
        connection = transport(
            port,
            host="localhost",
            security="starttls",
            ca_file=ca_file,
            username="office",
            password=PASSWORD,
        ).open()
        assert connection.send(mail(), ours)[LEAD].state == State.SENT
        connection.close()


def test_refused_log_in_is_tried_once_and_says_why_without_the_password(inbox):
    accounts = Accounts("office", "another")
    with real_server(inbox, authenticator=accounts, auth_require_tls=False) as port:
        with pytest.raises(ServerError, match="535 5.7.8") as error:
            transport(port, username="office", password=PASSWORD).open()
    assert error.value.permanent
    assert PASSWORD not in str(error.value)
    assert accounts.tried == ["PLAIN"]


OFFERS = "250-bad.test\r\n250 AUTH PLAIN LOGIN CRAM-MD5"


def log_in(server: BadServer, password: str = PASSWORD) -> ServerError:
    with pytest.raises(ServerError) as error:
        transport(server.port, username="office", password=password, timeout=SHORT).open()
    return error.value


def test_password_that_the_server_echoes_is_struck_out():
    plain = b64encode(f"\0office\0{PASSWORD}".encode()).decode()
    with bad_server(
        EHLO=[OFFERS], AUTH=[f"501 5.5.2 what is AUTH PLAIN {plain} {PASSWORD}"]
    ) as server:
        error = log_in(server)
    assert str(error).endswith("501 5.5.2 what is AUTH PLAIN *** ***")


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        ("535 5.7.8 wrong", True),
        ("454 4.7.0 later", False),
        ("421 4.3.2 closing", False),
        ("what", False),
        (CLOSE, False),
        (HANG, False),
    ],
)
def test_only_a_final_refusal_of_the_log_in_is_permanent(reply, permanent):
    with bad_server(EHLO=[OFFERS], AUTH=[reply]) as server:
        assert log_in(server).permanent is permanent
        assert server.verbs.count("AUTH") == 1


def test_mechanism_that_the_server_does_not_know_gives_way_to_the_next():
    with bad_server(EHLO=[OFFERS], AUTH=["504 5.5.4 unknown", "235 2.7.0 welcome"]) as server:
        transport(server.port, username="office", password=PASSWORD).open().close()
        assert [line.split()[1] for line in server.commands if line.startswith("AUTH")] == [
            "PLAIN",
            "LOGIN",
        ]


def test_challenge_that_is_not_base64_is_a_server_failure():
    offers = "250-bad.test\r\n250 AUTH CRAM-MD5"
    with bad_server(EHLO=[offers], AUTH=["334 x"]) as server:
        assert not log_in(server).permanent


def test_server_without_log_in_is_said():
    with bad_server() as server:
        error = log_in(server)
    assert error.permanent
    assert "offers no log-in" in str(error)


def test_password_outside_ascii_is_said_and_not_shown():
    with bad_server(EHLO=[OFFERS]) as server:
        error = log_in(server, "密码密码")
    assert error.permanent
    assert "not ASCII" in str(error)
    assert "密码" not in str(error)


def test_no_user_name_means_no_log_in():
    with bad_server(EHLO=[OFFERS]) as server:
        send(server)
        assert "AUTH" not in server.verbs


def test_password_stands_in_no_repr():
    way = transport(25, username="office", password=PASSWORD)
    assert PASSWORD not in repr(way) + repr(vars(way))
