"""Tokens in place of a password: when one is asked for, what is kept, what a refusal means."""

import json
import logging
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import trustme
from pydantic import ValidationError

from reminder.clock import VirtualClock
from reminder.documents.oauth_section import OAuthSettings
from reminder.documents.server_sections import SmtpSettings
from reminder.errors import ServerError
from reminder.mail.oauth import TokenSource
from reminder.words import CHINESE
from tests.mail.servers import SHORT, server_tls
from tests.mail.token_server import CLIENT, REFRESH, SECRET, TokenServer, token_server

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
WRITTEN = [quote(SECRET, safe=""), quote_plus(SECRET)]
BY_REFRESHING = {"refresh_token": REFRESH}


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with token_server() as known:
        yield known


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(AT)


@pytest.fixture
def source(server, clock, tmp_path):
    def made(**options: Any) -> TokenSource:
        return TokenSource(
            server.options(**options), "smtp", tmp_path / "state" / "oauth.json", clock
        )

    return made


def refusal(source: TokenSource) -> ServerError:
    with pytest.raises(ServerError) as error:
        source.token()
    said = f"{error.value} {error.value.hint} {error.value!r} {error.value.lines(CHINESE)}"
    assert not [secret for secret in (SECRET, REFRESH) if secret in said]
    return error.value


# When one is asked for


def test_token_serves_until_shortly_before_its_end_and_all_connections(server, source, clock):
    tokens = source(scope="mail.send")
    with ThreadPoolExecutor(8) as pool:
        known = {tokens.token().text for _ in pool.map(lambda _: tokens.token(), range(40))}
    assert known == {"token-1"}
    assert tokens.token().until == AT + timedelta(hours=1)
    clock.advance(3299)
    assert tokens.token().text == "token-1"
    clock.advance(1)
    assert tokens.token().text == "token-2"
    form = {"grant_type": "client_credentials", "scope": "mail.send"}
    assert server.asked[0] == {**form, "client_id": CLIENT, "client_secret": SECRET}


def test_refused_token_is_replaced_once_for_all_who_had_it(server, source):
    tokens = source()
    first = tokens.token()
    assert [tokens.token(first).text for _ in range(3)] == ["token-2"] * 3
    assert server.given == ["token-1", "token-2"]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), (None, 600), (0, 0), (-5, 0), (1e12, 366 * 86400)],
)
def test_lifetime_is_what_the_server_says_within_reason(server, source, said, seconds):
    server.lifetime = said
    assert source().token().until == AT + timedelta(seconds=seconds)


@pytest.mark.parametrize("basic", [True, False])
def test_client_says_who_it_is_as_the_server_has_it(server, source, clock, basic):
    """And keeps to what was understood."""
    server.basic, server.lifetime = basic, 0
    tokens = source()
    assert [tokens.token().text for _ in range(2)] == ["token-1", "token-2"]
    assert len(server.asked) == (2 if basic else 3)


# Refresh tokens


def test_client_without_a_secret_names_itself(server, source):
    server.instead = (200, {"access_token": "a"})
    source(client_secret="", **BY_REFRESHING).token()
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": CLIENT}
    assert server.asked == [form]


def test_refresh_token_that_changes_with_every_use_outlives_the_process(server, source, tmp_path):
    server.rotates = True
    assert source(**BY_REFRESHING).token().text == "token-1"
    kept = tmp_path / "state" / "oauth.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert source(**BY_REFRESHING).token().text == "token-2"
    assert [form["refresh_token"] for form in server.asked] == [REFRESH, "refresh-1"]
    # A new one in the settings is newer than what became of the old one.
    server.refresh_token = "agreed anew"
    assert source(refresh_token="agreed anew").token().text == "token-3"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_has_asked_for_is_the_daemons(server, source, tmp_path):
    server.rotates = True
    (state := tmp_path / "state").mkdir(mode=0o700)
    os.chown(state, 65534, 65534)
    source(**BY_REFRESHING).token()
    files = {path.name: path.stat() for path in state.iterdir()}
    assert files.keys() == {"oauth.json", "oauth.lock"}
    assert {(it.st_uid, stat.S_IMODE(it.st_mode)) for it in files.values()} == {(65534, 0o600)}


