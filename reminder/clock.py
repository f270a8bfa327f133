"""The only place that reads the time."""

import time
from datetime import UTC, datetime, timedelta

monotonic = time.monotonic


class Clock:
    """The real time, or a time that starts at a given moment and runs on from there."""

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError(f"{start}: a moment needs a time zone")
        self._shift = start - datetime.now(UTC) if start else timedelta()

    def now(self) -> datetime:
        """This moment, in UTC, in whole seconds: what a mail's Date can say."""
        return (datetime.now(UTC) + self._shift).replace(microsecond=0)
