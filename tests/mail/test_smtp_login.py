"""How a mail server is told who we are, and what is said when it does not believe it."""

import hmac
import ssl
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from reminder.errors import ServerError
from reminder.mail.oauth import TokenSource
from reminder.mail.transports.smtp import SmtpTransport
from reminder.words import CHINESE
from tests.mail.servers import (
    LEAD,
    SHORT,
    Accounts,
    BadServer,
    Inbox,
    TokenInbox,
    bad_server,
    real_server,
    server_tls,
    taking_tokens,
    transport,
)
from tests.mail.token_server import TokenServer, token_server

OFFICE, PASSWORD = "办公室", "密码密码密码"
OFFERS = "250-bad.test\r\n250 AUTH {}"


def failure(way: SmtpTransport) -> ServerError:
    with pytest.raises(ServerError) as error:
        way.open()
    return error.value


def checked(way: SmtpTransport) -> str:
    return str(way.check("office@mail.test", LEAD))


# Passwords


def by_password(server: BadServer, **more: Any) -> SmtpTransport:
    given = {"username": OFFICE, "password": PASSWORD, "timeout": SHORT}
    return transport(server.port, **given | more)


def said(server: BadServer) -> list[str]:
    """What followed EHLO, decoded."""
    words = [line.split()[-1] for line in server.commands[1:]]
    return [b64decode(word + "==").decode() for word in words]


def test_password_outside_ascii_goes_in_utf_8():
    accounts = Accounts(OFFICE, PASSWORD)
    for method, other in [("PLAIN", "LOGIN"), ("LOGIN", "PLAIN")]:
        options = {"auth_require_tls": False, "auth_exclude_mechanism": [other]}
        with real_server(Inbox(), authenticator=accounts, **options) as port:
            way = transport(port, username=OFFICE, password=PASSWORD)
            assert f"logged in by {method}" in checked(way)
    assert accounts.tried == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize(
    ("password", "prepared"), [("密码", "密码"), ("Ⅸª", "IXa"), ("Ｐａｓｓ密", "Pass密")]
)
def test_digest_is_of_the_prepared_password(password, prepared):
    """RFC 4013 section 3 has the second one."""
    challenge = b"<1896.697170952@mail.test>"
    asks = f"334 {b64encode(challenge).decode()}"
    with bad_server(EHLO=[OFFERS.format("CRAM-MD5")], AUTH=[asks]) as server:
        failure(by_password(server, password=password))
        digest = hmac.new(prepared.encode(), challenge, "md5").hexdigest()
        assert said(server)[1] == f"{OFFICE} {digest}"


@pytest.mark.parametrize("challenge", ["334 ", "334 go ahead"])
def test_server_that_passes_over_the_first_response_asks_for_it(challenge):
    with bad_server(EHLO=[OFFERS.format("PLAIN")], AUTH=[challenge]) as server:
        error = failure(by_password(server))
        assert said(server)[1] == f"\0{OFFICE}\0{PASSWORD}"
    assert "502" in str(error)
    assert PASSWORD not in str(error)


# What is offered, and none of it will do


@pytest.mark.parametrize(
    ("offered", "words", "english", "chinese"),
    [
        ("GSSAPI NTLM", "by GSSAPI, NTLM alone", "a receive connector", "接收连接器"),
        ("X-EXPS", "by X-EXPS alone", "port 587", "587端口"),
        ("GSSAPI XOAUTH2", "by GSSAPI, XOAUTH2 alone", "smtp.oauth", "smtp.oauth"),
        ("SCRAM-SHA-256", "no log-in of PLAIN, LOGIN, CRAM-MD5, but SCRAM-SHA-256",
         "leave smtp.username empty", "smtp.username留空"),
    ],
)  # fmt: skip
def test_log_in_that_cannot_be_is_named_with_the_way_round(offered, words, english, chinese):
    with bad_server(EHLO=[OFFERS.format(offered)]) as server:
        error = failure(by_password(server))
        assert server.verbs == ["EHLO"]
    assert error.permanent
    assert words in str(error)
    assert english in error.hint
    assert chinese in error.lines(CHINESE)[1]


# Tokens


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


def by_token(port: int, tokens: TokenServer, tmp_path: Path, **more: Any) -> SmtpTransport:
    options = tokens.options()
    source = TokenSource(options, "smtp", tmp_path / "oauth.json")
    return transport(port, source, username="office@mail.test", oauth=options, **more)


