"""How long commands and the daemon take to start, what they take up, what an idle daemon does."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.daemon import daemon
from benchmarks.measuring import REMINDER, Spread, in_turn, memory, run, spread, workplace
from benchmarks.page import Part, Target


def measure(quick: bool) -> Part:
    rounds, seconds = (1, 2) if quick else (10, 60)
    part = Part(
        "Starting, and doing nothing",
        f"On the shipped plan, {rounds} starts each, in turn; memory is the peak of the resident "
        "set. The daemon is started anew with a ledger that has begun, and counts as started when "
        f"`/readyz` says so. Then it is left alone for {seconds} s: processor as a share of one "
        "core, and voluntary context switches, of all its threads.",
    )
    part.rows.append(("", "time", "memory"))
    with workplace() as folder:
        state = folder / "state"
        run([REMINDER, "tick"], {"STATE_DIR": state})
        help_, check, ready = Peak(), Peak(), Peak()

        def start() -> float:
            begun = time.perf_counter()
            with daemon(state) as reminder:
                ended = time.perf_counter()
                ready(reminder.process.pid)
            return ended - begun

        names = ("reminder --help", "reminder check", "reminder run, until ready")
        works: list[Callable[[], float]] = [
            lambda: run([REMINDER, "--help"], watch=help_).wall,
            lambda: run([REMINDER, "check"], watch=check).wall,
            start,
        ]
        times = in_turn(rounds, *works)
        for name, seconds_, peak in zip(names, times, (help_, check, ready), strict=True):
            part.rows.append((name, f"{_ms(seconds_)} ms", f"{peak.spread} MiB"))
        share, switches, size = _idle(state, seconds)
    part.rows.append((f"left alone for {seconds} s", f"{share:.3f} % of a core", f"{size:.1f} MiB"))
    part.rows.append(("context switches a minute", f"{switches:.0f}", ""))
    part.targets.extend(
        [
            Target("`reminder --help`", 150, _ms(times[0]), " ms", most=True),
            Target("a daemon until ready", 600, _ms(times[2]), " ms", most=True),
            Target("a daemon left alone, of a core", 0.2, spread([share]), " %", most=True),
            Target("a daemon's memory when ready", 80, ready.spread, " MiB", most=True),
        ]
    )
    return part


def _ms(seconds: list[float]) -> Spread:
    return spread([1000 * each for each in seconds])


class Peak:
    """Of each process that it is shown, in MiB."""

    def __init__(self) -> None:
        self._peaks: dict[int, float] = {}

    def __call__(self, pid: int) -> None:
        self._peaks[pid] = max(self._peaks.get(pid, 0.0), memory(pid)[1])

    @property
    def spread(self) -> Spread:
        return spread(list(self._peaks.values()))


def _idle(state: Path, seconds: float) -> tuple[float, float, float]:
    """Per cent of a core, voluntary switches a minute, MiB."""
    with daemon(state) as reminder:
        time.sleep(2)  # what the start leaves to be done
        pid = reminder.process.pid
        before, then = _used(pid), time.perf_counter()
        time.sleep(seconds)
        after, passed = _used(pid), time.perf_counter() - then
        size, _ = memory(pid)
    busy, switches = (end - start for end, start in zip(after, before, strict=True))
    return 100 * busy / passed, 60 * switches / passed, size


def _used(pid: int) -> tuple[float, float]:
    """Seconds of processor, to the nanosecond, and voluntary switches, of all threads."""
    busy = switches = 0.0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        busy += int((thread / "schedstat").read_text().split()[0]) / 1e9
        found = re.search(
            r"^voluntary_ctxt_switches:\s+(\d+)", (thread / "status").read_text(), re.MULTILINE
        )
        switches += int(found[1]) if found else 0
    return busy, switches
