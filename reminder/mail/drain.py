"""One pass of a sender: claims laid in, handed out to connections, answers recorded."""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection as DatabaseConnection

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.ledger import deliveries
from reminder.ledger.deliveries import Claim, NoticeRecipient, Result
from reminder.ledger.troubles import ServerTrouble, note_trouble, read_trouble
from reminder.mail.doubts import Doubts
from reminder.mail.line import Line
from reminder.mail.pacing import REFUSED, RETRY, back_off
from reminder.mail.recording import Recorder
from reminder.mail.transports import Connection, Envelope

if TYPE_CHECKING:
    from reminder.mail.sending import Sender

log = logging.getLogger(__name__)

SLOW = 20.0  # seconds without an answer, after which others may have a better way to the server
MOST = 320  # notices that a claim takes at all: their mails lie in memory
BATCH = 20  # notices that a claim takes for each connection: a killed sender leaves so many


class Drain:
    """One drain: its workers share what is claimed, and whether the server failed."""

    def __init__(self, owner: "Sender", trouble: ServerTrouble | None = None) -> None:
        self._owner = owner
        self._doubts = Doubts(known=trouble is not None and trouble.is_refusal)
        self._lock = threading.Lock()
        self._lease = owner.presence.lease
        self._claim = f"{self._lease.name}:{secrets.token_hex(4)}"
        self._stock: deque[Claim] = deque()
        self._recorder = Recorder(
            owner.database, owner.clock, owner.stop, rehearsal=owner.rehearsal
        )
        self._claiming = threading.Lock()
        self._heard = owner.clock.monotonic()
        self.proven = threading.Event()  # the server has answered for a message, or failed
        self.many = False  # who gets no connection may leave the work to others
        self.failed = False
        self.asked = 0
        self.turned_away = False

    def work(self, connection: Connection | None, *, probe: bool = False) -> None:
        """One connection's thread: take, send, record, until nothing is ready. A `probe` ends
        with its first message, unless that was refused and the server may be the reason."""
        owner = self._owner
        line = Line(owner.transport, owner.limits.messages_per_connection, connection)
        try:
            while self._goes_on() and (taken := self._take(probe=probe)):
                if not self._deliver(line, taken):
                    break
                if probe and not self._doubts.open:
                    break
                if line.broken == (1 if probe else 2):
                    self.server_failed(ServerError(f"{owner.name} broke off: {line.last_words}"))
        except ClaimLapsedError:
            log.warning("a claim lapsed before its message went: the rest is left to others")
        finally:
            self.proven.set()
            line.close()

    def _deliver(self, line: Line, claimed: Claim) -> bool:
        """False when it did not go, and waits for another worker or for the server."""
        owner, answers = self._owner, None
        try:
            while answers is None:
                owner.pace.wait(owner.stop)
                if not self._goes_on():
                    self._lay_back(claimed)
                    return False
                self._heard = owner.clock.monotonic()
                answers = self._ask(line, claimed)
        except ClaimLapsedError:
            self._lay_back(claimed)  # and given back, if nobody else has it
            raise
        except ServerError as error:
            if not line.is_open and self.many:
                self.turned_away = True
                self._lay_back(claimed)
                log.info("%s allows no more connections: %s", owner.name, error)
            else:
                self.server_failed(error, [claimed])
            return False
        self.proven.set()
        self._heard = owner.clock.monotonic()
        self._record(claimed, answers)
        self._doubt(claimed, answers)
        return True

    def _doubt(self, claimed: Claim, answers: Mapping[str, Answer]) -> None:
        with self._lock:
            words = self._doubts.hear(claimed, answers)
            refused = self._doubts.taken() if words else []
        if words:
            self._refuses_us(words, refused)

    def conclude(self) -> None:
        """When nothing is left to ask: what became of those that were refused because of us."""
        words = self._doubts.unheard()
        if words and not self.failed:
            self._refuses_us(words, self._doubts.taken())
        theirs = self._doubts.theirs()
        if theirs:
            with self._owner.database.write() as database:
                for person, reason in theirs:
                    deliveries.refuse(database, person, reason, self._owner.clock.now())

    def _refuses_us(self, words: str, refused: Sequence[NoticeRecipient]) -> None:
        error = ServerError(
            f"{self._owner.name} refuses what this office sends: {words}",
            hint="It must let this host, smtp.username and mail.from send; `reminder check "
            "--smtp` asks it. Then all goes by itself.",
        )
        self.server_failed(error, refused=refused)

    def _goes_on(self) -> bool:
        return not (self.failed or self._owner.stop.is_set() or self._recorder.held)

    def _take(self, *, probe: bool) -> Claim | None:
        """Who finds nothing laid in claims for all."""
        with self._claiming:
            if not self._stock:
                self._claim_more(probe=probe)
            with self._lock:
                return self._stock.popleft() if self._stock else None

    def _claim_more(self, *, probe: bool) -> None:
        owner = self._owner
        limit = 1 if probe else min(BATCH * owner.limits.connections, MOST)
        now = owner.clock.now()
        with owner.database.write() as database:
            if not self._still_ours():  # asked when it is our turn to write: that may take long
                raise ClaimLapsedError("the claim lapsed before more was taken")
            owner.put_back(owner.presence.take_over(database, now))
            if owner.database.mark.why_other(database):
                return  # it was changed for another under our feet: the next tick holds it
            batch = deliveries.claim(
                database, self._claim, owner.stream, now, limit, least_tried=probe
            )
        with self._lock:
            self._stock.extend(batch)

    def _lay_back(self, claimed: Claim) -> None:
        with self._lock:
            self._stock.appendleft(claimed)

    def _ask(self, line: Line, claimed: Claim) -> Mapping[str, Answer] | None:
        envelope = Envelope(
            claimed.message_id, self._owner.sender, claimed.addresses, claimed.content
        )
        return line.ask(envelope, self._still_ours)

    def _still_ours(self) -> bool:
        return self._lease.holds and self._recorder.claim_stands

    def _record(self, claimed: Claim, answers: Mapping[str, Answer]) -> None:
        owner = self._owner
        retry_at = owner.clock.now() + back_off(claimed.attempts, RETRY, owner.dice)
        self._recorder.record(Result(claimed, answers, retry_at), owner.patience)
        with self._lock:
            self.asked += 1
        for address, answer in answers.items():
            level = logging.DEBUG if answer.state is State.SENT else logging.WARNING
            log.log(
                level, "%s %s: %s %s %s",
                claimed.key, address, answer.state, answer.reason, answer.reply,
            )  # fmt: skip

    def hand_over(self) -> None:
        """While the server keeps us waiting: what nobody has begun is not kept from others."""
        owner = self._owner
        if not self._stock or owner.clock.monotonic() - self._heard < SLOW:
            return
        with owner.database.write() as database:
            if owner.presence.others_well(database):
                deliveries.requeue(database, self._emptied(), owner.clock.now())
                log.warning("%s keeps us waiting: what it was to get is left to others", owner.name)

    def give_back(self) -> None:
        """What was claimed and not begun, when all workers have ended."""
        if self._stock:
            with self._owner.database.write() as database:
                deliveries.requeue(database, self._emptied(), self._owner.clock.now())

    def _emptied(self) -> list[Claim]:
        with self._lock:
            left = list(self._stock)
            self._stock.clear()
        return left

    def server_failed(
        self,
        error: ServerError,
        claimed: Sequence[Claim] = (),
        *,
        refused: Sequence[NoticeRecipient] = (),
    ) -> None:
        """One alarm when it begins, one probe at growing intervals; the notices wait, those that
        it `refused` because of us among them."""
        owner, now = self._owner, self._owner.clock.now()
        with self._lock:
            first_here, self.failed = not self.failed, True
        replica = owner.presence.replica
        # One at a time: dozens that wait for the ledger would leave the lease no connection.
        with self._claiming, owner.database.write() as database:
            trouble = read_trouble(database, replica)
            failures = trouble.failures if trouble else 0
            if first_here or trouble is None:
                bounds = REFUSED if error.permanent else owner.limits.probe
                until = now + back_off(failures, bounds, owner.dice)
                since = trouble.since if trouble else now
                reason = Reason.SETTINGS if error.permanent else owner.failing
                reason = Reason.SENDER_REFUSED if refused else reason
                trouble = ServerTrouble(owner.relay, failures + 1, since, until, str(error), reason)
                note_trouble(database, trouble, replica)
            waiting = self._leave_waiting(database, [*claimed, *self._emptied()], refused, trouble)
        if first_here and failures == 0:
            log.error("%s: %d notices wait. %s", error, waiting, error.hint)

    def _leave_waiting(
        self,
        database: DatabaseConnection,
        claimed: Sequence[Claim],
        refused: Sequence[NoticeRecipient],
        trouble: ServerTrouble,
    ) -> int:
        """Returns how many: for other replicas at once if their way is well, else all wait."""
        owner, now = self._owner, self._owner.clock.now()
        if owner.presence.others_well(database):
            deliveries.requeue(database, claimed, now)
            deliveries.wait_after_all(database, refused, now, now, trouble.detail)
            return len({*(one.key for one in claimed), *(one.notice for one in refused)})
        until, words = trouble.not_before, trouble.detail
        count = deliveries.wait_after_all(database, refused, now, until, words)
        return count + deliveries.put_off(
            database, owner.stream, now, until, words, trouble.waits_as, claimed
        )
