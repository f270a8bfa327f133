"""A mail server as a way out: connecting, encrypting, logging in, and how each of them fails."""

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from reminder.documents.server_sections import SmtpSettings
from reminder.domain.notices import State
from reminder.errors import ServerError
from reminder.mail.transports.smtp import SmtpTransport
from tests.mail.certificates import Certificates
from tests.mail.servers import (
    CLOSE,
    CONTENT,
    DRIP,
    HANG,
    LEAD,
    SHORT,
    Accounts,
    BadServer,
    Inbox,
    bad_server,
    mail,
    ours,
    real_server,
    server_tls,
    transport,
)

PASSWORD = "correct horse battery"
ENDLESS = "\r\n".join(["250-more of the same and again"] * 5000)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def failure(way: SmtpTransport) -> ServerError:
    with pytest.raises(ServerError) as error:
        way.open()
    return error.value


# The server fails before any message is at risk


@pytest.mark.parametrize(
    ("verb", "reply", "step"),
    [
        ("GREETING", "421 4.3.2 too busy", "greeting: 421 4.3.2 too busy"),
        ("GREETING", "554 5.7.1 go away", "greeting: 554 5.7.1 go away"),
        ("GREETING", "hello there", "greeting: not an SMTP reply: o there"),
        ("GREETING", CLOSE, "greeting: Connection unexpectedly closed"),
        ("GREETING", HANG, "greeting: Connection unexpectedly closed: timed out"),
        ("GREETING", "220-" + "x" * 9000, "greeting: Connection unexpectedly closed: a line of"),
        ("EHLO", "550 5.5.1 not you", "EHLO: 550 5.5.1 not you"),
        ("EHLO", CLOSE, "EHLO: Connection unexpectedly closed"),
        ("GREETING", DRIP, "timed out"),
        ("EHLO", ENDLESS, "a reply of more"),
    ],
)
def test_failed_opening_names_server_step_and_reply(verb, reply, step):
    with bad_server(**{verb: [reply]}) as server:
        error = failure(transport(server.port, timeout=SHORT))
    assert f"127.0.0.1:{server.port}" in str(error)
    assert step in str(error)
    assert not error.permanent


def test_server_that_knows_no_ehlo_is_greeted_by_helo():
    with bad_server(EHLO=["500 what"], HELO=["250 old.test"]) as server:
        assert "answers as old.test, no encryption" in checked(transport(server.port))
        assert server.verbs[:2] == ["EHLO", "HELO"]


def test_closed_connection_says_so_and_closing_a_hung_one_neither_raises_nor_hangs():
    with bad_server() as server:
        connection = transport(server.port).open()
        connection.close()
        connection.close()
        with pytest.raises(ServerError, match="MAIL: the connection is closed"):
            connection.send(mail(), ours)
    with bad_server(QUIT=[HANG]) as server:
        transport(server.port, timeout=SHORT).open().close()


# Encryption and log-in


def test_neither_mail_nor_password_goes_unencrypted_in_place_of_starttls():
    with bad_server() as server:
        error = failure(transport(server.port, security="starttls"))
    assert (error.permanent, "STARTTLS" in str(error)) == (True, True)
    assert server.verbs == ["EHLO"]
    way = transport(25, host="mail.test", username="office", password=PASSWORD)
    error = failure(way)
    assert (error.permanent, "without encryption" in str(error)) == (True, True)
    assert PASSWORD not in repr(way) + repr(vars(way))


@pytest.fixture(params=["starttls", "tls"])
def secure(request, inbox, authority) -> Iterator[dict[str, Any]]:
    """Settings of a server that encrypts, in either way."""
    name = "tls_context" if request.param == "starttls" else "ssl_context"
    with real_server(inbox, **{name: server_tls(authority, "localhost")}) as port:
        yield {"port": port, "host": "localhost", "security": request.param}


