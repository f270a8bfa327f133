"""What systemd hears of a daemon: when it is ready, that it lives, that it reloads and stops."""

import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from reminder.daemon import Daemon
from reminder.office import systemd
from reminder.office.activity import Activity
from tests.daemon.processes import hasty, killed_at_last, main_in_a_hurry
from tests.daemon.starter import Forked
from tests.daemon.trials import Trial, surroundings
from tests.nginx import free_port

SOON = 15  # seconds
ALIVE = "WATCHDOG=1"


class Manager:
    """Listens as systemd does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name[1:]}" if name.startswith("@") else name)
        self._socket.settimeout(SOON)

    def hears(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def hears_of(self, word: str) -> list[str]:
        """The next message that has it; those before it say that all is well."""
        while word not in (lines := self.hears()):
            assert lines[0] == ALIVE, lines
        return lines

    def is_silent(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(4096) == b""
        except TimeoutError:
            return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    path = str(tmp_path / "notify")
    manager = Manager(path if request.param == "path" else f"@{path}")
    yield manager
    manager.close()


def test_manager_hears_when_it_is_ready_that_it_lives_reloads_and_stops(
    office: Trial, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.name)
    port = free_port()
    daemon = hasty(office.state, 5, "run", WEB__PORT=str(port))
    with killed_at_last(daemon) as running:
        ready, status = manager.hears()
        assert (ready, status.partition("=")[0]) == ("READY=1", "STATUS")
        assert urlopen(f"http://127.0.0.1:{port}/healthz").read() == b"ok"
        assert office.notices()
        for _ in range(2):
            manager.hears_of(ALIVE)
        running.send_signal(signal.SIGHUP)
        _, since = manager.hears_of("RELOADING=1")
        assert re.fullmatch(r"MONOTONIC_USEC=\d+", since)
        assert manager.hears_of("READY=1") == ["READY=1"]
        running.send_signal(signal.SIGTERM)
        manager.hears_of("STOPPING=1")
        assert running.wait(SOON) == 0


def main_with_a_dead_sender() -> None:
    def die(self: Daemon) -> None:
        raise SystemExit  # which a thread ends by without a word

    Daemon._deliver = die  # type: ignore[method-assign]
    main_in_a_hurry()


def main_with_a_stalled_pass() -> None:
    tick: Callable[[Daemon], None] = Daemon._tick

    def stall(self: Daemon) -> None:
        self._stop.wait()
        tick(self)

    Daemon._tick = stall  # type: ignore[method-assign]
    main_in_a_hurry()


@contextmanager
def sick(office: Trial, begin: str, manager: Manager) -> Iterator[None]:
    environ = surroundings(office.state, {"WEB__PORT": "0"}) | {"NOTIFY_SOCKET": manager.name}
    begin = f"tests.daemon.test_systemd:{begin}"
    with killed_at_last(Forked(begin, "5", "run", environ=environ)) as running:
        yield
        running.terminate()


@pytest.mark.long
@pytest.mark.parametrize("manager", ["path"], indirect=True)
@pytest.mark.parametrize("begin", ["main_with_a_dead_sender", "main_with_a_stalled_pass"])
def test_watchdog_hears_nothing_of_a_daemon_that_does_no_work(
    office: Trial, begin: str, manager: Manager
) -> None:
    with sick(office, begin, manager):
        assert manager.hears()[0] == "READY=1"
        assert manager.is_silent(1.0)


@pytest.mark.parametrize("name", ["", "vsock:2:1", "/nowhere/notify", "@nobody-listens"])
def test_without_a_manager_that_listens_all_goes_on(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    assert systemd.notify(systemd.READY) is False


def test_manager_that_does_not_read_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "_PATIENCE", 0.05)
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", manager.name)
    while systemd.notify(systemd.WATCHDOG):
        pass  # until nothing more fits
    manager.close()


def test_status_is_one_line() -> None:
    activity = Activity(delivers=True, troubles=["files/broken"])
    assert systemd.status(activity) == "STATUS=delivers; files/broken"
