"""A scheduler that wakes the daemon's tick, and a guard that sees to it."""

import logging
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from reminder.clock import monotonic
from reminder.events import Event
from reminder.office.status import EVERY

log = logging.getLogger(__name__)

# Without a beat for so long the scheduler is taken for dead: mended within a minute.
LATE = 1.5 * EVERY.total_seconds()
LONG = 600.0  # seconds after which a beat that does not end is worth a word


class Heartbeat:
    """Wakes the daemon's tick, and sees to it that it is woken.

    APScheduler's thread dies silently on an exception in its loop while `running` says True, and
    waits when the clock is set back: a guard on the monotonic clock replaces a stalled one.

    `beat` runs in one thread at a time, and once more when the scheduler was replaced.
    """

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._beating = threading.Lock()
        self._begun = self._last = monotonic()
        self._scheduler = self._schedule()

    def guard(self, stop: threading.Event, stalled: Callable[[], None]) -> None:
        """Until `stop`; calls `stalled` for every scheduler that it had to replace."""
        warned = False
        while not stop.wait(self._patience()):
            if self._beating.locked():
                if monotonic() - self._begun > LONG and not warned:
                    words = "a pass has been at work for %d minutes"
                    log.error(words, LONG / 60, extra=Event.TICK_LONG.of())
                    warned = True
                continue
            warned = False
            if self._patience() == 0:
                self._scheduler.shutdown(wait=False)
                self._scheduler = self._schedule()
                stalled()
                self._once()

    def stop(self) -> None:
        """A beat that has begun is waited for."""
        self._scheduler.shutdown(wait=True)

    def _patience(self) -> float:
        """Seconds until a beat is late: the guard sleeps so long, and no longer.

        While one is at work none is late; had it ended now, this would be right.
        """
        since = 0 if self._beating.locked() else monotonic() - self._last
        return max(0.0, LATE - since)

    def _schedule(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC")
        seconds = EVERY.total_seconds()
        scheduler.add_job(self._once, "interval", seconds=seconds, misfire_grace_time=None)
        scheduler.start()
        return scheduler

    def _once(self) -> None:
        if not self._beating.acquire(blocking=False):
            return
        self._begun = monotonic()
        try:
            self._beat()
        finally:
            self._last = monotonic()
            self._beating.release()
