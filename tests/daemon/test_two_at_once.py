"""Two processes on one ledger, one of them frozen or killed: nothing twice, nobody for ever."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from reminder.ledger.database import open_database
from reminder.ledger.schema import setting
from tests.daemon.accepted import Record, differences, unrecorded
from tests.daemon.processes import (
    SHORT,
    SOON,
    ended,
    frozen,
    frozen_writer,
    hasty,
    killed_at_last,
    until,
)
from tests.daemon.trials import Trial, forked, trial
from tests.mail.servers import real_server
from tests.postgresql import PostgreSQL

BESIDE = "Another process delivers"
APRIL = "2026-04-01T09:00+08:00"


class Gate(Record):
    """A server that has a message, and says so only when the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.open = threading.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.reached.set()
        await asyncio.to_thread(self.open.wait, SOON)
        return await super().handle_DATA(server, session, envelope)


class Pair:
    """A small office whose month is the present one, and the gate that its mails come to."""

    def __init__(self, office: Trial, gate: Gate, port: int) -> None:
        today = datetime.now(ZoneInfo("Asia/Shanghai"))
        self.office = office
        self.gate = gate
        self.ledger = office.state / "ledger.db"
        for old, new in (
            ("month = 4", "month = next"),
            ("month = 3", f"month = {today.month}"),
            ("month = next", f"month = {today.month % 12 + 1}"),
            ("year = 2026", f"year = {today.year}"),
        ):
            office.edit_plan(old, new)
        self._environ = {
            "CONFIG": str(office.config),
            "PLAN": str(office.state.with_name("plan.toml")),
            "TRANSPORT": "smtp",
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(port),
            "SMTP__SECURITY": "none",
            "MAIL__FIRST_START": "send",
            "DIGEST__AT": "00:00",
            "NUDGE": "[]",  # at a month's end there would be one more mail
            "WORKDAYS__WORK": f'["{today.date().replace(day=1)}"]',
        }

    def start(self, *words: str, patience: float = SOON) -> subprocess.Popen[str]:
        return hasty(self.office.state, patience, *words, **self._environ)

    def sent(self) -> int:
        return len(self.office.notices(state="sent"))

    def faults(self) -> list[str]:
        return list(differences(self.ledger, self.gate.accepted))

    def assert_each_went_once(self) -> None:
        assert self.faults() == []
        assert unrecorded(self.gate.accepted) == []


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    gate = Gate()
    with trial(tmp_path, small=True, made=False) as office, real_server(gate) as port:
        try:
            yield Pair(office, gate, port)
        finally:
            gate.open.set()


def stopped(running: subprocess.Popen[str]) -> tuple[int, str]:
    running.terminate()
    return ended(running)


def test_what_a_frozen_tick_holds_is_left_to_it(pair: Pair) -> None:
    with killed_at_last(pair.start("tick")) as owner:
        assert pair.gate.reached.wait(SOON)
        with frozen(owner, pair.ledger):
            status, said = ended(pair.start("tick"))
            assert (status, BESIDE in said) == (0, True)
            assert {view.state for view in pair.office.notices().values()} == {"sending"}
        pair.gate.open.set()
        assert ended(owner)[0] == 0
    pair.assert_each_went_once()


def test_a_daemon_that_was_frozen_while_the_server_answered_records_the_answer(pair: Pair) -> None:
    with killed_at_last(pair.start("run")) as owner:
        assert pair.gate.reached.wait(SOON)
        with frozen(owner, pair.ledger):
            pair.gate.open.set()
            assert ended(pair.start("tick"))[0] == 0
            assert pair.sent() == 0
        assert until(lambda: pair.sent() == 2, owner)
        assert stopped(owner)[0] == 0
    pair.assert_each_went_once()


def test_a_second_daemon_takes_over_from_a_killed_one(pair: Pair) -> None:
    with killed_at_last(pair.start("run")) as first:
        assert pair.gate.reached.wait(SOON)
        with killed_at_last(pair.start("run")) as second:
            assert second.stdout
            assert any(BESIDE in line for line in second.stdout)
            first.kill()
            pair.gate.open.set()
            assert until(lambda: pair.sent() == 2, second)
            assert stopped(second)[0] == 0
    assert pair.faults() == []
    assert len(unrecorded(pair.gate.accepted)) <= 1


def test_a_frozen_daemon_delivers_later_what_another_planned(pair: Pair) -> None:
    pair.gate.open.set()
    with killed_at_last(pair.start("run")) as owner:
        assert until(lambda: pair.ledger.exists() and pair.sent() == 2, owner)
        with frozen(owner, pair.ledger):
            pair.office.edit_plan('["相关委员会"]', '["相关委员会", "无关委员会"]')
            status, said = ended(pair.start("tick"))
            assert (status, BESIDE in said) == (0, True)
            assert pair.sent() == 2
        assert until(lambda: pair.sent() == 3, owner)
        assert stopped(owner)[0] == 0
    pair.assert_each_went_once()


