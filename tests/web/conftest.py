"""The real application over a real ledger and a Maildir, asked by a browser."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from reminder.clock import Clock
from reminder.documents.office import Office, load_office
from reminder.documents.settings import Settings
from reminder.domain.timetable import Timetable
from reminder.ledger.access import FEED, InstallationKey, LinkView, read_link
from reminder.ledger.database import Database
from reminder.office.application import Application
from reminder.office.links import door_word
from reminder.web import console, server
from reminder.web.app import create_app
from reminder.web.page import cookie_name
from reminder.words import SHIPPED
from tests.ledgers import lay

AT = datetime(2026, 4, 1, 1, tzinfo=UTC)


Connect = Callable[[], socket.socket]
PATIENT = 10  # seconds that a client here waits, longer than any answer takes


@dataclass
class House:
    """Everything behind the pages, and clients that ask from here or from elsewhere."""

    application: Application

    @property
    def settings(self) -> Settings:
        return self.application.settings

    def set(self, **changes: object) -> None:
        """Other settings, as if they had stood in the file."""
        office = self.application.office
        settings = office.settings.model_copy(update=changes)
        self.application.office = replace(office, settings=settings)

    @property
    def table(self) -> Timetable:
        return self.application.table

    @property
    def database(self) -> Database:
        return self.application.database

    @property
    def key(self) -> InstallationKey:
        return self.application.key

    @property
    def app(self) -> Starlette:
        return create_app(self.application)

    @property
    def routes(self) -> list[Route]:
        """With the console's, which the application reads when somebody opens one."""
        return [*(route for route in self.app.routes if isinstance(route, Route)), *console.ROUTES]

    def client(
        self, host: str = "127.0.0.1", name: str = "127.0.0.1", *, is_inside: bool = True
    ) -> TestClient:
        """Of a browser that has opened the local pages' door, or has not."""
        client = TestClient(
            self.app,
            base_url=f"http://{name}",
            client=(host, 50000),
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
        )
        if is_inside:
            client.cookies.set(self.cookie("door"), self.door)
        return client

    @property
    def door(self) -> str:
        with self.database.read() as connection:
            return door_word(connection, self.key)

    def cookie(self, name: str) -> str:
        """What it is called in this installation."""
        return cookie_name(self.application, name)

    @property
    def broken(self) -> str:
        """What is said where not even a page for errors can be made."""
        words: str = self.app.state.broken
        return words

    def url(self, name: str, purpose: str = FEED) -> str:
        with self.database.read() as connection:
            link = read_link(connection, purpose, name) or LinkView(purpose, name)
            return link.address("", self.key)

    def put(self, name: str, content: bytes, part: str = "new") -> None:
        for folder in ("tmp", "new", "cur"):
            (self.settings.outbox / folder).mkdir(parents=True, exist_ok=True)
        (self.settings.outbox / part / name).write_bytes(content)


@cache
def _begun() -> tuple[Office, bytes]:
    """The shipped office, and its ledger with a key and the feeds of that day."""
    with tempfile.TemporaryDirectory() as folder:
        office = load_office(command_line={"state_dir": Path(folder)})
        application = Application(office, Clock(AT))
        assert application.key
        application.sync_feeds(AT)
        application.database.close()
        return office, (office.settings.state_dir / "ledger.db").read_bytes()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """With files of its own, for the console writes them."""
    begun, ledger = _begun()
    config, plan = tmp_path / "config", tmp_path / begun.path.name
    shutil.copytree(SHIPPED / "config", config)
    shutil.copy(begun.path, plan)
    given = {"state_dir": tmp_path / "state", "plan": plan}
    settings = begun.settings.model_copy(update=given)
    lay(settings.state_dir / "ledger.db", ledger)
    office = replace(begun, settings=settings, config=config, command_line=given, paths=(plan,))
    application = Application(office, Clock(AT))
    yield House(application)
    application.database.close()


@pytest.fixture
def client(house: House) -> TestClient:
    return house.client()


def stop(web: server.WebServer, thread: threading.Thread) -> None:
    web.stop()
    thread.join()


@pytest.fixture
def running() -> Iterator[list[tuple[server.WebServer, threading.Thread]]]:
    started: list[tuple[server.WebServer, threading.Thread]] = []
    yield started
    for web, thread in started:
        stop(web, thread)


def begin(app: Starlette, listener: socket.socket) -> tuple[server.WebServer, threading.Thread]:
    web = server.web_server(app)
    thread = threading.Thread(target=web.run, args=([listener],))
    thread.start()
    return web, thread


@pytest.fixture
def serve(running: Any) -> Callable[[Starlette], Connect]:
    """Serves an application until the test ends; the answer connects to it."""

    def start(app: Starlette) -> Connect:
        listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        address = listener.getsockname()
        running.append(begin(app, listener))
        return lambda: socket.create_connection(address, timeout=PATIENT)

    return start
