"""Claim, send, record.

The promise. Every notice that was due is accepted by the mail server for each of its
recipients, or stands in the ledger with the reason why not. A recipient gets it twice only if
a sender was killed, frozen or cut off, or an answer was lost, after that message's DATA began
and before its result was recorded: at most one message per connection, and all copies have the
same Message-ID and bytes.

The steps that keep it, in this order:
1. whoever holds the sender's lock puts back what a dead predecessor left in `sending`;
2. a claim marks recipients as `sending` before the server hears of them;
3. before MAIL and before DATA the sender looks whether its claim still stands;
4. the answer is on disk before that connection's next message.
"""

import logging
import math
import random
import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from reminder.clock import Clock
from reminder.delivery.line import Line
from reminder.delivery.pacing import REFUSED, RETRY, Limits, Pace, back_off
from reminder.delivery.recording import Recorder
from reminder.delivery.transports import Connection, Envelope, Transport
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.storage.ledger import claims
from reminder.storage.ledger.claims import Claimed, Result
from reminder.storage.ledger.database import Database
from reminder.storage.ledger.relays import Trouble, clear_trouble, note_trouble, read_trouble

log = logging.getLogger(__name__)

BATCH = 20  # notices that a claim takes for each connection: a killed sender leaves so many
CLAIM_SECONDS = 900


