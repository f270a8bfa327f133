"""Claim, send, record.

The promise. Every notice that was due is accepted by the mail server for each of its
recipients, or stands in the ledger with the reason why not. A recipient gets it twice only if
a sender was killed, frozen or cut off, or an answer was lost, after that message's DATA began
and before its result was recorded: at most one message per connection, and all copies have the
same Message-ID and bytes.

The steps that keep it, in this order:
1. whoever may send puts back what senders that are gone left in `sending`;
2. a claim marks recipients as `sending` before the server hears of them;
3. before MAIL and before DATA (where DATA goes ahead in a group, before the message itself) the
   sender looks whether its claim still stands;
4. the answer is on disk before that connection's next message; one whose claim was found gone
   ends the pass.
"""

import logging
import math
import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait

from reminder.clock import Clock
from reminder.domain.notices import Reason
from reminder.errors import ReminderError, ServerError
from reminder.ledger import deliveries
from reminder.ledger.database import Database
from reminder.ledger.troubles import ServerTrouble, clear_trouble, read_trouble
from reminder.mail.drain import BATCH, Drain
from reminder.mail.pacing import Limits, Pace
from reminder.mail.presence import Alone, Presence
from reminder.mail.transports import Connection, Transport, opened, unforeseen

LOOK = 5.0  # seconds, at the workers and what they wait for

log = logging.getLogger(__name__)


class Sender:
    """For whoever may send, as `presence` says.

    `name` is the relay's in words, `relay` with a mark of its settings: other settings, a new
    server. Only notices of `stream` are its business: what waits for a mail server is not for
    an outbox folder, nor for a rehearsal. An answer that cannot be recorded is kept for so many
    seconds of `patience`.
    """

    def __init__(
        self,
        database: Database,
        transport: Transport,
        clock: Clock,
        *,
        name: str,
        relay: str,
        stream: str,
        sender: str,
        limits: Limits,
        rehearsal: bool = False,
        failing: Reason = Reason.SERVER,
        patience: float = math.inf,
        dice: random.Random | None = None,
    ) -> None:
        self.database = database
        self.transport = transport
        self.clock = clock
        self.name = name
        self.relay = relay
        self.stream = stream
        self.sender = sender
        self.limits = limits
        self.rehearsal = rehearsal
        self.failing = failing
        self.patience = patience
        self.dice = dice or random.Random()
        self.pace = Pace(limits.rate, clock)
        self.stop = threading.Event()
        self.presence: Presence = Alone()

    def recover(self) -> int:
        """Puts back what a dead sender left in `sending`."""
        with self.database.write() as connection:
            return self.put_back(self.presence.recover(connection, self.clock.now()))

    def put_back(self, count: int) -> int:
        if count:
            log.warning("put back %d recipients that an interrupted sender left", count)
        return count

    def drain(self) -> int:
        """Sends until nothing is ready or the server fails. Returns how many were answered."""
        if self.stop.is_set():
            return 0
        now = self.clock.now()
        with self.database.read() as database:
            trouble = read_trouble(database, self.presence.replica)
        if trouble and trouble.server != self.relay:
            self.forget_trouble()
            trouble = None
        with self.database.read() as database:
            most = BATCH * self.limits.connections
            ready = len(deliveries.ready(database, self.stream, now, most))
        if not (ready or trouble):
            return 0
        if trouble and trouble.not_before > now:
            with self.database.write() as database:
                if self.presence.others_well(database):
                    return 0
                until, words = trouble.not_before, trouble.detail
                deliveries.put_off(database, self.stream, now, until, words, trouble.waits_as)
                return 0
        run = Drain(self, trouble)
        try:
            self._drain(run, ready, trouble)
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, nobody may be left queued without an alarm
            log.exception("%s: an unforeseen failure", self.name)
            run.server_failed(unforeseen(error))
            self.recover()  # all workers have ended: what they had in hand
        finally:
            run.give_back()
        return run.asked

    def _drain(self, run: Drain, ready: int, trouble: ServerTrouble | None) -> None:
        try:
            connection = opened(self.transport)  # one, before there are many
        except ServerError as error:
            run.server_failed(error)
            return
        probe: Connection | None = connection
        if not ready:  # nobody waits, and the operator should know that it is over
            connection.close()
            self._well_again()
            return
        if trouble:  # and by one message, for a server may greet and refuse the rest
            run.work(probe, probe=True)
            run.conclude()
            probe = None
            if run.asked and not run.failed:
                self._well_again()
        if not run.failed:
            count = min(self.limits.connections, ready // BATCH + 1)
            run.many = count > 1
            with ThreadPoolExecutor(count, thread_name_prefix="sender") as pool:
                workers = [pool.submit(run.work, probe)]
                while not run.proven.wait(LOOK):  # one message, before there are many
                    run.hand_over()
                workers += [pool.submit(run.work, None) for _ in range(count - 1)]
                while wait(workers, LOOK).not_done:
                    run.hand_over()
                for worker in workers:
                    worker.result()
            if run.turned_away and not run.failed:
                run.many = False  # one alone, for what was given back
                run.work(None)
            run.conclude()
        log.info("handed %d notices to %s", run.asked, self.name)

    def forget_trouble(self) -> None:
        """Whatever waited for a sick server need not wait: it was mended, or is another now."""
        with self.database.write() as connection:
            clear_trouble(connection, self.presence.replica)
            deliveries.hurry(connection, self.stream, self.clock.now())

    def _well_again(self) -> None:
        with self.database.write() as connection:
            if clear_trouble(connection, self.presence.replica):
                log.warning("%s works again", self.name)
