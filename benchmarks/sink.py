"""smtp-sink, Postfix's server for trials, which takes everything and keeps nothing."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import free_port, running, tool, until
from benchmarks.relay import answers


class Sink:
    """`count` is of the messages that it has taken since it started."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process
        self.count = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def end(self) -> None:
        """Before its output is closed."""
        self.process.terminate()
        self._reader.join()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:  # "\r" ends a line here too
            if found := re.search(r"mesg=(\d+)", line):
                self.count = int(found[1])


@contextmanager
def sink() -> Iterator[Sink]:
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    words = [tool("smtp-sink", "postfix"), *user, "-c", f"127.0.0.1:{port}", "1000"]
    with running(words) as process:
        until(lambda: answers(port), process, "smtp-sink answers")
        server = Sink(port, process)
        try:
            yield server
        finally:
            server.end()
