"""Simulated years with faults, each drawn from its own seed; ends with 1 if a promise broke.

    python -m tests.soak.seeds 17 4711
    python -m tests.soak.seeds --first 1 --count 1000

Prints a line for each seed, and one below it for each breach.
"""

import argparse
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path

from reminder.documents.office import Office, load_office
from reminder.documents.settings import SHIPPED
from tests.simulation.judge import Breach, simulate

WEB = {"base_url": "https://reminder.test"}


def year(seed: int) -> tuple[str, Sequence[Breach]]:
    logging.disable()
    approval = seed % 4 == 0  # of every fourth the secretariat reads the digests first
    with tempfile.TemporaryDirectory(prefix="reminder-seed-") as folder:
        config, web = (with_readers(Path(folder)), WEB) if seed % 3 == 0 else (None, {})
        office = load_office(config, {"mail": {"approval": approval}, "web": web})
        return judged(seed, office, Path(folder) / "year")


def with_readers(folder: Path) -> Path:
    """Every unit has one, who gets a message of their own."""
    shutil.copytree(SHIPPED / "plan", folder / "plan")
    shutil.copytree(SHIPPED / "config", folder / "config")
    units = folder / "config" / "units.toml"
    mailbox = re.compile(r'(?m)^to = \["([^"]+)"\]$')
    text = mailbox.sub(r'to = ["\1"]\ncc = ["reader-of-\1"]', units.read_text("utf-8"))
    units.write_text(text, "utf-8")
    return folder / "config"


def judged(seed: int, office: Office, folder: Path) -> tuple[str, Sequence[Breach]]:
    zone, of = office.table.plan.zone, office.table.plan.year
    start, end = datetime(of, 1, 1, tzinfo=zone), datetime(of + 1, 1, 1, tzinfo=zone)
    found = simulate(office, start, end, folder, seed=seed)
    return (
        f"seed {seed}: {found.year.kills} kills, {len(found.year.faults.spells)} faults, "
        f"{len(found.server.deliveries)} mails, {found.copies} copies, "
        f"{len(found.breaches)} breaches"
    ), found.breaches


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="*", help="these, instead of a row of them")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    seeds = given.seeds or range(given.first, given.first + given.count)
    broken = 0
    with ProcessPoolExecutor(given.jobs) as pool:
        for words, breaches in pool.map(year, seeds):
            print(words, flush=True)
            for breach in breaches:
                print(f"  {breach.notice}: {breach.words}", flush=True)
            broken += bool(breaches)
    print(f"{broken} of {len(seeds)} seeds broke the promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
