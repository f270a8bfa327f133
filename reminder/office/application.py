"""The parts put together, and one pass of the work."""

import logging
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from random import Random
from typing import Any

from sqlalchemy import Connection

from reminder.calendar.feeds import Feeds
from reminder.calendar.rendering import FeedWords
from reminder.clock import Clock
from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.domain.notices import State
from reminder.domain.series import table_with
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import Fault
from reminder.events import Event
from reminder.ledger import senders
from reminder.ledger.access import InstallationKey
from reminder.ledger.counts import last_change, states_since
from reminder.ledger.database import Database, DatabaseServer, open_database, server_mark
from reminder.ledger.file import was_begun
from reminder.ledger.registrations import read_progress
from reminder.mail.replicas import replica_name, sending_right
from reminder.mail.sending import Sender
from reminder.mail.transports import Transport
from reminder.office import holds
from reminder.office.activity import Activity
from reminder.office.alerts import Alerts, Trouble, backup_failed
from reminder.office.backups import Backups
from reminder.office.container import Container, Containers, InForce
from reminder.office.passes import Pass, PlanningPass, report
from reminder.office.ways import mail_transport, routes_of
from reminder.words import Sentence

log = logging.getLogger(__name__)


class Application:
    """One reading of the office's files, with the ledger opened when it is first needed.

    Where there are several tables it is about one of them at a time: the one that was asked for
    by `about`, else the one that is shown first. `transport` and `dice` are the settings' and the
    system's unless a simulation gives others.
    """

    def __init__(
        self,
        office: Office,
        clock: Clock,
        *,
        transport: Transport | None = None,
        dice: Random | None = None,
    ) -> None:
        self._in_force = InForce(office)
        self._chosen: int | None = None
        self.year_is_chosen = False  # too, not only the plan
        self.clock = clock
        self.activity = Activity()
        # Called when there is something to send at once; without a daemon the next pass finds it.
        self.wake: Callable[[], None] = lambda: None
        self._transport = transport
        self._dice = dice
        self._wrong: Sentence | None = None  # what is wrong with the clock, as it was told

    def about(self, plan: str, year: int | None = None) -> "Application":
        """The same, about that plan: its table of that year, or the one whose term runs.

        Raises `UnknownError`.
        """
        view = copy(self)
        view._chosen = self._in_force.office.position_of(plan, year, self._today)
        view.year_is_chosen = year is not None
        return view

    def about_task(self, task: str) -> "Application":
        """About the year of its plan that has that task, by its key or its id in the table; the
        same where none has."""
        years = (t for t in (self.table, *self.series) if t.plan.has(task))
        return self._about_year(next(years, None))

    def about_period(self, period: str) -> "Application":
        """About the year of its plan that has that month; the same where none has."""
        return self._about_year(table_with(self.series, period))

    def _about_year(self, table: Timetable | None) -> "Application":
        if table is None or table.plan.year == self.table.plan.year:
            return self
        return self.about(table.plan.id, table.plan.year)

    @property
    def is_chosen(self) -> bool:
        """Whether one of several plans was asked for."""
        return self._chosen is not None

    @property
    def _today(self) -> date:
        return self._in_force.office.tables[0].local_day(self.clock.now())

    @property
    def _position(self) -> int:
        if self._chosen is not None:
            return self._chosen
        office, positions = self._in_force.office, self._in_force.positions
        if len(office.tables) == 1:
            return 0
        if (on := self._today) not in positions:
            positions[on] = office.position_of("", None, on)
        return positions[on]

    @property
    def office(self) -> Office:
        return self._in_force.office.choosing(self._position)

    @office.setter
    def office(self, office: Office) -> None:
        self._in_force = InForce(office)

    @property
    def containers(self) -> Containers:
        """Of the office in force."""
        now, containers = self._in_force, self._in_force.containers
        if containers is None or containers.office is not now.office:
            containers = Containers(now.office, self.database)
            now.containers = containers
        return containers

    @property
    def container(self) -> Container:
        return self.containers.at(self._position)

    @property
    def outcomes(self) -> dict[object, Any]:
        """Of drafts, the last ones that were looked at."""
        return self._in_force.outcomes

    @property
    def file_faults(self) -> tuple[Fault, ...]:
        """What is wrong in edited files that could not come into force; a daemon looks."""
        return self._in_force.faults

    @file_faults.setter
    def file_faults(self, faults: Sequence[Fault]) -> None:
        self._in_force.faults = tuple(faults)

    def go_by(self, publication: int) -> None:
        """Follows what comes into force after that one."""
        now = self._in_force
        now.office = replace(now.office, publication=publication)

    def use(self, settings: Settings) -> None:
        """From now on these; only what may change while a daemon runs may differ. Raises
        `ConfigurationError`."""
        now = self._in_force
        with now.looking:
            old = now.office
            new = old.with_documents(old.contents, settings)
            now.office = replace(new, publication=old.publication, begun=old.begun)

    def refresh(self) -> bool:
        """Looks for what came into force since. Says whether anything did."""
        if not self.has_ledger:
            return False
        with self.database.read() as connection:
            return self.refresh_from(connection)

    def refresh_from(self, connection: Connection) -> bool:
        """As that transaction sees it; it must not have read anything before."""
        now = self._in_force
        with now.looking:  # who looked earlier must not have the last word
            is_other = now.follow(connection)
            now.note_begun(connection)
        return is_other

    @property
    def key(self) -> InstallationKey:
        return self.containers.key

    @property
    def settings(self) -> Settings:
        return self._in_force.office.settings

    @property
    def table(self) -> Timetable:
        return self._in_force.office.tables[self._position]

    @property
    def tables(self) -> tuple[Timetable, ...]:
        return self._in_force.office.tables

    @property
    def series(self) -> tuple[Timetable, ...]:
        """All years of the plan that this is about."""
        return self._in_force.office.series[self.table.plan.id]

    @property
    def config_hash(self) -> str:
        """By it replicas see whether they plan by the same settings."""
        return self._in_force.office.settings_hash

    @cached_property
    def database(self) -> Database:
        return open_database(self.settings.ledger, server_mark(self.settings.state_dir))

    @cached_property
    def feeds(self) -> Feeds:
        own = self.settings
        words = FeedWords(own.uid_domain, own.templates, own.language)
        return Feeds(self.database, lambda: self.tables, self._main_plan, words)

    def _main_plan(self) -> str:
        return self._in_force.office.main_plan

    @cached_property
    def transport(self) -> Transport:
        return self._transport or mail_transport(self.settings)

    @property
    def sender(self) -> Sender:
        return self.senders[0]

    @cached_property
    def senders(self) -> tuple[Sender, ...]:
        """Mail's, then those of the channels."""
        routes = routes_of(self.office, self.transport, self.key, given=bool(self._transport))
        return tuple(Sender(self.database, one, self.clock, self._dice) for one in routes)

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

    def waits_for_clock(self, at: datetime) -> Sentence | None:
        """Why that moment cannot be now: nothing is begun then. Told once in the log."""
        why = holds.clock_fault(self.clock, self.tables, at)
        if why and why != self._wrong:
            log.error("%s: nothing is begun until it is right", why, extra=Event.CLOCK_WRONG.of())
        self._wrong = why
        return why

    def report(self, at: datetime) -> int:
        """Queues what the operator is told by now. Returns how many."""
        return report(self.database, self.containers, at) if self.is_current() else 0

    def look(self, at: datetime, more: Iterable[Trouble] | None) -> int:
        if self.waits_for_clock(at):
            return 0
        if more is not None and (why := self.backups.failure()):
            more = [*more, backup_failed(why)]
        return self.alerts.check(at, more, in_force=self.is_current())

    @cached_property
    def backups(self) -> Backups:
        return Backups(self.database, lambda: self.settings, lambda: self.table.plan.zone)

    @property
    def alerts(self) -> Alerts:
        replica = replica_name() if isinstance(self.settings.ledger, DatabaseServer) else ""
        return Alerts(self.containers, self.database, replica)

    def sync_feeds(self, at: datetime) -> None:
        if self.waits_for_clock(at) or not self.is_current():
            return
        stream = self.settings.stream

        def latest(connection: Connection) -> list[tuple[Timetable, Progress]]:
            self.refresh_from(connection)
            of_plans = {
                plan: read_progress(connection, series[0], stream)
                for plan, series in self._in_force.office.series.items()
            }
            return [(table, of_plans[table.plan.id]) for table in self.tables]

        self.feeds.sync(latest, at)

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
        planned = PlanningPass(at, self.database, self.containers).plan()
        holds.note_how_far(self.database)
        self.sync_feeds(at)
        if planned:
            count = len(planned)
            log.info("planned %d notices", count, extra=Event.PLANNED.of(count=count))
        return planned

    def tick(self) -> Pass:
        """One idempotent pass: plans what is due now, delivers what is ready, reports.

        While the ledger cannot be written it keeps a mail server's answer for ten minutes; an
        outbox folder answers the same again at any time.
        """
        holds.refuse_wrong_clock(self.clock, self.tables)
        with self.database.read() as connection:
            before = last_change(connection)
        planned = self.plan(self.clock.now())
        with sending_right(
            self.settings, self.database, config_hash=lambda: self.config_hash
        ) as replica:
            if replica:
                for sender in self.senders:
                    if not self._transport:
                        sender.patience = 600 if self.settings.transport == "smtp" else 0
                    sender.replica = replica
                    sender.send_ready()
                self.backups.make_if_due(self.clock.now())
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
