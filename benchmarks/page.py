"""docs/performance.md: what was compared with what, and whether the targets are reached."""

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import CHECKOUT, Spread, Unavailable, figure

NONE = "–"
_HEAD = """\
# Performance

Written by `make bench`; never edited by hand. Profiles and reasons stand in
[profiles.md](profiles.md), which no program writes.

Product and limit run in turn (A B A B …) in one run on one machine, so what disturbs one disturbs
the other. A figure is the median of its rounds, with the quartiles behind it in brackets; a ratio
is taken round by round. Absolute figures are of this machine, ratios of any.
"""
_HOW = """\
## How to run

    make bench            # everything, a quarter of an hour; writes this page
    make bench QUICK=1    # small offices and one round, within a minute; prints only
    make bench ONLY=feeds # one part: {parts}

It needs Debian's `postfix` (smtp-source, smtp-sink), `nginx-light` and `wrk`; a part whose tool is
missing says so. It needs no root, chooses free ports, and ends and removes whatever it starts.
"""


@dataclass(frozen=True)
class Target:
    """`most` says that the figure is to stay below the bound."""

    what: str
    bound: float
    found: Spread | None
    unit: str = ""
    most: bool = False

    def row(self) -> tuple[str, ...]:
        wanted = f"{'≤' if self.most else '≥'} {figure(self.bound)}{self.unit}"
        if self.found is None:
            return self.what, wanted, NONE, "not measured"
        value = self.found.median
        reached = value <= self.bound if self.most else value >= self.bound
        return self.what, wanted, f"{self.found}{self.unit}", "yes" if reached else "**no**"


@dataclass(frozen=True)
class Part:
    """`how` is a paragraph; `rows` are its table, the first one the headings."""

    title: str
    how: str
    targets: list[Target] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def try_to(self, what: str, error: Unavailable) -> None:
        self.missing.append(f"{what}: {error}")

    def __str__(self) -> str:
        lines = [f"## {self.title}", "", self.how, ""]
        if len(self.rows) > 1:
            lines += [table(self.rows), ""]
        lines += [f"Not measured: {words}\n" for words in self.missing]
        return "\n".join(lines)


def table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(parts: Sequence[Part], names: str) -> str:
    targets: list[tuple[str, ...]] = [("target", "wanted", "measured", "reached")]
    targets += [target.row() for part in parts for target in part.targets]
    blocks = [_HEAD, table(_machine()), "", "## Targets", "", table(targets), ""]
    return "\n".join([*blocks, *map(str, parts), _HOW.format(parts=names)])


def _machine() -> list[tuple[str, str]]:
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        ("machine", f"{cpu[1] if cpu else platform.machine()}, {cores} cores, {memory:.0f} GiB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("SQLite", sqlite3.sqlite_version),
        ("load before", f"{_LOAD:.1f}"),
        ("date", f"{datetime.now(UTC):%Y-%m-%d}"),
        ("commit", _commit()),
    ]


_LOAD = os.getloadavg()[0]


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
