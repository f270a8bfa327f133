"""What leaves the program: for people, for scripts, into a pipe that closes, on any terminal."""

import json
import logging
import os
import subprocess
import sys

import pytest

from reminder.cli.logs import JsonFormatter, TextFormatter
from reminder.cli.output import print_json, show
from reminder.domain.characters import UNSEEN
from tests.cli.conftest import PLAN, Office

KEY = "9f2c41d07be85a36e1c4f80d2b6a97530de8c1f4a72b3965d08e7c14ab5f6230"


def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "reminder", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "command",
    ["tasks", "windows", "occasions --from 2026-04-01 --to 2026-04-30", "units", "ledger list"],
)
def test_scripts_get_a_column_a_tab_and_a_terminal_a_table(office: Office, command: str) -> None:
    office("tick")
    lines = office(*command.split()).out.splitlines()
    assert len({line.count("\t") for line in lines}) == 1
    assert "\t" in lines[0]
    ended = office(*command.split(), terminal=True)
    assert (ended.status, "\t" in ended.out) == (0, False)
    assert len(ended.out.splitlines()) > 2


def test_control_characters_in_an_error_are_harmless(office: Office) -> None:
    for bad in ("\x1b[2J", "\x07", "\u009b2J", "\u202e"):
        err = office("tasks", "--unit", f"x{bad}x").err
        assert ("no unit" in err, bad in err) == (True, False)
    office.put("plan.toml", PLAN + '"\\u001b[2J" = 1\n')
    err = office("check").err
    assert "\\x1b[2J: unknown key" in err
    assert "\x1b" not in err
    assert err.endswith("reminder: 1 mistake, nothing was started\n")
    err = office("check", "--plan", "no\nwhere\x1b.toml").err
    assert err.splitlines()[0] == "no\\nwhere\\x1b.toml: no such file, wanted a TOML file here"


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("reminder", logging.INFO, "", 0, "a server said %s", (message,), None)


HOSTILE = "two\r\nlines\x1b[2J\x9b\x7f\t\u202e\u2028\ufeff\udcff\U000e0041"


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_record_is_one_line_of_what_can_be_seen(formatter: logging.Formatter) -> None:
    line = formatter.format(record(HOSTILE))
    assert "two" in line
    assert UNSEEN.search(line) is None
    if isinstance(formatter, JsonFormatter):
        assert json.loads(line)["message"].endswith(HOSTILE)


def test_traceback_and_json_show_no_control_characters(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        told = record("")
        told.exc_info = sys.exc_info()
    lines = TextFormatter().format(told).split("\n")
    assert "Traceback" in lines[1]
    print_json({"reply": HOSTILE})
    lines += (text := capfd.readouterr().out).split("\n")
    assert [line for line in lines if UNSEEN.search(line)] == []
    assert json.loads(text) == {"reply": HOSTILE}


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_row_is_one_line_whatever_stands_in_it(
    terminal: bool, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    show([{"a": HOSTILE, "b": "one"}], as_json=False, columns=["a", "b"])
    _, row = capfd.readouterr().out.splitlines()
    assert "\\u202e" in row
    assert row.rstrip().endswith("one")


def test_debug_shows_the_traceback_and_no_arguments_show_what_it_can_do(office: Office) -> None:
    with pytest.raises(Exception, match="no unit 'nobody'"):
        office("tasks", "--unit", "nobody", "--debug")
    ended = office.run()
    assert "preview" in ended.out + ended.err


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", ["tasks --json", "check"])
def test_pipe_that_closes_early_is_no_error_to_read_about(command: str, unbuffered: str) -> None:
    with start(*command.split(), PYTHONUNBUFFERED=unbuffered) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "gb18030"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_json_is_utf8_whatever_the_terminal_speaks(environment: dict[str, str]) -> None:
    out, err = start("units", "--json", **environment).communicate()
    assert err == b""
    assert "自治区高级人民法院".encode() in out
    assert b"\\u" not in out


def test_secrets_are_in_no_output(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMINDER_SMTP__PASSWORD", "swordfish-swordfish")
    monkeypatch.setenv("REMINDER_SECRET_KEY", f"swordfish{KEY}")
    for command in (("check",), ("status", "--json"), ("tick",), ("feed", "url")):
        ended = office(*command)
        assert "swordfish" not in ended.out + ended.err
