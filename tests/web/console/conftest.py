"""The secretariat at its console: logged in, with forms of its own pages."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.office.login import begin_session

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


def token_on(page: str) -> str:
    found = _TOKEN.search(page)
    assert found
    return found[1]


@dataclass
class Secretary:
    client: TestClient

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, params=query) if query else self.client.get(path)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        """As a form that stands on a page of the console."""
        token = token_on(self.get("/console").text)
        return self.client.post(path, data={"token": token, **data})


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
