"""What one client can make the log say."""

import logging
from collections.abc import Iterator
from threading import Event

import pytest

from reminder.cli.logs import MOST, Bounded, log_to_stderr


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.told = Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if "were left out" in self.lines[-1]:
            self.told.set()


@pytest.fixture
def kept() -> Iterator[_Kept]:
    handler, root = _Kept(), logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


def refuse(times: int) -> None:
    log = logging.getLogger("reminder.web.console.login")
    for number in range(times):
        log.warning("console: wrong password from %s", f"10.0.{number // 256}.{number % 256}")


def test_refusals_are_told_to_some_number_and_then_counted(kept: _Kept) -> None:
    kept.addFilter(Bounded(1.5))
    refuse(1000)
    assert kept.told.wait(30)
    assert len(kept.lines) == MOST + 1
    assert kept.lines[-1].startswith(f"{1000 - MOST} more within ")
    assert kept.lines[-1].endswith("like: console: wrong password from 10.0.0.0")


def test_kinds_are_counted_apart_and_what_no_client_brings_about_is_told_whole(kept: _Kept) -> None:
    kept.addFilter(Bounded())
    refuse(100)
    logging.getLogger("reminder.web.app").warning("not ready: %s", "nobody ticked")
    assert kept.lines[MOST:] == ["not ready: nobody ticked"]
    for number in range(100):
        logging.getLogger("reminder.mail.sending").warning("refused")
        try:  # at one place: a kind, whatever it says
            raise KeyError(number)
        except KeyError:
            logging.getLogger("uvicorn.error").exception("Exception in page %d", number)
    assert kept.lines.count("refused") == 100
    assert len(kept.lines) == MOST + 1 + 100 + MOST


@pytest.mark.parametrize(
    ("level", "told"), [("debug", ["ours", "ours, grave", "grave"]), ("error", [])]
)
def test_libraries_tell_no_more_than_warnings_whatever_the_level(
    level: str, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else the web address of a channel, with its key, would be a line of the log."""
    root, own = logging.getLogger(), logging.getLogger("reminder")
    before = (root.handlers[:], root.level, own.level)
    root.handlers = []
    try:
        log_to_stderr("text", level)
        for name, words in (("reminder.mail", "ours"), ("urllib3.connectionpool", "")):
            logging.getLogger(name).debug(words or "POST /send?key=secret")
            logging.getLogger(name).warning(f"{words}, grave" if words else "grave")
        lines = capsys.readouterr().err.splitlines()
    finally:
        root.handlers, root.level = before[:2]
        own.setLevel(before[2])
    assert [line.split(" ", 3)[3] for line in lines] == told
