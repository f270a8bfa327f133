"""What a simulated year brought, for people: month by unit, faults, broken promises."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path

from reminder.domain.notices import Kind, State
from reminder.domain.timetable import Timetable
from reminder.ledger.views import NoticeView
from reminder.mail.transports import Envelope
from reminder.mail.transports.maildir import MaildirTransport, file_name
from reminder.simulation.server import Mails
from reminder.simulation.year import Outcome

MARKS = {Kind.DIGEST: "D", Kind.NUDGE: "N", Kind.OVERDUE: "C"}
LEGEND = (
    "D digest, N nudge, C 待确认, then the day it was accepted; * late; "
    "(refused), (expired), (retry): what became of it instead"
)


def grid(outcome: Outcome, table: Timetable) -> list[list[str]]:
    """A row for each unit that was due anything: its short name, then its twelve months."""
    arrived = {delivery.message_id: delivery.clock for delivery in reversed(outcome.deliveries)}
    cells: dict[tuple[str, int], list[str]] = defaultdict(list)
    for view in sorted(outcome.notices, key=lambda view: view.due):
        if view.kind in MARKS and view.state is not State.BASELINE:
            local = view.due.astimezone(table.plan.zone)
            month = int(view.period[5:7]) if view.kind is Kind.DIGEST else local.month
            cells[view.unit, month].append(_cell(view, arrived, table))
    due = {unit for unit, _ in cells}
    units = [unit for unit in table.directory.single if unit.id in due]
    return [[u.label, *(" ".join(cells[u.id, m]) for m in range(1, 13))] for u in units]


def _cell(view: NoticeView, arrived: dict[str, datetime], table: Timetable) -> str:
    moment = arrived.get(view.message_id or "")
    if view.state is not State.SENT or moment is None:
        return f"{MARKS[view.kind]}({view.state})"
    late = "*" if table.is_late(view.due, moment) else ""
    return f"{MARKS[view.kind]}{table.local_day(moment).day}{late}"


def summary(outcome: Outcome) -> Iterator[str]:
    faults = Counter(spell.fault for spell in outcome.faults.spells)
    if outcome.seed is not None:
        yield f"seed {outcome.seed}: {outcome.kills} kills, {sum(faults.values())} faults"
        yield from (f"  {count} × {fault}" for fault, count in sorted(faults.items()))
    yield f"{outcome.passes} passes, {len(outcome.deliveries)} mails accepted"
    yield f"{outcome.copies} copies, each after an answer that was lost or a kill before its record"
    yield f"{len(outcome.breaches)} notices broke the promise"
    yield from (f"  {breach.notice}: {breach.words}" for breach in outcome.breaches)


def chronicle(outcome: Outcome, zone: tzinfo) -> Iterator[str]:
    """What went wrong, and when, in the order of time."""
    events = [(spell.start, f"until {spell.end.astimezone(zone):%m-%d %H:%M} {spell.fault}"
               f"{f' by {spell.shift}' if spell.shift else ''} {spell.address}")
              for spell in outcome.faults.spells]  # fmt: skip
    events += [(kill.at, f"killed at step {kill.step}") for kill in outcome.faults.kills]
    events += [(one.at, f"{one.task}: {one.said}") for one in outcome.faults.registrations]
    for at, words in sorted(events):
        yield f"{at.astimezone(zone):%Y-%m-%d %H:%M} {words}".rstrip()


def mail_writer(outbox: Path) -> Mails:
    """Puts every mail there as its recipients get it, its file as old as it would be."""
    connection = MaildirTransport(outbox).open()

    def write(envelope: Envelope, at: datetime) -> None:
        connection.send(envelope, lambda: True)
        os.utime(outbox / "new" / file_name(envelope.message_id), (at.timestamp(), at.timestamp()))

    return write
