"""A watchdog elsewhere hears of good passes and of bad ones; what it answers stops nobody."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reminder.documents.settings_sources import SettingsSources
from reminder.errors import ConfigurationError
from reminder.ledger.senders import begin_alarm
from reminder.office import ping
from reminder.office.application import Application
from reminder.office.ping import Ping, failure_of
from tests.daemon.processes import SOON, hasty, killed_at_last, until
from tests.daemon.trials import MARCH, Trial

SECRET = "a-word-that-is-nobodys"


class Watchdog(ThreadingHTTPServer):
    """Answers each with the next status, the last one for ever; a text is where it leads to."""

    daemon_threads = True

    def __init__(self, *answers: int | str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers = list(answers)
        self.heard: list[str] = []
        self.wait = threading.Event()  # before an answer to /slow

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{SECRET}"


class _Answer(BaseHTTPRequestHandler):
    server: Watchdog

    def do_GET(self) -> None:
        watchdog = self.server
        watchdog.heard.append(self.path)
        if self.path.endswith("slow"):
            watchdog.wait.wait(SOON)
        answer = watchdog.answers.pop(0) if len(watchdog.answers) > 1 else watchdog.answers[0]
        self.send_response(answer if isinstance(answer, int) else 302)
        if isinstance(answer, str):
            self.send_header("Location", answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def watchdog(*answers: int | str) -> Iterator[Watchdog]:
    with Watchdog(*(answers or (200,))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.wait.set()
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ping, "EVERY", 0.0)


def delivering(office: Trial, url: str) -> Application:
    app = office.app(MARCH, ping={"url": url})
    app.tick()
    app.activity.delivers = True
    app.activity.note_tick(app.clock.now(), is_good=True)
    return app


def sent(one: Ping) -> None:
    one.after_pass()
    assert one._thread
    one._thread.join(SOON)


@pytest.mark.parametrize(
    ("alarm", "is_good", "path"),
    [
        ("", True, f"/{SECRET}"),
        ("", False, f"/{SECRET}/fail"),
        ("server@host", True, f"/{SECRET}/fail"),
        ("digest/2026-03", True, f"/{SECRET}/fail"),
        ("year/2027", True, f"/{SECRET}"),
    ],
)
def test_it_hears_whether_all_is_well(office: Trial, alarm: str, is_good: bool, path: str) -> None:
    with watchdog() as server:
        app = delivering(office, server.url)
        app.activity.last_is_good = is_good
        if alarm:
            with app.database.write() as connection:
                begin_alarm(connection, alarm, app.clock.now(), "words")
        sent(Ping(app))
    assert server.heard == [path]


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("https://hc.test/ping/x", "https://hc.test/ping/x/fail"),
        ("https://hc.test/ping/x/?create=1", "https://hc.test/ping/x/fail?create=1"),
    ],
)
def test_failures_have_the_address_of_healthchecks(url: str, failing: str) -> None:
    assert failure_of(url) == failing


def test_who_does_not_deliver_is_silent_and_nobody_speaks_twice_a_minute(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ping, "EVERY", 60.0)
    with watchdog() as server:
        app = delivering(office, server.url)
        one = Ping(app)
        app.activity.delivers = False
        one.after_pass()
        assert one._thread is None
        app.activity.delivers = True
        sent(one)
        one.after_pass()
        monkeypatch.setattr(ping, "monotonic", lambda: 10.0**9)
        sent(one)
    assert len(server.heard) == 2


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    named = (getattr(record, "event", "") for record in caplog.records)
    return [event for event in named if event.startswith("ping")]


def test_trouble_with_it_is_told_once_and_its_end_once_and_the_address_never(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with watchdog(500, 404, 200, 503, "/moved", 200) as server:
        app = delivering(office, server.url)
        one = Ping(app)
        for _ in range(5):
            sent(one)
        assert events(caplog) == ["ping-unheard", "ping-heard", "ping-unheard", "ping-heard"]
    sent(one)  # nobody listens there any more
    assert events(caplog)[-1] == "ping-unheard"
    assert SECRET not in caplog.text


def test_a_redirect_to_another_host_is_not_followed(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with watchdog() as elsewhere, watchdog() as server:
        server.answers = [f"http://localhost:{elsewhere.server_port}/{SECRET}"]
        sent(Ping(delivering(office, server.url)))
    assert elsewhere.heard == []
    assert "another host" in caplog.text


def test_the_proxy_of_the_environment_is_asked(
    office: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watchdog() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        monkeypatch.delenv("no_proxy", raising=False)
        sent(Ping(delivering(office, "http://watchdog.test/x")))
    assert proxy.heard == ["http://watchdog.test/x"]


def test_one_that_does_not_answer_delays_nothing_and_is_not_asked_again(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with watchdog() as server:
        one = Ping(delivering(office, f"{server.url}/slow"))
        for _ in range(3):
            one.after_pass()
        assert events(caplog) == ["ping-unheard"]
        server.wait.set()
        assert one._thread
        one._thread.join(SOON)
    assert len(server.heard) <= 1


def test_a_daemon_speaks_after_its_pass(office: Trial) -> None:
    with watchdog() as server:
        folder = office.state.parent / "secrets"
        folder.mkdir()
        (folder / "ping__url").write_text(server.url)
        (folder / "ping__url").chmod(0o600)
        environ = {"SECRETS_DIR": str(folder), "CONFIG": str(office.config)}
        environ |= {"PLAN": str(office.plan_file)}
        with killed_at_last(hasty(office.state, 5, "run", **environ)) as running:
            assert until(lambda: len(server.heard) > 0, running)
    assert server.heard[0] == f"/{SECRET}"


@pytest.mark.parametrize("url", ["ftp://x.test/", "x.test/a", "https://u:p@x.test/", "http://é/"])
def test_what_is_no_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    (tmp_path / "reminder.toml").write_text(f'[ping]\nurl = "{url}"\n')
    with pytest.raises(ConfigurationError) as refused:
        SettingsSources(tmp_path).load()
    [fault] = refused.value.faults
    assert (fault.line, fault.key) == (2, "ping.url")
    assert url not in str(fault)
