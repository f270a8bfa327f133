"""What a mail that came is, in the shapes in which mail servers and programs write it."""

import time
from pathlib import Path

import pytest

from reminder.domain.incoming import Failure
from reminder.mail.letters import read_letter

LETTERS = Path(__file__).parents[1] / "data" / "letters"
OURS = "<7c1f0a@npc.test>"
LEAD = "lead@unit.test"


def read(name: str):
    return read_letter((LETTERS / f"{name}.eml").read_bytes(), "reminder@npc.test")


@pytest.mark.parametrize(
    ("name", "status", "no_mailbox", "word"),
    [
        ("postfix-no-such-user", "5.1.1", True, "User unknown"),
        ("postfix-headers-only", "5.1.1", True, "User unknown"),
        ("postfix-full", "5.2.2", False, "mailbox full"),
        ("postfix-policy", "5.7.1", False, "blocked by policy"),
        ("postfix-expired", "4.4.1", False, "timed out"),
        ("postfix-forwarded", "", False, "liaison@elsewhere.test"),
        ("exim-dsn", "5.2.1", True, "mailbox disabled"),
        ("exim-old", "", False, "Unrouteable"),
        ("exchange", "5.1.1", True, "RecipNotFound"),
        ("exchange-online", "5.1.10", True, "not found by SMTP"),
        ("qmail", "5.1.1", True, "no mailbox here"),
        ("coremail", "5.1.1", True, "User not found"),
        ("qq", "5.1.1", True, "Mailbox not found"),
        ("qq-content-refused", "", False, "content denied"),
    ],
)
def test_bounce(name: str, status: str, no_mailbox: bool, word: str) -> None:
    letter = read(name)
    assert letter.kind == "bounce"
    assert OURS in letter.answers
    [failure] = [one for one in letter.failures if one.address == LEAD]
    assert (failure.status, failure.is_no_mailbox) == (status, no_mailbox)
    assert word in failure.words


@pytest.mark.parametrize(
    "name",
    [
        "postfix-delayed", "exim-delayed", "delivered", "vacation-exchange", "vacation-sieve",
        "vacation-163", "list", "read-receipt",
    ],
)  # fmt: skip
def test_nobody_has_written_it(name: str) -> None:
    assert read(name).kind == "automatic"


def test_our_own_mail_is_known() -> None:
    assert read("own").kind == "own"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("5.1.1", True), ("5.1.10", True), ("5.1.2", True), ("5.2.1", True), ("5.2.2", False),
        ("5.7.1", False), ("5.1.7", False), ("5.1.8", False), ("4.1.1", False), ("", False),
    ],
)  # fmt: skip
def test_only_what_is_said_of_the_mailbox_stops_mail(status: str, expected: bool) -> None:
    assert Failure(LEAD, status, "").is_no_mailbox is expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff" * 100,
        b"From: \xff\xfe<a@b\r\nSubject: =?x?B?//?=\r\nDate: 99\r\nContent-Type: ;;\r\n\r\n\xff",
        b"Content-Type: multipart/report; boundary=a\r\n\r\n" + b"--a\r\n" * 5000,
        b"Content-Type: multipart/mixed\r\n\r\n--a\r\n",
        b"Content-Type: text/html; charset=nothing\r\n\r\n" + b"<div>" * 20000 + b"<![x",
        b"Content-Type: message/delivery-status\r\nFrom: mailer-daemon@x\r\n\r\nAction: failed\r\n",
        b"References: " + b"<a@b> " * 9000 + b"\r\n\r\n550 " + b"x@y.z " * 9000,
    ],
)
def test_whatever_comes_is_read(content: bytes) -> None:
    assert read_letter(content, "reminder@npc.test").kind in ("unknown", "reply", "automatic")


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: text/plain" + b";" * 10**6 + b"\r\n\r\nx",
        b"X-Failed-Recipients: " + b"a" * 10**6 + b"\r\n\r\n550 x",
        b"Authentication-Results: mx; " + b"spf=pass smtp.mailfrom=a@b; " * 40_000 + b"\r\n\r\nx",
        b"In-Reply-To: <a@b>\r\n\r\nx" + b" " * 60_000 + b"x",
        b"Content-Type: text/plain; charset=punycode\r\n\r\na-" + b"99b9" * 250_000,
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
        + (b"--a\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 5000 + b"\r\n") * 50,
    ],
)  # fmt: skip
def test_no_mail_takes_long_to_read(content: bytes) -> None:
    """Nothing else of the process runs meanwhile, and it would be read again after a kill."""
    begun = time.process_time()
    read_letter(content, "reminder@npc.test", "mx")
    assert time.process_time() - begun < 2
