"""A mail server in trouble: one alarm when it begins, and notices that wait for the next probe."""

import logging
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from reminder.clock import Clock
from reminder.domain.notices import Reason, State
from reminder.errors import ServerError
from reminder.ledger import deliveries
from reminder.ledger.counts import count_state, count_waiting
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Claim, NoticeRecipient
from reminder.ledger.senders import ServerTrouble, clear_trouble, note_trouble, read_trouble
from reminder.mail.replicas import SingleProcess
from reminder.mail.route import REFUSED, Route, back_off

log = logging.getLogger(__name__)


@dataclass
class Outage:
    """Of one pass: `trouble` is what an earlier one left in the ledger, `begun` is whether the
    server has failed in this one."""

    database: Database
    clock: Clock
    route: Route
    replica: SingleProcess
    dice: random.Random
    trouble: ServerTrouble | None = None
    begun: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        with self.database.read() as connection:
            self.trouble = read_trouble(connection, self.replica.name)
        if self.trouble and self.trouble.server != self.route.mark:
            self._forget()

    def _forget(self) -> None:
        """Whatever waited for another server, or for other settings of this one, is ready."""
        with self.database.write() as connection:
            clear_trouble(connection, self.replica.name)
            deliveries.hurry(connection, self.route.stream, self.clock.now())
        self.trouble = None

    def lasts(self) -> bool:
        """The next probe is yet to come: until then what is new waits, unless other replicas
        get through."""
        trouble, now = self.trouble, self.clock.now()
        if trouble is None or trouble.not_before <= now:
            return False
        with self.database.write() as connection:
            if not self.replica.others_are_well(connection):
                self._put_off(connection, trouble)
        return True

    def begin(
        self, error: ServerError, claims: Sequence[Claim], refused: Sequence[NoticeRecipient] = ()
    ) -> None:
        """Notices wait, those of `claims` and those that the server `refused` because of us
        among them: for other replicas at once if their way is well, else for the next probe."""
        with self._lock:
            is_first, self.begun = not self.begun, True
        with self.database.write() as connection:
            earlier = trouble = read_trouble(connection, self.replica.name)
            if is_first or trouble is None:
                trouble = self._described(error, earlier, of_us=bool(refused))
                note_trouble(connection, trouble, self.replica.name)
            self._leave_waiting(connection, trouble, claims, refused)
            waiting = count_waiting(connection) - count_state(connection, State.HELD)
        if is_first and not (earlier and earlier.failures):
            log.error("%s", f"{error}: {waiting} notices wait. {error.hint}".rstrip())

    def _described(
        self, error: ServerError, earlier: ServerTrouble | None, *, of_us: bool
    ) -> ServerTrouble:
        now, failures = self.clock.now(), earlier.failures if earlier else 0
        bounds = REFUSED if error.permanent else self.route.probe
        until = now + back_off(failures, bounds, self.dice)
        since = earlier.since if earlier else now
        reason = Reason.SETTINGS if error.permanent else self.route.failing
        reason = Reason.SENDER_REFUSED if of_us else reason
        return ServerTrouble(self.route.mark, failures + 1, since, until, str(error), reason)

    def _leave_waiting(
        self,
        connection: Connection,
        trouble: ServerTrouble,
        claims: Sequence[Claim],
        refused: Sequence[NoticeRecipient],
    ) -> None:
        now, words = self.clock.now(), trouble.detail
        if self.replica.others_are_well(connection):
            deliveries.requeue(connection, claims, now)
            deliveries.wait_after_all(connection, refused, now, now, words)
        else:
            deliveries.wait_after_all(connection, refused, now, trouble.not_before, words)
            self._put_off(connection, trouble, claims)

    def _put_off(
        self, connection: Connection, trouble: ServerTrouble, claims: Sequence[Claim] = ()
    ) -> None:
        deliveries.put_off(
            connection, self.route.stream, self.clock.now(), trouble.not_before,
            trouble.detail, trouble.waits_as, claims,
        )  # fmt: skip

    def end(self) -> None:
        with self.database.write() as connection:
            if clear_trouble(connection, self.replica.name):
                log.warning("%s works again", self.route.name)
