"""Claim, send, record.

The promise. Every notice that was due is accepted by the mail server for each of its
recipients, or stands in the ledger with the reason why not. A recipient gets it twice only if
a sender was killed, frozen or cut off, or an answer was lost, after that message's DATA began
and before its result was recorded: at most one message per connection, and all copies have the
same Message-ID and bytes.

The steps that keep it, in this order:
1. whoever may send requeues what senders that are gone left in `sending` (`Claims.requeue_lost`);
2. a claim marks recipients as `sending` before the server hears of them (`Claims.take`);
3. before MAIL and before DATA (where DATA goes ahead in a group, before the message itself) the
   sender looks whether its claim still stands (`Claims.still_ours`, asked by the connection);
4. the answer is on disk before that connection's next message (`Claims.record`); one whose
   claim was found gone ends the pass.
"""

import ctypes
import logging
import math
import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from reminder.clock import Clock
from reminder.domain.notices import Answer, State
from reminder.errors import ClaimLapsedError, ReminderError, ServerError
from reminder.events import Event
from reminder.ledger.claiming import Claim, ready
from reminder.ledger.database import Database
from reminder.mail.claims import BATCH, Claims, Route
from reminder.mail.outage import Outage, Refusals
from reminder.mail.replicas import SingleProcess
from reminder.mail.transports import Connection, opened, unforeseen
from reminder.mail.worker import Pace, Worker

LOOK = 5.0  # seconds, at the workers and what they wait for
SLOW = 20.0  # seconds without an answer, after which others may have a better way to the server

log = logging.getLogger(__name__)
_EVENTS = {State.SENT: Event.NOTICE_SENT, State.REFUSED: Event.NOTICE_REFUSED}


