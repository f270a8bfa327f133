"""The only place that reads the time."""

import time
from datetime import UTC, datetime, timedelta
from threading import Event

# No version is older: an earlier clock is one that was never set.
RELEASED = datetime(2025, 12, 1, tzinfo=UTC)

monotonic = time.monotonic

# A clock that goes on while the machine sleeps, where there is one.
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def since_boot() -> float:
    """Seconds; no setting of the clock changes them."""
    return time.clock_gettime(_SINCE_BOOT)


class Clock:
    """The real time, or a time that starts at a given moment and runs on from there."""

    is_real: bool

    def __init__(self, start: datetime | None = None) -> None:
        self.is_real = start is None
        self._shift = start - datetime.now(UTC) if start else timedelta()

    def now(self) -> datetime:
        """This moment, in UTC, in whole seconds: what a mail's Date can say."""
        return (datetime.now(UTC) + self._shift).replace(microsecond=0)

    def monotonic(self) -> float:
        return monotonic()

    def wait(self, stop: Event, seconds: float) -> None:
        """Until so many seconds have passed, or `stop` is set."""
        stop.wait(seconds)


class VirtualClock(Clock):
    """Stands still until it is told to go on: a year passes in seconds."""

    is_real = False

    def __init__(self, start: datetime) -> None:
        self.moment = start.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        return self.moment.replace(microsecond=0)

    def monotonic(self) -> float:
        return self._seconds

    def wait(self, stop: Event, seconds: float) -> None:
        if not stop.is_set():
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self._seconds += seconds
