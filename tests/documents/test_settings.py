"""What settings mean together, which values are refused, and what is advised against."""

from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reminder.documents.office_warnings import advice
from reminder.documents.settings import Settings
from tests.documents.conftest import Sources


def read(**given: Any) -> Settings:
    return Settings(**{"file": given})


STATE = Path("/srv/state")
SERVERS = {
    "reminder:secret@db.unit.cn/office": "db.unit.cn/office",
    "r@one:5433,two:5434/office?target_session_attrs=any": "one:5433,two:5434/office",
    "r@[::1]:5432/office?sslmode=require": "::1:5432/office",
    "/office?host=/run/postgresql": "/run/postgresql/office",
}
HOSTS = ("localhost", "::1", "[::1]", "fe80::1%eth0", "mail_relay", "10.0.0.1")
ESCAPED = "https://unit.cn/%E6%8F%90%E9%86%92"
# Links in mails, by transport and address: never a loopback one in a mail that leaves.
LINKS = [
    ("maildir", "", False),
    ("maildir", "http://127.0.0.1:8026", True),
    ("smtp", "http://127.0.0.1:8026", False),
    ("smtp", "http://localhost:8026", False),
    ("smtp", "https://reminder.unit.cn", True),
]


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"smtp": {"security": "none"}}, "smtp.effective_port", 25),
        ({"smtp": {"security": "starttls"}}, "smtp.effective_port", 587),
        ({"smtp": {"security": "tls"}}, "smtp.effective_port", 465),
        ({"smtp": {"security": "tls", "port": 2465}}, "smtp.effective_port", 2465),
        *(({"smtp": {"host": host}, "web": {"host": ""}}, "smtp.host", host) for host in HOSTS),
        ({"transport": "maildir"}, "first_start", "send"),
        ({"transport": "smtp"}, "first_start", "hold"),
        ({"transport": "smtp", "mail": {"first_start": "send"}}, "first_start", "send"),
        ({"state_dir": "/srv/state"}, "ledger", STATE / "ledger.db"),
        ({"state_dir": "/srv/state"}, "outbox", STATE / "outbox"),
        ({"database_url": "sqlite:////srv/ledger.db"}, "ledger", Path("/srv/ledger.db")),
        *(
            ({"transport": transport, "web": {"base_url": url}}, "links_in_mail", links)
            for transport, url, links in LINKS
        ),
        ({"web": {"host": "0.0.0.0", "port": 9000}}, "web.public_url", "http://127.0.0.1:9000"),
        ({"web": {"base_url": "https://a.cn/b/"}}, "web.public_url", "https://a.cn/b"),
        ({"web": {"base_url": "https://unit.cn/提醒"}}, "web.public_url", ESCAPED),
        ({"web": {"base_url": f"{ESCAPED.lower()}/"}}, "web.public_url", ESCAPED),
        ({"mail": {"from": "代表工作提示 <a@b.cn>"}}, "mail.sender_name", "代表工作提示"),
        ({"mail": {"from": "代表工作提示 <a@b.cn>"}}, "mail.sender_address", "a@b.cn"),
    ],
)
def test_what_follows_from_settings(given: dict[str, Any], name: str, value: object) -> None:
    assert attrgetter(name)(read(**given)) == value


@pytest.mark.parametrize("address", SERVERS)
def test_ledger_on_a_server_is_known_by_host_and_database(address: str) -> None:
    settings = read(state_dir="/srv/state", database_url=f"postgresql://{address}")
    assert str(settings.ledger) == SERVERS[address]
    assert settings.lock_path == STATE / "ledger.sender.lock"


NO_URLS = ("ftp://a.cn", "https://", "http://[::1", "http://a:99999/")
NO_ENDS = ("/console", "/units/x", "/a//b", "/a/../b", "/a%2Fb", "/%00", "/?a=1", "\\t", "/\\u202e")
NO_DOMAINS = ("unit", "unit.cn/x", "UNIT.cn", "unit cn", "unit.cn\\n", f"a.{'b' * 300}")
NO_HOSTS = ("a\\nb", "a..b", "http://unit.cn", "x" * 300)


