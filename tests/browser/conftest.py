"""A real browser on the real server, over a real ledger and real mails in a Maildir."""

import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from types import MappingProxyType

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from reminder.clock import Clock
from reminder.documents.office import load_office
from reminder.office.application import Application
from reminder.office.links import local_address
from reminder.web.app import create_app
from reminder.web.server import web_server
from tests.daemon.trials import messages, parsed, text_of

APRIL = datetime.fromisoformat("2026-04-01T09:00+08:00")
AXE = Axe()
_ALL_RULES: Mapping[str, object] = MappingProxyType({})
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of a module: while it is there an event loop runs, in which nothing else can run its own."""
    with launched() as browser:
        yield browser


@contextmanager
def launched(*more: str) -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        words = "Chromium is not on this machine: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_QUIET, *more])
        yield browser
        browser.close()


@dataclass
class Served:
    """An office whose mails carry links to the server that runs."""

    app: Application
    base: str
    outbox: Path

    def page(self, path: str) -> str:
        """The address that opens a local page."""
        return local_address(self.app, self.base, path)

    def mail(self, address: str, words: str = "") -> EmailMessage:
        """The latest one, whose subject holds those words."""
        for path in messages(self.outbox):
            mail = parsed(path.read_bytes())
            if address in str(mail["To"]) and words in str(mail["Subject"]):
                return mail
        raise AssertionError(f"no mail to {address}")

    def mail_to(self, address: str, words: str = "") -> str:
        return text_of(self.mail(address, words))

    def link_in(self, address: str, path: str = "units") -> str:
        found = re.search(rf"{self.base}/{path}/\S+", self.mail_to(address))
        assert found is not None
        return found[0]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with serving(tmp_path, listener, base) as found:
        yield found


@contextmanager
def serving(
    tmp_path: Path, listener: socket.socket, base: str, **settings: object
) -> Iterator[Served]:
    given = {"state_dir": tmp_path / "state", "web": {"base_url": base}, **settings}
    office = load_office(command_line=given)
    app = Application(office, Clock(APRIL))
    app.tick()
    server = web_server(create_app(app))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield Served(app, base, office.settings.outbox)
    finally:
        server.stop()
        thread.join()
        app.database.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A reader whose browser holds nothing yet; a page that logs an error fails."""
    with chromium.new_context(viewport={"width": 375, "height": 812}, locale="zh-CN") as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    foreign: list[str] = []
    page.on("request", lambda asked: foreign.append(asked.url))
    yield page
    assert errors == []
    assert [url for url in foreign if not url.startswith("http://127.0.0.1:")] == []


def faults(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands, and with its colours in the dark."""
    return violations(page, "dark", {"runOnly": ["color-contrast"]}) + violations(page, "light")


def violations(page: Page, scheme: str, rules: Mapping[str, object] = _ALL_RULES) -> list[str]:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    options = {"resultTypes": ["violations"], **rules}
    found = []
    for fault in AXE.run(page, options=options).response["violations"]:
        nodes = [node["html"][:120] for node in fault["nodes"]]
        found.append(f"{page.url} {scheme}: {fault['id']}: {fault['help']} {nodes[:3]}")
    return found


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width
