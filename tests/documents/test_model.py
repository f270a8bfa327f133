"""What settings mean together."""

from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.documents.conftest import Sources


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_port_follows_from_security(sources: Sources, security: str, port: int) -> None:
    sources.file(f'[smtp]\nsecurity = "{security}"\n')
    assert sources.load().smtp.effective_port == port


def test_given_port_wins_over_security(sources: Sources) -> None:
    sources.file('[smtp]\nsecurity = "tls"\nport = 2465\n')
    assert sources.load().smtp.effective_port == 2465


@pytest.mark.parametrize(("transport", "start"), [("maildir", "send"), ("smtp", "hold")])
def test_first_start_is_held_by_smtp_only(sources: Sources, transport: str, start: str) -> None:
    sources.file(f'transport = "{transport}"\n')
    assert sources.load().first_start == start


def test_given_first_start_wins_over_the_transport(sources: Sources) -> None:
    sources.file('transport = "smtp"\n[mail]\nfirst_start = "send"\n')
    assert sources.load().first_start == "send"


def test_ledger_and_outbox_lie_in_the_state_folder(sources: Sources) -> None:
    sources.file('state_dir = "state"\n')
    settings = sources.load()
    assert settings.ledger == sources.folder / "state" / "ledger.db"
    assert settings.outbox == sources.folder / "state" / "outbox"


def test_database_url_places_the_ledger(sources: Sources) -> None:
    sources.file('database_url = "sqlite:////srv/ledger.db"\n')
    assert sources.load().ledger == Path("/srv/ledger.db")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("reminder:secret@db.unit.cn/office", "db.unit.cn/office"),
        ("r@one:5433,two:5434/office?target_session_attrs=any", "one:5433,two:5434/office"),
        ("r@[::1]:5432/office?sslmode=require", "::1:5432/office"),
        ("/office?host=/run/postgresql", "/run/postgresql/office"),
    ],
)
def test_ledger_on_a_server_is_known_by_host_and_database(
    sources: Sources, address: str, name: str
) -> None:
    sources.file(f'state_dir = "state"\ndatabase_url = "postgresql://{address}"\n')
    settings = sources.load()
    assert str(settings.ledger) == name
    assert settings.lock_path == (sources.folder / "state").resolve() / "ledger.sender.lock"


@pytest.mark.parametrize(
    ("transport", "base_url", "links"),
    [
        ("maildir", "", False),
        ("maildir", "http://127.0.0.1:8026", True),
        ("smtp", "http://127.0.0.1:8026", False),
        ("smtp", "http://localhost:8026", False),
        ("smtp", "https://reminder.unit.cn", True),
    ],
)
def test_mail_that_leaves_this_machine_has_no_loopback_link(
    sources: Sources, transport: str, base_url: str, links: bool
) -> None:
    sources.file(f'transport = "{transport}"\n[web]\nbase_url = "{base_url}"\n')
    assert sources.load().links_in_mail is links


def test_page_address_without_base_url_is_this_machine(sources: Sources) -> None:
    sources.file('[web]\nhost = "0.0.0.0"\nport = 9000\n')
    assert sources.load().web.public_url == "http://127.0.0.1:9000"


def test_base_url_loses_its_closing_slash(sources: Sources) -> None:
    sources.file('[web]\nbase_url = "https://unit.cn/reminder/"\n')
    assert sources.load().web.public_url == "https://unit.cn/reminder"


@pytest.mark.parametrize("path", ["提醒", "%e6%8f%90%e9%86%92", "%E6%8F%90%E9%86%92/"])
def test_a_path_is_written_in_one_way(sources: Sources, path: str) -> None:
    sources.file(f'[web]\nbase_url = "https://unit.cn/{path}"\n')
    assert sources.load().web.root == "/%E6%8F%90%E9%86%92"


@pytest.mark.parametrize("path", ["/console", "/units/x", "/a//b", "/a/../b", "/a%2Fb", "/%00"])
def test_a_path_that_nobody_can_tell_from_our_own_is_refused(sources: Sources, path: str) -> None:
    sources.file(f'[web]\nbase_url = "https://unit.cn{path}"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:2: web.base_url: is ")


@pytest.mark.parametrize(
    "url", ["ftp://unit.cn", "https://", "https://unit.cn/?a=1", "http://[::1", "http://a:99999/"]
)
def test_what_is_no_address_of_a_site_is_refused(sources: Sources, url: str) -> None:
    sources.file(f'[web]\nbase_url = "{url}"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:2: web.base_url: is ")


def test_no_name_or_password_goes_out_with_the_sites_address(sources: Sources) -> None:
    sources.file('[web]\nbase_url = "https://office:swordfish@unit.cn"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:2: web.base_url: holds a user's name or password")
    assert "swordfish" not in fault


@pytest.mark.parametrize("domain", ["unit", "unit.cn/x", "UNIT.cn", "unit cn", "unit.cn\\n"])
def test_uid_domain_is_a_plain_domain(sources: Sources, domain: str) -> None:
    sources.file(f'uid_domain = "{domain}"\n')
    (fault,) = sources.faults()
    assert fault.startswith("reminder.toml:1: uid_domain: is ")


@pytest.mark.parametrize(
    "line",
    [
        'smtp.host = "a\\nb"',
        'smtp.host = "a..b"',
        'smtp.host = "http://unit.cn"',
        f'smtp.host = "{"x" * 300}"',
        'smtp.username = "a\\u0000b"',
        'smtp.password = "a\\u0000b"',
        "smtp.timeout = inf",
        "smtp.timeout = 1e300",
        f"smtp.messages_per_connection = {2**62}",
        'web.host = "a b"',
        'web.base_url = "http://unit.cn/\\"><script>"',
        'web.base_url = "http://unit.cn\\t"',
        'web.base_url = "http://unit.cn/\\u202e"',
        'mail.contact = "\\u202e"',
        'mail.from = "a\\u0000b <a@b.cn>"',
        'digest.at = "09:00+08:00"',
        f'uid_domain = "a.{"b" * 300}"',
    ],
)
def test_value_that_would_fail_later_is_refused(sources: Sources, line: str) -> None:
    sources.file(f"{line}\n")
    (fault,) = sources.faults()
    assert fault.startswith(f"reminder.toml:1: {line.partition(' ')[0]}: ")
    assert len(fault) < 300


@pytest.mark.parametrize(
    "host", ["localhost", "::1", "[::1]", "fe80::1%eth0", "mail_relay", "10.0.0.1"]
)
def test_name_and_address_of_a_host_are_taken(sources: Sources, host: str) -> None:
    sources.file(f'smtp.host = "{host}"\nweb.host = ""\n')
    assert sources.load().smtp.host == host


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("9f2c41d07be85a36e1c4f80d2b6a9753", "holds 16 random bytes at most"),
        ("k7Rq0vXz3LmT9bNf2YdH6sWc1JpG8uEa", "holds 24 random bytes at most"),
        ("x" * 31, "holds 19 random bytes at most"),
        ("a" * 64, "repeats itself"),
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
    sources: Sources, way: Callable[[bytes], str | bytes], bits: int
) -> None:
    written = way(Random(bits).randbytes(bits // 8))
    key = written if isinstance(written, str) else written.decode()
    sources.environment("REMINDER_SECRET_KEY", key)
    assert sources.load().secret_key.get_secret_value() == key
