"""Processes of `reminder` that need not import it: that is half a second of work for each.

    python -m tests.daemon.starter DESCRIPTOR     # of a socket

Imports everything once, opens nothing, and forks for each request. Who is born so begins where
`python -m reminder` does after its imports, with descriptors and an environment of its own, and
ends as an interpreter ends. Its parent is the test: who stood between them ends at once.
"""

import atexit
import ctypes
import gc
import json
import os
import socket
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
IMPORTED = (
    "reminder.daemon",
    "reminder.cli.screens",
    "reminder.mail.transports.smtp",
    "reminder.ledger.migrations.upgrade",
    "reminder.web.server",
)
_BEFORE = set(os.environ)
_SUBREAPER = 36  # of prctl: orphans become children of this process
_MOST = 1 << 20  # bytes of a request


class Forked(subprocess.Popen[str]):
    """Begins with a function, `module:function`, and words in `sys.argv`."""

    def __init__(self, begin: str, *words: str, environ: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        super().__init__([begin, *words], env=environ, stdout=pipe, stderr=pipe, text=True)

    def _execute_child(self, words: list[str], *given: Any) -> None:
        """What Popen does when its pipes are there: see subprocess.py."""
        environ, pipes = given[5], given[9:15]
        *_, out, _, err = pipes
        starter = _starter()
        request = {"words": words, "environ": environ, "folder": str(Path.cwd())}
        socket.send_fds(starter, [json.dumps(request).encode()], [out, err])
        self.pid = int(starter.recv(_MOST))
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


@cache
def _starter() -> socket.socket:
    """Of this process, and gone with it."""
    assert ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0) == 0
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        words = [sys.executable, "-m", "tests.daemon.starter", str(its.fileno())]
        running = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()]
        )
    atexit.register(running.wait)
    atexit.register(ours.close)
    return ours


def _born(requests: socket.socket) -> list[str]:
    """Returns in each process that was asked for, and in no other."""
    while True:
        message, streams, _, _ = socket.recv_fds(requests, _MOST, 2)
        if not message:
            sys.exit()
        told, tells = os.pipe()
        if between := os.fork():
            os.waitpid(between, 0)
            requests.send(os.read(told, 20))
            for number in (told, tells, *streams):
                os.close(number)
        elif born := os.fork():
            os.write(tells, str(born).encode())
            os._exit(0)
        else:
            os.close(told)
            os.close(tells)
            requests.close()
            return _settled(streams, **json.loads(message))


def _settled(
    streams: list[int], words: list[str], environ: dict[str, str], folder: str
) -> list[str]:
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    for name in _BEFORE:
        del os.environ[name]
    os.environ.update(environ)
    os.chdir(folder)
    return words


def main() -> None:
    for name in IMPORTED:
        import_module(name)
    gc.freeze()
    begin, *words = _born(socket.socket(fileno=int(sys.argv[1])))
    sys.argv = ["reminder", *words]
    module, _, function = begin.partition(":")
    getattr(import_module(module), function)()


if __name__ == "__main__":
    main()
