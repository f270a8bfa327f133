"""Refusals that mean «later», told from those that mean it."""

import pytest

from reminder.mail.transports.smtp_answers import THROTTLES, is_throttle


def test_every_throttle_has_a_source_and_is_known():
    for throttle in THROTTLES:
        assert throttle.source.startswith("http")
        assert is_throttle(f"550 {throttle.words} x")


@pytest.mark.parametrize(
    "reply",
    [
        "550 Mailbox unavailable",
        "554 DT:SPM 163 smtp",
        "550 User suspended",
        "550 RP:TRCX",
        "550 5.1.1 no such user, check the address and try again",
    ],
)
def test_other_refusals_are_not_taken_for_throttles(reply):
    assert not is_throttle(reply)