@pytest.mark.parametrize(
    "line",
    [
        *(f'web.base_url = "{url}"' for url in NO_URLS),
        *(f'web.base_url = "https://unit.cn{end}"' for end in NO_ENDS),
        'web.base_url = "http://unit.cn/\\"><script>"',
        *(f'uid_domain = "{name}"' for name in NO_DOMAINS),
        *(f'smtp.host = "{host}"' for host in NO_HOSTS),
        'smtp.username = "a\\u0000b"',
        'smtp.password = "a\\u0000b"',
        "smtp.timeout = inf",
        "smtp.timeout = 1e300",
        f"smtp.messages_per_connection = {2**62}",
        'web.host = "a b"',
        'mail.contact = "\\u202e"',
        'mail.from = "a\\u0000b <a@b.cn>"',
        'digest.at = "09:00+08:00"',
    ],
)
def test_value_that_would_fail_later_is_refused(sources: Sources, line: str) -> None:
    sources.file(f"{line}\n")
    (fault,) = sources.faults()
    assert fault.startswith(f"reminder.toml:1: {line.partition(' ')[0]}: ")
    assert len(fault) < 300


def test_no_name_or_password_goes_out_with_the_sites_address(sources: Sources) -> None:
    sources.file('[web]\nbase_url = "https://office:swordfish@unit.cn"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:2: web.base_url: holds a user's name or password")
    assert "swordfish" not in fault


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("9f2c41d07be85a36e1c4f80d2b6a9753", "holds 16 random bytes at most"),
        ("k7Rq0vXz3LmT9bNf2YdH6sWc1JpG8uEa", "holds 24 random bytes at most"),
        ("x" * 31, "holds 19 random bytes at most"),
        ("a" * 64, "repeats itself"),
        ("01" * 200, "repeats itself"),
        ("9f2c41d07be85a36" * 4, "repeats itself"),
        ("swordfish-" * 8, "repeats itself"),
        ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "repeats itself"),
        ("change-me-please-change-this-key-before-production", "holds 13 random bytes at most"),
        ("a sentence with blanks that is much longer than 43 characters", "holds"),
    ],
)
def test_key_of_fewer_than_32_random_bytes_is_refused(sources: Sources, key: str, why: str) -> None:
    sources.environment("REMINDER_SECRET_KEY", key)
    (fault,) = sources.faults()
    assert fault.startswith(f"environment: REMINDER_SECRET_KEY: {why}")
    assert fault.endswith(", wanted 32, as of: openssl rand -base64 32")
    assert key not in fault


@pytest.mark.parametrize("bits", [256, 512])
@pytest.mark.parametrize("way", [bytes.hex, b64encode, b32encode, urlsafe_b64encode])
def test_random_key_is_taken_however_it_is_written(
    way: Callable[[bytes], str | bytes], bits: int
) -> None:
    written = way(Random(bits).randbytes(bits // 8))
    key = written if isinstance(written, str) else written.decode()
    assert read(secret_key=key).secret_key.get_secret_value() == key


# --- what is valid and probably not meant

REAL = {
    "transport": "smtp",
    "uid_domain": "reminder.npc.gov.cn",
    "smtp": {"host": "mail.npc.gov.cn"},
    "mail": {"from": "reminder@npc.gov.cn", "operator": "operator@npc.gov.cn"},
}
OPERATOR = {"operator": "operator@npc.gov.cn"}


@pytest.mark.parametrize(
    ("given", "advised"),
    [
        ({}, []),
        *(({"uid_domain": name}, ["uid_domain"]) for name in ("a.example", "a.test")),
        ({"uid_domain": "a.test", "transport": "maildir"}, []),
        ({"mail": {"from": "reminder@npc.gov.cn"}}, ["mail.operator"]),
        ({"mail": OPERATOR}, ["mail.from"]),
        ({"mail": OPERATOR, "smtp": {"host": "127.0.0.1"}}, []),
        ({"web": {"base_url": "http://reminder.npc.gov.cn"}}, ["web.console"]),
        *(({"web": {"host": host}}, ["web.console"]) for host in ("0.0.0.0", "192.0.2.1", "::")),
        ({"web": {"host": "0.0.0.0", "console": "off"}}, []),
        ({"web": {"base_url": "https://reminder.npc.gov.cn", "host": "0.0.0.0"}}, []),
        ({"web": {"base_url": "http://127.0.0.1:8026"}}, []),
        ({"web": {"host": "127.0.0.1"}}, []),
    ],
)
def test_an_office_is_advised_where_it_differs_from_one_as_it_should_be(
    given: dict[str, Any], advised: list[str]
) -> None:
    assert [fault.key for fault in advice(read(**REAL | given))] == advised


def test_newcomer_without_a_mail_server_is_advised_nothing() -> None:
    assert list(advice(Settings())) == []
