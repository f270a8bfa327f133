"""Claim, send, record.

The promise. Every notice that was due is accepted by the mail server for each of its
recipients, or stands in the ledger with the reason why not. A recipient gets it twice only if
a sender was killed, frozen or cut off, or an answer was lost, after that message's DATA began
and before its result was recorded: at most one message per connection, and all copies have the
same Message-ID and bytes.

The steps that keep it, in this order:
1. whoever may send requeues what senders that are gone left in `sending` (`_requeue_lost`);
2. a claim marks recipients as `sending` before the server hears of them (`Batch.take`);
3. before MAIL and before DATA (where DATA goes ahead in a group, before the message itself) the
   sender looks whether its claim still stands (`Batch.still_ours`, asked by the connection);
4. the answer is on disk before that connection's next message (`Recorder.record`); one whose
   claim was found gone ends the pass.
"""

import logging
import math
import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from reminder.clock import Clock
from reminder.domain.notices import Answer, State
from reminder.errors import ClaimLapsedError, ReminderError, ServerError
from reminder.ledger import deliveries
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Claim, NoticeRecipient
from reminder.mail.claims import Batch, Recorder
from reminder.mail.outage import Outage
from reminder.mail.refusals import Refusals
from reminder.mail.replicas import SingleProcess
from reminder.mail.route import Pace, Route, SmtpWorker
from reminder.mail.transports import Connection, opened, unforeseen

LOOK = 5.0  # seconds, at the workers and what they wait for
SLOW = 20.0  # seconds without an answer, after which others may have a better way to the server
MOST = 320  # notices that a claim takes at all: their mails lie in memory
BATCH = 20  # notices that a claim takes for each connection: a killed sender leaves so many

log = logging.getLogger(__name__)


class Sender:
    """Sends what is ready on one route, for whoever may send, as `replica` says.

    An answer that cannot be recorded is kept for so many seconds of `patience`.
    """

    def __init__(
        self, database: Database, route: Route, clock: Clock, dice: random.Random | None = None
    ) -> None:
        self.route = route
        self.patience = math.inf
        self.replica = SingleProcess()
        self.stop = threading.Event()
        self._database = database
        self._clock = clock
        self._dice = dice or random.Random()
        self._pace = Pace(route.rate, clock, self.stop)

    def send_ready(self) -> int:
        """One pass: until nothing is ready or the server fails. Returns how many notices were
        answered."""
        if self.stop.is_set():
            return 0
        self._requeue_lost()
        outage = Outage(self._database, self._clock, self.route, self.replica, self._dice)
        ready = self._count_ready()
        if not (ready or outage.trouble) or outage.lasts():
            return 0
        recorder = Recorder(
            self._database, self._clock, self.stop, self._dice, self.route.rehearsal, self.patience
        )
        batch = Batch(self._database, self.route.stream, self.replica, recorder)
        send_pass = SendPass(
            self.route, self._clock, self._pace, self.stop, batch, recorder, outage
        )
        try:
            send_pass.run(ready)
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, nobody may be left queued without an alarm
            log.exception("%s: an unforeseen failure", self.route.name)
            send_pass.fail(unforeseen(error))
            self._requeue_lost()  # all workers have ended: what they had in hand
        finally:
            batch.requeue()
        return send_pass.answered

    def _requeue_lost(self) -> None:
        with self._database.write() as connection:
            self.replica.requeue_lost(connection, self._clock.now())

    def _count_ready(self) -> int:
        most = BATCH * self.route.connections
        with self._database.read() as connection:
            return len(deliveries.ready(connection, self.route.stream, self._clock.now(), most))


