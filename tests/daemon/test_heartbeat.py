"""The tick goes on whatever becomes of the scheduler."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from apscheduler.schedulers.base import BaseScheduler

from reminder import daemon
from reminder.daemon import Heartbeat

NOTICED = daemon.LATE
PATIENCE = 10  # seconds that a test waits for what comes within one


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "LATE", 0.2)


class Beats:
    """Waits for the next beat, as often as it is asked to."""

    def __init__(self) -> None:
        self._beaten = Event()

    def __call__(self) -> None:
        self._beaten.set()

    def another(self) -> bool:
        self._beaten.clear()
        return self._beaten.wait(PATIENCE)


@pytest.fixture
def stalls() -> list[str]:
    return []


@pytest.fixture
def beats(stalls: list[str]) -> Iterator[Beats]:
    """A guarded heartbeat whose own interval is half a minute: what beats, the guard made."""
    found, stop = Beats(), Event()
    beating = Heartbeat(found)
    guard = Thread(target=beating.guard, args=(stop, lambda: stalls.append("stalled")))
    guard.start()
    yield found
    stop.set()
    guard.join()
    beating.stop()


def test_stalled_scheduler_is_replaced_and_the_tick_made_up_for(
    beats: Beats, stalls: list[str]
) -> None:
    assert beats.another()
    assert beats.another()
    assert stalls


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_death_of_the_schedulers_thread_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    found, stop, died = Beats(), Event(), Event()
    original = BaseScheduler._process_jobs

    def die(scheduler: BaseScheduler) -> object:
        if died.is_set():
            return original(scheduler)
        died.set()
        raise RuntimeError("in the scheduler's own loop")

    monkeypatch.setattr(BaseScheduler, "_process_jobs", die)
    beating = Heartbeat(found)
    assert died.wait(PATIENCE)
    guard = Thread(target=beating.guard, args=(stop, lambda: None))
    guard.start()
    assert found.another()
    stop.set()
    guard.join()
    beating.stop()


def test_beat_that_takes_long_is_not_joined_by_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "LONG", 0.3)
    at_work, finish, stop, begun = Event(), Event(), Event(), []

    def slow() -> None:
        begun.append(1)
        at_work.set()
        finish.wait(PATIENCE)

    beating = Heartbeat(slow)
    guard = Thread(target=beating.guard, args=(stop, lambda: None))
    guard.start()
    assert at_work.wait(PATIENCE)
    other = Thread(target=beating._once)
    other.start()
    other.join()
    finish.set()
    stop.set()
    guard.join()
    beating.stop()
    assert len(begun) == 1


def test_stall_is_noticed_and_mended_within_a_minute() -> None:
    assert NOTICED <= 60
