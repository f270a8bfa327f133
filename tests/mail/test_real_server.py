"""Logging in to a real Postfix, and to a real Dovecot which knows its users and has their mail."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from reminder.documents.server_sections import InboxSettings
from reminder.domain.notices import State
from reminder.errors import ServerError
from reminder.mail.inbox import count_unread, opened
from reminder.mail.oauth import TokenSource
from reminder.mail.transports.smtp import SmtpTransport
from tests.mail.dovecot import Dovecot, dovecot
from tests.mail.postfix import Postfix, postfix
from tests.mail.servers import LEAD, mail, ours, transport
from tests.mail.token_server import token_server

USERS = {"office": "correct horse battery", "办公室": "密码密码密码"}
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
MISSING = os.geteuid() != 0 or not all(
    shutil.which(program, path=PATH) for program in ("postfix", "dovecot")
)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        MISSING and not os.environ.get("CI"), reason="needs postfix and dovecot-core, and root"
    ),
]


def takes(way: SmtpTransport) -> bool:
    connection = way.open()
    try:
        return connection.send(mail(), ours)[LEAD].state is State.SENT
    finally:
        connection.close()


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_password_logs_in_whatever_its_letters(method):
    with postfix(USERS, method.lower()) as server:
        for name, password in USERS.items():
            way = transport(server.port, username=name, password=password)
            assert f"logged in by {method}" in str(way.check("office@mail.test", LEAD))
            assert takes(way)
        wrong = transport(server.port, username="office", password="not that")
        with pytest.raises(ServerError, match="refused the log-in of office: 535") as error:
            wrong.open()
        assert error.value.permanent


@pytest.mark.parametrize("method", ["XOAUTH2", "OAUTHBEARER"])
def test_token_logs_in_and_one_that_was_withdrawn_is_replaced(
    method,
    tmp_path,
):
    """Longer than Postfix takes in a command."""
    with token_server(length=3000) as tokens, postfix({}, method.lower(), tokens.url) as server:
        options = tokens.options()
        source = TokenSource(options, "smtp", tmp_path / "oauth.json")
        way = transport(server.port, source, username="office", oauth=options)
        assert f"logged in by {method}, by a token" in str(way.check("office@mail.test", LEAD))
        assert takes(way)
        assert len(tokens.given) == 1
        tokens.withdrawn = list(tokens.given)
        assert takes(way)
        assert len(tokens.given) == 2
        stranger = transport(server.port, source, username="stranger", oauth=options)
        with pytest.raises(ServerError, match="refused the log-in of stranger by a token: 535"):
            stranger.open()


@pytest.fixture
def secure(tmp_path) -> Iterator[tuple[Postfix, dict[str, Any]]]:
    """It asks for a certificate, and relays for whoever shows one of the house."""
    authority, files = trustme.CA(), tmp_path
    authority.cert_pem.write_to_path(ca_file := files / "ca.pem")
    for name in ("127.0.0.1", "office.test"):
        authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(
            files / f"{name}.pem"
        )
    settings = f"""
smtpd_tls_chain_files = {files}/127.0.0.1.pem
smtpd_tls_CAfile = {ca_file}
smtpd_tls_security_level = encrypt
smtpd_tls_ask_ccert = yes
"""
    with postfix(settings=settings) as server:
        yield server, {"security": "starttls", "ca_file": ca_file}


def test_certificate_of_the_house_may_relay_without_a_log_in(secure, tmp_path: Path):
    server, options = secure
    assert takes(transport(server.port, client_cert=tmp_path / "office.test.pem", **options))
    with pytest.raises(ServerError, match="refused RCPT"):
        transport(server.port, **options).check("office@mail.test", LEAD)


# The mailbox for answers

LETTER = b"Subject: reply\r\n\r\nreceived\r\n"


def inbox(server: Dovecot, username: str, **more: Any) -> InboxSettings:
    place = {"host": "127.0.0.1", "port": server.port, "security": "none", "timeout": 5}
    return InboxSettings(username=username, **place, **more)


def read_all(settings: InboxSettings, tokens: TokenSource | None = None) -> list[bytes]:
    found = []
    with opened(settings, tokens) as box:
        for name, content in box.unread(9):
            found.append(content)
            box.put_away(name)
    return found


@pytest.mark.parametrize("name", USERS)
def test_mail_is_read_once_and_moved_away(name):
    with dovecot(USERS) as server:
        settings = inbox(server, name, password=USERS[name])
        server.deliver(name, "1", LETTER)
        assert count_unread(settings) == 1
        assert [read_all(settings), read_all(settings)] == [[LETTER], []]
        assert len(server.names(name, ".reminder/cur")) == 1
        wrong = inbox(server, name, password="not that")
        with pytest.raises(ServerError, match=r"refused: .*AUTHENTICATIONFAILED") as error:
            read_all(wrong)
        assert error.value.permanent


def test_mailbox_opens_by_a_token_and_one_that_was_withdrawn_is_replaced(tmp_path):
    with token_server(length=3000) as tokens, dovecot({}, "xoauth2", tokens.url) as server:
        settings = inbox(server, "office", oauth=tokens.options())
        source = TokenSource(settings.oauth, "inbox", tmp_path / "oauth.json")
        server.deliver("office", "1", LETTER)
        assert count_unread(settings, source) == 1
        tokens.withdrawn = list(tokens.given)
        assert read_all(settings, source) == [LETTER]
        assert len(tokens.given) == 2
        with pytest.raises(ServerError, match="log-in refused"):
            read_all(inbox(server, "stranger", oauth=tokens.options()), source)
