"""What the operator must hear of: once when it begins, once when it is over."""

import logging
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain.notices import Kind, Reason
from reminder.domain.series import is_next_missing
from reminder.domain.timetable import Timetable
from reminder.events import Event
from reminder.ledger import occasions
from reminder.ledger.counts import tally
from reminder.ledger.database import Database
from reminder.ledger.holds import read_hold, unapproved
from reminder.ledger.senders import (
    INBOX,
    Alarm,
    ServerTrouble,
    begin_alarm,
    end_alarm,
    read_alarms,
    read_troubles,
)
from reminder.office.backups import last_backup
from reminder.office.container import Containers
from reminder.office.holds import hold_words
from reminder.office.reports import ALARMS, OUTGOING, PATIENCE, Reporter, console_url

log = logging.getLogger(__name__)

NEAR = timedelta(days=31)  # so long before a month its working days should be known
ROOM = 100 << 20  # bytes: a year's ledger of the shipped plan and its mails take ten
ENOUGH = ROOM * 3 // 2  # not in and out of alarm at the limit


@dataclass(frozen=True)
class Trouble:
    """`name` stays the same as long as it lasts. `detail` is for log and status; `macro` of the
    template words `facts` for the mail. Without one it has a report of its own."""

    name: str
    detail: str
    macro: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    plan: str = ""  # whose alone it is
    template: str = ALARMS


SCHEDULER = Trouble("scheduler", "the scheduler stalled and was replaced", "scheduler")
OTHER_FILES = Trouble(
    "files/other",
    "another replica that began later has other settings: this one only sends",
    "other_files",
)


def backup_failed(why: str) -> Trouble:
    return Trouble("backup", f"there is no backup of today: {why}", "backup", {"why": why})


_SEEN_BY_A_DAEMON = {"files", "scheduler"}
_OF_A_REPLICA = {*_SEEN_BY_A_DAEMON, "server", "outbox", "disk", "backup", "inbox", "channel"}
# The sender does, at its first failure and when it is well; who holds, who reads files does.
_LOGGED_BY_OTHERS = {"server", "outbox", "hold", "files", "inbox", "channel"}
# A digest's end is its last report.
_TOLD_WHEN_OVER = {
    "server", "outbox", "inbox", "channel", "workdays", "disk", "scheduler", "hold", "files",
    "backup",
}  # fmt: skip


