"""The ledger's side of a pass: what a route's workers claim, and the answers that they record."""

import logging
import random
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection

from reminder.clock import Clock
from reminder.documents.channel_section import ChannelSettings
from reminder.documents.settings import Settings
from reminder.domain.notices import Answer, Reason
from reminder.errors import ClaimLapsedError, LedgerError
from reminder.events import Event
from reminder.ledger import claiming, deliveries
from reminder.ledger.access import InstallationKey
from reminder.ledger.claiming import Claim
from reminder.ledger.database import Database
from reminder.ledger.deliveries import Result
from reminder.ledger.holds import hold_mark
from reminder.mail.replicas import SingleProcess
from reminder.mail.transports import Transport

log = logging.getLogger(__name__)

MOST = 320  # notices that a claim takes at all: their mails lie in memory
BATCH = 20  # notices that a claim takes for each connection: a killed sender leaves so many
RECORD_AGAIN = 2  # seconds, while the ledger cannot be written
PROBE = (timedelta(minutes=1), timedelta(minutes=30))  # first wait for a sick server, longest
RETRY = (timedelta(minutes=2), timedelta(hours=4))  # the same for one recipient
# For a server that refuses the log-in or the encryption: only a person can mend that, and
# many wrong log-ins lock an account.
REFUSED = (timedelta(minutes=15), timedelta(hours=4))


@dataclass(frozen=True)
class Route:
    """Where the notices of one stream go. What waits for a mail server is not for an outbox
    folder, nor for a rehearsal.

    `name` is for people; `mark` changes with every setting of the server, which is another one
    then. `failing` is why notices wait while it fails. `way` is the recipients' route: mail when
    empty, else the name of a channel; quiet hours are those of `zone`.
    """

    transport: Transport
    stream: str
    sender: str
    name: str
    mark: str
    connections: int = 1
    messages_per_connection: int = 100
    rate: int = 0  # messages a minute, 0 for no limit
    probe: tuple[timedelta, timedelta] = PROBE
    failing: Reason = Reason.SERVER
    rehearsal: bool = False
    way: str = ""
    zone: tzinfo = UTC

    def clock(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%H:%M}"


def route_of(
    settings: Settings, transport: Transport, key: InstallationKey, zone: tzinfo = UTC
) -> Route:
    smtp = settings.smtp
    pace: dict[str, Any]
    if settings.transport == "smtp":
        name = f"mail server {smtp.host}:{smtp.effective_port}"
        pace = smtp.model_dump(include={"connections", "messages_per_connection", "rate"})
    else:
        name = f"outbox {settings.outbox}"
        pace = {"probe": (timedelta(), timedelta()), "failing": Reason.STORAGE}
    marks = f"{smtp!r} {' '.join(smtp.secrets)}"
    mark = f"{name} {key.derive('relay', marks, 8)}"
    sender, stream = settings.mail.sender_address, settings.stream
    pace |= {"rehearsal": settings.rehearsal, "zone": zone}
    return Route(transport, stream, sender, name, mark, **pace)


def channel_route(
    mail: Route, name: str, channel: ChannelSettings, transport: Transport, key: InstallationKey
) -> Route:
    """A channel's, beside mail's; where mails lie in an outbox folder, so do its messages."""
    if transport is mail.transport:
        return replace(mail, way=name)
    mark = key.derive("relay", f"{channel!r} {channel.address()}", 8)
    return replace(
        mail, transport=transport, name=f"channel {name}", mark=f"channel {name} {mark}",
        connections=1, messages_per_connection=10_000, rate=channel.rate, way=name,
    )  # fmt: skip


def back_off(attempts: int, bounds: tuple[timedelta, timedelta], dice: random.Random) -> timedelta:
    """Doubles with every attempt up to the longest, give or take a fifth."""
    first, longest = bounds
    wait: timedelta = min(first * 2 ** min(attempts, 20), longest)
    return wait * dice.uniform(0.8, 1.2)


