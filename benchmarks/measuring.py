"""What every benchmark needs: processes that always end, limit and product in turn, medians."""

import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REMINDER = str(Path(sys.executable).with_name("reminder"))
CHECKOUT = Path(__file__).resolve().parents[1]


class Unavailable(Exception):  # noqa: N818 - no mistake: it is said in the page
    """A tool that is missing, or something that the product refuses to do, in words."""


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of several rounds."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return figure(self.median)
        return f"{figure(self.median)} ({figure(self.low)}–{figure(self.high)})"


def spread(values: Sequence[float]) -> Spread:
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def ratios(values: Sequence[float], limits: Sequence[float]) -> Spread:
    """Of each round for itself: what disturbs the machine disturbs both."""
    return spread([value / limit for value, limit in zip(values, limits, strict=True)])


def figure(value: float) -> str:
    """Three significant digits, without an exponent."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    if 0 < abs(value) < 0.1:
        return f"{value:.2g}"
    return f"{value:,.{digits}f}"


def in_turn(rounds: int, *works: Callable[[], float]) -> list[list[float]]:
    """A B A B A B: the figures of each."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for figures, work in zip(found, works, strict=True):
            figures.append(work())
    return found


def tool(name: str, package: str) -> str:
    """Its path. Raises `Unavailable`."""
    if path := shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
        return path
    raise Unavailable(f"{name} is missing: apt-get install {package}")


@contextmanager
def workplace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="reminder-bench-") as folder:
        yield Path(folder)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Ours without any settings of the caller's; those given come without the prefix."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("REMINDER_")}
    return own | {f"REMINDER_{name}": str(value) for name, value in settings.items()}


def module(name: str, *words: object) -> list[str]:
    """A benchmark's own helper, as a process of its own."""
    return [sys.executable, "-m", f"benchmarks.{name}", *map(str, words)]


@contextmanager
def running(
    words: Sequence[str], settings: Mapping[str, object] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Ended on the way out, however that is. Its output is to be read, or it stops in the end."""
    process = subprocess.Popen(
        words,
        env=environment(settings or {}),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Cost:
    """Of one process: wall clock and processor in seconds, what it said."""

    wall: float
    cpu: float
    said: str


def run(
    words: Sequence[str],
    settings: Mapping[str, object] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Cost:
    """To its end; `watch` is called with its id fifty times a second. Raises `Unavailable`."""
    before, begun, ended = _children(), time.perf_counter(), threading.Event()
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            words,
            env=environment(settings or {}),
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            if watch:
                threading.Thread(target=_watch, args=(process.pid, watch, ended)).start()
            said, _ = process.communicate()
            wall = time.perf_counter() - begun
        finally:
            ended.set()
            process.kill()
        if process.returncode:
            errors.seek(0)
            raise Unavailable(f"{Path(words[0]).name}: {_reason(errors.read())}")
    return Cost(wall, _children() - before, said)


def _reason(errors: str) -> str:
    """In one line; of a traceback the last."""
    lines = errors.strip().splitlines()
    return lines[-1] if "Traceback" in errors else " ".join(map(str.strip, lines))


def _watch(pid: int, watch: Callable[[int], None], ended: threading.Event) -> None:
    while not ended.wait(0.02):
        watch(pid)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory(pid: int) -> tuple[float, float]:
    """Resident now and at most so far, in MiB; nothing of one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0, 0.0
    sizes = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", status))
    return int(sizes.get("VmRSS", 0)) / 1024, int(sizes.get("VmHWM", 0)) / 1024


def until(
    happened: Callable[[], bool], process: subprocess.Popen[str], what: str, seconds: float = 60
) -> None:
    """Raises `Unavailable` when the process ended before, or the time is up."""
    end = time.monotonic() + seconds
    while not happened():
        if process.poll() is not None:
            raise Unavailable(f"{what}: it ended with {process.returncode}")
        if time.monotonic() > end:
            raise Unavailable(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.005)
