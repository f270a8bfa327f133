"""Refusals that mean «later», told from those that mean it."""

import pytest

from reminder.domain.notices import Reason
from reminder.mail.transports.smtp_connection import THROTTLES, refusal_answer


def is_throttle(reply: str) -> bool:
    never, later = Reason.RECIPIENT_REFUSED, Reason.RECIPIENT_DEFERRED
    return refusal_answer(550, reply.encode(), never, later).reason is Reason.THROTTLED


def test_every_throttle_has_a_source_and_is_known():
    for _, words, _, source in THROTTLES:
        assert source.startswith("http")
        assert is_throttle(f"{words} x")


@pytest.mark.parametrize(
    "reply",
    [
        "Mailbox unavailable",
        "DT:SPM 163 smtp",
        "User suspended",
        "RP:TRCX",
        "5.1.1 no such user, check the address and try again",
    ],
)
def test_other_refusals_are_not_taken_for_throttles(reply):
    assert not is_throttle(reply)