@dataclass(frozen=True)
class Alerts:
    """Looks after every tick; keeps nothing but what stands in the ledger.

    `replica` names this process where it is one of many: what it sees of its own disk, files
    and mail server is not for the others to call over.
    """

    containers: Containers
    database: Database
    replica: str = ""

    @property
    def office(self) -> Office:
        return self.containers.office

    def _reporter(self, plan: str = "") -> Reporter:
        """That plan's, or the main plan's for what is no plan's own."""
        series = self.office.series
        return self.containers.of(series[plan or self.office.main_plan][-1]).reporter

    def _named(self, plan: str, period: str) -> str:
        """With the plan's id where there are several."""
        return period if len(self.office.series) == 1 else f"{plan}/{period}"

    def check(
        self, at: datetime, more: Iterable[Trouble] | None = None, *, in_force: bool = True
    ) -> int:
        """Tells of what began and what is over. Returns how many of either.

        `more` is what only a daemon sees; None leaves that to the daemon beside the caller. Who
        has files that are not `in_force` judges nothing by them. A rehearsal tells nobody of
        anything.
        """
        if self.office.settings.mail.redirect_to:
            return 0

        def told(connection: Connection) -> dict[str, Alarm]:
            return {
                name: alarm
                for name, alarm in read_alarms(connection).items()
                if name == self._placed(name.partition("@")[0])
                and (in_force or kind_of(name) in _OF_A_REPLICA)
                and (more is not None or kind_of(name) not in _SEEN_BY_A_DAEMON)
            }

        with self.database.read() as connection:
            alarms = told(connection)
            seen = [*self._held(connection), *self._server(connection, at), *self._disk(alarms)]
            seen += self._backup(connection, alarms)
            seen += [*self._inbox(connection, at), *self._channels(connection, at)]
            seen += more or ()
            if in_force:
                seen += self._digests(connection, at)
                seen += self._unplanned(connection, at)
                seen += self._unapproved(connection, at)
                seen += self._next_tables(at)
                for table in self.office.tables:
                    seen += self._workdays(table, at)
        troubles = {self._placed(trouble.name): trouble for trouble in seen}
        if troubles.keys() == alarms.keys():
            return 0
        with self.database.write() as connection:
            alarms = told(connection)
            begun = [name for name in troubles if name not in alarms]
            over = [alarm for name, alarm in alarms.items() if name not in troubles]
            for name in begun:
                self._begin(connection, name, troubles[name], at)
            for alarm in over:
                self._end(connection, alarm, at)
        return len(begun) + len(over)

    def _placed(self, name: str) -> str:
        """With the replica whose trouble it is, unless it is one of all. Two daemons of one
        replica have two ports."""
        if not self.replica or kind_of(name) not in _OF_A_REPLICA:
            return name
        port = f"@{self.office.settings.web.port}" if kind_of(name) in _SEEN_BY_A_DAEMON else ""
        return f"{name}{port}@{self.replica}"

    def _begin(self, connection: Connection, name: str, trouble: Trouble, at: datetime) -> None:
        begin_alarm(connection, name, at, trouble.detail)
        if kind_of(name) not in _LOGGED_BY_OTHERS:
            level = logging.ERROR if trouble.macro else logging.WARNING
            log.log(level, "%s", trouble.detail, extra=Event.ALARM_BEGUN.of(alarm=name))
        if trouble.macro:
            reporter = self._reporter(trouble.plan)
            reporter.tell(connection, name, trouble.macro, at, trouble.facts, trouble.template)

    def _end(self, connection: Connection, alarm: Alarm, at: datetime) -> None:
        kind = kind_of(alarm.name)
        end_alarm(connection, alarm.name)
        if kind not in _LOGGED_BY_OTHERS:
            over = Event.ALARM_OVER.of(alarm=alarm.name)
            log.warning("over: %s", alarm.detail, extra=over)
        if kind in _TOLD_WHEN_OVER:
            since = alarm.since.astimezone(self.office.table.plan.zone)
            self._reporter().tell(
                connection, alarm.name, "over", at, {"kind": kind, "since": since}
            )

    def _digests(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        """Due for an hour and not all accepted or refused. The mail about it is its report."""
        for row in occasions.unreported(connection, at):
            if row["kind"] == Kind.DIGEST and abs(at - occasions.begun(row)) >= PATIENCE:
                counted = tally(connection, row["plan"], Kind.DIGEST, row["period"])
                if waiting := counted.waiting:
                    reason = next(view.reason for view in counted.others if view.waiting)
                    words = f"expected {counted.expected}, accepted {counted.accepted}"
                    name = self._named(row["plan"], row["period"])
                    words = f"digest {name}: {words}, {waiting} wait: {reason}"
                    yield Trouble(f"digest/{name}", words)

    def _unplanned(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        planned = [
            occasions.input_hashes(connection, kind)
            for kind in (Kind.DIGEST, f"rehearsal/{Kind.DIGEST}")
        ]
        for table in self.office.tables:
            plan, month = table.plan.id, table.live_digest(at)
            if month is None or at < table.digest_due(month) + PATIENCE:
                continue
            period = table.plan.period(month)
            if not any(period in periods.get(plan, {}) for periods in planned):
                name, facts = self._named(plan, period), {"period": period}
                words = f"digest {name} was due and is not planned"
                yield Trouble(f"digest/{name}", words, "unplanned", facts, plan)

    def _unapproved(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        """From a working day before, and again when it was due: nobody gets it meanwhile."""
        for held in unapproved(connection, self.office.settings.transport):
            if held.plan not in self.office.series:
                continue  # it has left: there is nothing to approve
            table = self.containers.with_work(held.plan, held.period).table
            due, is_late = held.due.astimezone(table.plan.zone), at >= held.due
            if at < table.moment(table.days.shift(due.date(), -1)):
                continue
            kind = "approval-late" if is_late else "approval"
            macro = "unapproved"
            if held.kind is Kind.SUPPLEMENT:
                kind, macro = f"supplement-{kind}", "unapproved_supplements"
            named = self._named(held.plan, held.period)
            words = (
                f"{held.kind} {named}: {held.count} wait for approval at /console/outgoing, "
                f"due {due.isoformat(' ', 'minutes')}"
            )
            url = console_url(self.office.settings, OUTGOING)
            facts: dict[str, object] = {"period": held.period, "changed": held.changed}
            facts |= {"count": held.count, "due": due, "late": is_late, "url": url}
            name = f"{kind}/{named}/{due:%m%dT%H%M}"
            yield Trouble(name, words, macro, facts, held.plan)

    def _server(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        """No mail at its beginning: it could not go."""
        if trouble := self._lasting(connection, at, ""):
            name = "outbox" if trouble.reason == Reason.STORAGE else "server"
            yield Trouble(name, trouble.detail)

    def _inbox(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        """Answers lie unread; that does not keep this from being mailed."""
        trouble = self._lasting(connection, at, INBOX)
        if trouble and self.office.settings.inbox.is_set:
            facts = {"detail": trouble.detail, "refused": trouble.reason == Reason.SETTINGS}
            yield Trouble("inbox", trouble.detail, "inbox", facts)

    def _channels(self, connection: Connection, at: datetime) -> Iterator[Trouble]:
        for name in self.office.settings.channel:
            if trouble := self._lasting(connection, at, name):
                refused = trouble.reason == Reason.SETTINGS
                facts = {"channel": name, "detail": trouble.detail, "refused": refused}
                yield Trouble(f"channel/{name}", trouble.detail, "channel", facts)

    def _lasting(self, connection: Connection, at: datetime, way: str) -> ServerTrouble | None:
        """That way's, once it is more than a hitch."""
        trouble = read_troubles(connection, way).get(self.replica)
        if trouble and (trouble.reason == Reason.SETTINGS or abs(at - trouble.since) >= PATIENCE):
            return trouble
        return None

    def _held(self, connection: Connection) -> Iterator[Trouble]:
        """A restored ledger, or one held by hand; its one mail is written after the hold."""
        if hold := read_hold(connection, ""):
            since = hold.since.astimezone(self.office.table.plan.zone)
            settings = self.office.settings
            facts = {"reason": hold.reason, "since": since, "url": console_url(settings, OUTGOING)}
            facts |= {"has_console": settings.web.console != "off"}
            yield Trouble("hold", f"everything is held: {hold_words(hold)}", "held", facts)

    def _next_tables(self, at: datetime) -> Iterator[Trouble]:
        """The year is about to turn, and nobody has put in the table that follows."""
        for plan, series in self.office.series.items():
            last = series[-1]
            if is_next_missing(series, last.local_day(at)):
                year = last.plan.year + 1
                words = f"the table of {year} is missing: {last.plan.name} ends"
                name, facts = self._named(plan, str(year)), {"year": year, "plan": last.plan}
                trouble = Trouble(f"year/{name}", words, "next_table", facts, plan)
                yield replace(trouble, template="mail/year.txt")

    def _workdays(self, table: Timetable, at: datetime) -> Iterator[Trouble]:
        month = table.next_digest(at)
        if month is None or table.digest_due(month) > at + NEAR:
            return
        plan, days = table.plan, table.days
        first = days.first_of_month(plan.year, month)
        if days.is_provisional(first):
            words = f"no published working days for {plan.period(month)}, which is near"
            facts = {"year": first.year, "month": first.month}
            yield Trouble(f"workdays/{first.year}", words, "workdays", facts)

    def _backup(self, connection: Connection, alarms: Mapping[str, Alarm]) -> Iterator[Trouble]:
        """One that failed lasts until one is made, whoever looks; whoever makes them says more."""
        settings = self.office.settings
        for name, alarm in alarms.items():
            if kind_of(name) == "backup" and settings.backup.folder:
                last = last_backup(settings, connection)
                if last is None or last.made < alarm.since:
                    yield Trouble("backup", alarm.detail)

    def _disk(self, alarms: Collection[str]) -> Iterator[Trouble]:
        wanted = ENOUGH if "disk" in map(kind_of, alarms) else ROOM
        for folder in (self.office.settings.lock_path.parent, self.office.settings.outbox):
            free = ENOUGH
            with suppress(OSError):  # there is nothing yet, and so nothing to fill
                free = shutil.disk_usage(folder).free
            if free < wanted:
                left = free >> 20
                words = f"disk nearly full: {left} MiB left for {folder}"
                yield Trouble("disk", words, "disk", {"free": left})
                return


def kind_of(name: str) -> str:
    """Of an alarm, whose name also says of what, and where it was seen."""
    return re.split("[/@]", name)[0]
