"""An office whose ledger has begun, an hour before January's digests are due."""

import json
import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.measuring import REMINDER, Cost, Unavailable, run
from benchmarks.office import write_office

BEFORE = "2026-01-04T08:00+08:00"  # a Sunday that is a working day, after the holidays
DUE = "2026-01-04T09:00+08:00"


def smtp(port: int, connections: int) -> dict[str, object]:
    return {
        "TRANSPORT": "smtp",
        "SMTP__HOST": "127.0.0.1",
        "SMTP__PORT": port,
        "SMTP__SECURITY": "none",
        "SMTP__CONNECTIONS": connections,
        "SMTP__MESSAGES_PER_CONNECTION": 10_000,
        "MAIL__FIRST_START": "send",
    }


@dataclass(frozen=True)
class Sent:
    """Seconds of one tick that planned and sent a digest a unit, its loading taken off."""

    digests: int
    wall: float
    cpu: float
    whole: Cost

    @property
    def rate(self) -> float:
        return self.digests / self.wall

    @property
    def cpu_ms(self) -> float:
        return 1000 * self.cpu / self.digests


class Trial:
    """Every `send` starts from a copy of the same ledger. Raises `Unavailable`."""

    def __init__(self, folder: Path, units: int, settings: Mapping[str, object]) -> None:
        self.folder = write_office(folder, units)
        self.units = units
        self._settings = settings
        self._begun = folder / "begun"
        self._tick(self._begun, BEFORE)

    @cached_property
    def idle(self) -> Cost:
        """A tick with nothing due: what loading costs. The median of three."""
        costs = [self._tick(self._begun, BEFORE) for _ in range(3)]
        wall = statistics.median(cost.wall for cost in costs)
        return Cost(wall, statistics.median(cost.cpu for cost in costs), "")

    @contextmanager
    def state(self) -> Iterator[Path]:
        """The ledger as it had begun, to be used once."""
        state = self.folder / "used"
        shutil.copytree(self._begun, state)
        try:
            yield state
        finally:
            shutil.rmtree(state)

    def send(self, watch: Callable[[int], None] | None = None, **more: object) -> Sent:
        with self.state() as state:
            cost = self._tick(state, DUE, watch, **more)
        if json.loads(cost.said)["sent"] != self.units:
            raise Unavailable(f"a tick of {self.units} digests said: {cost.said.strip()}")
        idle = self.idle
        return Sent(self.units, cost.wall - idle.wall, cost.cpu - idle.cpu, cost)

    def size(self) -> int:
        """Bytes of a county's digest."""
        words = ["preview", "--unit", "unit5", "--period", "2026-01", "--format", "eml"]
        words += ["--config", str(self.folder)]
        said = run([REMINDER, *words], {"STATE_DIR": self._begun}).said
        return len(said.encode()) + said.count("\n")  # CRLF, which the pipe's reader made one

    def _tick(
        self,
        state: Path,
        at: str,
        watch: Callable[[int], None] | None = None,
        **more: object,
    ) -> Cost:
        words = [REMINDER, "tick", "--json", "--config", str(self.folder), "--at", at]
        return run(words, {**self._settings, "STATE_DIR": state, **more}, watch)