@pytest.mark.parametrize("method", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("length", [7, 600], ids=["short", "longer than a command"])
def test_token_logs_in_and_check_says_until_when_it_holds(tokens, tmp_path, method, length):
    tokens.given = ["x"] * 9
    token = "token-10".ljust(length, "x")
    tokens.instead = (200, {"access_token": token, "expires_in": 3600})
    inbox = TokenInbox(token, method=method)
    with taking_tokens(inbox) as port:
        words = checked(by_token(port, tokens, tmp_path))
    moment = datetime.now(UTC) + timedelta(hours=1)
    assert f"logged in by {method}, by a token that holds until {moment:%Y-%m-%d %H:}" in words
    begins = {"XOAUTH2": "user=office@mail.test\1", "OAUTHBEARER": "n,a=office@mail.test,\1"}
    assert inbox.heard == [f"{begins[method]}auth=Bearer {token}\1\1"]


def test_one_token_serves_all_connections(tokens, tmp_path):
    with taking_tokens(TokenInbox("token-1")) as port:
        way = by_token(port, tokens, tmp_path)
        for _ in range(3):
            way.open().close()
    assert tokens.given == ["token-1"]


def test_token_that_was_withdrawn_is_fetched_anew(tokens, tmp_path):
    with taking_tokens(inbox := TokenInbox("token-1")) as port:
        way = by_token(port, tokens, tmp_path)
        way.open().close()
        inbox.good = ["token-2"]
        assert "logged in by XOAUTH2" in checked(way)
    assert tokens.given == ["token-1", "token-2"]


@pytest.mark.parametrize(
    ("in_json", "method", "end", "words"),
    [
        (True, "XOAUTH2", b"", "535 5.7.8 Not accepted: *** ["),
        (True, "OAUTHBEARER", b"\1", '"scope":"https://mail.test/"'),
        (False, "XOAUTH2", None, "535 5.7.3 Authentication unsuccessful"),
    ],
)
def test_refused_token_is_tried_twice_and_the_server_says_why(
    tokens, tmp_path, in_json, method, end, words
):
    inbox = TokenInbox(method=method, in_json=in_json)
    with taking_tokens(inbox) as port:
        error = failure(by_token(port, tokens, tmp_path))
    assert error.permanent
    assert words in str(error)
    assert inbox.ends == ([end] * 2 if in_json else [])
    assert len(inbox.heard) == len(tokens.given) == 2
    assert "SMTP AUTH" in error.hint
    shown = f"{error} {error.hint}"
    assert "token-" not in shown
    assert b64encode(inbox.heard[0].encode()).decode()[:40] not in shown


def test_token_that_is_put_off_is_neither_lasting_nor_fetched_anew(tokens, tmp_path):
    with bad_server(EHLO=[OFFERS.format("XOAUTH2")], AUTH=["454 4.7.0 later"]) as server:
        error = failure(by_token(server.port, tokens, tmp_path))
    assert not error.permanent
    assert len(tokens.given) == 1


def test_server_that_takes_no_token_is_told_none(tokens, tmp_path):
    with bad_server(EHLO=[OFFERS.format("PLAIN LOGIN")]) as server:
        error = failure(by_token(server.port, tokens, tmp_path))
        assert server.verbs == ["EHLO"]
    assert error.permanent
    assert "it offers PLAIN, LOGIN" in str(error)
    assert tokens.given == []


def test_password_may_be_wanted_in_spite_of_the_tokens(tokens, tmp_path):
    with real_server(
        Inbox(), authenticator=Accounts("office@mail.test", "p"), auth_require_tls=False
    ) as port:
        way = by_token(port, tokens, tmp_path, auth="password", password="p")
        assert "logged in by PLAIN" in checked(way)
    assert tokens.given == []


def test_token_does_not_go_unencrypted_to_another_machine(tokens, tmp_path):
    error = failure(by_token(25, tokens, tmp_path, host="mail.test"))
    assert "without encryption" in str(error)
    assert tokens.given == []


# Certificates


class CertificateInbox(Inbox):
    """Knows who shows a certificate; `first` is what came with the command."""

    accepts = True

    async def auth_EXTERNAL(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        self.first = args[1:]
        return AuthResult(success=self.accepts, handled=False)


class Files:
    """What an office was given by its authority, whole and broken."""

    def __init__(self, authority: trustme.CA, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        past = datetime(2020, 1, 2, tzinfo=UTC)
        issued, other = (authority.issue_cert(f"{name}.test") for name in ("office", "other"))
        ended = authority.issue_cert("old.test", not_before=past, not_after=past + timedelta(1))
        self.both, self.cert, self.ended, self.empty = (
            folder / f"{name}.pem" for name in ("both", "cert", "ended", "empty")
        )
        self.key, self.other, self.locked, self.gone = (
            folder / f"{name}.key" for name in ("office", "other", "locked", "gone")
        )
        issued.private_key_and_cert_chain_pem.write_to_path(self.both)
        issued.cert_chain_pems[0].write_to_path(self.cert)
        issued.private_key_pem.write_to_path(self.key)
        other.private_key_pem.write_to_path(self.other)
        ended.private_key_and_cert_chain_pem.write_to_path(self.ended)
        self.empty.write_text("")
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        how = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"of the key"))
        self.locked.write_bytes(key.private_bytes(*how))
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self.ca = folder / "ca.pem"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path) -> Files:
    return Files(authority, tmp_path)


