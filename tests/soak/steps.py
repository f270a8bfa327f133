"""Every step of a pass as its last, over SMTP and into a Maildir, from several beginnings.

    python -m tests.soak.steps [--pairs 150] [--seed N]

Prints a line for each beginning; ends with 1 when anything was lost or doubled.
"""

import argparse
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.daemon.lives import WAYS, Begun, approved, lives, one_more_unit, planned, with_copies
from tests.daemon.trials import MARCH

BEGINNINGS: dict[str, tuple[Begun | None, str]] = {
    "no ledger": (None, "2026-03-02"),
    "planned": (planned, "2026-03-02"),
    "copies": (with_copies, "2026-03-02"),
    "one more unit": (one_more_unit, "2026-03-02"),
    "approved": (approved, "2026-03-02"),
    # The month went into the outbox: moving to a mail server is a first start again.
    "from an outbox": (
        lambda office, settings: office.tick(MARCH, **settings | {"transport": "maildir"}),
        "2026-03-02",
    ),
    # The month's digests went; reminders are due next.
    "a nudge": (lambda office, settings: office.tick(MARCH, **settings), "2026-03-26"),
}


def all_steps(way: str, name: str, pairs: int, seed: int) -> list[str]:
    begun, day = BEGINNINGS[name]
    dice = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        lives(Path(folder), way, begun, day) as case,
    ):
        count = len(case.undisturbed)
        deaths = [(step,) for step in range(1, count + 1)]
        deaths += [tuple(dice.randint(1, count) for _ in "ab") for _ in range(pairs // 2)]
        deaths += [tuple(dice.randint(1, count) for _ in "abc") for _ in range(pairs // 2)]
        found = [words for each in deaths for words in case.breaches(*each)]
    print(f"{way}, {name}: {count} steps, {len(deaths)} cases, {case.copies} messages came again, "
          f"{len(found)} breaches", flush=True)  # fmt: skip
    return [f"{way}, {name}: {words}" for words in found]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(all_steps, way, name, options.pairs, options.seed)
            for name in BEGINNINGS
            for way in WAYS
        ]
        found = [words for run in runs for words in run.result()]
    print("\n".join(found) or "nothing lost, nothing doubled beyond the promise")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
