"""Senders on hosts of their own, with the ledger's server on another and the mail server on a
third; and an office whose digests are due now.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.office import DOMAIN, YEAR, write_office
from tests.hosts.network import NETS, Network, network
from tests.hosts.relay import Kept, account
from tests.postgresql import PostgreSQL
from tests.postgresql import running as postgresql

LEDGER, RELAY, STANDBY = 1, 2, 3
FIRST = 11  # the senders' numbers begin there
SMTP, WEB = 25, 8026
# No reserved domain, which would not be mailed to, and none that anybody has.
PLACE = "bulk.internal"
OPERATOR = f"operator@{PLACE}"
_HELD = """
    SELECT message_id FROM recipient JOIN notice ON notice.key = recipient.notice
    WHERE recipient.state = 'sending' AND split_part(claim, ':', 1) IN
        (SELECT name FROM lease WHERE replica = %s)
"""
_WAITING = "SELECT count(*) FROM recipient WHERE state NOT IN ('sent', 'refused')"
_REPORTED = "SELECT count(*) FROM notice WHERE key LIKE '%/report/digest/%'"

# As it is but for its waits: for a lease to lapse, between two ticks.
_HASTY = """
from datetime import timedelta
from reminder.office import heartbeat
from reminder.cli import main
from reminder.mail import replicas
replicas.LEASE, replicas.RENEWED = 4.0, 1.0
heartbeat.EVERY = timedelta(seconds=1)
main()
"""

_ASK = """
import hashlib, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as answer:
    print(answer.headers["ETag"], hashlib.sha256(answer.read()).hexdigest())
"""


@dataclass(frozen=True)
class Shape:
    """`body` is what the mail server takes for each, in seconds; `hasty` senders wait less for
    each other than a lease lasts. With a `standby` what is committed is on two servers."""

    units: int
    senders: int = 3
    connections: int = 2
    body: float = 0.25
    hasty: bool = False
    standby: bool = False


class Sender:
    """`reminder run` on a host of its own; what it logs is kept."""

    def __init__(
        self, hosts: Network, number: int, folder: Path, environ: dict[str, str], *, hasty: bool
    ) -> None:
        self.host, self.number = f"sender-{number}", number
        hosts.add(self.host, number)
        self.replica = f"{socket.gethostname()}:{hosts.number(self.host)}"
        self.log = folder / f"{self.host}.log"
        self._environ = environ | {"REMINDER_STATE_DIR": str(folder / self.host)}
        self._python = [*hosts.inside(self.host), sys.executable]
        self._command = [*self._python, *(["-c", _HASTY] if hasty else ["-m", "reminder"])]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._command, "run"], env=self._environ, stdout=log, stderr=log
            )

    def tell(self, how: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(how)

    def ended(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process
        self.tell(how)
        return self.process.wait(60)

    def says(self, *words: str) -> str:
        """Another command on that host."""
        command = [*self._command, *words]
        return subprocess.run(
            command, env=self._environ, check=True, capture_output=True, text=True
        ).stdout

    def asked(self, path: str) -> str:
        """Its web server, on that host: the ETag, and a digest of the bytes."""
        command = [*self._python, "-ISc", _ASK, f"http://127.0.0.1:{WEB}{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass
class Cluster:
    """`server` is the one that is written to."""

    hosts: Network
    server: PostgreSQL
    standby: PostgreSQL | None
    relay: Path
    senders: list[Sender]
    expected: set[str]

    def start(self) -> None:
        for sender in self.senders:
            sender.start()

    def fail_over(self) -> None:
        assert self.standby
        self.standby.asked("SELECT pg_promote()")
        self.server, self.standby = self.standby, None

    def account(self) -> list[Kept]:
        return account(self.relay)

    def shares(self) -> Counter[int]:
        return Counter(one.life for one in self.account())

    def all_send(self, few: int = 3) -> bool:
        shares = self.shares()
        return all(
            shares[sender.number] >= few and len(self.held(sender)) > few for sender in self.senders
        )

    def held(self, sender: Sender) -> set[str]:
        """Message-IDs of what it has claimed and not recorded."""
        return {row[0] for row in self._rows(_HELD, [sender.replica])}

    def accepted_from(self, sender: Sender) -> set[str]:
        return {one.message_id for one in self.account() if one.life == sender.number}

    def done(self) -> bool:
        """Everybody has their mail, and the operator the report."""
        with suppress(psycopg.errors.UndefinedTable):  # the first of them makes the tables
            return self._rows(_REPORTED)[0][0] > 0 and self._rows(_WAITING)[0][0] == 0
        return False

    def until(self, happened: Callable[[], bool], what: str, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"not within {seconds} s: {what}\n{self.logs()}"
            time.sleep(0.1)

    def logs(self) -> str:
        """The last lines of each."""
        said = {sender.host: sender.log.read_text() for sender in self.senders
                if sender.log.exists()}  # fmt: skip
        return "\n".join(f"{host}: {line}" for host, text in said.items()
                         for line in text.splitlines()[-25:])  # fmt: skip

    def _rows(self, query: str, values: Sequence[str] | None = None) -> list[tuple[Any, ...]]:
        with closing(psycopg.connect(self.server.nearby("ledger").url, autocommit=True)) as asked:
            return asked.execute(query, values).fetchall()


def this_month(folder: Path, units: int) -> dict[str, str]:
    """An office whose digests of the running month are due since its first moment. Returns the
    settings that go with it."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    write_office(folder, units)
    for name, old, new in (("units", DOMAIN, PLACE), ("plan", str(YEAR), str(today.year))):
        path = folder / f"{name}.toml"
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return {
        "DIGEST__AT": "00:00",
        "NUDGE": "[]",  # at a month's end there would be more mails
        "WORKDAYS__WORK": f'["{today.replace(day=1)}"]',
        "MAIL__FROM": f"reminder@{PLACE}",
        "MAIL__OPERATOR": OPERATOR,
        "MAIL__FIRST_START": "send",
        "CONFIG": str(folder),
    }


