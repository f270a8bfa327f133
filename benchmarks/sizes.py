"""What a digest costs in small and large offices, and the memory of sending the largest."""

from dataclasses import dataclass

from benchmarks.measuring import (
    Spread,
    Unavailable,
    figure,
    memory,
    spread,
    workplace,
)
from benchmarks.page import NONE, Part, Target
from benchmarks.sending import CONNECTIONS
from benchmarks.sink import Sink, sink
from benchmarks.trial import Sent, Trial, smtp


@dataclass(frozen=True)
class Round:
    sent: Sent
    watch: "Watch"


def measure(quick: bool) -> Part:
    sizes, flat_from = ((50, 200), 50) if quick else ((500, 5000), 1000)
    part = Part(
        "Cost and memory as the office grows",
        "The same tick for offices of different size, three times. Memory is the process's "
        "resident set, read fifty times a second; growth is from the moment when "
        f"{flat_from:,} digests were sent to the end.",
    )
    costs = ("processor a digest, ms", "clock a digest, ms", "loading, s")
    part.rows.append(("units", *costs, "peak, MiB", "growth, MiB"))
    found: dict[int, list[Round]] = {}
    for units in sizes:
        try:
            found[units] = _rounds(units, flat_from, 1 if quick else 3, part)
        except Unavailable as error:
            part.try_to(f"{units:,} units", error)
    least, most = found.get(sizes[0]), found.get(sizes[-1])
    grown = _beside(most, least) if least and most else None
    peak = _peak(most) if most else None
    growth = _growth(most) if most else None
    words = f"processor a digest, {sizes[-1]:,} units beside {sizes[0]:,}"
    part.targets.extend(
        [
            Target(words, 1.15, grown, most=True),
            Target(f"peak memory, {sizes[-1]:,} digests", 130, peak, " MiB", most=True),
            Target(f"memory's growth after {flat_from:,} digests", 5, growth, " MiB", most=True),
        ]
    )
    return part


def _rounds(units: int, flat_from: int, count: int, part: Part) -> list[Round]:
    with workplace() as folder, sink() as server:
        trial = Trial(folder, units, smtp(server.port, CONNECTIONS))
        rounds = []
        for _ in range(count):
            watch = Watch(server, flat_from)
            rounds.append(Round(trial.send(watch), watch))
    cpu = spread([one.sent.cpu_ms for one in rounds])
    wall = spread([1000 / one.sent.rate for one in rounds])
    loading = figure(trial.idle.wall)
    growth = _growth(rounds) or NONE
    row = (f"{units:,}", cpu, wall, loading, _peak(rounds), growth)
    part.rows.append(tuple(map(str, row)))
    return rounds


def _peak(rounds: list[Round]) -> Spread:
    return spread([one.watch.peak for one in rounds])


def _growth(rounds: list[Round]) -> Spread | None:
    """None when the process was not seen after so many mails."""
    found = [one.watch.growth for one in rounds if one.watch.growth is not None]
    return spread(found) if found else None


def _beside(most: list[Round], least: list[Round]) -> Spread:
    base = spread([one.sent.cpu_ms for one in least]).median
    return spread([one.sent.cpu_ms / base for one in most])


class Watch:
    """Memory of a process that sends to that sink, in MiB."""

    def __init__(self, server: Sink, flat_from: int) -> None:
        self._server = server
        self._from = server.count + flat_from
        self._then: float | None = None
        self._most = 0.0
        self.peak = 0.0

    def __call__(self, pid: int) -> None:
        now, peak = memory(pid)
        self.peak = max(self.peak, peak)
        if now and self._server.count >= self._from:
            self._then = self._then or now
            self._most = max(self._most, now)

    @property
    def growth(self) -> float | None:
        return None if self._then is None else self._most - self._then
