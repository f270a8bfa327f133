"""A channel's services answer as their protocols say, and the ledger has their words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reminder.documents.channel_section import ChannelSettings
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.mail import mime
from reminder.mail.transports import Envelope
from reminder.mail.transports.channel import ChannelTransport
from tests.mail.channel_server import (
    CUT,
    DRIP,
    HANG,
    KEY,
    SECRET,
    URLS,
    ChannelServer,
    services,
)

TITLE, TEXT = (
    "代表工作·4月：承办2项",
    "承办委员会：4月承办2项。\n签收：https://unit.test/u/1\n承办委员会",
)
CONTENT = mime.short_message([mime.text_header("Subject", TITLE)], TEXT)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChannelServer]:
    with services(tmp_path) as (server, leading):
        for name, value in leading.items():
            monkeypatch.setenv(name, value)
        yield server


def send(url: str, address: str = "office", **more: Any) -> Answer:
    transport = ChannelTransport("office", ChannelSettings(url=url, **{"timeout": 5} | more))
    envelope = Envelope("<1@unit.test>", "", (address,), CONTENT)
    return transport.open().send(envelope, lambda: True)[address]


def url_of(server: ChannelServer, service: str) -> str:
    return URLS.get(service) or server.url


@pytest.mark.parametrize(
    ("service", "address", "words"),
    [
        ("wecom", "office", "HTTP 200 errcode 0 ok"),
        ("dingtalk", "office", "HTTP 200 errcode 0 ok"),
        ("feishu", "office", "HTTP 200 code 0 success"),
        ("webhook", "office", 'HTTP 200 {"taken": "'),
        ("sms", "office:13800000000", "HTTP 200"),
    ],
)
def test_service_takes_it_and_says_so(
    server: ChannelServer, service: str, address: str, words: str
) -> None:
    answer = send(url_of(server, service), address)
    assert (answer.state, answer.reason) == (State.SENT, Reason.ACCEPTED)
    assert words in answer.reply
    (asked,) = server.asked
    assert "签收：https://unit.test/u/1" in asked.text
    assert TITLE in asked.text + str(asked.said.get("title"))
    if service == "sms":
        assert asked.said["to"] == "+13800000000"


LATER, FINAL = State.RETRY, State.REFUSED
DEFERRED, TEXT_REFUSED = Reason.MESSAGE_DEFERRED, Reason.MESSAGE_REFUSED


@pytest.mark.parametrize(
    ("service", "instead", "state", "reason", "words"),
    [
        ("wecom", (200, {"errcode": 45002, "errmsg": "too long"}), FINAL, TEXT_REFUSED, "45002"),
        ("wecom", (200, {"errcode": 77777, "errmsg": "new"}), LATER, DEFERRED, "77777 new"),
        ("dingtalk", (200, {"errcode": 430102, "errmsg": "no"}), FINAL, TEXT_REFUSED, "430102 no"),
        ("feishu", (200, {"code": 9499, "msg": "Bad Request"}), FINAL, TEXT_REFUSED, "9499 Bad"),
        ("wecom", (500, b"<html>"), LATER, DEFERRED, "HTTP 500 <html>"),
        ("webhook", (503, b""), LATER, DEFERRED, "HTTP 503"),
        ("webhook", (400, b"no such field"), FINAL, TEXT_REFUSED, "HTTP 400 no such field"),
        ("webhook", HANG, LATER, Reason.ANSWER_LOST, "no answer: "),
        ("webhook", CUT, LATER, Reason.ANSWER_LOST, "no answer: "),
        ("webhook", DRIP, LATER, Reason.ANSWER_LOST, "no answer: "),
        ("wecom", CUT, LATER, Reason.ANSWER_LOST, "no answer: "),
    ],
)
def test_what_concerns_the_message(
    server: ChannelServer, service: str, instead: Any, state: State, reason: Reason, words: str
) -> None:
    server.instead = [instead]
    answer = send(url_of(server, service), timeout=0.3)
    assert (answer.state, answer.reason) == (state, reason)
    assert words in answer.reply


@pytest.mark.parametrize(
    ("service", "instead", "permanent", "words"),
    [
        ("wecom", (200, {"errcode": 45009, "errmsg": "api freq out"}), False, "45009 api freq"),
        ("dingtalk", (200, {"errcode": 130101, "errmsg": "too fast"}), False, "130101"),
        ("feishu", (200, {"code": 11232, "msg": "frequency limited"}), False, "11232"),
        ("webhook", (429, b""), False, "HTTP 429"),
        ("wecom", (200, {"errcode": 40014, "errmsg": "bad token"}), True, "40014 bad token"),
        ("dingtalk", (200, {"errcode": 310000, "errmsg": "keywords"}), True, "310000 keywords"),
        ("webhook", (404, b""), True, "HTTP 404"),
        ("webhook", (302, b""), True, "HTTP 302"),
        ("webhook", (307, b""), True, "HTTP 307"),
    ],
)
def test_what_concerns_the_channel(
    server: ChannelServer, service: str, instead: Any, permanent: bool, words: str
) -> None:
    server.instead = [instead]
    with pytest.raises(ServerError) as failed:
        send(url_of(server, service))
    assert failed.value.permanent is permanent
    assert words in str(failed.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        "wecombot://another-key-0001",
        f"dingtalk://{SECRET[::-1]}@abc0123456789",
        "feishu://another-key-0001",
        "httpsms://another-key-0001@13800000001/{to}",
    ],
)
def test_wrong_key_is_the_channels_trouble_and_never_shown(server: ChannelServer, url: str) -> None:
    with pytest.raises(ServerError) as failed:
        send(url, "office:13800000000" if "{to}" in url else "office")
    assert failed.value.permanent
    assert not {"another-key-0001", SECRET[::-1], KEY} & set(str(failed.value).split("'"))


def test_nothing_listens_and_nothing_went(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("json://127.0.0.1:1/hook-of-office", "json://nowhere.invalid/hook-of-office"):
        with pytest.raises(ServerError) as failed:
            send(url)
        assert not failed.value.permanent
        assert "hook-of-office" not in str(failed.value)


def test_target_that_the_service_cannot_use_is_refused(server: ChannelServer) -> None:
    answer = send(URLS["sms"], "office:abc")
    assert (answer.state, answer.reason) == (State.REFUSED, Reason.RECIPIENT_REFUSED)
    assert server.asked == []


def test_nothing_goes_without_the_claim(server: ChannelServer) -> None:
    transport = ChannelTransport("office", ChannelSettings(url=server.url))
    envelope = Envelope("<1@unit.test>", "", ("office",), CONTENT)
    with pytest.raises(ClaimLapsedError):
        transport.open().send(envelope, lambda: False)
    assert server.asked == []
