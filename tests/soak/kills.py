"""Real `reminder tick` and `reminder run` processes, killed at random moments, over SMTP.

    python -m tests.soak.kills [--kills 200] [--seed N]

So many kills of each, most of them while mails go; after a few, a life that is left alone, and
the server's record is held against the ledger. Ends with 1 on any breach of the promise.
"""

import argparse
import asyncio
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiosmtpd.smtp import SMTP, Envelope, Session

from reminder.documents.office import load_office
from reminder.documents.settings import SHIPPED
from reminder.domain.timetable import Timetable
from tests.daemon.accepted import Record, differences, out_of_turn, unrecorded
from tests.daemon.processes import until
from tests.daemon.trials import Start, process
from tests.mail.servers import real_server

CONNECTIONS = 2
BUSY = (4, 5, 6, 7)  # months with many mails, followed by another such
LATENCY = 0.008  # seconds at most, before the server keeps a message and before it says so
PATIENCE = 20  # seconds for a life to send what is waited for
READY = "Ctrl-C"


class SlowRecord(Record):
    """A server that takes its time, as they do."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.dice = dice

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.dice.uniform(0, LATENCY))
        said = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(self.dice.uniform(0, LATENCY))
        return said


@dataclass
class Counts:
    """Of one command. `most` is how many messages one kill doubled, at most."""

    command: str
    kills: int = 0
    messages: int = 0
    copies: int = 0
    most: int = 0
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.command}: {self.kills} kills; {self.messages} messages accepted, "
            f"{self.copies} of them came again, at most {self.most} for one kill; "
            f"{len(self.breaches)} breaches"
        )


class Folder:
    """A state folder, a plan and a server of its own; lives that are killed, one that is not."""

    def __init__(
        self, folder: Path, counts: Counts, record: SlowRecord, port: int, start: Start
    ) -> None:
        self.state = folder / "state"
        self.plan = folder / "plan.toml"
        self.counts = counts
        self.start = start
        self.dice, self.record = record.dice, record
        self.environ = {
            "PLAN": str(self.plan),
            "TRANSPORT": "smtp",
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(port),
            "SMTP__SECURITY": "none",
            "SMTP__CONNECTIONS": str(CONNECTIONS),
            "MAIL__OPERATOR": "operator@npc.test",
            "MAIL__FIRST_START": "send",
            "WEB__PORT": "0",
            "LOG__LEVEL": "error",
        }

    def killed(self, *words: str) -> bool:
        """A life that is killed, mostly a moment after some mails; False when it ended before."""
        self.record.life += 1
        before = len(self.record.accepted)
        mails = self.dice.choice((0, self.dice.randint(1, 3), self.dice.randint(1, 12)))
        with self.start(self.state, *words, **self.environ) as running:
            if mails:
                until(lambda: len(self.record.accepted) >= before + mails, running, PATIENCE)
            with suppress(subprocess.TimeoutExpired):
                running.wait(self.dice.uniform(0, 0.03 if mails else 1.2))
            running.kill()
            _, errors = running.communicate()
        if "Traceback" in errors:
            self.counts.breaches.append(errors)
        killed = running.returncode == -signal.SIGKILL
        self.counts.kills += killed
        return killed

    def left_alone(self, *words: str, ready: str = "") -> None:
        """Runs to its end; with `ready` until it says so, and is then told to stop."""
        self.record.life += 1
        with self.start(self.state, *words, **self.environ) as running:
            assert running.stdout
            if ready:
                while (line := running.stdout.readline()) and ready not in line:
                    pass
                running.terminate()
            _, errors = running.communicate(timeout=60)
        if running.returncode or errors:
            self.counts.breaches.append(f"{words} ended with {running.returncode}: {errors}")

    def check(self, expected: set[str]) -> None:
        record, counts = self.record, self.counts
        again = unrecorded(record.accepted)
        counts.messages += len({one.message_id for one in record.accepted})
        counts.copies += len(again)
        most = max(Counter(one.life for one in again).values(), default=0)
        counts.most = max(counts.most, most)
        if most > CONNECTIONS:
            counts.breaches.append(f"one kill doubled {most} messages")
        with closing(sqlite3.connect(self.state / "ledger.db")) as ledger:
            keys = {key.partition("/")[2] for (key,) in ledger.execute("SELECT key FROM notice")}
        counts.breaches += [f"{key}: never planned" for key in sorted(expected - keys)]
        counts.breaches += out_of_turn(record.accepted)
        counts.breaches += differences(self.state / "ledger.db", record.accepted)


def plan_of(year: int, month: int) -> str:
    """The shipped plan, as of that year, with the rows of April, a busy month, in that month."""
    text = (SHIPPED / "plan" / "plan_2026.toml").read_text(encoding="utf-8")
    other = {4: month, month: 4}
    return re.sub(
        r"(?m)^(\[\[month\]\]\nmonth = )(\d+)$",
        lambda row: f"{row[1]}{other.get(int(row[2]), int(row[2]))}",
        text.replace("2026", str(year)),
    )


def expected_of(table: Timetable, month: int) -> set[str]:
    period = table.plan.period(month)
    return {f"digest/{period}/{unit}" for unit in table.reached(month)} | {
        f"report/digest/{period}"
    }


def kill_ticks(folder: Folder, most: int) -> None:
    """Two months, one after the other; before the first the ledger is not there."""
    folder.plan.write_text(plan_of(2026, 4), encoding="utf-8")
    table = load_office(None, {"plan": folder.plan}).table
    first = folder.dice.choice(BUSY)
    expected: set[str] = set()
    for month in (first, first + 1):
        due = table.digest_due(month)
        for minute in range(12):
            at = due + timedelta(minutes=minute)
            if folder.counts.kills >= most or not folder.killed("tick", "--at", at.isoformat()):
                break
        at = due + timedelta(minutes=30)
        folder.left_alone("tick", "--at", at.isoformat())
        expected |= expected_of(table, month)
    folder.check(expected)


def kill_runs(folder: Folder, most: int) -> None:
    """The running month's digest is due from the month's first moment."""
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    folder.plan.write_text(plan_of(today.year, today.month), encoding="utf-8")
    folder.environ |= {
        "DIGEST__AT": "00:00",
        "NUDGE": "[]",  # at a month's end there would be more mails
        "WORKDAYS__WORK": f'["{today.date().replace(day=1)}"]',
    }
    table = load_office(None, {"plan": folder.plan}).table
    for _ in range(10):
        sent = len(folder.record.accepted) >= len(table.reached(today.month))
        if folder.counts.kills >= most or sent:
            break
        folder.killed("run")
    folder.left_alone("run", ready=READY)
    folder.check(expected_of(table, today.month))


SERIES = {"tick": kill_ticks, "run": kill_runs}


def series(command: str, most: int, seed: int, start: Start = process) -> Counts:
    """Fresh folders until there were so many kills, or something broke."""
    counts, dice = Counts(command), random.Random(seed)
    while counts.kills < most and not counts.breaches:
        record = SlowRecord(dice)
        with tempfile.TemporaryDirectory() as place, real_server(record) as port:
            SERIES[command](Folder(Path(place), counts, record, port, start), most)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with ThreadPoolExecutor(len(SERIES)) as pool:
        found = list(pool.map(lambda name: series(name, options.kills, options.seed), SERIES))
    for counts in found:
        print(counts)
        print("\n".join(counts.breaches))
    return any(counts.breaches for counts in found)


if __name__ == "__main__":
    sys.exit(main())
