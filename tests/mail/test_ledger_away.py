"""PostgreSQL that restarts, or is away, while mails are on their way."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from reminder.ledger import integrity
from reminder.mail import claims
from tests.daemon.trials import MARCH, Trial, by_smtp, trial
from tests.mail.servers import Inbox, real_server
from tests.postgresql import PostgreSQL

WAITS = "was answered and waits to be recorded"


class Mender(logging.Handler):
    """Starts the ledger's server again once the sender says that it waits for it."""

    def __init__(self, postgresql: PostgreSQL) -> None:
        super().__init__()
        self._postgresql = postgresql
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if WAITS in record.getMessage():
            self.said.append(record.getMessage())
            self._postgresql.start()


@pytest.fixture
def office(postgresql: PostgreSQL, tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path, small=True, place=postgresql.emptied()) as opened:
        yield opened


def assert_each_went_once(office: Trial, inbox: Inbox) -> None:
    assert office.states(period="2026-03") == {("sent", "accepted")}
    assert len({mail.content for mail in inbox.received}) == len(inbox.received) == 2
    assert list(integrity.verify(office.place)) == []


def test_answer_of_the_mail_server_outlives_a_restart_of_the_ledgers(
    postgresql: PostgreSQL, office: Trial
) -> None:
    def restart() -> None:
        postgresql.stop()
        postgresql.start()

    inbox = Inbox(restart)
    with real_server(inbox) as port:
        office.tick(MARCH, **by_smtp(port, connections=1), mail={"first_start": "send"})
    assert_each_went_once(office, inbox)


def test_answer_of_the_mail_server_waits_for_the_ledgers_to_come_back(
    postgresql: PostgreSQL, office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "RECORD_AGAIN", 0)
    inbox, mender = Inbox(postgresql.stop), Mender(postgresql)
    claims.log.addHandler(mender)
    try:
        with real_server(inbox) as port:
            office.tick(MARCH, **by_smtp(port, connections=1), mail={"first_start": "send"})
    finally:
        claims.log.removeHandler(mender)
    assert len(mender.said) == 2
    assert_each_went_once(office, inbox)
