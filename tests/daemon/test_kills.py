"""`reminder` killed at random moments and run again: nothing lost, nothing doubled."""

import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.daemon.processes import until
from tests.daemon.trials import Trial, forked, trial
from tests.soak.kills import SERIES, series

# First working days with many mails; before the first of them the outbox is empty.
MONTHS = ("04-01", "05-06")
KILLS = 4  # `make soak` takes 200


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, made=False) as opened:
        yield opened


def killed(state: Path, at: str, mails: int, moment: float) -> bool:
    """A tick that is killed that long after so many mails lie in the outbox."""
    new = state / "outbox" / "new"
    before = len(list(new.glob("*")))
    with forked(state, "tick", "--at", at) as running:
        if mails:
            until(lambda: len(list(new.glob("*"))) >= before + mails, running)
        with suppress(subprocess.TimeoutExpired):
            running.communicate(timeout=moment)
        running.kill()
    return running.returncode < 0


def test_ticks_killed_at_random_moments_lose_and_double_nothing(office: Trial) -> None:
    dice = random.Random(2026)
    kills = 0
    for month in MONTHS:
        at = f"2026-{month}T09:00+08:00"
        kills += killed(office.state, at, 0, dice.uniform(0, 0.2))
        for mails in (1, 2, 3, dice.randrange(1, 6)):
            kills += killed(office.state, at, mails, dice.uniform(0, 0.02))
        office.tick(at)
    assert kills >= len(MONTHS)  # how many more depends on the machine
    reached = {key: v for key, v in office.notices().items() if v.reason != "no-address"}
    assert {v.state for v in reached.values()} == {"sent", "baseline"}
    stored = [office.stored(key) for key, v in reached.items() if v.state == "sent"]
    assert Counter(office.files()) == Counter(stored)
    assert len(stored) > 55


@pytest.mark.parametrize("command", SERIES)
def test_processes_killed_while_they_mail_lose_nothing_and_double_at_most_one_a_connection(
    command: str,
) -> None:
    seed = random.randrange(10**6)
    counts = series(command, KILLS, seed, forked)
    assert counts.breaches == [], f"seed {seed}"
    assert counts.kills == KILLS
