"""SIGINT, SIGTERM and SIGHUP: what runs ends in order, or looks at its files again."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopping(halt: Callable[[], None], reload: Callable[[], None] | None = None) -> Iterator[None]:
    """Calls `halt` for SIGINT, SIGTERM or SIGHUP, from a thread of its own; for SIGHUP `reload`,
    where that is given.

    No handler in the main thread: what it may wait for, the main thread may hold.
    """
    stops = {signal.SIGINT, signal.SIGTERM}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
        stops.add(signal.SIGHUP)
    over = threading.Event()

    def wait() -> None:
        while True:
            received = signal.sigwait(stops)
            if over.is_set():
                return
            if received == signal.SIGHUP and reload:
                reload()
            else:
                halt()

    before = signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    waiting = threading.Thread(target=wait, name="signals", daemon=True)
    waiting.start()
    try:
        yield
    finally:
        over.set()
        assert waiting.ident
        signal.pthread_kill(waiting.ident, signal.SIGTERM)
        waiting.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
