"""What the screens of `reminder status` and of a daemon that starts say."""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from reminder.cli.output import counted
from reminder.daemon import Started
from reminder.domain.characters import harmless
from reminder.domain.notices import State
from reminder.office.application import Application
from reminder.office.holds import hold_hint, hold_words
from reminder.office.links import find_link, local_address
from reminder.office.status import next_occasions

LISTED = 20  # lines of one screen


def status_lines(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "plan", f"{facts['plan']['name']} ({facts['plan']['file']})"
    others = [
        f"{plan['name']}: --plan-id {plan['id']} --year {plan['year']}"
        for plan in facts["plans"]
        if plan["file"] != facts["plan"]["file"]
    ]
    for words in others[:LISTED]:
        yield "beside it", words
    if len(others) > LISTED:
        yield "", f"and {len(others) - LISTED} more: reminder status --json"
    yield "transport", facts["transport"]
    if facts["rehearsal"]:
        yield "rehearsal", "every mail goes to mail.redirect_to, its subject marked"
    yield "started", _moment(facts["started"]) or "not yet: reminder run, reminder tick"
    if hold := facts["hold"]:
        yield "held", f"{hold['why']}, since {_moment(hold['since'])}"
        yield "", hold["next"]
    if facts["approval"]:
        yield "approval", f"{counted(facts['approval'], 'mail')} to read: /console/approval"
    for session in facts["sessions"]:
        words = f"no date yet, {counted(len(session['tasks']), 'task')} wait"
        set_it = f"reminder meeting set {session['id']} DATE"
        yield "session", f"{session['name']}: {words}: {set_it}"
    yield "last tick", _moment(facts["last_tick"]) or "never"
    yield "ready", "yes" if facts["ready"] else f"no: {facts['not_ready']}"
    for occasion in facts["next"]:
        yield "next", f"{_moment(occasion['at'])}  {_in_words(occasion)}"
    if last := facts["last"]:
        counts = f"expected {last['expected']}, accepted {last['accepted']}"
        yield "last", f"{last['kind']} {last['period']}: {counts}"
        others = [f"{o['unit']}: {o['state']} ({o['reason']})" for o in last["others"]]
        yield from _few(others, last["expected"] - last["accepted"])
    several = len({plan["id"] for plan in facts["plans"]}) > 1
    for month in facts["unsettled"]:
        for state in ("refused", "expired"):
            if not month[state]:
                continue
            text = f"digest {month['period']}: {len(month[state])} {state}"
            if state == "expired" and month.get("unknown"):
                unknown = len(month["unknown"])
                text += f", {unknown} of them may have gone before this copy was put in place"
            which = f"--period {month['period']} --state {state}"
            if several:
                which += f" --plan-id {month['plan']}"
            ways = f"reminder ledger resend {which}, or: reminder ledger drop {which}"
            yield "unsettled", f"{text}: {ways}"
    for name in facts["replicas"]:
        yield "replica", name
    for replica, detail in facts["troubles"].items():
        yield "trouble", f"{detail} (on {replica})" if replica else detail
    for alarm in facts["alarms"]:
        if alarm["detail"] not in facts["troubles"].values():
            yield "alarm", f"{alarm['detail']}, since {_moment(alarm['since'])}"
    yield "waiting", str(facts["waiting_count"])
    waiting = [
        f"{w['key']}: {w['state']} ({w['reason']}) {w['reply']}".rstrip() for w in facts["waiting"]
    ]
    yield from _few(waiting, facts["waiting_count"])


def _few(lines: Sequence[str], count: int) -> Iterator[tuple[str, str]]:
    for line in lines[:LISTED]:
        yield "", line
    if more := count - len(lines[:LISTED]):
        yield "", f"and {more} more: reminder ledger list"


def _moment(value: datetime | None) -> str:
    return value.isoformat(" ", "minutes") if value else ""


def welcome(app: Application, started: Started) -> None:
    """What `reminder run` did, where the mails lie, what comes next."""
    plan, units = app.table.plan, app.table.directory.single
    tasks = {task.table_id for task in plan.tasks}
    print(harmless(f"reminder runs on {plan.name}: {len(tasks)} tasks, {len(units)} units."))
    if len(app.tables) > 1:
        print(f"Beside it stand {counted(len(app.tables) - 1, 'other table')}: reminder status")
    for line in ("", *_did(app, started), "", *_where(app, started), "", *_next(app), ""):
        print(harmless(line))
    print("Ctrl-C stops it; starting it again sends nothing twice.", flush=True)


def _did(app: Application, started: Started) -> Iterator[str]:
    if why := app.waits_for_clock(app.clock.now()):
        yield f"{why}: nothing is begun until it is right. Set the machine's clock."
    elif started.rehearsed:
        month = app.table.live_digest(app.clock.now())
        yield "The plan has no digest for today." if month is None else "Nothing was due."
        yield f"So {started.rehearsed} was rehearsed into the outbox, every subject marked."
    elif started.new:
        is_outbox = app.settings.transport == "maildir"
        place = "in the outbox" if is_outbox else "accepted by the mail server"
        yield f"Due now: {counted(started.new, 'mail')}, {started.accepted} of them {place}."
        if any(view.as_of and app.table.is_late(view.due, view.as_of) for view in started.examples):
            yield "The month's digests were due before today, as their subjects say."
        for view in started.examples:
            why = "" if view.state is State.SENT else f": {view.state} ({view.reason})"
            yield f"  {view.kind} {view.period}  {app.table.directory.name_of(view.unit)}{why}"
        if more := started.new - len(started.examples):
            yield f"  and {more} more"
    else:
        yield "Nothing new is due: what was sent before is not sent again."
    if started.resumed:
        mails = counted(started.resumed, "mail")
        yield f"{mails} waited from before: they go as soon as they can."
    if started.hold and started.hold.of_all:
        yield f"Everything is held: {hold_words(started.hold)}; {hold_hint(started.hold)}"
    elif started.held and app.settings.mail.approval:
        where = _page(app, started, "/console/approval")
        yield f"{started.held} mails are held. Read and approve: {where}"
    elif started.held:
        look = "reminder preview --output DIR --period …"
        yield f"{started.held} mails are held. Look: {look}; then: reminder ledger release"
    if not started.delivers:
        yield "Another process delivers from this ledger; this one plans and serves."


def _where(app: Application, started: Started) -> Iterator[str]:
    if app.settings.transport == "maildir":
        outbox = _page(app, started, "/outbox")
        yield f"Read the mails   {outbox}   ({started.in_outbox} so far)"
        yield f"They lie in      {app.settings.outbox}"
    yield f"Subscribe        {_page(app, started, '/')}   (every unit's calendar)"
    if app.settings.web.console != "off":
        console = _page(app, started, "/console")
        yield f"The console      {console}   (reminder console password)"
    if sys.stdout.isatty():
        with app.database.read() as connection:
            plan = find_link(app, connection, "feed", "plan")
            yield f"The whole plan   {plan.address(started.url, app.key)}"
    if _is_journal():
        yield "They open by the address of: reminder console url"


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


def _next(app: Application) -> Iterator[str]:
    if app.waits_for_clock(app.clock.now()):
        return
    occasions = next_occasions(app)
    if not occasions:
        yield "The plan holds no further occasion: it is time for the next year's table."
    for index, occasion in enumerate(occasions):
        word, at = "then" if index else "Next", f"{occasion['at']:%Y-%m-%d %H:%M %z}"
        yield f"{word:<16} {at}  {_in_words(occasion)}"


def _in_words(occasion: dict[str, Any]) -> str:
    return f"{occasion['kind']} {occasion['period']}, {counted(occasion['units'], 'unit')}"
