"""Many simulated years with faults, each from its own seed; ends with 1 if a promise broke.

python tests/soak/seeds.py --first 1 --count 1000 --jobs 2
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path

from reminder.documents.office import load_office
from reminder.simulation import Outcome, simulate


def year(seed: int) -> Outcome:
    logging.disable()
    approval = seed % 4 == 0  # of every fourth the secretariat reads the digests first
    office = load_office(None, {"mail": {"approval": approval}})
    zone, of = office.table.plan.zone, office.table.plan.year
    start, end = datetime(of, 1, 1, tzinfo=zone), datetime(of + 1, 1, 1, tzinfo=zone)
    with tempfile.TemporaryDirectory(prefix="reminder-seed-") as folder:
        return simulate(office, start, end, Path(folder), seed=seed)


def years(first: int, count: int, jobs: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(year, range(first, first + count))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    done = kills = faults = mails = copies = broken = 0
    for outcome in years(given.first, given.count, given.jobs):
        done += 1
        kills += outcome.kills
        faults += len(outcome.faults.spells)
        mails += len(outcome.deliveries)
        copies += outcome.copies
        broken += bool(outcome.breaches)
        for breach in outcome.breaches:
            print(f"seed {outcome.seed}: {breach.notice}: {breach.words}", flush=True)
        if sys.stderr.isatty():
            print(f"\r{done} of {given.count}", end="", file=sys.stderr)
    print(f"{done} seeds, {kills} kills, {faults} faults, {mails} mails, {copies} copies")
    print(f"{broken} seeds broke the promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
