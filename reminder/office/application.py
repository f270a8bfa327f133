"""The parts put together, and one pass of the work."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random

from sqlalchemy import Connection

from reminder.calendar.feeds import Feeds
from reminder.clock import Clock
from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.documents.templates import environment
from reminder.domain.changes import held_on
from reminder.domain.notices import Reason, State
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger import senders
from reminder.ledger.access import InstallationKey, installation_key
from reminder.ledger.counts import last_change, states_since
from reminder.ledger.database import Database, DatabaseServer, open_database, server_mark
from reminder.ledger.file import was_begun
from reminder.ledger.registrations import read_dates, read_progress
from reminder.mail.claims import Route
from reminder.mail.compose import Composer
from reminder.mail.replicas import replica_name, sending_right
from reminder.mail.sending import Sender
from reminder.mail.transports import Transport
from reminder.mail.transports.maildir import MaildirTransport
from reminder.mail.transports.smtp import SmtpTransport
from reminder.office import holds
from reminder.office.alerts import Alerts, Trouble
from reminder.office.approval import Approvals
from reminder.office.notice_writer import NoticeWriter
from reminder.office.planning import Planner
from reminder.office.receipts import Receipts
from reminder.office.reports import Reporter

log = logging.getLogger(__name__)


class Container:
    """The services made from one version of the office. Immutable: a new version gets a new one."""

    def __init__(self, office: Office, database: Database, is_current: Callable[[], bool]) -> None:
        settings = office.settings
        replica = replica_name() if isinstance(settings.ledger, DatabaseServer) else ""
        self.office = office
        self.key = installation_key(database, settings.secret_key.get_secret_value())
        self.composer = composer = Composer(office, self.key)
        self.notice_writer = writer = NoticeWriter(composer)
        self.receipts = Receipts(composer, writer)
        self.approvals = Approvals(composer, database, writer, is_current)
        self.reporter = Reporter(composer, database, writer)
        self.alerts = Alerts(office, database, self.reporter, replica)


@dataclass(frozen=True)
class Pass:
    """Notices that changed in one pass by the state they are in then, the operator's reports
    not counted; on a ledger of many replicas also those that another changed meanwhile.

    `delivers` is False when another process holds the sender's lock.
    """

    planned: int
    sent: int
    retry: int
    refused: int
    expired: int
    baseline: int
    delivers: bool = True


class Application:
    """One reading of the office's files, with the ledger opened when it is first needed.

    `as_edited` is the office as its files have it; `office` is what is in force: with the days
    of sessions that the ledger has, as they were when somebody looked last. `transport` and
    `dice` are the settings' and the system's unless a simulation gives others.
    """

    def __init__(
        self,
        office: Office,
        clock: Clock,
        *,
        transport: Transport | None = None,
        dice: Random | None = None,
    ) -> None:
        self.office = office
        self.clock = clock
        # Called when there is something to send at once; without a daemon the next pass finds it.
        self.wake: Callable[[], None] = lambda: None
        self._looking = threading.Lock()
        self._transport = transport
        self._dice = dice
        self._wrong = ""  # what is wrong with the clock, as it was told

    @property
    def office(self) -> Office:
        return self._office

    @office.setter
    def office(self, office: Office) -> None:
        self.as_edited = self._office = office
        self._days: Mapping[str, date] = {}
        self._container: Container | None = None

    @property
    def container(self) -> Container:
        """Of the office in force."""
        office, container = self._office, self._container
        if container is None or container.office is not office:
            self._container = container = Container(office, self.database, self.is_current)
        return container

    def refresh(self) -> bool:
        """Looks for days of sessions that were set since. Says whether one has moved."""
        if not self.has_ledger:
            return False
        with self.database.read() as connection:
            return self.refresh_from(connection)

    def refresh_from(self, connection: Connection) -> bool:
        """As that transaction sees the days; it must not have read anything before."""
        with self._looking:  # who looked earlier must not have the last word
            days = read_dates(connection).get(self.as_edited.table.plan.id, {})
            if days == self._days:
                return False
            self._days = days
            table = held_on(self.as_edited.table, days)
            if table.plan.meetings == self.table.plan.meetings:
                return False
            self._office = replace(self.as_edited, table=table)
        return True

    @property
    def key(self) -> InstallationKey:
        return self.container.key

    @property
    def settings(self) -> Settings:
        return self.office.settings

    @property
    def table(self) -> Timetable:
        return self.office.table

    @property
    def config_hash(self) -> str:
        """Of the files alone: by it replicas see whether they have read the same."""
        return self.as_edited.table.input_hash

    @cached_property
    def database(self) -> Database:
        return open_database(self.settings.ledger, server_mark(self.settings.state_dir))

    @cached_property
    def feeds(self) -> Feeds:
        templates = environment(self.settings.templates, autoescape=False)
        return Feeds(self.database, lambda: self.table, self.settings.uid_domain, templates)

    @cached_property
    def transport(self) -> Transport:
        if self._transport:
            return self._transport
        if self.settings.transport == "smtp":
            return SmtpTransport(self.settings.smtp)
        return MaildirTransport(self.settings.outbox)

    @cached_property
    def sender(self) -> Sender:
        return Sender(self.database, self._route(), self.clock, self._dice)

    def _route(self) -> Route:
        settings, smtp = self.settings, self.settings.smtp
        if settings.transport == "smtp":
            name = f"mail server {smtp.host}:{smtp.effective_port}"
            pace = smtp.model_dump(include={"connections", "messages_per_connection", "rate"})
        else:
            name = f"outbox {settings.outbox}"
            pace = {"probe": (timedelta(), timedelta()), "failing": Reason.STORAGE}
        marks = f"{smtp!r} {smtp.password.get_secret_value()}"
        mark = f"{name} {self.key.derive('relay', marks, 8)}"
        sender, stream = settings.mail.sender_address, settings.stream
        return Route(
            self.transport, stream, sender, name, mark, rehearsal=settings.rehearsal, **pace
        )

    @property
    def has_ledger(self) -> bool:
        """Or had one: it is opened then, and its loss is said."""
        place = self.settings.ledger
        return isinstance(place, DatabaseServer) or was_begun(place)

    def progress(self) -> Progress:
        """What the ledger knows of the tasks; nothing while there is no ledger."""
        if not self.has_ledger:
            return Progress()
        with self.database.read() as connection:
            return read_progress(connection, self.table, self.settings.stream)

    def waits_for_clock(self, at: datetime) -> str:
        """Why that moment cannot be now: nothing is begun then. Told once in the log."""
        why = holds.clock_fault(self.clock, self.table, at)
        if why and why != self._wrong:
            log.error("%s: nothing is begun until it is right", why)
        self._wrong = why
        return why

    def report(self, at: datetime) -> int:
        return self.container.reporter.report(at) if self.is_current() else 0

    def look(self, at: datetime, more: Iterable[Trouble] | None) -> int:
        if self.waits_for_clock(at):
            return 0
        return self.container.alerts.check(at, more, in_force=self.is_current())

    def sync_feeds(self, at: datetime) -> None:
        if self.waits_for_clock(at) or not self.is_current():
            return
        stream = self.settings.stream

        def progress(connection: Connection) -> Progress:
            self.refresh_from(connection)
            return read_progress(connection, self.table, stream)

        self.feeds.sync(progress, at)

    def is_current(self) -> bool:
        """Whether these files are in force: of many replicas who began last has them."""
        if not isinstance(self.settings.ledger, DatabaseServer):
            return True
        with self.database.read() as connection:
            return senders.config_hash_in_force(connection) in (None, self.config_hash)

    def plan(self, at: datetime) -> list[str]:
        """The keys of what is to be sent."""
        if self.waits_for_clock(at):
            return []
        holds.hold_if_restored(self.database, at)
        if not self.is_current():
            return []
        self.refresh()
        parts = self.container
        planner = Planner(at, self.database, parts.notice_writer, parts.receipts, parts.approvals)
        planned = planner.plan()
        holds.note_how_far(self.database)
        self.sync_feeds(at)
        if planned:
            log.info("planned %d notices", len(planned))
        return planned

    def tick(self) -> Pass:
        """One idempotent pass: plans what is due now, delivers what is ready, reports.

        While the ledger cannot be written it keeps a mail server's answer for ten minutes; an
        outbox folder answers the same again at any time.
        """
        holds.refuse_wrong_clock(self.clock, self.table)
        if not self._transport:
            self.sender.patience = 600 if self.settings.transport == "smtp" else 0
        with self.database.read() as connection:
            before = last_change(connection)
        planned = self.plan(self.clock.now())
        with sending_right(self.settings, self.database, config_hash=self.config_hash) as replica:
            if replica:
                self.sender.replica = replica
                self.sender.send_ready()
            # A daemon may run beside us that has seen more, unless we have the only lock.
            more = () if replica and not replica.name else None
            reports = self.report(self.clock.now()) + self.look(self.clock.now(), more)
            if reports and replica:
                self.sender.send_ready()
        with self.database.read() as connection:
            states = states_since(connection, before)
        return Pass(
            len(planned),
            sent=states[State.SENT],
            retry=states[State.RETRY],
            refused=states[State.REFUSED],
            expired=states[State.EXPIRED],
            baseline=states[State.BASELINE],
            delivers=replica is not None,
        )
