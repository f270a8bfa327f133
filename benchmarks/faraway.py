"""Sending to a relay that is far away, beside the limit that its round trips set."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import (
    Unavailable,
    free_port,
    in_turn,
    module,
    ratios,
    run,
    running,
    spread,
    until,
    workplace,
)
from benchmarks.page import NONE, Part, Target
from benchmarks.relay import BODY, COMMANDS, answers, taken
from benchmarks.trial import Trial, smtp

CONNECTIONS = (1, 4, 16, 64)
JUDGED = 16  # up to so many the round trips are the limit, and the machine is not
SECONDS = 3  # that each measurement takes, about
MOST = 3000  # digests


def measure(quick: bool) -> Part:
    part = Part(
        "A slow relay",
        "A mail server of our own answers all commands that arrived together "
        f"{1000 * COMMANDS:.0f} ms after they arrived, and a body after {1000 * BODY:.0f} ms. "
        "The limit is measured: bare sockets hold the same conversation with bodies of the same "
        "size, and keep no ledger. "
        "The relay counts, from the first MAIL to its last reply; the product's planning before "
        "the first MAIL is in the last column, where starting and loading are taken off.",
    )
    part.rows.append(
        ("PIPELINING", "connections", "ratio", "product, a second", "limit, a second", "whole tick")
    )
    counts, rounds = ((4,), 1) if quick else (CONNECTIONS, 3)
    for pipelining in (True, False):
        for connections in counts:
            with relay(pipelining=pipelining) as port:
                _compare(part, port, connections, rounds, quick, pipelining=pipelining)
    return part


@contextmanager
def relay(*, pipelining: bool) -> Iterator[int]:
    port = free_port()
    with running(module("relay", port, *options(pipelining))) as process:
        until(lambda: answers(port), process, "the relay answers")
        yield port


def options(pipelining: bool) -> list[str]:
    return ["--pipelining"] if pipelining else []


def _compare(
    part: Part, port: int, connections: int, rounds: int, quick: bool, *, pipelining: bool
) -> None:
    trips = 1 if pipelining else 3
    seconds = 1 if quick else SECONDS
    units = min(MOST, int(connections * seconds / (COMMANDS * trips + BODY)))
    whole = list[float]()

    def rate() -> float:
        count, seconds = taken(port)
        if count != units:
            raise Unavailable(f"the relay took {count} messages of {units}")
        return count / seconds

    with workplace() as folder:
        trial = Trial(folder, units, smtp(port, connections))
        size = trial.size()

        def limit() -> float:
            run(module("bare", port, connections, units, size, *options(pipelining)))
            return rate()

        def product() -> float:
            whole.append(trial.send().rate)
            return rate()

        limits, ours = in_turn(rounds, limit, product)
    ratio = ratios(ours, limits)
    cells = ["offered" if pipelining else NONE, str(connections), str(ratio)]
    part.rows.append((*cells, str(spread(ours)), str(spread(limits)), str(spread(whole))))
    if connections <= JUDGED:
        offered = "PIPELINING" if pipelining else "no PIPELINING"
        words = f"slow relay, {offered}, connections: {connections}, beside bare sockets"
        part.targets.append(Target(words, 0.9, ratio))
