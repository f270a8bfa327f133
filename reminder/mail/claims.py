"""The ledger's side of a pass: claims taken in batches, and answers recorded."""

import logging
import math
import random
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from reminder.clock import Clock
from reminder.domain.notices import Answer, Reason
from reminder.errors import ClaimLapsedError, LedgerError
from reminder.ledger import deliveries
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Claim, NoticeRecipient, Result
from reminder.ledger.holds import is_all_held
from reminder.mail.replicas import SingleProcess
from reminder.mail.route import RETRY, back_off

log = logging.getLogger(__name__)

RECORD_AGAIN = 2  # seconds, while the ledger cannot be written


@dataclass
class _Slip:
    result: Result
    recorded: bool = False


@dataclass
class Recorder:
    """Writes answers to disk, each before its worker goes on.

    While one worker's transaction is on its way to disk, the answers of the others gather;
    the next transaction takes them all (group commit). While the ledger cannot be written an
    answer is kept for so many seconds of `patience`.
    """

    database: Database
    clock: Clock
    stop: threading.Event
    dice: random.Random
    rehearsal: bool = False
    patience: float = math.inf
    claims_stand: bool = True
    held: bool = False  # since somebody held everything nothing more is begun
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Slip] = field(default_factory=list)

    def record(self, claim: Claim, answers: Mapping[str, Answer]) -> None:
        """Comes back when it is on disk: an answer that is not would make a second copy. Raises
        `LedgerError`."""
        retry_at = self.clock.now() + back_off(claim.attempts, RETRY, self.dice)
        slip, warned, begun = _Slip(Result(claim, answers, retry_at)), False, self.clock.monotonic()
        with self._lock:
            self._waiting.append(slip)
        while not slip.recorded:
            waited = self.clock.monotonic() - begun
            last_try = self.stop.is_set() or waited >= self.patience
            try:
                with self._turn:
                    if not slip.recorded:
                        self._write()
            except LedgerError as error:
                if last_try:
                    raise
                if not warned:
                    log.error("%s: %s was answered and waits to be recorded", error, claim.key)
                warned = True
                self.clock.wait(self.stop, RECORD_AGAIN)

    def refuse(self, people: Iterable[tuple[NoticeRecipient, Reason]]) -> None:
        """Who waits because the server seemed to refuse us, and it was they that it refused."""
        with self.database.write() as connection:
            for person, reason in people:
                deliveries.refuse(connection, person, reason, self.clock.now())

    def _write(self) -> None:
        with self._lock:
            slips, self._waiting = self._waiting, []
        mark = self.database.mark
        try:
            with self.database.record() as connection:
                results = [slip.result for slip in slips]
                stands = deliveries.settle(
                    connection, results, self.clock.now(), rehearsal=self.rehearsal
                )
                held, noted = is_all_held(connection), mark.follow(connection)
            mark.write(noted)
        except BaseException:  # raised again: the answers are for who writes next
            with self._lock:
                self._waiting = slips + self._waiting
            raise
        self.claims_stand &= stands
        self.held |= held
        for slip in slips:
            slip.recorded = True


class Batch:
    """Claimed notices that the workers of one pass share.

    Whoever finds it empty claims the next ones for all. `turn` lets one worker at a time ask the
    ledger for more or report a failure: dozens that wait for it would leave the lease no
    connection.
    """

    def __init__(
        self, database: Database, stream: str, replica: SingleProcess, recorder: Recorder
    ) -> None:
        self.turn = threading.Lock()
        self._database = database
        self._stream = stream
        self._replica = replica
        self._recorder = recorder
        self._lease = replica.lease
        self._name = f"{self._lease.name}:{secrets.token_hex(4)}"
        self._claims: deque[Claim] = deque()

    def still_ours(self) -> bool:
        return self._lease.holds and self._recorder.claims_stand

    def take(self, limit: int, *, least_tried: bool = False) -> Claim | None:
        """Raises `ClaimLapsedError`."""
        with self.turn:
            if not self._claims:
                self._claim(limit, least_tried=least_tried)
            with suppress(IndexError):
                return self._claims.popleft()
            return None

    def _claim(self, limit: int, *, least_tried: bool) -> None:
        now = self._recorder.clock.now()
        with self._database.write() as connection:
            if not self.still_ours():  # asked when it is our turn to write: that may take long
                raise ClaimLapsedError("the claim lapsed before more was taken")
            self._replica.requeue_lapsed(connection, now)
            if self._database.mark.why_other(connection):
                return  # it was changed for another under our feet: the next tick holds it
            claims = deliveries.claim(
                connection, self._name, self._stream, now, limit, least_tried=least_tried
            )
        self._claims.extend(claims)

    def return_(self, claim: Claim) -> None:
        """It was not begun: the next worker takes it."""
        self._claims.appendleft(claim)

    def release(self) -> list[Claim]:
        """All that nobody has begun, which is the caller's now."""
        released = []
        with suppress(IndexError):
            while True:
                released.append(self._claims.popleft())
        return released

    def requeue(self, *, if_others_send: bool = False) -> bool:
        """What nobody has begun is ready again, for any sender. Says whether it was done."""
        if not self._claims:
            return False
        with self._database.write() as connection:
            if if_others_send and not self._replica.others_are_well(connection):
                return False
            deliveries.requeue(connection, self.release(), self._recorder.clock.now())
        return True