@dataclass
class Claims:
    """Claimed notices that the workers of one pass share, and what became of them.

    Whoever finds none left claims the next ones for all. `turn` lets one worker at a time ask the
    ledger for more or report a failure: dozens that wait for it would leave the lease no
    connection. While one worker's answer is on its way to disk, those of the others gather; the
    next transaction takes them all (group commit). While the ledger cannot be written an answer
    is kept for so many seconds of `patience`.
    """

    database: Database
    route: Route
    clock: Clock
    stop: threading.Event
    dice: random.Random
    replica: SingleProcess
    patience: float
    held: bool = False  # since somebody held what was claimed nothing more is begun

    def __post_init__(self) -> None:
        self.turn = threading.Lock()
        self._recording = threading.Lock()
        self._lease = self.replica.lease
        self._name = f"{self._lease.name}:{secrets.token_hex(4)}"
        self._stand = True
        self._taken: deque[Claim] = deque()
        self._unrecorded: list[Result] = []
        self._hold = ""  # in force when the last were claimed: they had been let go all the same

    def requeue_lost(self) -> None:
        with self.database.write() as connection:
            self.replica.requeue_lost(connection, self.clock.now(), way=self.route.way)

    def still_ours(self) -> bool:
        return self._lease.holds and self._stand

    def others_are_well(self, connection: Connection) -> bool:
        """Whether other replicas send, and get through by this way."""
        return self.replica.others_are_well(connection, self.route.way)

    def take(self, *, probe: bool = False) -> Claim | None:
        """Raises `ClaimLapsedError`."""
        with self.turn:
            if not self._taken:
                self._claim(probe=probe)
            return self._taken.popleft() if self._taken else None

    def _claim(self, *, probe: bool) -> None:
        now, name, route = self.clock.now(), self._name, self.route
        limit = 1 if probe else min(BATCH * self.route.connections, MOST)
        with self.database.write() as connection:
            if not self.still_ours():  # asked when it is our turn to write: that may take long
                raise ClaimLapsedError("the claim lapsed before more was taken")
            self.replica.requeue_lost(connection, now, in_pass=True, way=self.route.way)
            if self.database.mark.why_other(connection):
                return  # it was changed for another under our feet: the next tick holds it
            self._hold = hold_mark(connection)
            self._taken += claiming.claim(
                connection, name, route.stream, now, limit,
                probe=probe, route=route.way, clock=route.clock(now),
            )  # fmt: skip

    def return_(self, claim: Claim) -> None:
        """It was not begun: the next worker takes it."""
        with self.turn:
            self._taken.appendleft(claim)

    def release(self) -> list[Claim]:
        """All that nobody has begun, which is the caller's now; it has the `turn`."""
        released = list(self._taken)
        self._taken.clear()
        return released

    def requeue(self, *, if_others_send: bool = False) -> bool:
        """What nobody has begun is ready again, for any sender. Says whether it was done."""
        with self.turn:
            if not self._taken:
                return False
            with self.database.write() as connection:
                if if_others_send and not self.others_are_well(connection):
                    return False
                deliveries.requeue(connection, self.release(), self.clock.now())
        return True

    def record(self, claim: Claim, answers: Mapping[str, Answer]) -> None:
        """Comes back when it is on disk: an answer that is not would make a second copy. Raises
        `LedgerError`."""
        retry_at = self.clock.now() + back_off(claim.attempts, RETRY, self.dice)
        result = Result(claim, answers, retry_at)
        warned = False
        begun = self.clock.monotonic()
        self._unrecorded.append(result)
        while result in self._unrecorded:
            last_try = self.stop.is_set() or self.clock.monotonic() - begun >= self.patience
            try:
                with self._recording:
                    if result in self._unrecorded:
                        self._write_answers()
            except LedgerError as error:
                if last_try:
                    raise
                if not warned:
                    words = "%s: %s was answered and waits to be recorded"
                    log.error(words, error, claim.key, extra=Event.UNRECORDED.of(claim.key))
                warned = True
                self.clock.wait(self.stop, RECORD_AGAIN)

    def _write_answers(self) -> None:
        results, mark = list(self._unrecorded), self.database.mark
        with self.database.record() as connection:
            now, rehearsal = self.clock.now(), self.route.rehearsal
            stand = deliveries.settle(connection, results, now, rehearsal=rehearsal)
            held, noted = hold_mark(connection), mark.follow(connection)
        mark.write(noted)
        self._stand &= stand
        self.held |= held not in ("", self._hold)
        del self._unrecorded[: len(results)]  # what came since stands behind them

    def refuse(self, refused: Iterable[tuple[Claim, Reason]]) -> None:
        """Who waits because the server seemed to refuse us, and it was they that it refused."""
        with self.database.write() as connection:
            for claim, reason in refused:
                deliveries.refuse(connection, claim, reason, self.clock.now())