def test_two_processes_use_each_refresh_token_once(server, tmp_path):
    server.rotates = True
    options = server.options(**BY_REFRESHING)
    with ThreadPoolExecutor(4) as pool:
        each = (TokenSource(options, "smtp", tmp_path / "oauth.json") for _ in range(4))
        list(pool.map(TokenSource.token, each))
    used = [form["refresh_token"] for form in server.asked]
    assert len(set(used)) == len(server.given) == 4


def test_refresh_token_that_stays_is_not_kept(source, tmp_path):
    source(**BY_REFRESHING).token()
    assert not (tmp_path / "state" / "oauth.json").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"of": 1}', "\udcff"])
def test_file_that_says_nothing_is_passed_over(source, tmp_path, content):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "oauth.json").write_text(content, errors="surrogateescape")
    assert source(**BY_REFRESHING).token().text == "token-1"


def test_state_folder_that_cannot_be_written_costs_nothing_while_the_daemon_runs(
    server, tmp_path, clock, caplog
):
    (tmp_path / "file").write_text("")
    server.rotates, server.lifetime = True, 0
    kept = tmp_path / "file" / "oauth.json"
    tokens = TokenSource(server.options(**BY_REFRESHING), "smtp", kept, clock)
    assert [tokens.token().text for _ in range(3)] == ["token-1", "token-2", "token-3"]
    assert "a restart will not know the new token" in caplog.text
    assert "refresh-" not in caplog.text


# What goes wrong


@pytest.mark.parametrize(
    ("status", "said", "is_lasting", "words"),
    [
        (401, {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET} is no"},
         True, "gives reminder no token: invalid_client: AADSTS7000215: *** is no"),
        (400, {"error": "invalid_request", "error_description": " ".join(WRITTEN)},
         True, "invalid_request: *** ***"),
        (400, {"error": "unauthorized_client"}, True, "no token: unauthorized_client"),
        (400, {"error": "invalid_scope", "error_description": "a\nb\x1b[31m"}, True,
         "invalid_scope: a\\nb\\x1b[31m"),
        (400, {"error": "temporarily_unavailable"}, False, "temporarily_unavailable"),
        (503, b"busy", False, "503"),
        (429, b"too many", False, "429"),
        (302, b"elsewhere", False, "302"),
        (200, b"<html>a proxy's page</html>", False, "not a JSON object"),
        (200, b"[" * 100_000, False, "recursion"),
        (200, {"token_type": "Bearer"}, False, "the answer holds no token"),
        (200, {"access_token": 5}, False, "the answer holds no token"),
        (200, {"access_token": "a", "expires_in": float("inf")}, False, "infinity"),
        (200, {"access_token": "a", "expires_in": "soon"}, False, "'soon'"),
    ],
)  # fmt: skip
def test_refusal_is_told_in_the_servers_words_and_what_passes_by_is_told_apart(
    server, source, status, said, is_lasting, words
):
    server.instead = (status, said)
    error = refusal(source())
    assert words in str(error)
    assert error.permanent == is_lasting
    server.instead = None
    assert source().token().text == "token-1"


def test_consent_that_has_ended_is_to_be_given_anew(server, source):
    server.refresh_token = "another"
    error = refusal(source(**BY_REFRESHING))
    assert error.permanent
    assert "invalid_grant: Token has been revoked." in str(error)
    assert "smtp.oauth.refresh_token" in error.hint
    assert "重新授权" in error.lines(CHINESE)[1]


def test_server_that_is_not_there_is_waited_for(source):
    error = refusal(source(token_url="http://127.0.0.1:1/token"))
    assert not error.permanent
    assert "the token server 127.0.0.1:1 gives no usable answer" in str(error)


@pytest.mark.parametrize(
    "told", [{"drips": True}, {"instead": (200, b" " * (2 << 20))}], ids=["drips", "no end"]
)
def test_answer_that_does_not_end_is_not_waited_for(server, source, monkeypatch, told):
    monkeypatch.setattr("reminder.mail.token_server.SECONDS", SHORT)
    for name, value in told.items():
        setattr(server, name, value)
    error = refusal(source())
    assert not error.permanent
    assert "the answer does not end within" in str(error)


