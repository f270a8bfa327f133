"""smtp-sink, Postfix's server for trials, which takes everything and keeps nothing."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import free_port, running, tool, until
from benchmarks.relay import answers


class Sink:
    """`count` is of the messages that it has taken since it started."""

    def __init__(self, port: int, output: Iterator[str]) -> None:
        self.port = port
        self.count = 0
        threading.Thread(target=self._read, args=(output,), daemon=True).start()

    def _read(self, output: Iterator[str]) -> None:
        for line in output:  # "\r" ends a line here too
            if line.strip().isdigit():
                self.count = int(line)


@contextmanager
def sink() -> Iterator[Sink]:
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    words = [tool("smtp-sink", "postfix"), *user, "-c", f"127.0.0.1:{port}", "1000"]
    with running(words) as process:
        assert process.stdout
        until(lambda: answers(port), process, "smtp-sink answers")
        yield Sink(port, process.stdout)
