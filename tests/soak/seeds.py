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

CHATS = {"chat": {"url": "json://127.0.0.1/hook"}}
WEB = {"base_url": "https://reminder.test"}


def year(seed: int) -> tuple[str, Sequence[Breach]]:
    logging.disable()
    approval = seed % 4 == 0  # of every fourth the secretariat reads the digests first
    with tempfile.TemporaryDirectory(prefix="reminder-seed-") as folder:
        readers, chats = seed % 3 == 0, seed % 5 == 0
        config = with_more(Path(folder), readers=readers, chats=chats) if readers or chats else None
        given = {"mail": {"approval": approval}, "web": WEB if readers else {}}
        office = load_office(config, given | {"channel": CHATS if chats else {}})
        return judged(seed, office, Path(folder) / "year")


def with_more(folder: Path, *, readers: bool, chats: bool) -> Path:
    """Every unit has a reader, who gets a message of their own, or a chat beside its mail."""
    shutil.copytree(SHIPPED / "plan", folder / "plan")
    shutil.copytree(SHIPPED / "config", folder / "config")
    units = folder / "config" / "units.toml"
    mailbox = re.compile(r'(?m)^to = \["([^"]+)"\]$')
    more = r'\ncc = ["reader-of-\1"]' if readers else ""
    more += '\nchannels = ["chat"]' if chats else ""
    text = mailbox.sub(rf'to = ["\1"]{more}', units.read_text("utf-8"))
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
