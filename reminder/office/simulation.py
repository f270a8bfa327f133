"""A year in seconds: the real work on a virtual clock, by a mail server that accepts everything."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from reminder.clock import VirtualClock
from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.domain.notices import UNFINISHED, Answer, Kind, Reason, State
from reminder.domain.plan import calendar_month
from reminder.domain.series import running
from reminder.domain.timetable import Timetable
from reminder.domain.workdays import DAY, last_day
from reminder.errors import ClaimLapsedError
from reminder.ledger.integrity import verify
from reminder.ledger.schema import notice, recipient
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.transports import Envelope
from reminder.mail.transports.maildir import MaildirTransport, file_name
from reminder.office.application import Application
from reminder.office.outgoing import Wait
from reminder.office.releasing import Seen, let_go
from reminder.office.waiting import Choice, hash_of, read_waiting

SOON = timedelta(minutes=1)  # while something waits, and after a start
LATER = timedelta(hours=1)
OPERATOR = "operator@reminder.example"
MARKS = {Kind.DIGEST: "D", Kind.NUDGE: "N", Kind.OVERDUE: "C"}


@dataclass(frozen=True)
class Outcome:
    """What a year brought. `accepted` is when each message was, by its Message-ID.

    `copies` are messages that an address got more than once, `breaches` what is wrong with the
    ledger in the end, and notices that should have gone: key and words.
    """

    passes: int
    accepted: Mapping[str, datetime]
    copies: int
    notices: tuple[NoticeView, ...]
    breaches: tuple[tuple[str, str], ...]


@dataclass
class AcceptingServer:
    """A transport and its one connection. A message takes a second."""

    clock: VirtualClock
    outbox: Path | None = None  # where mails are kept, if wanted
    accepted: dict[str, datetime] = field(default_factory=dict)
    received: Counter[tuple[str, str]] = field(default_factory=Counter)
    closed = False

    def open(self) -> "AcceptingServer":
        return self

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        self.clock.advance(1)
        if not still_ours():
            raise ClaimLapsedError("the claim lapsed before MAIL")
        self.accepted.setdefault(envelope.message_id, self.clock.now())
        self.received.update((envelope.message_id, address) for address in envelope.recipients)
        if self.outbox:
            MaildirTransport(self.outbox).open().send(envelope, lambda: True)
            seconds = self.clock.now().timestamp()  # the file is as old as it would be
            os.utime(self.outbox / "new" / file_name(envelope.message_id), (seconds, seconds))
        return dict.fromkeys(envelope.recipients, Answer(State.SENT, Reason.ACCEPTED, "250 kept"))

    def close(self) -> None:
        """Nothing is open."""


class SimulatedYear:
    """The office from `start` until before `end`, its ledger in `folder`.

    The trials of the test suite override the public methods to inject faults.
    """

    def __init__(self, office: Office, start: datetime, end: datetime, folder: Path) -> None:
        self.office = replace(office, settings=_settings(office.settings, folder))
        self.start, self.end = start, end
        self.clock = VirtualClock(start)
        self.server = AcceptingServer(self.clock)
        self.passes = 0
        self._pause = SOON

    def begin(self) -> Application:
        return Application(self.office, self.clock, transport=self.server)

    def run(self, progress: Callable[[float], None] = lambda _: None) -> None:
        """`progress` is told what part of the time has passed."""
        self.app = self.begin()
        while self.clock.moment < self.end:
            self.work()
            self.clock.advance(max(1.0, min(self.pauses()).total_seconds()))
            progress((self.clock.moment - self.start) / (self.end - self.start))

    def work(self) -> None:
        """One pass; then whatever waits for approval is approved."""
        self.app.tick()
        self.passes += 1
        if self.office.settings.mail.approval:
            for plan in self.office.series:
                self._approve(self.app.about(plan))

    def _approve(self, app: Application) -> None:
        shown = self.clock.now()
        with app.database.read() as connection:
            waiting = read_waiting(app, connection, shown)
        for part in waiting.of(Wait.APPROVAL):
            choice = Choice(part=part.id, whole=True)
            let_go(app, Seen(choice, shown, hash_of(part.mails)))

    def pauses(self) -> Iterator[timedelta]:
        """Until each of the next moments at which something may happen."""
        if self.something_waits():
            yield self._pause
            self._pause = min(self._pause * 2, LATER)
        else:
            self.hurry()
        now, zones = self.clock.now(), {t.plan.zone: t for t in self.office.tables}
        for zone, table in zones.items():
            local = now.astimezone(zone)
            hour = table.moment(local.date())
            yield (hour if hour > local else table.moment(local.date() + DAY)) - now
            yield table.end_of(last_day(local.year, local.month)) - now

    def hurry(self) -> None:
        self._pause = SOON

    def something_waits(self) -> bool:
        unfinished = recipient.c.state.in_((*UNFINISHED, State.SENDING))
        query = select(recipient.c.id).join(notice, notice.c.key == recipient.c.notice)
        query = query.where(unfinished, notice.c.state.is_(None)).limit(1)
        with self.app.database.read() as connection:
            return connection.execute(query).first() is not None


def _settings(settings: Settings, folder: Path) -> Settings:
    """The office's, with the ledger in the folder and one connection: what a year brings must
    not depend on which thread came first."""
    operator = settings.mail.operator or OPERATOR
    mail = {"first_start": "send", "redirect_to": "", "operator": operator}
    changed = {
        "state_dir": folder,
        "database_url": SecretStr(""),
        "mail": settings.mail.model_copy(update=mail),
        "smtp": settings.smtp.model_copy(update={"connections": 1}),
    }
    return settings.model_copy(update=changed)


def simulate(
    office: Office,
    start: datetime,
    end: datetime,
    folder: Path,
    *,
    outbox: Path | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Outcome:
    """With an `outbox` every mail is kept there, a Maildir."""
    year = SimulatedYear(office, start, end, folder)
    year.server.outbox = outbox
    year.run(progress)
    database, server = year.app.database, year.server
    with database.read() as connection:
        notices = tuple(read_notices(connection))
    breaches = [("ledger", words) for words in verify(database.place)]
    for view in notices:  # should it have gone: was nothing wrong, and time enough?
        is_late = view.state is State.EXPIRED and view.reason != Reason.DONE
        if is_late or (view.waiting and view.due < end - LATER):
            breaches.append((view.key, f"ended as {view.state} ({view.reason})"))
    database.close()
    copies = sum(count - 1 for count in server.received.values())
    return Outcome(year.passes, server.accepted, copies, notices, tuple(breaches))


def others_beside(office: Office, table: Timetable) -> list[Timetable]:
    """Of each other plan the table whose term runs when that one's ends."""
    plan = table.plan
    end = last_day(plan.year, plan.months[-1])
    return [running(series, end) for name, series in office.series.items() if name != plan.id]


def grid(outcome: Outcome, table: Timetable) -> list[list[str]]:
    """A row for each unit that was due anything: its short name, then its plan's twelve months."""
    cells: dict[tuple[str, int], list[str]] = defaultdict(list)
    for view in sorted(outcome.notices, key=lambda view: view.due):
        is_shown = view.plan == table.plan.id and view.kind in MARKS
        if is_shown and view.state is not State.BASELINE:
            month = int(view.period[5:7])
            if view.kind is not Kind.DIGEST:
                month = view.due.astimezone(table.plan.zone).month
            moment, fate = outcome.accepted.get(view.message_id or ""), f"({view.state})"
            if moment and view.state is State.SENT:
                late = "*" if table.is_late(view.due, moment) else ""
                fate = f"{table.local_day(moment).day}{late}"
            cells[view.unit, month].append(f"{MARKS[view.kind]}{fate}")
    due = {unit for unit, _ in cells}
    units = [unit for unit in table.directory.single if unit.id in due]
    return [
        [u.label, *(" ".join(cells[u.id, calendar_month(m)]) for m in table.plan.months)]
        for u in units
    ]
