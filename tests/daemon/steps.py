"""`Application.tick()` that dies at a chosen step, in a process of its own.

    python -m tests.daemon.steps

Imports and warms everything once and forks for each request, so a life costs tens of
milliseconds. A request is a line of JSON: settings, with `config` beside them, the moment that
the clock starts from, and before which step SIGKILL comes (0: never). So is the answer: the steps
that were reached, in order, and the exit status, -9 of a life that was killed.
"""

import atexit
import gc
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COMMITTED = "after commit"
SENT = "after the final dot"


@dataclass(frozen=True)
class Life:
    steps: list[str]
    status: int

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL

    @property
    def at_risk(self) -> bool:
        """Whether the server had a whole message that the ledger did not know of yet."""
        since = (
            len(self.steps) - self.steps[::-1].index(COMMITTED) if COMMITTED in self.steps else 0
        )
        return SENT in self.steps[since:]


class Stepper:
    """The process, seen from the test."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._running = _process(threading.get_ident())

    def live(self, at: str, die_at: int = 0) -> Life:
        assert self._running.stdin
        assert self._running.stdout
        print(json.dumps([self._settings, at, die_at], default=str), file=self._running.stdin)
        self._running.stdin.flush()
        return Life(**json.loads(self._running.stdout.readline()))


@cache
def _process(thread: int) -> subprocess.Popen[str]:
    """Of that thread, for all its cases; ends with this process."""
    words, pipe = [sys.executable, "-m", "tests.daemon.steps"], subprocess.PIPE
    running = subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    atexit.register(running.communicate)
    return running


class _Count:
    """Nothing while `log` is None: in the process that forks."""

    def __init__(self) -> None:
        self.log: int | None = None
        self.die_at = 0
        self._reached = 0
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        if self.log is None:
            return
        with self._lock:
            self._reached += 1
            os.write(self.log, f"{name}\n".encode())
            if self._reached == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)


_reach = _Count()


def _around(owner: Any, name: str, label: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    def stepped(*args: Any, **options: Any) -> Any:
        _reach(f"before {label}")
        result = real(*args, **options)
        _reach(f"after {label}")
        return result

    setattr(owner, name, stepped)


def _send_in_halves(client: type) -> None:
    """A message is cut in two, so that a death can come in its midst."""
    real: Callable[..., Any] = client.send  # type: ignore[attr-defined]

    def send(self: Any, data: str | bytes) -> None:
        if isinstance(data, str):
            label = data.split(None, 1)[0]
            _reach(f"before {label}")
            real(self, data)
            _reach(f"after {label}")
            return
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        middle = len(data) // 2
        for part, label in ((data[:middle], "the first half"), (data[middle:], "the final dot")):
            _reach(f"before {label}")
            real(self, part)
            _reach(f"after {label}")

    client.send = send  # type: ignore[attr-defined]


def _watch() -> None:
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    from reminder.mail.compose import Composer, Sketch
    from reminder.mail.transports.smtp_client import Client

    @event.listens_for(Engine, "before_cursor_execute")
    def _before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        _reach(f"before {' '.join(statement.split()[:3])}")

    @event.listens_for(Engine, "after_cursor_execute")
    def _after(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        _reach(f"after {' '.join(statement.split()[:3])}")

    _around(DefaultDialect, "do_commit", "commit")
    _around(Sketch, "composed", "composing")
    _around(Composer, "report", "composing a report")
    _around(Client, "getreply", "a reply")
    _send_in_halves(Client)
    for name in ("open", "fsync", "rename"):
        _around(os, name, name)


def _loaded(given: dict[str, Any]) -> Any:
    from reminder.documents.office import load_office

    return load_office(Path(given.pop("config")), given)


def _warm(office: Any) -> None:
    """A pass in a folder that nobody needs: templates compiled, all imported."""
    from reminder.clock import Clock
    from reminder.office.application import Application

    with tempfile.TemporaryDirectory() as folder:
        other = {"state_dir": Path(folder), "transport": "maildir"}
        settings = office.settings.model_copy(update=other)
        app = Application(replace(office, settings=settings), Clock(_WARM))
        app.tick()
        app.database.close()


_WARM = datetime.fromisoformat("2026-03-02T09:00+08:00")


def _live(office: Any, at: str, die_at: int, log: int) -> None:
    """The child's whole life."""
    from reminder.clock import Clock
    from reminder.office.application import Application

    status = 1
    try:
        _reach.die_at, _reach.log = die_at, log
        Application(office, Clock(datetime.fromisoformat(at))).tick()
        status = 0
    except BaseException:  # noqa: BLE001 - nothing of the child may run on in the parent's code
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    logging.disable()
    _watch()
    offices: dict[str, Any] = {}
    for line in sys.stdin:
        given, at, die_at = json.loads(line)
        if (office := offices.get(given["state_dir"])) is None:
            office = offices[given["state_dir"]] = _loaded(given)
            if len(offices) == 1:
                _warm(office)
                gc.freeze()
        with tempfile.TemporaryFile() as log:
            child = os.fork()
            if child == 0:
                _live(office, at, die_at, log.fileno())
            _, code = os.waitpid(child, 0)
            log.seek(0)
            steps = log.read().decode().splitlines()
        status = os.waitstatus_to_exitcode(code)
        print(json.dumps({"steps": steps, "status": status}), flush=True)


if __name__ == "__main__":
    main()
