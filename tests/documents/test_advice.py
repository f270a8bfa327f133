"""What is valid and probably not meant."""

from typing import Any

import pytest

from reminder.documents.advice import advice
from reminder.documents.settings import Settings

REAL = {
    "transport": "smtp",
    "uid_domain": "reminder.npc.gov.cn",
    "smtp": {"host": "mail.npc.gov.cn"},
    "mail": {"from": "reminder@npc.gov.cn", "operator": "operator@npc.gov.cn"},
}


def advised(**given: Any) -> list[str]:
    """Which settings, with everything else as in an office."""
    settings = Settings(**{"file": REAL | given})
    return [words.partition(":")[0] for words in advice(settings)]


def test_office_as_it_should_be_is_advised_nothing() -> None:
    assert advised() == []


def test_newcomer_without_a_mail_server_is_advised_nothing() -> None:
    assert list(advice(Settings())) == []


@pytest.mark.parametrize("domain", ["reminder.example", "a.test", "plan.example.com"])
def test_reserved_uid_domain_with_smtp_is_said(domain: str) -> None:
    assert advised(uid_domain=domain) == ["uid_domain"]
    assert advised(uid_domain=domain, transport="maildir") == []


def test_smtp_that_tells_nobody_is_said() -> None:
    assert advised(mail={"from": "reminder@npc.gov.cn"}) == ["mail.operator"]


def test_sender_that_no_server_knows_is_said_but_of_a_trial_server() -> None:
    mail = {"operator": "operator@npc.gov.cn"}
    assert advised(mail=mail) == ["mail.from"]
    assert advised(mail=mail, smtp={"host": "127.0.0.1"}) == []


@pytest.mark.parametrize(
    "web",
    [
        {"base_url": "http://reminder.npc.gov.cn"},
        {"host": "0.0.0.0"},
        {"host": "192.0.2.1"},
        {"host": "::"},
    ],
)
def test_console_over_plain_http_is_said(web: dict[str, str]) -> None:
    assert advised(web=web) == ["web.console"]
    assert advised(web=web | {"console": "off"}) == []


@pytest.mark.parametrize(
    "web",
    [
        {"base_url": "https://reminder.npc.gov.cn", "host": "0.0.0.0"},
        {"base_url": "http://127.0.0.1:8026"},
        {"host": "127.0.0.1"},
    ],
)
def test_console_over_https_or_on_this_machine_is_not(web: dict[str, str]) -> None:
    assert advised(web=web) == []
