"""What fails in a simulated year: a mail server as its faults say, and processes that die."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from reminder.clock import VirtualClock
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError, ServerError
from reminder.ledger.database import Database
from reminder.mail.transports import Envelope
from tests.simulation.faults import Fault, Faults

_GREYLISTED = timedelta(minutes=10)
_STINGY = 3  # messages a connection


class Killed(BaseException):
    """Not an Exception: no handler of the product may catch it and go on."""


class Life:
    """One process's. Every statement, every commit and every message is a step.

    What a dying Python process would not run, its `finally` clauses, runs here; but it finds
    neither ledger nor server, so it leaves no trace.
    """

    def __init__(self, database: Database, dies_at: int | None = None) -> None:
        self.steps = 0
        self.dies_at = dies_at
        self.dead = False
        self.disk_full = False
        self._doomed = False
        for engine in (database.writer, database.reader):
            event.listen(engine, "before_cursor_execute", self._statement)
            event.listen(engine, "commit", self._commit)

    def step(self) -> None:
        self.steps += 1
        if self._doomed or self.steps == self.dies_at:
            self.dead = True
        if self.dead:
            raise Killed

    def _statement(self, _connection: Connection, _cursor: object, words: str, *_: object) -> None:
        self.step()
        if self.disk_full and not words.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN")):
            error = OSError("database or disk is full")
            raise OperationalError(words, None, error)

    def _commit(self, _connection: Connection) -> None:
        """Dies before the commit at this step, after it at the next one."""
        self.step()
        if self.dies_at == self.steps + 1:
            self.steps += 1
            self._doomed = True


class ShiftedClock(VirtualClock):
    """`shift` is how far the machine's idea of the time is off, as after a wrong setting."""

    shift = timedelta()

    def now(self) -> datetime:
        return (self.moment + self.shift).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message accepted for its recipients, at a true moment and by the clock."""

    at: datetime
    clock: datetime
    message_id: str
    sha256: bytes = field(repr=False)
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail in the mailbox for answers, from a true moment on."""

    at: datetime
    content: bytes = field(repr=False)


_BOUNCE = """From: MAILER-DAEMON@virtual.test
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; virtual.test

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B
Content-Type: text/rfc822-headers

Message-ID: {message_id}
X-Number: {number}

--B--
"""


