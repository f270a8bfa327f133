"""Which addresses are fit for an envelope, reserved, or on this machine."""

from collections.abc import Callable

import pytest

from reminder.domain import addresses
from reminder.domain.addresses import is_loopback, is_reserved, mailbox

PUBLIC = ["reminder.npc.gov.cn", "NPC.gov.cn.", "unit.com", "xn--fsqu00a.xn--fiqs8s", "例子.中国"]
_OF_ONE_HOUSE = """
    localhost reminder reminder. a.local a.b.LAN a.internal a.home.arpa reminder.example a.test
    a.example.com 127.0.0.1 10.1.2.3 8.8.8.8 ::1 2001:db8::1 a.corp a.intranet a.localdomain
"""


@pytest.mark.parametrize("host", PUBLIC)
def test_a_name_of_the_internet_is_public(host: str) -> None:
    assert addresses.is_public_name(host)


@pytest.mark.parametrize("host", ["", *_OF_ONE_HOUSE.split()])
def test_a_number_or_a_name_of_one_house_is_not(host: str) -> None:
    assert not addresses.is_public_name(host)


@pytest.mark.parametrize(
    "bad", ["", "unit", "@unit.cn", "a@", "a b@unit.cn", "a@unit.cn\nBcc: b@unit.cn", "甲@unit.cn"]
)
def test_what_no_envelope_can_hold_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="wanted name@domain"):
        mailbox(bad)


def test_domain_is_kept_in_ascii() -> None:
    assert mailbox("office@例子.中国") == "office@xn--fsqu00a.xn--fiqs8s"


@pytest.mark.parametrize(
    "domain", ["npc.example", "x.invalid", "x.TEST", "example.com", "localhost"]
)
def test_reserved_domain_is_known(domain: str) -> None:
    assert is_reserved(f"office@{domain}")


@pytest.mark.parametrize("domain", ["npc.gov.cn", "example.cn", "myexample.com", "test.cn"])
def test_real_domain_is_not_reserved(domain: str) -> None:
    assert not is_reserved(f"office@{domain}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["mail.npc.cn", "10.0.0.1", "0.0.0.0", "localhost.npc.cn", ""])
def test_another_machine_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("name", ["a", "a.b-c", "a..b", "A", "postmaster", "é", "-a", "a" * 65])
@pytest.mark.parametrize("domain", ["x.example", "X.example", "a-.b", "x.local", "", "é.example"])
def test_address_of_a_known_domain_is_checked_as_the_first_was(name: str, domain: str) -> None:
    def said(check: Callable[[str], str]) -> str:
        try:
            return check(f"{name}@{domain}")
        except ValueError as error:
            return str(error)

    assert said(mailbox) == said(mailbox) == said(addresses._checked)
