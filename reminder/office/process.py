"""What a running process minds: a clock that cannot be right, edited files, signals to end.

By a wrong clock nothing is begun: all that it passed over would be given up. A moment that is
asked for is a trial: no real mail goes then.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from reminder.clock import RELEASED, Clock
from reminder.documents.office import Office, load_office
from reminder.domain.addresses import is_reserved
from reminder.domain.timetable import Timetable
from reminder.errors import ConfigurationError, ReminderError, UsageError
from reminder.office.alerts import Trouble

NEAR = timedelta(hours=1)


def clock_fault(clock: Clock, table: Timetable, at: datetime) -> str:
    """Why that moment cannot be now, in words; empty when it can.

    A moment that was asked for need not be now; it may not lie years before the plan either.
    """
    year = table.plan.year
    if clock.is_real and at < RELEASED:
        why = "before this version was made"
    elif table.local_day(at).year < year - 1:
        why = f"years before the plan of {year}"
    else:
        return ""
    return f"the clock says {table.local_day(at)}, {why}"


def refuse_wrong_clock(clock: Clock, table: Timetable) -> None:
    """Raises `ReminderError`."""
    if why := clock_fault(clock, table, clock.now()):
        raise ReminderError(f"{why}: nothing was begun", hint="Set the machine's clock.")


def refuse_far_moment(office: Office, at: datetime, *, really: bool) -> None:
    """A moment that is not now belongs on a trial server: raises `UsageError` elsewhere."""
    if really or office.settings.transport != "smtp" or abs(at - Clock().now()) <= NEAR:
        return
    server = office.settings.smtp.host
    if not office.settings.smtp_is_local:
        why = f"{server} is a real mail server"
    elif real := [address for address in office.mailed() if not is_reserved(address)]:
        why = f"the mail server on this machine may pass on what goes to {real[0]}"
    else:
        return
    raise UsageError(
        f"{at.isoformat()} is more than an hour from now, and {why}",
        hint="Add --really to send these mails all the same.",
    )


class EditedFiles:
    """Whether the files that people edit are still what is in force. Reads them again only when
    one of them changed."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._versions = self._look()
        self._troubles: list[Trouble] = []

    def troubles(self) -> list[Trouble]:
        versions = self._look()
        if versions != self._versions:
            self._versions, self._troubles = versions, self._read()
        return self._troubles

    def _look(self) -> list[tuple[Path, int, int]]:
        return [(path, *_time_and_size(path)) for path in self._office.files()]

    def _read(self) -> list[Trouble]:
        still = "the version of the start stays in force"
        try:
            office = load_office(self._office.config, self._office.command_line)
        except ConfigurationError as error:
            first, count = error.faults[0], len(error.faults)
            more = f" and {count - 1} more" if count > 1 else ""
            words, facts = (
                f"an edit is broken, {still}: {first}{more}",
                {"fault": first, "count": count},
            )
            return [Trouble("files/broken", words, "broken_files", facts)]
        if (office.table, office.settings) == (self._office.table, self._office.settings):
            return []
        words = f"the files were edited, {still}: restart to put them in force"
        return [Trouble("files/pending", words, "pending_files")]


def _time_and_size(path: Path) -> tuple[int, int]:
    """Zeros where there is none."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@contextmanager
def stopping(halt: Callable[[], None]) -> Iterator[None]:
    """Calls `halt` for SIGINT, SIGTERM or SIGHUP, from a thread of its own.

    No handler in the main thread: what it may wait for, the main thread may hold.
    """
    stops = {signal.SIGINT, signal.SIGTERM}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup wants it
        stops.add(signal.SIGHUP)
    over = threading.Event()

    def wait() -> None:
        while True:
            signal.sigwait(stops)
            if over.is_set():
                return
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
