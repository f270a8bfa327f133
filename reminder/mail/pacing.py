"""How fast, and how long to wait: limits of the server's, back-off after it refused."""

import random
import threading
from dataclasses import dataclass
from datetime import timedelta

from reminder.clock import Clock

PROBE = (timedelta(minutes=1), timedelta(minutes=30))  # first wait for a sick server, longest
RETRY = (timedelta(minutes=2), timedelta(hours=4))  # the same for one recipient
# For a server that refuses the log-in or the encryption: only a person can mend that, and
# many wrong log-ins lock an account.
REFUSED = (timedelta(minutes=15), timedelta(hours=4))


def back_off(
    attempts: int, bounds: tuple[timedelta, timedelta], dice: random.Random | None = None
) -> timedelta:
    """Doubles with every attempt up to the longest, give or take a fifth."""
    first, longest = bounds
    wait = min(first * 2 ** min(attempts, 20), longest)
    return timedelta(seconds=wait.total_seconds() * (dice or random).uniform(0.8, 1.2))


@dataclass(frozen=True)
class Limits:
    connections: int = 1
    messages_per_connection: int = 100
    rate: int = 0  # messages a minute, 0 for no limit
    probe: tuple[timedelta, timedelta] = PROBE


class Pace:
    """Spreads messages evenly over the minute, over all connections together."""

    def __init__(self, rate: int, clock: Clock) -> None:
        self.interval = 60 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stop: threading.Event) -> None:
        if not self.interval:
            return
        with self._lock:
            now = self._clock.monotonic()
            mine = max(self._next, now)
            self._next = mine + self.interval
        self._clock.wait(stop, mine - now)
