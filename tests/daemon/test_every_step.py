"""A pass that dies by SIGKILL at a step, any step, and one that is left alone after it.

Here every step of one message and a sample of the others; `make soak` takes them all.
"""

import random
from pathlib import Path

import pytest

from tests.daemon.lives import WAYS, approved, lives, one_more_unit, planned, with_copies
from tests.daemon.steps import COMMITTED

pytestmark = pytest.mark.long

STRIDE = 128
PLACED = {"smtp": "after the final dot", "maildir": "after rename"}


def one_message(steps: list[str], way: str) -> range:
    """From the commit before it was sent to the commit that records it: the moments before a
    step, for the one after it is the one before the next."""
    sent = steps.index(PLACED[way])
    begins = max(i for i in range(sent) if steps[i] == COMMITTED)
    return range(begins + 2, steps.index(COMMITTED, sent) + 3, 2)


@pytest.mark.parametrize("way", WAYS)
def test_a_death_at_any_step_of_a_message_loses_nothing_and_doubles_at_most_that_message(
    tmp_path: Path, way: str
) -> None:
    with lives(tmp_path, way, planned) as case:
        stride = 1 if way == "smtp" else 4  # a file is there or not: nothing lies between
        for step in one_message(case.undisturbed, way)[::stride]:
            assert case.breaches(step) == []
    # The promise is not kept by luck: the server was left alone with a message.
    assert bool(case.copies) == (way == "smtp")


@pytest.mark.parametrize("way", WAYS)
def test_a_death_at_any_step_of_a_pass_loses_nothing(tmp_path: Path, way: str) -> None:
    with lives(tmp_path, way) as case:
        for step in range(random.randint(1, STRIDE), len(case.undisturbed) + 1, STRIDE):
            assert case.breaches(step) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_death_between_a_mail_and_its_copies_loses_none_and_doubles_one_at_most(
    tmp_path: Path, way: str
) -> None:
    with lives(tmp_path, way, with_copies) as case:
        for step in range(random.randint(1, 24), len(case.undisturbed) + 1, 24):
            assert case.breaches(step) == []


def test_a_death_while_the_last_one_is_made_good_loses_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    with lives(tmp_path, "smtp", planned) as case:
        first = one_message(case.undisturbed, "smtp")
        for _ in range(4):
            deaths = dice.choice(first), dice.randint(1, len(case.undisturbed))
            assert case.breaches(*deaths) == [], f"seed {seed}"


def test_a_death_after_one_more_notice_was_planned_loses_no_second_report(tmp_path: Path) -> None:
    with lives(tmp_path, "maildir", one_more_unit) as case:
        composed = case.undisturbed.index("after composing")
        committed = case.undisturbed.index(COMMITTED, composed)
        assert case.breaches(committed + 2) == []


def test_a_death_while_what_was_approved_is_queued_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    with lives(tmp_path, "smtp", approved) as case:
        queued = case.undisturbed.index("after composing")
        committed = case.undisturbed.index(COMMITTED, queued)
        for step in range(queued, committed + 3, 4):
            assert case.breaches(step) == []