@dataclass
class SendPass:
    """Claims batches, hands them to workers, each with a connection, and records the answers."""

    route: Route
    clock: Clock
    pace: Pace
    stop: threading.Event
    batch: Batch
    recorder: Recorder
    outage: Outage
    answered: int = 0
    accepted: int = 0

    def __post_init__(self) -> None:
        trouble = self.outage.trouble
        self._refusals = Refusals(refused_us=trouble is not None and trouble.is_refusal)
        self._lock = threading.Lock()
        self._heard = self.clock.monotonic()
        self._proven = threading.Event()  # the server has answered for a message, or failed
        self._may_leave = False  # who gets no connection may leave the work to others
        self._turned_away = False

    def run(self, ready: int) -> None:
        try:
            connection = opened(self.route.transport)  # one, before there are many
        except ServerError as error:
            self.fail(error)
            return
        if not ready:  # nobody waits, and the operator should know that it is over
            connection.close()
            self.outage.end()
            return
        if self.outage.trouble:
            self._probe(connection)
            self._send_in_parallel(ready, None)
        else:
            self._send_in_parallel(ready, connection)
        log.info("%s took %d of %d notices", self.route.name, self.accepted, self.answered)

    def _probe(self, connection: Connection) -> None:
        """By one message, for a server may greet and refuse the rest."""
        self._work(connection, probe=True)
        self._conclude()
        if self.answered and not self.outage.begun:
            self.outage.end()

    def _send_in_parallel(self, ready: int, connection: Connection | None) -> None:
        if self.outage.begun:
            return
        count = min(self.route.connections, ready // BATCH + 1)
        self._may_leave = count > 1
        with ThreadPoolExecutor(count, thread_name_prefix="sender") as pool:
            workers = [pool.submit(self._work, connection)]
            while not self._proven.wait(LOOK):  # one message, before there are many
                self._release_if_slow()
            workers += [pool.submit(self._work) for _ in range(count - 1)]
            while wait(workers, LOOK).not_done:
                self._release_if_slow()
            for worker in workers:
                worker.result()
        if self._turned_away and not self.outage.begun:
            self._may_leave = False  # one alone, for what was returned
            self._work()
        self._conclude()

    def _work(self, connection: Connection | None = None, *, probe: bool = False) -> None:
        """One worker's thread: take, send, record, until nothing is ready. A `probe` ends
        with its first message, unless that was refused and the server may be the reason."""
        worker = SmtpWorker(self.route, connection)
        limit = 1 if probe else min(BATCH * self.route.connections, MOST)
        try:
            while self._goes_on() and (claim := self.batch.take(limit, least_tried=probe)):
                if not self._deliver(worker, claim):
                    break
                if probe and not self._refusals.open:
                    break
                if worker.broken == (1 if probe else 2):
                    self.fail(ServerError(f"{self.route.name} broke off: {worker.last_reply}"))
        except ClaimLapsedError:
            log.warning("a claim lapsed before its message went: the rest is left to others")
        finally:
            self._proven.set()
            worker.close()

    def _goes_on(self) -> bool:
        return not (self.outage.begun or self.stop.is_set() or self.recorder.held)

    def _deliver(self, worker: SmtpWorker, claim: Claim) -> bool:
        """False when it did not go, and waits for another worker or for the server."""
        answers = None
        try:
            while answers is None:
                self.pace.wait()
                if not self._goes_on():
                    self.batch.return_(claim)
                    return False
                self._heard = self.clock.monotonic()
                answers = worker.send(claim, self.batch.still_ours)
        except ClaimLapsedError:
            self.batch.return_(claim)  # and requeued, if nobody else has it
            raise
        except ServerError as error:
            if not worker.connection and self._may_leave:
                self._turned_away = True
                self.batch.return_(claim)
                log.info("%s allows no more connections: %s", self.route.name, error)
            else:
                self.fail(error, [claim])
            return False
        self._proven.set()
        self._heard = self.clock.monotonic()
        self._record(claim, answers)
        return True

    def _record(self, claim: Claim, answers: Mapping[str, Answer]) -> None:
        self.recorder.record(claim, answers)
        for address, answer in answers.items():
            level = logging.DEBUG if answer.state is State.SENT else logging.WARNING
            log.log(
                level, "%s %s: %s %s %s",
                claim.key, address, answer.state, answer.reason, answer.reply,
            )  # fmt: skip
        with self._lock:
            self.answered += 1
            self.accepted += any(answer.state is State.SENT for answer in answers.values())
            reply = self._refusals.note(claim, answers)
            refused = self._refusals.take_row() if reply else []
        if reply:
            self._refuses_us(reply, refused)

    def _conclude(self) -> None:
        """When nothing is left to ask: what became of those that were refused because of us."""
        reply = self._refusals.reply_of_all()
        if reply and not self.outage.begun:
            self._refuses_us(reply, self._refusals.take_row())
        if theirs := self._refusals.theirs():
            self.recorder.refuse(theirs)

    def _refuses_us(self, reply: str, refused: Sequence[NoticeRecipient]) -> None:
        error = ServerError(
            f"{self.route.name} refuses what this office sends: {reply}",
            hint="It must let this host, smtp.username and mail.from send; `reminder check "
            "--smtp` asks it. Then all goes by itself.",
        )
        self.fail(error, refused=refused)

    def fail(
        self,
        error: ServerError,
        claims: Sequence[Claim] = (),
        refused: Sequence[NoticeRecipient] = (),
    ) -> None:
        """The server is at fault: these wait, and all that nobody has begun."""
        with self.batch.turn:
            self.outage.begin(error, [*claims, *self.batch.release()], refused)

    def _release_if_slow(self) -> None:
        """While the server keeps us waiting, what nobody has begun is not kept from others."""
        slow = self.clock.monotonic() - self._heard >= SLOW
        if slow and self.batch.requeue(if_others_send=True):
            log.warning("%s keeps us waiting: its batch is left to others", self.route.name)
