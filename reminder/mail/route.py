"""The way to a mail server: its limits, its pace, and one worker's connection."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from reminder.clock import Clock
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ReminderError, ServerError
from reminder.ledger.deliveries import Claim
from reminder.mail.transports import Connection, Envelope, Transport, opened, unforeseen

log = logging.getLogger(__name__)

PROBE = (timedelta(minutes=1), timedelta(minutes=30))  # first wait for a sick server, longest
RETRY = (timedelta(minutes=2), timedelta(hours=4))  # the same for one recipient
# For a server that refuses the log-in or the encryption: only a person can mend that, and
# many wrong log-ins lock an account.
REFUSED = (timedelta(minutes=15), timedelta(hours=4))


@dataclass(frozen=True)
class Route:
    """Where the notices of one stream go. What waits for a mail server is not for an outbox
    folder, nor for a rehearsal.

    `name` is for people; `mark` changes with every setting of the server, which is another one
    then. `failing` is why notices wait while it fails.
    """

    transport: Transport
    stream: str
    sender: str
    name: str
    mark: str
    connections: int = 1
    messages_per_connection: int = 100
    rate: int = 0  # messages a minute, 0 for no limit
    probe: tuple[timedelta, timedelta] = PROBE
    failing: Reason = Reason.SERVER
    rehearsal: bool = False


def back_off(attempts: int, bounds: tuple[timedelta, timedelta], dice: random.Random) -> timedelta:
    """Doubles with every attempt up to the longest, give or take a fifth."""
    first, longest = bounds
    wait = min(first * 2 ** min(attempts, 20), longest)
    return timedelta(seconds=wait.total_seconds() * dice.uniform(0.8, 1.2))


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
class SmtpWorker:
    """One worker's connection: opened, used up, replaced.

    `broken` counts the messages in a row over which the server broke off: one may be that
    message's fault, two are the server's.
    """

    route: Route
    connection: Connection | None = None
    sent: int = 0  # over this connection
    broken: int = 0
    last_reply: str = ""

    def send(self, claim: Claim, still_ours: Callable[[], bool]) -> Mapping[str, Answer] | None:
        """The answers; None when the server has had enough of this connection, and a new one
        will tell the rest. Raises `ServerError` and `ClaimLapsedError`."""
        connection = self._open()
        envelope = Envelope(claim.message_id, self.route.sender, claim.addresses, claim.content)
        try:
            answers = connection.send(envelope, still_ours)
        except ServerError:
            if not self.sent:
                raise
            self.connection = None
            return None
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, this message may have gone
            log.exception("%s: unforeseen", claim.message_id)
            return self._lost(envelope, str(unforeseen(error)))
        self.sent += 1
        self.last_reply = next(iter(answers.values())).reply
        settled = any(answer.state is not State.RETRY for answer in answers.values())
        self.broken = 0 if settled or not connection.closed else self.broken + 1
        return answers

    def _lost(self, envelope: Envelope, reply: str) -> Mapping[str, Answer]:
        """Nobody knows how far that message came: it goes again, by another connection."""
        self.close()
        self.broken, self.last_reply = self.broken + 1, reply
        return dict.fromkeys(envelope.recipients, Answer(State.RETRY, Reason.ANSWER_LOST, reply))

    def close(self) -> None:
        if self.connection:
            with suppress(Exception):  # every answer that counts has been heard
                self.connection.close()
            self.connection = None

    def _open(self) -> Connection:
        used_up = self.sent >= self.route.messages_per_connection
        if self.connection and (used_up or self.connection.closed):
            self.close()
        if self.connection is None:
            self.sent = 0
            self.connection = opened(self.route.transport)
        return self.connection