@contextmanager
def cluster(folder: Path, shape: Shape) -> Iterator[Cluster]:
    """Everything but the senders runs. All of it is ended and gone in the end."""
    with ExitStack() as stack:
        hosts = stack.enter_context(network())
        hosts.add("ledger", LEDGER, ["ledger"])
        hosts.add("relay", RELAY, ["mail"])
        address = f"{NETS['ledger']}.{LEDGER}"
        inside = hosts.inside("ledger", "postgres")
        server = stack.enter_context(postgresql(address, inside))
        url, standby = server.create("ledger").url, None
        if shape.standby:
            hosts.add("standby", STANDBY, ["ledger"])
            standby = stack.enter_context(synchronous(server, hosts))
            both = f"{address}:{server.port},{NETS['ledger']}.{STANDBY}:{standby.port}"
            url = f"postgresql://reminder@{both}/ledger?target_session_attrs=read-write"
        kept = folder / "account"
        words = ["-m", "tests.hosts.relay", f"{NETS['mail']}.{RELAY}", str(SMTP), kept]
        relay = [*hosts.inside("relay"), sys.executable, *words, "--body", str(shape.body)]
        stack.callback(stack.enter_context(subprocess.Popen(relay)).kill)
        settings = this_month(folder / "office", shape.units) | {
            "DATABASE_URL": url,
            "TRANSPORT": "smtp",
            "SMTP__HOST": f"{NETS['mail']}.{RELAY}",
            "SMTP__PORT": str(SMTP),
            "SMTP__SECURITY": "none",
            "SMTP__CONNECTIONS": str(shape.connections),
            "WEB__HOST": "0.0.0.0",
            "WEB__PORT": str(WEB),
            "WEB__BASE_URL": f"http://{PLACE}",
            "LOG__LEVEL": "info",
        }
        environ = os.environ | {f"REMINDER_{name}": value for name, value in settings.items()}
        senders = []
        for number in range(FIRST, FIRST + shape.senders):
            senders.append(Sender(hosts, number, folder, environ, hasty=shape.hasty))
            stack.callback(senders[-1].close)
        expected = {f"unit{number}@{PLACE}" for number in range(shape.units)}
        yield Cluster(hosts, server, standby, kept, senders, expected)


@contextmanager
def synchronous(primary: PostgreSQL, hosts: Network) -> Iterator[PostgreSQL]:
    """A standby on a host of its own. Nothing counts as committed that it has not."""
    come = f"host={NETS['ledger']}.{LEDGER} port={primary.port} user=reminder"
    settings = {"primary_conninfo": f"{come} application_name=standby"}
    inside = hosts.inside("standby", "postgres")
    with postgresql(f"{NETS['ledger']}.{STANDBY}", inside, settings, primary.follow) as standby:
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.execute("SELECT pg_reload_conf()")
        while primary.asked("SELECT sync_state FROM pg_stat_replication") != "sync":
            time.sleep(0.1)
        yield standby