@pytest.fixture
def asking(authority) -> ssl.SSLContext:
    """A server's side that wants to see a certificate."""
    context = server_tls(authority, "127.0.0.1")
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize(
    "named",
    [
        {"client_cert": "both"},
        {"client_cert": "cert", "client_key": "key"},
        {"client_cert": "cert", "client_key": "locked", "client_key_password": "of the key"},
    ],
)
def test_certificate_logs_in_where_external_is_offered(files, asking, named):
    shown = {name: getattr(files, value, value) for name, value in named.items()}
    with real_server(
        inbox := CertificateInbox(), ssl_context=asking, auth_require_tls=False
    ) as port:
        words = checked(transport(port, security="tls", ca_file=files.ca, **shown))
    ends = "with the certificate {}, which ends on 3000-01-01.".format(shown["client_cert"])
    assert f"logged in by EXTERNAL {ends}" in words
    assert inbox.first == ["="]


def test_certificate_may_be_all_that_is_wanted_or_go_with_a_password(files, asking):
    shown = {"security": "tls", "ca_file": files.ca, "client_cert": files.both}
    with real_server(
        Inbox(), ssl_context=asking, auth_exclude_mechanism=["PLAIN", "LOGIN"]
    ) as port:
        assert "not logged in with the certificate" in checked(transport(port, **shown))
    options = {
        "ssl_context": asking,
        "authenticator": Accounts("u", "p"),
        "auth_require_tls": False,
    }
    with real_server(CertificateInbox(), **options) as port:
        words = checked(transport(port, username="u", password="p", **shown))
        assert "logged in by PLAIN with the certificate" in words


def test_server_may_refuse_the_certificate_in_words(files, asking):
    refusing = CertificateInbox()
    refusing.accepts = False
    shown = {"security": "tls", "ca_file": files.ca}
    with real_server(refusing, ssl_context=asking, auth_require_tls=False) as port:
        error = failure(transport(port, **shown, client_cert=files.both))
        assert error.permanent
        assert f"by the certificate {files.both}: 535" in str(error)


@pytest.mark.parametrize("shown", [False, True])
def test_server_that_refuses_the_encryption_for_a_certificate_is_told_how_to_mend_it(
    files, asking, shown
):
    asking.maximum_version = ssl.TLSVersion.TLSv1_2
    foreign = Files(trustme.CA(), files.ca.parent / "foreign") if shown else None
    more = {"client_cert": foreign.both} if foreign else {}
    script = {"EHLO": ["250-bad.test\r\n250 STARTTLS", "250 bad.test"], "STARTTLS": ["220 go"]}
    with bad_server(**script) as server:
        server.tls = asking
        error = failure(transport(server.port, security="starttls", ca_file=files.ca, **more))
        assert "smtp.client_cert" in error.hint


@pytest.mark.parametrize(
    ("cert", "key", "password", "words", "hint"),
    [
        ("cert", "other", "", "is not that of the certificate", "smtp.client_key"),
        ("cert", "locked", "", "is encrypted, and not by this", "smtp__client_key_password"),
        ("cert", "locked", "wrong", "is encrypted, and not by this", "client_key_password"),
        ("cert", "cert", "", "or {key} no key", "openssl pkcs12"),
        ("empty", "key", "", "{cert} holds no certificate", "openssl pkcs12"),
        ("ended", "ended", "", "{cert} ended on 2020-01-03", "new one"),
        ("cert", "gone", "", "{key}: No such file", ""),
    ],
)  # fmt: skip
def test_certificate_that_will_not_do_is_said_with_its_file(
    files, cert, key, password, words, hint
):
    named = {"client_cert": getattr(files, cert), "client_key": getattr(files, key)}
    error = failure(transport(1, security="tls", client_key_password=password, **named))
    assert error.permanent
    assert words.format(cert=named["client_cert"], key=named["client_key"]) in str(error)
    assert hint in error.hint
    assert not password or password not in f"{error} {error.hint}"
    assert "No such" not in error.lines(CHINESE)[0]
