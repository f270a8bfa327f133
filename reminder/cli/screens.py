"""What the screens of `reminder status` and of a daemon that starts say."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from reminder.cli.output import padded, say, words
from reminder.daemon import Started
from reminder.domain.characters import harmless
from reminder.office.application import Application
from reminder.office.holds import hold_hint, hold_words
from reminder.office.links import find_link, local_address
from reminder.office.status import next_occasions

LISTED = 20  # lines of one screen
NAME = 10  # places before them


def status_lines(facts: dict[str, Any]) -> Iterator[str]:
    for line in words("status", "screen", it=_harmless(facts), most=LISTED).splitlines():
        name, _, text = line.partition("|")
        yield f"{padded(name, NAME)} {text}"


def _harmless(value: Any) -> Any:
    """Whatever a server or a person wrote stays on its line."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {key: _harmless(inner) for key, inner in value.items()}
    return [_harmless(inner) for inner in value] if isinstance(value, list | tuple) else value


def welcome(app: Application, started: Started) -> None:
    """What `reminder run` did, where the mails lie, what comes next."""
    facts = _in_force(app) | _did(app, started) | _where(app, started)
    for line in words("started", "screen", it=_harmless(facts)).splitlines():
        say(line)
    sys.stdout.flush()


def _in_force(app: Application) -> dict[str, Any]:
    plan, wrong_clock = app.table.plan, app.waits_for_clock(app.clock.now())
    return {
        "plan": plan.name,
        "tasks": len({task.table_id for task in plan.tasks}),
        "units": len(app.table.directory.single),
        "others": len(app.tables) - 1,
        "wrong_clock": wrong_clock,
        "next": [] if wrong_clock else next_occasions(app),
    }


def _did(app: Application, started: Started) -> dict[str, Any]:
    hold, table, examples = started.hold, app.table, started.examples
    is_all_held = bool(hold and hold.of_all)
    approves, has_console = app.settings.mail.approval, app.settings.web.console != "off"
    outgoing = _page(app, started, "/console/outgoing") if has_console else ""
    return {
        "rehearsed": started.rehearsed,
        "has_digest": bool(started.rehearsed) and table.live_digest(app.clock.now()) is not None,
        "new": started.new,
        "accepted": started.accepted,
        "is_late": any(view.as_of and table.is_late(view.due, view.as_of) for view in examples),
        "examples": [
            {"kind": view.kind, "period": view.period, "state": view.state, "reason": view.reason,
             "unit": table.directory.name_of(view.unit)}
            for view in examples
        ],
        "resumed": started.resumed,
        "hold": hold_words(hold) if hold and is_all_held else None,
        "hint": hold_hint(hold) if hold else None,
        "held": started.held,
        "approval": outgoing if approves else "",
        "outgoing": outgoing,
        "delivers": started.delivers,
    }  # fmt: skip


def _where(app: Application, started: Started) -> dict[str, Any]:
    """Addresses that are handed out: empty where there is no such page."""
    settings = app.settings
    whole_plan = ""
    if sys.stdout.isatty():
        with app.database.read() as connection:
            whole_plan = find_link(app, connection, "feed", "plan").address(started.url, app.key)
    has_outbox, has_console = settings.transport == "maildir", settings.web.console != "off"
    return {
        "outbox": _page(app, started, "/outbox") if has_outbox else "",
        "in_outbox": started.in_outbox,
        "folder": str(settings.outbox),
        "start": _page(app, started, "/"),
        "console": _page(app, started, "/console") if has_console else "",
        "whole_plan": whole_plan,
        "is_journal": _is_journal(),
    }


def _page(app: Application, started: Started, path: str) -> str:
    """With the word that opens it, but in a journal: that has more readers, and lasts."""
    needs_none = app.settings.web.console == "anywhere" and path.startswith("/console")
    if needs_none or _is_journal():
        return f"{started.url}{path}"
    return local_address(app, started.url, path)


def _is_journal() -> bool:
    """systemd.exec(5), JOURNAL_STREAM: device and inode of what leads to the journal."""
    try:
        stream = os.fstat(sys.stdout.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
