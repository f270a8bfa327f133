"""The secretariat at its console: logged in, with forms of its own pages."""

from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.office.login import begin_session


@dataclass
class Secretary:
    client: TestClient

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, params=query) if query else self.client.get(path)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        return self.client.post(path, data={"form": "", **data})


def logged_in(house: Any) -> TestClient:
    """By the house's present clock."""
    client: TestClient = house.client()
    with house.database.write() as connection:
        session = begin_session(connection, house.application.clock.now())
    client.cookies.set(house.cookie("console"), session)
    return client


@pytest.fixture
def secretary(house: Any) -> Secretary:
    return Secretary(logged_in(house))