class SendPass:
    """Claims batches, hands them to workers, each with a connection, and records the answers."""

    def __init__(self, claims: Claims, pace: Pace) -> None:
        self.claims = claims
        self.outage = Outage(claims)
        self.answered = 0
        self._accepted = 0
        self._clock = claims.clock
        self._route = claims.route
        self._pace = pace
        self._refusals = Refusals(self.outage.trouble)
        self._lock = threading.Lock()
        self._heard = self._clock.monotonic()
        self._proven = threading.Event()  # the server has answered for a message, or failed
        self._may_leave = False  # who gets no connection may leave the work to others
        self._turned_away = False

    def run(self) -> None:
        now, route = self._clock.now(), self._route
        most, clock = BATCH * route.connections, route.clock(now)
        with self.claims.database.read() as connection:
            count = len(ready(connection, route.stream, now, most, route=route.way, clock=clock))
        if not (count or self.outage.trouble) or self.outage.lasts():
            return
        try:
            first = opened(self._route.transport)  # one, before there are many
        except ServerError as error:
            self.fail(error)
            return
        if not count:  # nobody waits, and the operator should know that it is over
            first.close()
            self.outage.end()
            return
        if self.outage.trouble:
            # By one message, for a server may greet and refuse the rest.
            self._work(first, probe=True)
            self._conclude()
            if self.answered and not self.outage.begun:
                self.outage.end()
        if not self.outage.begun:
            self._send_in_parallel(count, None if self.outage.trouble else first)
        counts = self._accepted, self.answered
        ended = Event.PASS_ENDED.of(accepted=counts[0], answered=counts[1])
        if self.answered:  # else another process was quicker
            log.info("%s took %d of %d notices", self._route.name, *counts, extra=ended)

    def _send_in_parallel(self, ready_ones: int, connection: Connection | None) -> None:
        count = min(self._route.connections, ready_ones // BATCH + 1)
        self._may_leave = count > 1
        with ThreadPoolExecutor(count, thread_name_prefix="sender") as pool:
            workers = [pool.submit(self._work, connection)]
            while not self._proven.wait(LOOK):  # one message, before there are many
                self._requeue_if_slow()
            workers += [pool.submit(self._work) for _ in range(count - 1)]
            while wait(workers, LOOK).not_done:
                self._requeue_if_slow()
            for worker in workers:
                worker.result()
        if self._turned_away and not self.outage.begun:
            self._may_leave = False  # one alone, for what was returned
            self._work()
        self._conclude()

    def _work(self, connection: Connection | None = None, *, probe: bool = False) -> None:
        """One worker's thread: take, send, record, until nothing is ready. A `probe` ends
        with its first message, unless that was refused and the server may be the reason."""
        worker = Worker(self.claims, connection)
        try:
            while self._goes_on() and (claim := self.claims.take(probe=probe)):
                if not self._deliver(worker, claim):
                    break
                if probe and not self._refusals.open:
                    break
                if worker.broken == (1 if probe else 2):
                    self.fail(ServerError(f"{self._route.name} broke off: {worker.last_reply}"))
        except ClaimLapsedError:
            words = "a claim lapsed before its message went: the rest is left to others"
            log.warning(words, extra=Event.CLAIM_LAPSED.of())
        finally:
            self._proven.set()
            worker.close()

    def _goes_on(self) -> bool:
        return not (self.outage.begun or self.claims.stop.is_set() or self.claims.held)

    def _deliver(self, worker: Worker, claim: Claim) -> bool:
        """False when it did not go, and waits for another worker or for the server."""
        self._pace.wait()
        if not self._goes_on():
            self.claims.return_(claim)
            return False
        self._heard = self._clock.monotonic()
        try:
            answers = worker.send(claim)
        except ClaimLapsedError:
            self.claims.return_(claim)  # and requeued, if nobody else has it
            raise
        except ServerError as error:
            if not worker.connection and self._may_leave:
                self._turned_away = True
                self.claims.return_(claim)
                words, limited = "%s allows no more connections: %s", Event.SERVER_LIMITED.of()
                log.info(words, self._route.name, error, extra=limited)
            else:
                self.fail(error, claim)
            return False
        self._proven.set()
        self._heard = self._clock.monotonic()
        self._record(claim, answers)
        return True

    def _record(self, claim: Claim, answers: Mapping[str, Answer]) -> None:
        self.claims.record(claim, answers)
        for address, answer in answers.items():
            level = logging.DEBUG if answer.state is State.SENT else logging.WARNING
            state, reason, reply = answer.state, answer.reason, answer.reply
            told = _EVENTS.get(state, Event.NOTICE_DEFERRED).of(
                claim.key, address=address, state=state, reason=reason, reply=reply
            )
            log.log(
                level, "%s %s: %s %s %s", claim.key, address, state, reason, reply, extra=told
            )  # fmt: skip
        with self._lock:
            self.answered += 1
            self._accepted += any(answer.state is State.SENT for answer in answers.values())
            reply, refused = self._refusals.note(claim, answers)
        self._refuses_us(reply, refused)

    def _conclude(self) -> None:
        """When nothing is left to ask: what became of those that were refused because of us."""
        if not self.outage.begun:
            self._refuses_us(*self._refusals.at_end())
        if theirs := self._refusals.theirs():
            self.claims.refuse(theirs)

    def _refuses_us(self, reply: str, refused: Sequence[Claim]) -> None:
        if refused:
            error = ServerError(
                f"{self._route.name} refuses what this office sends: {reply}",
                hint="It must let this host, smtp.username and mail.from send; `reminder check "
                "--smtp` asks it. Then all goes by itself.",
            )
            self.fail(error, refused=refused)

    def fail(self, error: ServerError, *claims: Claim, refused: Sequence[Claim] = ()) -> None:
        """The server is at fault: these wait, and all that nobody has begun."""
        with self.claims.turn:
            self.outage.begin(error, [*claims, *self.claims.release()], refused)

    def _requeue_if_slow(self) -> None:
        """While the server keeps us waiting, what nobody has begun is not kept from others."""
        slow = self._clock.monotonic() - self._heard >= SLOW
        if slow and self.claims.requeue(if_others_send=True):
            words = "%s keeps us waiting: its batch is left to others"
            log.warning(words, self._route.name, extra=Event.SERVER_LIMITED.of())


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
        self._dice = dice or random.Random()  # noqa: S311 - jitter
        self._pace = Pace(route.rate, clock, self.stop)
        # glibc (mallopt(3), M_ARENA_MAX) gives each thread a heap of its own, of which little comes
        # back: a process took 143 MiB for 5,000 mails, 96 with two heaps. Others have no such call.
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(-8, 2)

    def send_ready(self) -> int:
        """One pass: until nothing is ready or the server fails. Returns how many notices were
        answered."""
        if self.stop.is_set():
            return 0
        claims = Claims(
            self._database, self.route, self._clock, self.stop, self._dice, self.replica,
            self.patience,
        )  # fmt: skip
        claims.requeue_lost()
        send_pass = SendPass(claims, self._pace)
        try:
            send_pass.run()
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, nobody may be left queued without an alarm
            failed = Event.UNFORESEEN.of()
            log.exception("%s: an unforeseen failure", self.route.name, extra=failed)
            send_pass.fail(unforeseen(error))
            claims.requeue_lost()  # all workers have ended: what they had in hand
        finally:
            claims.requeue()
        return send_pass.answered
