"""The first screen of `reminder run`: what it did, where the mails lie, what comes next."""

import os
import sys

from reminder.cli.status import next_occasions
from reminder.cli.words import counted, harmless
from reminder.daemon import Started
from reminder.domain.notices import State
from reminder.ledger.counts import count_state
from reminder.ledger.links import FEED
from reminder.office.application import Application
from reminder.office.holds import hold_hint, hold_words
from reminder.office.links import address, find_link, local_address


def welcome(app: Application, started: Started) -> None:
    for line in (*_did(app, started), "", *_where(app, started), "", *_next(app), ""):
        print(harmless(line), flush=True)
    print("Ctrl-C stops it; starting it again sends nothing twice.", flush=True)


def _did(app: Application, started: Started) -> list[str]:
    plan, maildir = app.table.plan, app.settings.transport == "maildir"
    lines = [f"reminder runs on {plan.name}: {len(plan.tasks)} tasks, "
             f"{len(app.table.directory.single)} units.", ""]  # fmt: skip
    if why := app.waits_for_clock(app.clock.now()):
        lines.append(f"{why}: nothing is begun until it is right. Set the machine's clock.")
    elif started.rehearsed:
        month = app.table.live_digest(app.clock.now())
        lines.append("The plan has no digest for today." if month is None else "Nothing was due.")
        lines.append(
            f"So {started.rehearsed} was rehearsed into the outbox, every subject marked 【演练】."
        )
    elif started.new:
        place = "in the outbox" if maildir else "accepted by the mail server"
        lines.append(
            f"Due now: {counted(started.new, 'mail')}, {started.accepted} of them {place}."
        )
        if any(view.as_of and app.table.is_late(view.due, view.as_of) for view in started.examples):
            lines.append("The month's digests were due before today: they say 〔补发〕.")
        for view in started.examples:
            why = "" if view.state is State.SENT else f": {view.state} ({view.reason})"
            lines.append(
                f"  {view.kind} {view.period}  {app.table.directory.name_of(view.unit)}{why}"
            )
        if more := started.new - len(started.examples):
            lines.append(f"  and {more} more")
    else:
        lines.append("Nothing new is due: what was sent before is not sent again.")
    if started.resumed:
        lines.append(
            f"{counted(started.resumed, 'mail')} waited from before: they go as soon as they can."
        )
    if started.hold and started.hold.of_all:
        lines.append(f"Everything is held: {hold_words(started.hold)}; {hold_hint(started.hold)}")
    elif started.held and app.settings.mail.approval:
        where = _page(app, started, "/console/approval")
        lines.append(f"{started.held} mails are held. Read and approve: {where}")
    elif started.held:
        lines.append(f"{started.held} mails are held. Look: reminder preview --output DIR "
                     "--period …; then: reminder ledger release")  # fmt: skip
    if not started.delivers:
        lines.append("Another process delivers from this ledger; this one plans and serves.")
    return lines


def _where(app: Application, started: Started) -> list[str]:
    lines = []
    if app.settings.transport == "maildir":
        with app.database.read() as connection:
            mails = count_state(connection, State.SENT)
        lines.append(f"Read the mails   {_page(app, started, '/outbox')}   ({mails} so far)")
        lines.append(f"They lie in      {app.settings.outbox}")
    lines.append(f"Subscribe        {_page(app, started, '/')}   (every unit's calendar)")
    if app.settings.web.console != "off":
        where = _page(app, started, "/console")
        lines.append(f"The console      {where}   (reminder console password)")
    if sys.stdout.isatty():
        whole = address(app, started.url, find_link(app, FEED, "plan"))
        lines.append(f"The whole plan   {whole}")
    if _is_journal():
        lines.append("They open by the address of: reminder console url")
    return lines


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


def _next(app: Application) -> list[str]:
    if app.waits_for_clock(app.clock.now()):
        return []
    coming = next_occasions(app)
    if not coming:
        return ["The plan holds no further occasion: it is time for the next year's table."]
    return [
        f"{'Next' if index == 0 else 'then':<16} {found['at']:%Y-%m-%d %H:%M %z}  "
        f"{found['kind']} {found['period']}, {counted(found['units'], 'unit')}"
        for index, found in enumerate(coming)
    ]
