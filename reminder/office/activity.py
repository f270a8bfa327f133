"""What this process is doing, for whoever watches it: nothing of it is kept."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Activity:
    """`failed` are passes that ended early, of the tick or of the sender; `troubles` are names of
    what stands in the way of edited files."""

    ticks: int = 0
    failed: int = 0
    last_tick: datetime | None = None
    last_is_good: bool = True
    delivers: bool = False
    troubles: Collection[str] = field(default_factory=tuple)

    def note_tick(self, at: datetime, *, is_good: bool) -> None:
        self.ticks += 1
        self.last_tick, self.last_is_good = at, is_good
