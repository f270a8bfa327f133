"""The command line in this process: its words, its exit status, its folders."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine

from reminder.cli import context, main

# Wednesday, April's first working day; the digests went an hour ago.
NOW = "2026-04-01T10:00+08:00"


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        assert self.status == 0, self.err
        return json.loads(self.raw)


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


Reminder = Callable[..., Ended]


def _run(arguments: tuple[str, ...], *, terminal: bool) -> Ended:
    kind = _Terminal if terminal else io.TextIOWrapper
    out, err = kind(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    sys.argv = ["reminder", *arguments]
    context.chosen.clear()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
    out.flush()
    err.flush()
    return Ended(status, out.buffer.getvalue(), err.buffer.getvalue().decode())  # type: ignore[attr-defined]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the ledger and the outbox would be made."""
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Far from the project's folder, at a fixed time; what a command changes is put back."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setenv("REMINDER_STATE_DIR", str(state))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", sys.argv)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with time_machine.travel(NOW):
        yield
    logging.disable(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)
    context.chosen.clear()


@pytest.fixture
def reminder() -> Reminder:
    return lambda *arguments, terminal=False: _run(arguments, terminal=terminal)


PLAN = """\
[plan]
id = "small"
year = 2026
name = "年度安排表"
tag = "安排"
office = "代表工作委员会"
timezone = "Asia/Shanghai"

[[month]]
month = 3
lead = ["代表工作委员会"]
related = ["组织部"]

[[month.task]]
id = "2026-03-1"
title = "起草意见"

[[month]]
month = 4
lead = ["代表工作委员会"]
related = ["组织部"]

[[month.task]]
id = "2026-04-1"
title = "召开部署会议"

[[year-round]]
id = "2026-year-1"
title = "邀请代表列席会议"
lead = ["代表工作委员会"]
"""
UNITS = """\
[[unit]]
id = "lead"
name = "代表工作委员会"
aliases = ["代表工委"]
relation = "own"
to = ["lead@unit.example"]

[[unit]]
id = "related"
name = "组织部"
relation = "parallel"
to = ["related@unit.example"]

[[unit]]
id = "outsider"
name = "高级人民法院"
relation = "parallel"
to = ["outsider@unit.example"]
"""


@dataclass
class Office:
    """An edited folder: one unit leads, one is related, one must see nothing."""

    folder: Path
    run: Reminder

    def put(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def __call__(self, *arguments: str, terminal: bool = False) -> Ended:
        return self.run(*arguments, "--config", str(self.folder), terminal=terminal)


@pytest.fixture
def office(tmp_path: Path, reminder: Reminder) -> Office:
    folder = tmp_path / "config"
    folder.mkdir()
    office = Office(folder, reminder)
    office.put("plan.toml", PLAN)
    office.put("units.toml", UNITS)
    office.put("reminder.toml", 'plan = "plan.toml"\n')
    return office
