"""`reminder` killed at random moments and run again: nothing lost, nothing doubled."""

import random

import pytest

from tests.daemon.trials import forked
from tests.soak.kills import SERIES, series

pytestmark = pytest.mark.long

KILLS = 4  # `make soak` takes 200


@pytest.mark.parametrize("command", SERIES)
def test_processes_killed_while_they_mail_lose_nothing_and_double_at_most_one_a_connection(
    command: str,
) -> None:
    seed = random.randrange(10**6)
    counts = series(command, KILLS, seed, forked)
    assert counts.breaches == [], f"seed {seed}"
    assert counts.kills == KILLS
