"""`reminder tick` killed at any moment and run again: nothing lost, nothing doubled."""

import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.app.trials import MARCH, Trial, process, trial
from tests.delivery.servers import HANG, BadServer, bad_server

# First working days with many mails; before the first of them the outbox is empty.
MONTHS = ("04-01", "05-06", "06-01", "07-01")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True) as opened:
        yield opened


def wait_for(happened: Callable[[], bool], running: subprocess.Popen[str]) -> bool:
    """False when the process ended before it happened."""
    while not happened():
        with suppress(subprocess.TimeoutExpired):
            running.wait(0.002)
            return False
    return True


def killed(state: Path, at: str, mails: int, moment: float) -> bool:
    """A tick that is killed that long after so many mails lie in the outbox."""
    new = state / "outbox" / "new"
    before = len(list(new.glob("*")))
    with process(state, "tick", "--at", at) as running:
        if mails:
            wait_for(lambda: len(list(new.glob("*"))) >= before + mails, running)
        with suppress(subprocess.TimeoutExpired):
            running.communicate(timeout=moment)
        running.kill()
    return running.returncode < 0


def test_ticks_killed_at_random_moments_lose_and_double_nothing(office: Trial) -> None:
    dice = random.Random(2026)
    kills = 0
    for month in MONTHS:
        at = f"2026-{month}T09:00+08:00"
        kills += killed(office.state, at, 0, dice.uniform(0.1, 0.5))
        for mails in (1, 2, 3, dice.randrange(1, 6)):
            kills += killed(office.state, at, mails, dice.uniform(0, 0.02))
        office.tick(at)
    assert kills >= len(MONTHS)  # how many more depends on the machine
    reached = {key: v for key, v in office.notices().items() if v.reason != "no-address"}
    assert {v.state for v in reached.values()} == {"sent", "baseline"}
    stored = [office.stored(key) for key, v in reached.items() if v.state == "sent"]
    assert Counter(office.files()) == Counter(stored)
    assert len(stored) > 110


# A tick that is killed while the server keeps it waiting: after each step of the conversation.
# The step's name, and how often the message that was under way may then be heard of.
STEPS = {"GREETING": 1, "EHLO": 1, "MAIL": 1, "RCPT": 1, "DATA": 1, "BODY": 2, "QUIT": 1}


def kill_at(server: BadServer, office: Trial, step: str) -> None:
    ways = {
        "TRANSPORT": "smtp",
        "SMTP__HOST": "127.0.0.1",
        "SMTP__PORT": str(server.port),
        "SMTP__SECURITY": "none",
        "SMTP__CONNECTIONS": "1",
        "CONFIG": str(office.config),
        "PLAN": str(office.state.parent / "plan.toml"),
        "MAIL__FIRST_START": "send",
    }

    def reached() -> bool:
        if step in ("GREETING", "BODY"):
            return server.script[step][0] != HANG
        return step in server.verbs

    with process(office.state, "tick", "--at", MARCH, **ways) as running:
        assert wait_for(reached, running), running.communicate()
        running.kill()


@pytest.mark.parametrize("step", STEPS)
def test_sender_killed_at_a_step_loses_nothing_and_doubles_at_most_that_message(
    small: Trial, step: str
) -> None:
    polite = {"DATA": "354 go ahead", "GREETING": "220 bad.test"}.get(step, "250 ok")
    with bad_server(**{step: [HANG, polite]}) as server:
        kill_at(server, small, step)
        way = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        small.tick("2026-03-02T09:10+08:00", transport="smtp", smtp=way)
        copies = Counter(server.bodies)
    assert small.states(period="2026-03") == {("sent", "accepted")}
    assert sorted(copies.values()) == sorted([1, STEPS[step]])
    assert set(copies) == {small.stored(key) for key in small.notices(state="sent")}
