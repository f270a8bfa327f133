"""One worker of a pass: its connection, opened, used up and replaced, and the pace of all."""

import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from reminder.clock import Clock
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ReminderError, ServerError
from reminder.events import Event
from reminder.ledger.claiming import Claim
from reminder.mail.claims import Claims
from reminder.mail.transports import Connection, Envelope, opened, unforeseen

log = logging.getLogger(__name__)


class Pace:
    """Spreads messages evenly over the minute, over all connections together."""

    def __init__(self, rate: int, clock: Clock, stop: threading.Event) -> None:
        self._interval = 60 / rate if rate else 0.0
        self._clock = clock
        self._stop = stop
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        if not self._interval:
            return
        with self._lock:
            now = self._clock.monotonic()
            mine = max(self._next, now)
            self._next = mine + self._interval
        self._clock.wait(self._stop, mine - now)


@dataclass
class Worker:
    """One worker's connection: opened, used up, replaced.

    `broken` counts the messages in a row over which the server broke off: one may be that
    message's fault, two are the server's.
    """

    claims: Claims
    connection: Connection | None = None
    sent: int = 0  # over this connection
    broken: int = 0
    last_reply: str = ""

    def send(self, claim: Claim) -> Mapping[str, Answer]:
        """Raises `ServerError` and `ClaimLapsedError`."""
        route = self.claims.route
        used_up = self.sent >= route.messages_per_connection
        if self.connection and (used_up or self.connection.closed):
            self.close()
        if self.connection is None:
            self.sent = 0
            self.connection = opened(route.transport)
        envelope = Envelope(claim.message_id, route.sender, claim.addresses, claim.content)
        try:
            answers = self.connection.send(envelope, self.claims.still_ours)
        except ServerError:
            if not self.sent:
                raise
            self.connection = None  # it had enough of this one: a new one will tell the rest
            return self.send(claim)
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, this message may have gone
            log.exception("%s: unforeseen", claim.message_id, extra=Event.UNFORESEEN.of(claim.key))
            self.close()  # it goes again, by another connection
            lost = Answer(State.RETRY, Reason.ANSWER_LOST, str(unforeseen(error)))
            answers = dict.fromkeys(claim.addresses, lost)
        self.sent += 1
        self.last_reply = next(iter(answers.values())).reply
        settled = any(answer.state is not State.RETRY for answer in answers.values())
        ended = self.connection is None or self.connection.closed
        self.broken = self.broken + 1 if ended and not settled else 0
        return answers

    def close(self) -> None:
        if self.connection:
            with suppress(Exception):  # every answer that counts has been heard
                self.connection.close()
            self.connection = None
