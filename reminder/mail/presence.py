"""Who may send, and how the others learn that a sender is gone.

From a ledger in a file one process sends: it holds a lock, which the kernel takes back even
after SIGKILL. From a ledger on a server any number do. Each has a lease there, which it renews;
who dies, freezes or is cut off does not, and then the others put back what it had claimed.
"""

import logging
import math
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from reminder.clock import since_boot
from reminder.documents.settings import Settings
from reminder.errors import LedgerError
from reminder.ledger import deliveries, leases
from reminder.ledger.database import Database
from reminder.mail.lock import senders_lock

log = logging.getLogger(__name__)

# Seconds. A lapse, the next look of another, and a pass of it lie within a minute.
LEASE = 30.0
RENEWED = 8.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Lease:
    """What is claimed bears its name. Once lapsed it never holds again."""

    name: str
    until: float = math.inf
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def holds(self) -> bool:
        with self._lock:
            return since_boot() < self.until

    def renew(self, until: float) -> bool:
        """False when it lapsed before the server's yes came: somebody here may have seen that."""
        with self._lock:
            if since_boot() >= self.until:
                return False
            self.until = until
            return True


class Presence(Protocol):
    """`replica` is empty where there can be but one."""

    replica: str
    lease: Lease

    def recover(self, connection: Connection, at: datetime) -> int:
        """Between two drains: puts back what none is to send; returns how many recipients."""

    def take_over(self, connection: Connection, at: datetime) -> int:
        """At any time: the same with what senders left whose leases have lapsed since."""

    def others_well(self, connection: Connection) -> bool:
        """Whether other replicas send, and have no trouble with the mail server."""


class Alone:
    """With the lock of a ledger in a file."""

    replica = ""

    def __init__(self) -> None:
        self.lease = Lease(secrets.token_hex(8))

    def recover(self, connection: Connection, at: datetime) -> int:
        return deliveries.requeue_lost(connection, at)

    def take_over(self, connection: Connection, at: datetime) -> int:
        return 0

    def others_well(self, connection: Connection) -> bool:
        return False


class Member:
    """One of the senders of a ledger on a server. `wake` is told when there is more to send.

    `facts` stands for the files it has read: of the `lasting` ones who came last has those in
    force. A single pass beside them has no say.
    """

    def __init__(
        self,
        database: Database,
        wake: Callable[[], None] = lambda: None,
        *,
        facts: str = "",
        lasting: bool = False,
    ) -> None:
        self.replica = replica_name()
        self._facts = facts
        self._since = _NEVER
        self._database = database
        if lasting:
            with database.read() as connection:
                self._since = leases.now(connection)
        self._wake = wake
        self._stop = threading.Event()
        self.lease = self._begun()

    @contextmanager
    def kept(self) -> Iterator["Member"]:
        renewing = threading.Thread(target=self._keep, name="lease", daemon=True)
        renewing.start()
        try:
            yield self
        finally:
            self._stop.set()
            renewing.join()
            with suppress(LedgerError), self._database.record() as connection:
                leases.leave(connection, self.lease.name)

    def recover(self, connection: Connection, at: datetime) -> int:
        """With what its own last drain claimed and lost hold of."""
        leases.forget_lapsed(connection)
        others = leases.present(connection).keys() - {self.lease.name}
        return deliveries.requeue_lost(connection, at, but=others)

    def take_over(self, connection: Connection, at: datetime) -> int:
        if not leases.forget_lapsed(connection):
            return 0
        return deliveries.requeue_lost(connection, at, but=leases.present(connection))

    def others_well(self, connection: Connection) -> bool:
        return bool(leases.well(connection) - {self.replica})

    def _keep(self) -> None:
        told = False
        while not self._stop.wait(RENEWED):
            try:
                self._renew()
                told = False
            except Exception as error:  # noqa: BLE001 - without this thread nothing is sent
                log.log(logging.DEBUG if told else logging.ERROR, "no lease to send: %s", error)
                told = True

    def _renew(self) -> None:
        asked = since_boot()  # the server counts from later on
        with self._database.record() as connection:
            renewed = leases.renew(connection, self.lease.name, timedelta(seconds=LEASE))
            others = leases.have_left_work(connection)
        renewed = renewed and self.lease.renew(asked + LEASE)
        if not renewed:
            log.warning("the lease to send had lapsed: others may have taken over")
            self.lease.until = 0.0
            self.lease = self._begun()
        if others or not renewed:
            self._wake()

    def _begun(self) -> Lease:
        lease = Lease(secrets.token_hex(8), since_boot() + LEASE)
        with self._database.record() as connection:
            leases.enter(
                connection, lease.name, self.replica, timedelta(seconds=LEASE),
                config_hash=self._facts, since=self._since,
            )  # fmt: skip
        return lease


def replica_name() -> str:
    """The same after a restart; processes with one network see the mail server alike."""
    with suppress(OSError):
        return f"{socket.gethostname()}:{Path('/proc/self/ns/net').stat().st_ino}"
    return socket.gethostname()


@contextmanager
def presence(
    settings: Settings,
    database: Database,
    wake: Callable[[], None] = lambda: None,
    *,
    facts: str,
    lasting: bool = False,
) -> Iterator[Presence | None]:
    """None while another process sends from the same file. Raises `LedgerError`."""
    if isinstance(settings.ledger, Path):
        with senders_lock(settings.lock_path) as ours:
            yield Alone() if ours else None
        return
    with Member(database, wake, facts=facts, lasting=lasting).kept() as member:
        yield member