def test_encrypted_mail_arrives_when_the_authority_is_known(secure, inbox, ca_file):
    way = transport(**secure, ca_file=ca_file)
    connection = way.open()
    connection.send(mail(), ours)
    connection.close()
    assert inbox.received[0].original_content == CONTENT
    assert "answers as mail.test, TLSv1.3, not logged in." in checked(way)


def test_unknown_authority_and_another_host_are_refused(secure, inbox, ca_file):
    for more, words in [
        ({}, "CERTIFICATE_VERIFY_FAILED"),
        ({"host": "127.0.0.1", "ca_file": ca_file}, "IP address mismatch"),
    ]:
        error = failure(transport(**secure | more))
        assert error.permanent
        assert words in str(error)
    assert inbox.received == []


@pytest.mark.parametrize(
    ("certificate", "hint"),
    [("expired", "must be renewed"), ("self-signed", "smtp.ca_file"), ("TLS 1.0", "TLS 1.2")],
)
def test_refused_encryption_says_what_to_do(tmp_path, certificate, hint):
    shown = Certificates(tmp_path)
    script = {"EHLO": ["250-bad.test\r\n250 STARTTLS"], "STARTTLS": ["220 go"]}
    with bad_server(**script) as server:
        server.tls = shown.contexts[certificate]
        way = transport(server.port, security="starttls", ca_file=shown.authority)
        assert hint in failure(way).hint


def test_ca_file_that_is_missing_or_empty_is_said(tmp_path):
    (tmp_path / "empty.pem").write_text("")
    for name in ("absent.pem", "empty.pem"):
        error = failure(transport(25, security="tls", ca_file=tmp_path / name))
        assert error.permanent
        assert f"{name}: " in str(error)
        assert "wanted certificates" in str(error)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_log_in_on_loopback_needs_no_encryption(inbox, mechanism):
    others = {"PLAIN", "LOGIN"} - {mechanism}
    accounts = Accounts("office", PASSWORD)
    options = {"auth_require_tls": False, "auth_exclude_mechanism": others}
    with real_server(inbox, authenticator=accounts, **options) as port:
        words = checked(transport(port, username="office", password=PASSWORD))
    assert words.startswith(
        f"127.0.0.1:{port} answers as mail.test, no encryption, logged in by {mechanism}."
    )
    assert accounts.tried == [mechanism]


def test_log_in_over_tls(inbox, authority, ca_file):
    accounts, tls = Accounts("office", PASSWORD), server_tls(authority, "localhost")
    named = {"username": "office", "password": PASSWORD, "ca_file": ca_file}
    with real_server(inbox, authenticator=accounts, tls_context=tls, auth_required=True) as port:
        connection = transport(port, host="localhost", security="starttls", **named).open()
        assert connection.send(mail(), ours)[LEAD].state == State.SENT
        connection.close()


def test_refused_log_in_is_tried_once_and_says_why_without_the_password(inbox):
    accounts = Accounts("office", "another")
    with real_server(inbox, authenticator=accounts, auth_require_tls=False) as port:
        error = failure(transport(port, username="office", password=PASSWORD))
    assert error.permanent
    assert "535 5.7.8" in str(error)
    assert PASSWORD not in str(error)
    assert accounts.tried == ["PLAIN"]


OFFERS = "250-bad.test\r\n250 AUTH PLAIN LOGIN CRAM-MD5"


def log_in(server: BadServer, password: str = PASSWORD) -> ServerError:
    way = transport(server.port, username="office", password=password, timeout=SHORT)
    return failure(way)


def test_password_that_the_server_echoes_is_struck_out_where_there_is_one():
    plain = b64encode(f"\0office\0{PASSWORD}".encode()).decode()
    with bad_server(
        EHLO=[OFFERS], AUTH=[f"501 5.5.2 what is AUTH PLAIN {plain} {PASSWORD}"]
    ) as server:
        error = log_in(server)
    assert str(error).endswith("501 5.5.2 what is AUTH PLAIN *** ***")
    with bad_server(EHLO=[OFFERS], AUTH=["535 5.7.8 wrong"]) as server:
        assert str(log_in(server, "")).endswith("log-in of office: 535 5.7.8 wrong")