def test_a_tick_beside_a_frozen_writer_ends_in_words(pair: Pair) -> None:
    open_database(pair.ledger).close()
    with frozen_writer(pair.ledger):
        status, said = ended(pair.start("tick", patience=SHORT))
    assert status == 4
    assert f"the ledger {pair.ledger} has been held by another process" in said
    assert pair.gate.accepted == []


def test_a_tick_beside_a_frozen_migration_ends_in_words(pair: Pair) -> None:
    pair.ledger.parent.mkdir(mode=0o700)
    pair.ledger.touch(mode=0o600)
    with closing(sqlite3.connect(pair.ledger, isolation_level=None)) as migrating:
        migrating.execute("BEGIN IMMEDIATE")
        status, said = ended(pair.start("tick", patience=SHORT))
    assert status == 4
    assert str(pair.ledger) in said


def test_a_daemon_beside_a_frozen_writer_goes_on_by_itself(pair: Pair) -> None:
    with killed_at_last(pair.start("run", patience=SHORT)) as owner:
        assert pair.gate.reached.wait(SOON)
        assert owner.stderr
        with frozen_writer(pair.ledger):
            pair.gate.open.set()
            assert any("waits to be recorded" in line for line in owner.stderr)
            assert len(pair.gate.accepted) == 1
        assert until(lambda: pair.sent() == 2, owner)
        assert stopped(owner)[0] == 0
    pair.assert_each_went_once()


def test_four_ticks_at_once_on_a_new_ledger_send_everything_once(pair: Pair) -> None:
    pair.gate.open.set()
    ticks = [pair.start("tick") for _ in range(4)]
    assert [ended(each)[0] for each in ticks] == [0] * 4
    assert ended(pair.start("tick"))[0] == 0
    assert pair.faults() == []
    assert len(pair.gate.accepted) == pair.sent() == 2


ADD = """
import sys
from pathlib import Path
from reminder.ledger.database import open_database
from reminder.ledger.schema import setting
database = open_database(Path(sys.argv[1]))
for _ in range(30):
    with database.write() as connection:
        count = int(connection.scalar(setting.select().with_only_columns(setting.c.value)))
        connection.execute(setting.update().values(value=str(count + 1)))
"""


def test_two_processes_that_read_and_then_write_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(open_database(path)) as database:
        with database.write() as connection:
            connection.execute(setting.insert().values(name="count", value="0"))
        pair = [subprocess.Popen([sys.executable, "-c", ADD, str(path)]) for _ in range(2)]
        assert [one.wait(SOON) for one in pair] == [0, 0]
        with database.read() as connection:
            assert connection.scalar(select(setting.c.value)) == "60"


PUT = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
ledger.execute("INSERT INTO setting VALUES ('theirs', '')")
ledger.commit()
ledger.close()
"""


def test_a_ledger_that_is_opened_once_more_in_a_process_loses_no_update(tmp_path: Path) -> None:
    """POSIX: a process that closes any descriptor of a file loses all its locks on it."""
    path = tmp_path / "ledger.db"
    with closing(open_database(path)) as database:
        with database.write() as connection:
            connection.execute(setting.insert().values(name="first", value=""))
        open_database(path).close()
        subprocess.run([sys.executable, "-c", PUT, str(path)], check=True)
        with database.write() as connection:
            connection.execute(setting.insert().values(name="second", value=""))
        with closing(sqlite3.connect(path)) as other:
            names = {name for (name,) in other.execute("SELECT name FROM setting")}
    assert names >= {"first", "theirs", "second"}


@pytest.mark.long
def test_ticks_at_once_on_a_role_that_wants_serializable_all_end_well(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    place = postgresql.create("strict")
    postgresql.execute("ALTER DATABASE strict SET default_transaction_isolation = 'serializable'")
    with trial(tmp_path, place=place) as office:
        words = ("tick", "--at", APRIL)
        ticks = [forked(office.state, *words, DATABASE_URL=place.url) for _ in range(5)]
        assert {ended(running)[0] for running in ticks} == {0}
        assert len(office.files()) == len(office.notices(state="sent")) > 25


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("run", signal.SIGINT),
        ("run", signal.SIGTERM),
        ("tick", signal.SIGTERM),
        ("tick", signal.SIGHUP),
    ],
)
def test_message_in_data_is_finished_and_recorded_whatever_the_signal(
    pair: Pair, command: str, number: signal.Signals
) -> None:
    with killed_at_last(pair.start(command)) as owner:
        assert pair.gate.reached.wait(SOON)
        os.kill(owner.pid, number)
        pair.gate.open.set()
        assert ended(owner)[0] == 0
    assert pair.sent() > 0
    assert unrecorded(pair.gate.accepted) == []
    assert ended(pair.start("tick"))[0] == 0
    assert pair.faults() == []
