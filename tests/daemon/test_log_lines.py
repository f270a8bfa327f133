"""One event a line, and who it is in fields of their own: what programs read of the log."""

import json
import logging
import signal

import pytest

from reminder.cli.logs import JsonFormatter
from reminder.domain.notices import State
from reminder.events import Event
from tests.daemon.processes import SOON
from tests.daemon.test_daemon import daemon
from tests.daemon.trials import MARCH, Trial, by_smtp
from tests.mail.servers import bad_server


def test_each_line_of_a_daemon_has_an_event_and_each_notice_its_key(shipped: Trial) -> None:
    with daemon(shipped.state, LOG__FORMAT="json") as (running, _):
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=SOON)
    lines = [json.loads(line) for line in said.splitlines()]
    assert {"at", "level", "event", "message", "logger", "time"} <= lines[0].keys()
    assert {line["event"] for line in lines} <= set(Event) - {Event.LIBRARY}
    keys = {line["notice"] for line in lines if line["event"] == "notice-sent"}
    assert keys == {view.key for view in shipped.notices(state=State.SENT).values()}
    assert keys


def formatted(record: logging.LogRecord) -> dict[str, object]:
    line: dict[str, object] = json.loads(JsonFormatter().format(record))
    return line


def test_who_it_is_stands_in_fields_of_their_own_in_json(
    office: Trial, caplog: pytest.LogCaptureFixture
) -> None:
    with bad_server(RCPT=["550 5.1.1 <lead@unit.test> has left"]) as server:
        office.tick(MARCH, **by_smtp(server.port))
    told = [r for r in caplog.records if getattr(r, "event", "") == "notice-refused"]
    line = formatted(told[0])
    assert line["address"] == "lead@unit.test"
    assert line["reply"] == "550 5.1.1 <lead@unit.test> has left"
    assert line["reason"] == "recipient-refused"
    assert str(line["notice"]).endswith("digest/2026-03/lead")
    assert "lead@unit.test" not in str(line["message"])
    assert "{address}: refused recipient-refused {reply}" in str(line["message"])
    assert told[0].getMessage().endswith("550 5.1.1 <lead@unit.test> has left")


def test_lines_of_a_library_say_so() -> None:
    record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 1, "%d%%", (5,), None)
    assert formatted(record)["event"] == "library"
    assert formatted(record)["message"] == "5%"
