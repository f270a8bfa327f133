"""Answers on disk: many workers' in one transaction, each before that worker goes on."""

import logging
import math
import threading
from dataclasses import dataclass

from reminder.clock import Clock
from reminder.errors import LedgerError
from reminder.ledger import deliveries
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Result
from reminder.ledger.holds import is_all_held

log = logging.getLogger(__name__)

RECORD_AGAIN = 2  # seconds, while the ledger cannot be written


@dataclass
class _Slip:
    result: Result
    recorded: bool = False


class Recorder:
    """While one worker's transaction is on its way to disk, the answers of the others gather;
    the next transaction takes them all (group commit)."""

    def __init__(
        self, database: Database, clock: Clock, stop: threading.Event, *, rehearsal: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._stop = stop
        self._rehearsal = rehearsal
        self.claim_stands = True
        self.held = False  # since somebody held everything nothing more is begun
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._waiting: list[_Slip] = []

    def record(self, result: Result, patience: float = math.inf) -> None:
        """Comes back when it is on disk: an answer that is not would make a second copy.

        Tries for so many seconds of `patience` while the ledger cannot be written. Raises
        `LedgerError`.
        """
        slip, told, begun = _Slip(result), False, self._clock.monotonic()
        with self._lock:
            self._waiting.append(slip)
        while not slip.recorded:
            waited = self._clock.monotonic() - begun
            last_try = self._stop.is_set() or waited >= patience
            try:
                with self._turn:
                    if not slip.recorded:
                        self._write()
            except LedgerError as error:
                if last_try:
                    raise
                if not told:
                    key = result.claimed.key
                    log.error("%s: %s was answered and waits to be recorded", error, key)
                told = True
                self._clock.wait(self._stop, RECORD_AGAIN)

    def _write(self) -> None:
        with self._lock:
            slips, self._waiting = self._waiting, []
        mark = self._database.mark
        try:
            with self._database.record() as connection:
                results = [slip.result for slip in slips]
                stands = deliveries.settle(
                    connection, results, self._clock.now(), rehearsal=self._rehearsal
                )
                held, noted = is_all_held(connection), mark.follow(connection)
            mark.write(noted)
        except BaseException:  # raised again: the answers are for who writes next
            with self._lock:
                self._waiting = slips + self._waiting
            raise
        self.claim_stands &= stands
        self.held |= held
        for slip in slips:
            slip.recorded = True
