"""The services of each table, made from one version of the office."""

import logging
import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain.notices import REMINDERS, original
from reminder.domain.series import table_with
from reminder.domain.timetable import Timetable
from reminder.errors import ConfigurationError, Fault
from reminder.events import Event
from reminder.ledger import publications
from reminder.ledger.access import InstallationKey, installation_key
from reminder.ledger.database import Database
from reminder.ledger.occasions import first_starts, reminded_tasks
from reminder.ledger.views import NoticeView
from reminder.mail.compose import Composer
from reminder.office.approval import Approvals
from reminder.office.corrections import Corrections
from reminder.office.notice_writer import NoticeWriter
from reminder.office.outgoing import HeldMails
from reminder.office.receipts import Receipts
from reminder.office.reports import Reporter

log = logging.getLogger(__name__)


class Container:
    """Of one table. Immutable: a new version gets a new one."""

    def __init__(
        self,
        office: Office,
        key: InstallationKey,
        database: Database,
        corrections: Corrections,
    ) -> None:
        self.office = office
        self.composer = composer = Composer(office, key)
        self.notice_writer = writer = NoticeWriter(composer, corrections)
        self.held_mails = HeldMails(writer)
        self.approvals = Approvals(self.held_mails, database)
        self.reporter = Reporter(composer, writer)

    @property
    def table(self) -> Timetable:
        return self.office.table


class Containers:
    """Of all tables of one version, each made when it is first asked for."""

    def __init__(self, office: Office, database: Database) -> None:
        self.office = office
        self.key = installation_key(database, office.settings.secret_key.get_secret_value())
        self._database = database
        self._made: dict[int, Container] = {}
        self.corrections = Corrections(office)
        self.receipts = Receipts(lambda *facts: self.with_work(*facts).notice_writer)

    def __iter__(self) -> Iterator[Container]:
        return map(self.at, range(len(self.office.tables)))

    def at(self, position: int) -> Container:
        if position not in self._made:
            office = self.office.choosing(position)
            container = Container(office, self.key, self._database, self.corrections)
            self._made[position] = container
        return self._made[position]

    def of(self, table: Timetable) -> Container:
        return self.at(self.office.positions[table.plan.id, table.plan.year])

    def of_notice(self, connection: Connection, view: NoticeView) -> Container:
        """By what it was about; a digest's table is its month's."""
        key, tasks = original(view.key), []
        if view.kind in REMINDERS:
            tasks = [task for task, *_ in reminded_tasks(connection, [key])[key]]
        return self.with_work(view.plan, view.period, tasks)

    def with_work(self, plan: str, period: str, tasks: Collection[str] = ()) -> Container:
        """By one of the tasks, or else by the month. What no table has any more is judged by
        another one: it has left the plan."""
        series = self.office.series.get(plan, self.office.tables)
        return self.of(table_with(series, period, tasks) or series[0])


class InForce:
    """What all views of an application share: the office as it was when somebody looked last."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.containers: Containers | None = None
        self.looking = threading.Lock()
        self.positions: dict[date, int] = {}  # of the table that is shown first on a day
        self.outcomes: dict[object, Any] = {}  # of drafts that were looked at
        self.faults: tuple[Fault, ...] = ()  # of edited files that are not in force

    def follow(self, connection: Connection) -> bool:
        """Reads what came into force since. Says whether anything did."""
        old = self.office
        if old.publication is None:
            return False
        number = publications.newest(connection)
        if number <= old.publication:
            return False
        try:
            contents = publications.contents(connection)
            new = old.with_documents(contents)
        except ConfigurationError as error:
            words = "publication %d cannot be read, what was in force stays: %s"
            log.error(words, number, error, extra=Event.UNREADABLE.of())
            self.office = replace(old, publication=number)
            return False
        self.office = replace(new, publication=number, begun=old.begun)
        self.positions = {}
        return True

    def note_begun(self, connection: Connection) -> None:
        """Which of several plans began first: it stays the main one."""
        if len(self.office.series) == 1:
            return
        begun = first_starts(connection)
        if begun != self.office.begun:
            self.office = replace(self.office, begun=begun)
            self.positions = {}