def test_mechanism_that_the_server_does_not_know_gives_way_to_the_next():
    with bad_server(EHLO=[OFFERS], AUTH=["504 5.5.4 unknown", "235 2.7.0 welcome"]) as server:
        transport(server.port, username="office", password=PASSWORD).open().close()
        asked = [line.split()[1] for line in server.commands if line.startswith("AUTH")]
    assert asked == ["PLAIN", "LOGIN"]


def test_failed_opening_where_nobody_listens_or_tls_or_log_in_breaks_is_the_servers():
    with bad_server(**{"\x16": [HANG]}) as server:
        assert not failure(transport(server.port, security="tls", timeout=SHORT)).permanent
    # Nobody listens there any more.
    assert f"127.0.0.1:{server.port} failed at connect: " in str(failure(transport(server.port)))
    with bad_server(EHLO=["250-bad.test\r\n250 AUTH CRAM-MD5"], AUTH=["334 x"]) as server:
        assert not log_in(server).permanent  # its challenge is not base64
    with bad_server() as server:
        error = log_in(server)
    assert error.permanent
    assert "offers no log-in" in str(error)


# What the server would say to a mail


def checked(way: SmtpTransport) -> str:
    return str(way.check("office@mail.test", LEAD))


def test_check_asks_about_sender_and_recipient_and_sends_nothing():
    with bad_server() as server:
        assert checked(transport(server.port)).endswith(
            f"takes mail from office@mail.test to {LEAD}; nothing was sent."
        )
    assert server.commands[1:] == [
        "MAIL FROM:<office@mail.test>", f"RCPT TO:<{LEAD}>", "rset", "QUIT".lower(),
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_check_says_what_the_server_refuses_or_puts_off(verb):
    with (
        bad_server(**{verb: ["554 5.7.1 Relay access denied"]}) as server,
        pytest.raises(ServerError, match=f"refused {verb} .*554 5.7.1 Relay") as error,
    ):
        checked(transport(server.port))
    assert "mail.from" in error.value.hint
    assert "DATA" not in server.verbs
    with bad_server(RCPT=["450 4.2.0 grey"]) as server:
        way = transport(server.port)
        assert f"puts off RCPT TO:<{LEAD}>: 450 4.2.0 grey" in checked(way)
        assert "no mail.operator is set" in str(way.check("office@mail.test", ""))


# What the client calls itself


def test_client_says_the_name_in_the_settings_or_its_address_without_one(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "办公室电脑.local")
    for hello, said in [("", "[127.0.0.1]"), ("mail.office.test", "mail.office.test")]:
        with bad_server() as server:
            transport(server.port, hello=hello).open().close()
        assert server.commands[0] == f"ehlo {said}"


@pytest.mark.parametrize("name", ["office", "办公室电脑.local", "a_b.test", "[1.2.3]", "-a.test"])
def test_name_that_no_server_understands_is_refused(name):
    with pytest.raises(ValidationError, match="wanted a host's full name"):
        SmtpSettings(hello=name)
    for literal in ("mail.office.cn", "[192.0.2.1]", "[IPv6:2001:db8::1]"):
        assert SmtpSettings(hello=literal).hello == literal


# Authorities of offices


def test_authority_without_a_key_identifier_is_trusted_by_its_file(tmp_path, monkeypatch, inbox):
    """As under Python 3.13, whose contexts are strict."""
    plain = ssl.create_default_context

    def strict(*given, **named):
        context = plain(*given, **named)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    shown = Certificates(tmp_path)
    with real_server(inbox, ssl_context=shown.contexts["no key identifier"]) as port:
        monkeypatch.setattr(ssl, "create_default_context", strict)
        way = transport(port, security="tls", ca_file=shown.office)
        assert "TLSv1.3" in checked(way)
        assert "smtp.ca_file" in failure(transport(port, security="tls")).hint
