"""The tick goes on whatever becomes of the scheduler."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from apscheduler.schedulers.base import BaseScheduler

from reminder.office import heartbeat
from reminder.office.heartbeat import Heartbeat

NOTICED = heartbeat.LATE
PATIENCE = 10  # seconds that a test waits for what comes within one


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "LATE", 0.2)


class Beats:
    """Waits for the next beat, as often as it is asked to."""

    def __init__(self) -> None:
        self._beaten = Event()

    def __call__(self) -> None:
        self._beaten.set()

    def another(self) -> bool:
        self._beaten.clear()
        return self._beaten.wait(PATIENCE)


@contextmanager
def guarded(beat: Callable[[], None], stalls: list[str] | None = None) -> Iterator[Heartbeat]:
    """A heartbeat whose own interval is half a minute: what beats within it, the guard made."""
    stop, beating = Event(), Heartbeat(beat)
    seen = [] if stalls is None else stalls
    guard = Thread(target=beating.guard, args=(stop, lambda: seen.append("stalled")))
    guard.start()
    yield beating
    stop.set()
    guard.join()
    beating.stop()


def test_stalled_scheduler_is_replaced_and_the_tick_made_up_for() -> None:
    beats, stalls = Beats(), list[str]()
    with guarded(beats, stalls):
        assert beats.another()
        assert beats.another()
    assert stalls


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_death_of_the_schedulers_thread_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    beats, died = Beats(), Event()
    original = BaseScheduler._process_jobs

    def die(scheduler: BaseScheduler) -> object:
        if died.is_set():
            return original(scheduler)
        died.set()
        raise RuntimeError("in the scheduler's own loop")

    monkeypatch.setattr(BaseScheduler, "_process_jobs", die)
    with guarded(beats):
        assert died.wait(PATIENCE)
        assert beats.another()


def test_beat_that_takes_long_is_not_joined_by_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "LONG", 0.3)
    at_work, finish, begun = Event(), Event(), []

    def slow() -> None:
        begun.append(1)
        at_work.set()
        finish.wait(PATIENCE)

    with guarded(slow) as beating:
        assert at_work.wait(PATIENCE)
        other = Thread(target=beating._once)
        other.start()
        other.join()
        finish.set()
    assert len(begun) == 1


def test_stall_is_noticed_and_mended_within_a_minute() -> None:
    assert NOTICED <= 60
