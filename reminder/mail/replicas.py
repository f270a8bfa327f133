"""Who may send, and how the others learn that a sender is gone.

From a ledger in a file one process sends: it holds a lock, which the kernel takes back even
after SIGKILL. From a ledger on a server any number of replicas do. Each has a lease there, which
it renews; who dies, freezes or is cut off does not, and then the others requeue what it had
claimed.
"""

import fcntl
import logging
import math
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from reminder.clock import since_boot
from reminder.documents.settings import Settings
from reminder.errors import LedgerError
from reminder.events import Event
from reminder.ledger import deliveries, senders
from reminder.ledger.database import Database

log = logging.getLogger(__name__)

# Seconds. A lapse, the next look of another, and a pass of it lie within a minute.
LEASE = 30.0
RENEWED = 8.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@contextmanager
def single_process_lock(path: Path) -> Iterator[bool]:
    """Whether this process has it. Raises `LedgerError`."""
    with ExitStack() as opened:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            opened.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours = True
        except BlockingIOError:
            ours = False
        except OSError as error:
            raise LedgerError(
                f"the sender's lock {path} cannot be had: {error.strerror}",
                hint="Nothing is sent without it. This user must be able to write that file and "
                "folder.",
            ) from None
        yield ours


@dataclass
class Lease:
    """Claims are tagged with the lease's name; an expired lease is never reused."""

    name: str = field(default_factory=lambda: secrets.token_hex(8))
    until: float = math.inf

    @property
    def holds(self) -> bool:
        return since_boot() < self.until


class SingleProcess:
    """The only sender of a ledger in a file, and what a `Replica` does otherwise."""

    name = ""  # of a replica

    def __init__(self) -> None:
        self.lease = Lease()

    def requeue_lost(
        self, connection: Connection, at: datetime, *, in_pass: bool = False, way: str | None = None
    ) -> int:
        """What senders left that are gone, on all ways or on that one, for each has its own passes;
        within a pass only of those whose leases have lapsed since. Returns how many recipients."""
        return 0 if in_pass else deliveries.requeue_lost(connection, at, route=way)

    def others_are_well(self, connection: Connection, way: str = "") -> bool:
        """Whether other replicas send, and have no trouble with the mail server, or the channel."""
        return False


@dataclass(eq=False)
class Replica(SingleProcess):
    """One of the senders of a ledger on a server. `wake` is called when there is more to send.

    `config_hash` stands for its settings: of the `lasting` replicas, the one that began last has
    those in force. A single pass beside them has no say.
    """

    database: Database
    wake: Callable[[], None] = lambda: None
    config_hash: Callable[[], str] = str
    lasting: bool = False

    def __post_init__(self) -> None:
        self.name = replica_name()
        self._stop = threading.Event()
        with self.database.read() as connection:
            self._since = senders.now(connection) if self.lasting else _NEVER
        self.lease = self._begin_lease()

    def _begin_lease(self) -> Lease:
        lease = Lease(until=since_boot() + LEASE)
        with self.database.record() as connection:
            senders.enter(
                connection, timedelta(seconds=LEASE), name=lease.name, replica=self.name,
                config_hash=self.config_hash(), since=self._since,
            )  # fmt: skip
        return lease

    @contextmanager
    def kept(self) -> Iterator["Replica"]:
        renewing = threading.Thread(target=self._keep, name="lease", daemon=True)
        renewing.start()
        try:
            yield self
        finally:
            self._stop.set()
            renewing.join()
            with suppress(LedgerError), self.database.record() as connection:
                senders.leave(connection, self.lease.name)

    def requeue_lost(
        self, connection: Connection, at: datetime, *, in_pass: bool = False, way: str | None = None
    ) -> int:
        count, has_lapsed = 0, senders.forget_lapsed(connection)
        if in_pass and not has_lapsed:
            return 0
        present = senders.present(connection).keys()
        if has_lapsed:
            count = deliveries.requeue_lost(connection, at, but=present)
        if not in_pass:  # then it has none on that way: what it claimed itself, it lost hold of
            others = present - {self.lease.name}
            count += deliveries.requeue_lost(connection, at, but=others, route=way)
        return count

    def others_are_well(self, connection: Connection, way: str = "") -> bool:
        replicas = {*senders.present(connection).values()} - {self.name}
        return bool(replicas - senders.read_troubles(connection, way).keys())

    def _keep(self) -> None:
        warned = False
        while not self._stop.wait(RENEWED):
            try:
                self._renew()
                warned = False
            except Exception as error:  # noqa: BLE001 - without this thread nothing is sent
                level = logging.DEBUG if warned else logging.ERROR
                log.log(level, "no lease to send: %s", error, extra=Event.LEASE.of())
                warned = True

    def _renew(self) -> None:
        lease, asked = self.lease, since_boot()  # the server counts from later on
        with self.database.record() as connection:
            renewed = senders.renew(
                connection, lease.name, timedelta(seconds=LEASE), self.config_hash()
            )
            others = senders.have_left_work(connection)
        if renewed and lease.holds:
            lease.until = asked + LEASE
        else:  # also when it lapsed before the server's yes came: somebody here may have seen that
            words = "the lease to send had lapsed: others may have taken over"
            log.warning(words, extra=Event.LEASE.of())
            renewed = False
            lease.until = 0.0
            self.lease = self._begin_lease()
        if others or not renewed:
            self.wake()


def replica_name() -> str:
    """The same after a restart; processes with one network see the mail server alike."""
    with suppress(OSError):
        return f"{socket.gethostname()}:{Path('/proc/self/ns/net').stat().st_ino}"
    return socket.gethostname()


@contextmanager
def sending_right(
    settings: Settings,
    database: Database,
    wake: Callable[[], None] = lambda: None,
    *,
    config_hash: Callable[[], str],
    lasting: bool = False,
) -> Iterator[SingleProcess | None]:
    """None while another process sends from the same file. Raises `LedgerError`."""
    if isinstance(settings.ledger, Path):
        with single_process_lock(settings.lock_path) as ours:
            yield SingleProcess() if ours else None
        return
    with Replica(database, wake, config_hash=config_hash, lasting=lasting).kept() as replica:
        yield replica