class Sender:
    """For whoever holds the sender's lock.

    `name` is the relay's in words, `relay` with a mark of its settings: other settings, a new
    server. Only notices of `course` are its business: what waits for a mail server is not for
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
        course: str,
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
        self.course = course
        self.sender = sender
        self.limits = limits
        self.rehearsal = rehearsal
        self.failing = failing
        self.patience = patience
        self.dice = dice or random.Random()
        self.pace = Pace(limits.rate, clock)
        self.stop = threading.Event()

    def recover(self) -> int:
        """Puts back what a dead sender left in `sending`."""
        with self.database.write() as connection:
            count = claims.recover(connection, self.clock.now())
        if count:
            log.warning("put back %d recipients that an interrupted sender left", count)
        return count

    def drain(self) -> set[str]:
        """Sends until nothing is ready or the server fails. Returns the keys it touched."""
        now = self.clock.now()
        with self.database.read() as database:
            trouble = read_trouble(database)
        if trouble and trouble.relay != self.relay:
            self.forget_trouble()
            trouble = None
        with self.database.read() as database:
            most = BATCH * self.limits.connections
            ready = len(claims.ready(database, self.course, now, most))
        if not (ready or trouble):
            return set()
        if trouble and trouble.not_before > now:
            with self.database.write() as database:
                until, words = trouble.not_before, trouble.detail
                return claims.put_off(database, self.course, now, until, words, trouble.reason)
        run = _Run(self)
        try:
            self._drain(run, ready, trouble)
        finally:
            run.give_back()
        return run.touched

    def _drain(self, run: "_Run", ready: int, trouble: Trouble | None) -> None:
        try:
            connection = self.transport.open()  # one, before there are many
        except ServerError as error:
            run.server_failed(error)
            return
        probe: Connection | None = connection
        if not ready:  # nobody waits, and the operator should know that it is over
            connection.close()
            self._well_again()
            return
        if trouble:  # and by one message, for a server may greet and refuse the rest
            run.work(probe, most=1)
            probe = None
            if run.asked and not run.failed:
                self._well_again()
        if not run.failed:
            count = min(self.limits.connections, ready // BATCH + 1)
            run.many = count > 1
            with ThreadPoolExecutor(count, thread_name_prefix="sender") as pool:
                workers = [pool.submit(run.work, probe)]
                run.proven.wait()  # one message, before there are many
                workers += [pool.submit(run.work, None) for _ in range(count - 1)]
                for worker in workers:
                    worker.result()
            if run.turned_away and not run.failed:
                run.many = False  # one alone, for what was given back
                run.work(None)
        log.info("handed %d notices to %s", run.asked, self.name)

    def forget_trouble(self) -> None:
        """Whatever waited for a sick server need not wait: it was mended, or is another now."""
        with self.database.write() as connection:
            clear_trouble(connection)
            claims.hurry(connection, self.course, self.clock.now())

    def _well_again(self) -> None:
        with self.database.write() as connection:
            if clear_trouble(connection):
                log.warning("%s works again", self.name)


class _Run:
    """One drain: its workers share what is claimed, and whether the server failed."""

    def __init__(self, owner: Sender) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._claim = secrets.token_hex(8)
        self._stock: deque[tuple[Claimed, float]] = deque()  # with the moment it lapses
        self._recorder = Recorder(
            owner.database, owner.clock, owner.stop, rehearsal=owner.rehearsal
        )
        self._claiming = threading.Lock()
        self.proven = threading.Event()  # the server has answered for a message, or failed
        self.many = False  # who gets no connection may leave the work to others
        self.failed = False
        self.asked = 0
        self.turned_away = False
        self.touched: set[str] = set()

    def work(self, connection: Connection | None, most: int | None = None) -> None:
        """One connection's thread: take, send, record, until nothing is ready or `most` went."""
        owner = self._owner
        line = Line(owner.transport, owner.limits.messages_per_connection, connection)
        left = most
        try:
            while self._goes_on(left) and (taken := self._take(left)):
                if not self._deliver(line, *taken):
                    break
                left = None if left is None else left - 1
                if line.broken == (most or 2):
                    self.server_failed(ServerError(f"{owner.name} broke off: {line.last_words}"))
        except ClaimLapsedError:
            log.warning("a claim lapsed before its message went: it is left to others")
        finally:
            self.proven.set()
            line.close()

    def _deliver(self, line: Line, claimed: Claimed, deadline: float) -> bool:
        """False when it did not go, and waits for another worker or for the server."""
        owner, answers = self._owner, None
        try:
            while answers is None:
                owner.pace.wait(owner.stop)
                if not self._goes_on(None):
                    self._lay_back(claimed, deadline)
                    return False
                answers = self._ask(line, claimed, deadline)
        except ServerError as error:
            if not line.is_open and self.many:
                self.turned_away = True
                self._lay_back(claimed, deadline)
                log.info("%s allows no more connections: %s", owner.name, error)
            else:
                self.server_failed(error, [claimed])
            return False
        self.proven.set()
        self._record(claimed, answers)
        return True

    def _goes_on(self, left: int | None) -> bool:
        return not (self.failed or self._owner.stop.is_set() or left == 0)

    def _take(self, left: int | None) -> tuple[Claimed, float] | None:
        """Who finds nothing laid in claims for all."""
        with self._claiming:
            if not self._stock:
                self._claim_more(left)
            with self._lock:
                return self._stock.popleft() if self._stock else None

    def _claim_more(self, left: int | None) -> None:
        owner = self._owner
        limit = left or BATCH * owner.limits.connections
        with owner.database.write() as database:
            batch = claims.claim(database, self._claim, owner.course, owner.clock.now(), limit)
        deadline = owner.clock.monotonic() + CLAIM_SECONDS + len(batch) * owner.pace.interval
        with self._lock:
            self._stock.extend((claimed, deadline) for claimed in batch)

    def _lay_back(self, claimed: Claimed, deadline: float) -> None:
        with self._lock:
            self._stock.appendleft((claimed, deadline))

    def _ask(self, line: Line, claimed: Claimed, deadline: float) -> Mapping[str, Answer] | None:
        envelope = Envelope(
            claimed.message_id, self._owner.sender, claimed.addresses, claimed.content
        )
        return line.ask(envelope, lambda: self._owner.clock.monotonic() < deadline)

    def _record(self, claimed: Claimed, answers: Mapping[str, Answer]) -> None:
        owner = self._owner
        retry_at = owner.clock.now() + back_off(claimed.attempts, RETRY, owner.dice)
        self._recorder.record(Result(claimed, answers, retry_at), owner.patience)
        with self._lock:
            self.touched.add(claimed.key)
            self.asked += 1
        for address, answer in answers.items():
            level = logging.DEBUG if answer.state is State.SENT else logging.WARNING
            log.log(
                level, "%s %s: %s %s %s",
                claimed.key, address, answer.state, answer.reason, answer.reply,
            )  # fmt: skip

    def give_back(self) -> None:
        """What was claimed and not begun, when all workers have ended."""
        if self._stock:
            with self._owner.database.write() as database:
                claims.give_back(database, self._emptied(), self._owner.clock.now())

    def _emptied(self) -> list[Claimed]:
        with self._lock:
            left = [claimed for claimed, _ in self._stock]
            self._stock.clear()
        return left

    def server_failed(self, error: ServerError, claimed: Sequence[Claimed] = ()) -> None:
        """One alarm when it begins, one probe at growing intervals; the notices wait."""
        owner, now = self._owner, self._owner.clock.now()
        with self._lock:
            first_here, self.failed = not self.failed, True
        with owner.database.write() as database:
            trouble = read_trouble(database)
            failures = trouble.failures if trouble else 0
            if first_here or trouble is None:
                bounds = REFUSED if error.permanent else owner.limits.probe
                until = now + back_off(failures, bounds, owner.dice)
                since = trouble.since if trouble else now
                reason = Reason.SETTINGS if error.permanent else owner.failing
                trouble = Trouble(owner.relay, failures + 1, since, until, str(error), reason)
                note_trouble(database, trouble)
            until, words = trouble.not_before, str(error)
            waiting = [*claimed, *self._emptied()]
            keys = claims.put_off(
                database, owner.course, now, until, words, trouble.reason, waiting
            )
        with self._lock:
            self.touched.update(keys)
        if first_here and failures == 0:
            log.error("%s: %d notices wait. %s", error, len(keys), error.hint)
