"""One pass over all tables: what is due becomes notices, what has outlived its use is given up."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import Connection, RowMapping

from reminder.domain.changes import why_needless
from reminder.domain.notices import (
    CLEARED,
    REMINDERS,
    Kind,
    NoticeDraft,
    Reason,
    copy_number,
    original,
    plan_of,
)
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.events import Event
from reminder.ledger import deliveries, holds, notices, occasions, senders
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold
from reminder.ledger.preferences import forget_unconfirmed
from reminder.ledger.registrations import ids_used, read_progress
from reminder.ledger.rows import batched
from reminder.ledger.views import read_notices
from reminder.office.container import Container, Containers
from reminder.office.holds import why_too_late
from reminder.office.letter_report import report_letters
from reminder.office.planning import Planner, opens, plan_reminders
from reminder.office.stored_drafts import stop
from reminder.office.supplements import Supplements

log = logging.getLogger(__name__)
LONGEST = timedelta(hours=5)  # no sender waits longer before it tries again


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


@dataclass
class PlanningPass:
    """Any number of them may run at once. `planned` are the keys of what was added to be sent, or
    revived."""

    at: datetime
    database: Database
    containers: Containers
    planned: list[str] = field(default_factory=list)
    _progress: dict[str, Progress] = field(default_factory=dict)  # by plan

    def plan(self) -> list[str]:
        at, office = self.at, self.containers.office
        stream, settings = office.settings.stream, office.settings
        with self.database.write() as connection:
            is_held = settings.first_start == "hold"
            for table in occasions.begin(connection, stream, office.tables, at, held=is_held):
                self._tell_of_ids(connection, table)
            deliveries.wait_no_longer(connection, at, LONGEST)
            senders.wait_no_longer(connection, at, LONGEST)
            self._revive(connection)
            hold = holds.read_hold(connection, stream)
            if all_held := hold is not None and hold.of_all:
                holds.let_finished_go(connection)
            old = self._give_up(connection, hold)
            planners = list(self._planners(connection))
            cleared = holds.held_digests(connection, stream, CLEARED, due_by=at)
        to_send = set() if all_held else set(map(plan_of, cleared))
        for planner in planners:
            planner.plan_digests(sends=planner.table.plan.id in to_send)
        # After all digests: the next year's may say it.
        for _, series in groupby(planners, key=lambda planner: planner.table.plan.id):
            plan_reminders(list(series))
        self.planned += [key for planner in planners for key in planner.planned]
        self.planned += Supplements(self.at, self.database, self.containers).plan()
        self._renew(old)
        with self.database.write() as connection:
            self.planned += self.containers.receipts.send(connection, at)
            notices.forget_bytes(connection, at)
            forget_unconfirmed(connection, at)
            occasions.note_tick(connection, at)
        return self.planned

    def _tell_of_ids(self, connection: Connection, table: Timetable) -> None:
        """What the ledger says of them counts for the new tasks: they look done, or told."""
        if ids := ids_used(connection, table):
            names = ", ".join(ids)
            words = "%s: ids of an earlier year's tasks come again: %s"
            log.error(words, table.plan.name, names, extra=Event.IDS_REUSED.of())

    def _planners(self, connection: Connection) -> Iterable[Planner]:
        writer = self.containers.at(0).notice_writer
        complete = occasions.input_hashes(connection, writer.marked(Kind.DIGEST))
        for parts in self.containers:
            plan, progress = parts.table.plan.id, self._known(connection, parts)
            months = complete.get(plan, {})
            writer, approvals = parts.notice_writer, parts.approvals
            yield Planner(self.at, self.database, writer, approvals, progress, months)

    def _known(self, connection: Connection, parts: Container) -> Progress:
        """Of all years of a plan: it is read once."""
        plan = parts.table.plan.id
        if plan not in self._progress:
            stream = parts.notice_writer.stream
            self._progress[plan] = read_progress(connection, parts.table, stream)
        return self._progress[plan]

    def _give_up(self, connection: Connection, hold: Hold | None) -> list[str]:
        """What has outlived its use, and reminders with nothing left to ask. The keys of what has
        waited too long to go as it was composed."""

        def why(draft: NoticeDraft) -> Reason | None:
            if draft.useful_until <= self.at:
                return why_too_late(hold, draft.due)
            if draft.kind not in REMINDERS:
                return None
            tasks = [task for task, *_ in draft.tasks]
            parts = self.containers.with_work(draft.plan, draft.period, tasks)
            return why_needless(parts.table, draft, self._known(connection, parts))

        unfinished = notices.unfinished(connection, self.at)
        stop(connection, unfinished, why, self.at)
        return self.containers.at(0).notice_writer.old_ones(connection, unfinished, self.at)

    def _renew(self, old: Iterable[str]) -> None:
        for batch in batched(old):
            with self.database.write() as connection:
                renew_old(connection, self.containers, batch, self.at)

    def _revive(self, connection: Connection) -> None:
        """A clock that ran ahead gave up what is still of use: it goes after all."""
        at, office = self.at, self.containers.office
        keys = notices.too_early_given_up(connection, office.settings.stream, at, self._opened())
        for view in read_notices(connection, keys=keys) if keys else ():
            if view.due > at and view.kind is not Kind.DIGEST:
                continue
            family = notices.keys_of(connection, view.plan, view.kind, view.period, [view.unit])
            copies = [copy_number(key) for key in family if original(key) == original(view.key)]
            if max(copies) > copy_number(view.key):
                continue  # sent again by hand since
            writer = self.containers.of_notice(connection, view).notice_writer
            writer.take_up_again(connection, view, at)
            kind = writer.marked(view.kind)
            occasions.report_again(connection, view.plan, kind, view.period, at)
            self.planned.append(view.key)

    def _opened(self) -> datetime:
        """Up to when what is due may have been put in."""
        at = self.at
        if not self.containers.office.settings.mail.approval:
            return at
        months = ((parts, month) for parts in self.containers for month in parts.table.plan.months)
        opened = [
            parts.table.digest_due(month)
            for parts, month in months
            if opens(parts.office, month) <= at
        ]
        return max([at, *opened])


def report(database: Database, containers: Containers, at: datetime) -> int:
    """Queues every report that is due at that moment, each once. Returns how many."""
    unreported: dict[Container, list[RowMapping]] = defaultdict(list)
    with database.write() as connection:
        if holds.is_all_held(connection):
            return 0  # a restored ledger does not know what was told since
        count = containers.at(0).reporter.send_refused(connection, at)
        count += report_letters(connection, containers.at(0), at)
        for row in occasions.unreported(connection, at):
            if row["plan"] in containers.office.series:
                unreported[containers.with_work(row["plan"], row["period"])].append(row)
            else:  # it would be told as another plan's
                occasions.note_reported(connection, row["key"], at)
    for parts in containers:
        if unreported[parts] or parts.reporter.coming(at):
            with database.write() as connection:
                count += parts.reporter.report(connection, unreported[parts], at)
    return count


def renew_old(
    connection: Connection, containers: Containers, keys: Iterable[str], at: datetime
) -> None:
    """Each by its own table."""
    of_tables: dict[Container, list[str]] = defaultdict(list)
    for view in read_notices(connection, keys=keys):
        of_tables[containers.of_notice(connection, view)].append(view.key)
    for parts, mine in of_tables.items():
        parts.notice_writer.renew_old(connection, mine, at)
