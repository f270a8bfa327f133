"""Failures that nobody thought of, while a mail is on its way: told as the server's trouble."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from reminder.domain.notices import Answer
from reminder.mail.transports import Envelope
from tests.daemon.trials import MARCH, Trial, by_smtp
from tests.mail.servers import bad_server

LATER = "2026-03-02T12:00+08:00"


class Sick:
    """A way out that fails as no server does."""

    closed = False

    def __init__(self, opens: bool = True, answers: Any = None) -> None:
        self._opens, self._answers = opens, answers

    def open(self) -> "Sick":
        if not self._opens:
            raise UnicodeEncodeError("ascii", "办公室", 0, 3, "ordinal not in range(128)")
        return self

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        if self._answers is None:
            raise ZeroDivisionError("within a message")
        return dict.fromkeys(envelope.recipients, self._answers)

    def close(self) -> None:
        raise RuntimeError("not even that")


def tick_by(office: Trial, way: Sick) -> None:
    app = office.app(MARCH, transport="smtp")
    app.transport = way
    app.tick()


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (Sick(opens=False), "UnicodeEncodeError"),
        (Sick(), "ZeroDivisionError: within a message"),
        (Sick(answers="no answer"), "AttributeError"),
    ],
    ids=["opening", "sending", "recording"],
)
def test_whatever_fails_nobody_is_left_queued_and_all_goes_later(
    office: Trial, way: Sick, words: str
) -> None:
    tick_by(office, way)
    assert words in office.trouble().detail
    assert {view.state for view in office.notices().values()} == {"retry"}
    with bad_server() as server:
        office.tick(LATER, **by_smtp(server.port))
    assert office.states() == {("sent", "accepted")}


def test_message_that_broke_off_within_is_as_one_whose_answer_was_lost(office: Trial) -> None:
    tick_by(office, Sick())
    assert ("lead@unit.test", "retry", "answer-lost") in office.history("digest/2026-03/lead")
