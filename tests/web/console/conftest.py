"""The secretariat at its console: logged in, with forms of its own pages."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from reminder.storage.ledger.sessions import begin_session
from reminder.web.console.guard import COOKIE

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


@dataclass
class Secretary:
    client: TestClient

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        """As a form that stands on a page of the console."""
        found = _TOKEN.search(self.get("/console/meetings").text)
        assert found
        return self.client.post(path, data={"token": found[1], **data})


@pytest.fixture
def secretary(house: Any) -> Secretary:
    client = house.client()
    with house.database.write() as connection:
        client.cookies.set(COOKIE, begin_session(connection, house.application.clock.now()))
    return Secretary(client)