def test_proxy_that_nobody_here_can_speak_to_is_said(source, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    assert "socks" in str(refusal(source())).lower()


def test_certificate_is_trusted_by_its_authority_alone(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(ca_file := tmp_path / "ca.pem")
    with token_server(server_tls(authority, "127.0.0.1")) as server:
        unknown = TokenSource(server.options(), "smtp", tmp_path / "oauth.json")
        error = refusal(unknown)
        assert error.permanent
        assert "smtp.oauth.ca_file" in error.hint
        known = server.options(ca_file=ca_file)
        assert TokenSource(known, "smtp", tmp_path / "oauth.json").token().text == "token-1"


def test_proxy_is_taken_from_the_environment(source, monkeypatch):
    with token_server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert source(token_url="http://localhost:1/token").token().text == "token-1"
        assert len(proxy.asked) == 1


def test_no_secret_is_in_the_log_however_much_is_told(server, source, caplog):
    caplog.set_level(logging.DEBUG)
    server.rotates = True
    source(**BY_REFRESHING).token()
    assert caplog.text
    assert not [word for word in (SECRET, REFRESH, "refresh-1", "token-1") if word in caplog.text]


# Settings

MICROSOFT = {"provider": "microsoft", "tenant": "contoso.example", "client_id": "c"}


@pytest.mark.parametrize(
    ("given", "address", "grant", "scope"),
    [
        (MICROSOFT | {"client_secret": "s"},
         "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
         "client_credentials", "https://outlook.office365.com/.default"),
        (MICROSOFT | {"refresh_token": "r"},
         "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
         "refresh_token", ""),
        ({"provider": "google", "client_id": "c", "client_secret": "s", "refresh_token": "r"},
         "https://oauth2.googleapis.com/token", "refresh_token", ""),
        (MICROSOFT | {"client_secret": "s", "token_url": "https://id.example/t", "scope": "x"},
         "https://id.example/t", "client_credentials", "x"),
    ],
)  # fmt: skip
def test_provider_stands_for_address_and_scope(given, address, grant, scope):
    settings = OAuthSettings(**given)
    found = (settings.address, settings.effective_grant, settings.effective_scope)
    assert found == (address, grant, scope)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"client_id": "c"}, "says nowhere who gives the tokens"),
        ({"token_url": "http://id.example/t"}, "wanted an https address"),
        ({"token_url": "https://[x/t"}, "wanted an https address"),
        (MICROSOFT | {"tenant": "a/b"}, "wanted the number of the directory"),
        (MICROSOFT | {"tenant": ""}, "has no tenant"),
        (MICROSOFT | {"client_id": ""}, "has no client_id"),
        (MICROSOFT, "has no client_secret"),
        (MICROSOFT | {"grant": "refresh_token", "client_secret": "s"}, "has no refresh_token"),
        ({"provider": "google", "client_id": "c", "client_secret": "s"}, "has no refresh_token"),
        ({"provider": "google", "client_id": "c", "grant": "client_credentials"}, "is Google's"),
    ],
)
def test_what_is_missing_is_said(given, words):
    with pytest.raises(ValidationError, match=words):
        OAuthSettings(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"auth": "xoauth2", "username": "office"}, "wanted the table oauth"),
        ({"oauth": MICROSOFT | {"client_secret": "s"}}, "wanted username"),
        ({"auth": "password"}, "wanted username"),
        ({"client_key": Path("office.key")}, "wanted client_cert"),
        ({"client_cert": Path("office.pem"), "security": "none"}, "wanted security"),
    ],
)
def test_log_in_that_lacks_its_half_is_said(given, words):
    with pytest.raises(ValidationError, match=words):
        SmtpSettings(**given)


def test_secrets_are_in_no_repr():
    settings = SmtpSettings(
        username="u", oauth=MICROSOFT | {"client_secret": SECRET, **BY_REFRESHING}
    )
    assert SECRET not in repr(settings)
    assert REFRESH not in repr(settings)
    assert json.dumps(settings.secrets) == json.dumps(["", "", SECRET, REFRESH])