@dataclass
class SickServer:
    """A transport. `excused` counts by message how often its answer did not reach the ledger.

    Of a message only the hash stays.
    """

    clock: ShiftedClock
    faults: Faults
    dice: Random
    life: Life | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)
    said_no: set[tuple[str, str]] = field(default_factory=set)
    bounced: set[tuple[str, str]] = field(default_factory=set)
    returned: list[Returned] = field(default_factory=list)  # and not read yet
    at_risk: str = ""  # the message whose DATA began last
    log_ins: int = 0
    _first_seen: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def holds(self, fault: Fault) -> bool:
        return self.faults.holding(fault, self.clock.moment) is not None

    def open(self) -> "Session":
        self.step()
        self.log_ins += 1
        if self.holds(Fault.DOWN):
            raise ServerError("mail server virtual failed at connect: refused")
        if self.holds(Fault.BUSY):
            raise ServerError("mail server virtual failed at greeting: 421 busy")
        if self.holds(Fault.LOG_IN):
            raise ServerError("mail server virtual refused the log-in: 535", permanent=True)
        return Session(self)

    def step(self) -> None:
        if self.life:
            self.life.step()

    def refusal(self, message_id: str, address: str) -> Answer | None:
        """Of one recipient; None when it is accepted."""
        refused = self.faults.holding(Fault.REFUSES_ONE, self.clock.moment)
        if refused and refused.address == address:
            self.said_no.add((message_id, address))
            return Answer(State.REFUSED, Reason.RECIPIENT_REFUSED, "550 no such user")
        if self.holds(Fault.GREYLIST):
            seen = self._first_seen.setdefault((message_id, address), self.clock.moment)
            if self.clock.moment - seen < _GREYLISTED:
                return Answer(State.RETRY, Reason.RECIPIENT_DEFERRED, "451 greylisted")
        return None

    def verdict(self, envelope: Envelope, accepted: list[str]) -> Answer:
        """Of the message, after its final dot."""
        if self.holds(Fault.LATER):
            return Answer(State.RETRY, Reason.MESSAGE_DEFERRED, "451 later")
        if self.holds(Fault.THROTTLE):
            return Answer(State.RETRY, Reason.THROTTLED, "550 Mailbox frequency limited")
        lost = self.holds(Fault.LOSES_ANSWERS) and self.dice.random() < 0.5
        if lost and self.dice.random() < 0.5:
            return Answer(State.RETRY, Reason.ANSWER_LOST, "no answer after DATA: cut")
        kept = sha256(envelope.content).digest()
        self.deliveries.append(
            Delivery(
                self.clock.moment, self.clock.now(), envelope.message_id, kept, tuple(accepted)
            )
        )
        self._send_back(envelope.message_id, accepted)
        if lost:
            self.excused[envelope.message_id] += 1
            return Answer(State.RETRY, Reason.ANSWER_LOST, "no answer after DATA: timed out")
        return Answer(State.SENT, Reason.ACCEPTED, "250 kept")

    def _send_back(self, message_id: str, accepted: list[str]) -> None:
        """At once, or hours later."""
        spell = self.faults.holding(Fault.SENDS_BACK, self.clock.moment)
        if spell and spell.address in accepted:
            facts = {"address": spell.address, "message_id": message_id}
            content = _BOUNCE.format(number=len(self.bounced), **facts).encode()
            later = timedelta(hours=self.dice.choice((0, 0, 1, 30)))
            self.returned.append(Returned(self.clock.moment + later, content))
            self.bounced.add((message_id, spell.address))

    def accepted_by_address(self) -> Mapping[tuple[str, str], int]:
        """How often each message was accepted for each address."""
        counts: Counter[tuple[str, str]] = Counter()
        for delivery in self.deliveries:
            counts.update((delivery.message_id, address) for address in delivery.recipients)
        return counts

    def hashes(self) -> Mapping[str, set[bytes]]:
        """Of what was accepted under each Message-ID."""
        found = defaultdict[str, set[bytes]](set)
        for delivery in self.deliveries:
            found[delivery.message_id].add(delivery.sha256)
        return found


class Session:
    """One connection."""

    def __init__(self, server: SickServer) -> None:
        self._server = server
        self._sent = 0
        self.closed = False

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        server = self._server
        server.step()
        server.clock.advance(1)
        self.closed = True  # unless MAIL is said
        if server.holds(Fault.DOWN) or (server.holds(Fault.STINGY) and self._sent >= _STINGY):
            raise ServerError("mail server virtual failed at MAIL: 421 enough of you")
        if server.holds(Fault.MAIL):
            raise ServerError("mail server virtual refused MAIL: 451 not now")
        if not still_ours():
            raise ClaimLapsedError("the claim lapsed before MAIL")
        self.closed = False
        answers, accepted = {}, []
        for address in envelope.recipients:
            if refusal := server.refusal(envelope.message_id, address):
                answers[address] = refusal
            else:
                accepted.append(address)
        self._sent += 1
        return answers | (self._data(envelope, accepted) if accepted else {})

    def _data(self, envelope: Envelope, accepted: list[str]) -> dict[str, Answer]:
        """A kill from here until the answer is recorded excuses one copy."""
        server = self._server
        server.step()
        server.at_risk = envelope.message_id
        answer = server.verdict(envelope, accepted)
        server.step()
        self.closed = answer.reason is Reason.ANSWER_LOST
        return dict.fromkeys(accepted, answer)

    def close(self) -> None:
        self.closed = True
