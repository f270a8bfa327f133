"""Senders on hosts of their own, in every kind of trouble; and how many mails they send.

    python -m tests.soak.hosts [troubles] [feeds] [rates]

Hosts are network namespaces: it needs root, iproute2 and PostgreSQL's programs. Prints the
tables of docs/scaling.md. Ends with 1 on any breach of the promise, and when others took more
than a minute to take over.
"""

import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.hosts import troubles as trouble
from tests.hosts.cluster import Shape
from tests.hosts.network import missing
from tests.postgresql import program

T = TypeVar("T")
SHAPE = Shape(units=400)
DOUBLE = Shape(units=400, standby=True)
BUSY = Shape(units=2000)  # the others are not done when they take over
LONG = 120  # seconds of trouble
# The longest first; they mostly wait.
RUNS: tuple[Callable[[Path], trouble.Outcome], ...] = (
    lambda folder: trouble.befallen(folder, SHAPE, trouble.MAIL_SILENT),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.MAIL),
    lambda folder: trouble.befallen(folder, BUSY, trouble.KILLED),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.FROZEN, seconds=LONG),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.LEDGER_SILENT, seconds=LONG),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.LEDGER, seconds=LONG),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.KILLED),
    lambda folder: trouble.befallen(folder, SHAPE, trouble.STOPPED),
    lambda folder: trouble.restarted(folder, SHAPE, signal.SIGINT),
    lambda folder: trouble.restarted(folder, SHAPE, signal.SIGQUIT),
    lambda folder: trouble.failed_over(folder, DOUBLE, trouble.DEAD),
    lambda folder: trouble.failed_over(folder, DOUBLE, trouble.CUT_OFF),
    lambda folder: trouble.undisturbed(folder, SHAPE)[0],
)
AT_A_TIME = 3
SENDERS, ROUNDS = (1, 2, 4), 3


def troubles() -> list[str]:
    breaches: list[str] = []
    print("| case | accepted | shares | held | taken over after | copies |")
    print("|---|--:|---|--:|--:|--:|")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for run in [pool.submit(in_a_folder, run) for run in RUNS]:
            try:
                print(row(run.result()), flush=True)
                breaches += [f"{run.result().case}: {words}" for words in run.result().breaches]
            except AssertionError as error:  # the other runs are told all the same
                breaches.append(str(error))
            except SystemExit:
                pool.shutdown(cancel_futures=True)
                raise
    return breaches


def row(one: trouble.Outcome) -> str:
    shares = " + ".join(str(count) for _, count in sorted(one.shares.items()))
    after = "" if one.taken_over is None else f"{one.taken_over:.1f} s"
    return f"| {one.case} | {one.accepted} | {shares} | {one.held or ''} | {after} | {one.copies} |"


def feeds() -> list[str]:
    breaches, seconds = in_a_folder(trouble.served_alike)
    print("feeds changed after", ", ".join(f"{one:.1f} s" for one in seconds))
    return breaches


def rates() -> list[str]:
    """In turn, so that the machine's other work falls on all."""
    rates: dict[int, list[float]] = {senders: [] for senders in SENDERS}
    breaches: list[str] = []
    for _ in range(ROUNDS):
        for senders in SENDERS:
            shape = Shape(2000, senders, connections=4, body=0.025)
            outcome, rate = in_a_folder(
                lambda folder, shape=shape: trouble.undisturbed(folder, shape)
            )
            rates[senders].append(rate)
            breaches += outcome.breaches
    alone = statistics.median(rates[1])
    print("| senders | digests a second | to one |\n|--:|--:|--:|")
    for senders, found in rates.items():
        middle = statistics.median(found)
        spread = f"{min(found):.0f} to {max(found):.0f}"
        print(f"| {senders} | {middle:.0f} ({spread}) | {middle / alone:.2f} |")
    return breaches


def in_a_folder(run: Callable[[Path], T]) -> T:
    with tempfile.TemporaryDirectory(prefix="reminder-hosts-") as folder:
        return run(Path(folder))


PARTS = {"troubles": troubles, "feeds": feeds, "rates": rates}


def main() -> int:
    if words := missing() or ("" if program("postgres") else "PostgreSQL is not on this machine"):
        print(words)
        return 1
    for how in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, lambda *_: sys.exit(1))  # not without taking down the hosts
    breaches = [words for name in sys.argv[1:] or PARTS for words in PARTS[name]()]
    print("\n".join(breaches))
    return bool(breaches)


if __name__ == "__main__":
    sys.exit(main())
