"""The secretariat at its console: logged in, with forms of its own pages."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.domain.notices import Kind, NoticeDraft, Reason, State
from reminder.domain.persons import AccountRole, Person
from reminder.domain.registrations import Signature
from reminder.ledger import notices
from reminder.ledger.notices import NewNotice
from reminder.ledger.persons import add_person
from reminder.office import registrations
from reminder.office.login import begin_session
from tests.web.conftest import AT

LEADER, RELATED = "deputies", "helan"
TASK, YEAR_ROUND = "2026-04-1", "2026-year-1"
XSS = "<script>alert(1)</script>"


@dataclass
class Secretary:
    client: TestClient

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, params=query) if query else self.client.get(path)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        return self.client.post(path, data={"form": "", **data})


def logged_in(house: Any, person: str = "") -> TestClient:
    """By the house's present clock; by default as the office's one account."""
    client: TestClient = house.client()
    with house.database.write() as connection:
        session = begin_session(connection, house.application.clock.now(), person=person)
    client.cookies.set(house.cookie("console"), session)
    return client


def as_person(house: Any, role: str, name: str = "wang", full_name: str = "王某") -> Secretary:
    """A person of that role, who has just logged in."""
    with house.database.write() as connection:
        add_person(connection, Person(name, full_name, AccountRole(role)), AT)
    return Secretary(logged_in(house, name))


@pytest.fixture
def secretary(house: Any) -> Secretary:
    return Secretary(logged_in(house))


def at(house: Any, moment: str) -> None:
    house.application.clock = Clock(datetime.fromisoformat(moment))


def sign(house: Any, unit: str) -> None:
    by = Signature("值班员", f"page/{unit}/1")
    registrations.sign(house.application, house.table.directory[unit], "2026-04", by)


def finish(house: Any, task: str = TASK, **more: str) -> None:
    registrations.finish(
        house.application,
        house.table.directory[LEADER],
        house.table.plan.by_id[task],
        Signature("值班员<b>", f"page/{LEADER}/1"),
        done_on=date(2026, 4, 1),
        **more,
    )


def put(house: Any, unit: str, reason: Reason, state: State, month: int = 4) -> None:
    """A digest of that month as it ended, or waits."""
    period = house.table.plan.period(month)
    due, end = house.table.digest_due(month), house.table.digest_end(month)
    key = f"npc-deputies/digest/{period}/{unit}"
    draft = NoticeDraft(key, Kind.DIGEST, period, unit, due, end)
    with house.database.write() as connection:
        notices.add(connection, [NewNotice(draft, reason, state=state)], AT, stream="maildir")
