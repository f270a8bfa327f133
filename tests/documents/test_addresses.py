"""Which addresses are fit for an envelope, reserved, or on this machine."""

import pytest

from reminder.domain.addresses import is_loopback, is_public_name, is_reserved, mailbox

PUBLIC = ["reminder.npc.gov.cn", "NPC.gov.cn.", "unit.com", "xn--fsqu00a.xn--fiqs8s", "例子.中国"]
_OF_ONE_HOUSE = """
    localhost reminder reminder. a.local a.b.LAN a.internal a.home.arpa reminder.example a.test
    a.example.com 127.0.0.1 10.1.2.3 8.8.8.8 ::1 2001:db8::1 a.corp a.intranet a.localdomain
"""
RESERVED = ["npc.example", "x.invalid", "x.TEST", "example.com", "localhost"]
REAL = ["npc.gov.cn", "example.cn", "myexample.com", "test.cn"]
THIS_MACHINE = ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"]
ANOTHER = ["mail.npc.cn", "10.0.0.1", "0.0.0.0", "localhost.npc.cn", ""]


def test_a_name_of_the_internet_is_public_and_one_of_a_house_or_a_number_is_not() -> None:
    assert list(filter(is_public_name, [*PUBLIC, "", *_OF_ONE_HOUSE.split()])) == PUBLIC


@pytest.mark.parametrize(
    "bad", ["", "unit", "@unit.cn", "a@", "a b@unit.cn", "a@unit.cn\nBcc: b@unit.cn", "甲@unit.cn"]
)
def test_what_no_envelope_can_hold_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="wanted name@domain"):
        mailbox(bad)


def test_domain_is_kept_in_ascii() -> None:
    assert mailbox("office@例子.中国") == "office@xn--fsqu00a.xn--fiqs8s"


def test_reserved_domains_are_known() -> None:
    assert [name for name in (*RESERVED, *REAL) if is_reserved(f"office@{name}")] == RESERVED


def test_this_machine_is_loopback_and_another_is_not() -> None:
    assert list(filter(is_loopback, [*THIS_MACHINE, *ANOTHER])) == THIS_MACHINE
