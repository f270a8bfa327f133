"""What the operator is told: before a digest what will go to whom, after it what became of it.

Reports are facts; templates/zh-CN/mail words them, each in a file of its report's name.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping

from reminder.documents.settings import Settings
from reminder.domain.notices import (
    UNREAD,
    Kind,
    NoticeDraft,
    State,
    copy_key,
    copy_number,
    original,
)
from reminder.domain.occasions import digest_draft, digest_units
from reminder.domain.plan import calendar_month
from reminder.domain.status import signature_due, undated_sessions
from reminder.domain.timetable import Audience
from reminder.domain.units import Unit
from reminder.events import Event
from reminder.ledger import notices, occasions
from reminder.ledger.counts import Tally, count_withheld, read_unsettled, refused_reports, tally
from reminder.ledger.occasions import read_start
from reminder.ledger.registrations import read_progress
from reminder.ledger.views import read_notices
from reminder.mail.compose import Composer
from reminder.office import listings
from reminder.office.contacts import UNSIGNED, call_rows, unsigned_rows
from reminder.office.listings import Listing, listing
from reminder.office.notice_writer import NoticeWriter
from reminder.office.planning import CALLS
from reminder.office.stopped import stopped_addresses

log = logging.getLogger(__name__)

PREFLIGHT = "preflight"
ALARMS = "mail/alarm.txt"
OUTGOING = "/console/outgoing"
OPERATOR = "operator"
PATIENCE = timedelta(hours=1)  # a report waits so long for mails that are still on their way
USEFUL = timedelta(days=7)
AGAIN = timedelta(hours=1)  # after a refusal; then twice as long each time


@dataclass(frozen=True)
class Report:
    name: str
    facts: Mapping[str, object]
    listings: tuple[Listing, ...] = ()


def console_url(settings: Settings, path: str) -> str:
    """Where a page of the console answers; empty where it is open on the server alone."""
    web = settings.web
    return f"{web.public_url}{path}" if web.console == "anywhere" else ""


class Reporter:
    """Without an operator's address the report stands in the log and in `reminder status`."""

    def __init__(self, composer: Composer, writer: NoticeWriter) -> None:
        self._composer = composer
        self._writer = writer
        self._table, self._settings = composer.office.table, composer.office.settings

    def report(self, connection: Connection, unreported: Iterable[RowMapping], at: datetime) -> int:
        """Queues every report of this table that is due at that moment. Returns how many."""
        count = self._preflight(connection, at)
        return count + sum(self._occasion(connection, row, at) for row in unreported)

    def tell(
        self,
        connection: Connection,
        name: str,
        macro: str,
        at: datetime,
        facts: Mapping[str, object],
        template: str = ALARMS,
    ) -> None:
        """A trouble that began, or one that is over: a macro says its subject in the first line,
        then what is to be known."""
        period = self._table.local_day(at).isoformat()
        said = self._composer.phrase(template, macro, **facts)
        title, _, words = said.partition("\n")
        report = Report("alarm", {"title": title, "words": words})
        self.send(connection, f"alarm/{name}", period, report, at)

    def coming(self, at: datetime) -> int:
        """The month whose pre-flight is due, and whose digest is not; 0 for none."""
        month = self._table.next_digest(at)
        return month if month and at >= self._table.preflight(month) else 0

    def _preflight(self, connection: Connection, at: datetime) -> int:
        table, kind, month = self._table, self._writer.marked(PREFLIGHT), self.coming(at)
        if not month:
            return 0
        period, due = table.plan.period(month), table.digest_due(month)
        if not occasions.note_occasion(connection, table.plan.id, kind, period, due, at):
            return 0
        occasions.note_reported(connection, f"{table.plan.id}/{kind}/{period}", at)
        report = self.forecast(connection, month)
        running = self._table.shown_month(at)
        phoned = self._calls(connection, at), self._unsigned(connection, running, at)
        report = replace(report, listings=(*report.listings, *phoned))
        self.send(connection, kind, period, report, at, due)
        return 1

    def forecast(self, connection: Connection, month: int) -> Report:
        """Each mail of the coming digest: to whom, under which subject."""
        table, settings = self._table, self._settings
        due = table.digest_due(month)
        progress = read_progress(connection, table, self._writer.stream)
        names = digest_units(table, month, table.local_day(due), progress)
        reached = [unit for name in names if (unit := table.directory[name]).has_address]
        mails: dict[str, list[str]] = defaultdict(list)
        for subject, unit in self._subjects(connection, month, reached):
            mails[subject].append(unit.id)
        undated = list(undated_sessions(table, month, progress))
        hold = self._writer.hold(connection)
        held = hold if hold and (hold.of_all or not settings.mail.approval) else None
        outgoing = console_url(settings, OUTGOING)
        facts = {
            "month": calendar_month(month),
            "due": due,
            "count": len(reached),
            "held": held.reason if held else "",
            "new_years": held.years if held else (),
            "approval": settings.mail.approval,
            "approval_url": outgoing,
            "outgoing_url": outgoing,
            "has_console": settings.web.console != "off",
            "undated": len(undated),
            "meetings_url": console_url(settings, "/console/meetings"),
        }
        rows = ({"subject": s, "count": len(to), **self._to(to)} for s, to in mails.items())
        listings = (
            listing("will-send", rows),
            listing("not-sent", table.directory.unaddressed(names)),
            listing("stopped", stopped_addresses(connection, table)),
            listing("undated", undated),
            listing("unsettled", self._unsettled(connection)),
        )
        return Report(PREFLIGHT, facts, listings)

    def _subjects(
        self, connection: Connection, month: int, units: Iterable[Unit]
    ) -> Iterator[tuple[str, Unit]]:
        """Written once for units of one audience."""
        context = self._writer.context(connection, self._table.digest_due(month))
        subjects: dict[Audience, str] = {}
        for unit in units:
            audience = self._table.audience(unit.id)
            if audience not in subjects:
                draft = digest_draft(self._table, month, unit.id)
                [facts] = self._writer.unit_facts(connection, [draft])
                subjects[audience] = context.subject(draft, facts)
            yield subjects[audience], unit

    def _to(self, units: list[str]) -> dict[str, object]:
        """Each by name and address; of very many the groups that are whole, and the first."""
        directory = self._table.directory
        rest, groups = dict.fromkeys(units), []
        for group in directory.groups if len(units) > listings.SHOWN else ():
            if rest.keys() >= set(group.members):
                groups.append(group)
                for member in group.members:
                    del rest[member]
        return {"groups": groups, "units": listing("", (directory[unit] for unit in rest))}

    def _unsettled(self, connection: Connection) -> Iterator[dict[str, object]]:
        directory = self._table.directory
        for period in read_unsettled(
            connection, self._table.plan.id, self._writer.stream, directory
        ):
            late = [unit for unit in period.expired if unit not in period.unknown]
            by_fate = {"refused": period.refused, "expired": late, "unknown": period.unknown}
            for fate, units in by_fate.items():
                if units:
                    names = listing("", map(directory.name_of, units))
                    yield {"period": period.period, "fate": fate, "names": names}

    def _occasion(self, connection: Connection, row: RowMapping, at: datetime) -> int:
        report, is_over = self._report_of(connection, row, at)
        if report or is_over:
            occasions.note_reported(connection, row["key"], at, is_over=is_over)
        if report:
            self.send(connection, row["kind"], row["period"], report, at)
        return int(report is not None)

    def _report_of(
        self, connection: Connection, row: RowMapping, at: datetime
    ) -> tuple[Report | None, bool]:
        """And whether it is the last one; none while it waits, or where there is nothing to say."""
        kind, period = row["kind"], row["period"]
        if kind == CALLS:
            calls = self._calls(connection, at)
            return Report(CALLS, {"period": period, "count": calls.count}, (calls,)), True
        if kind == UNSIGNED:
            return self._missing_signatures(connection, period, at), True
        rehearsal, _, of = kind.rpartition("/")
        counted = tally(connection, row["plan"], Kind(of), period, rehearsal=bool(rehearsal))
        if not counted.expected:
            return None, True
        young = abs(at - occasions.begun(row)) < PATIENCE
        if counted.waiting and (row["interim_at"] or young):
            return None, False
        if kind == Kind.DIGEST and counted.accepted:
            due = self._table.moment(signature_due(self._table, self._table.local_day(at)))
            occasions.note_occasion(connection, row["plan"], UNSIGNED, period, due, at)
        return self._outcome(connection, Kind(of), period, counted, at), not counted.waiting

    def _outcome(
        self, connection: Connection, kind: Kind, period: str, counted: Tally, at: datetime
    ) -> Report:
        """Expected N, accepted M, and every one that is not: why, and what comes next."""
        missed = counted.expected - counted.accepted
        hold = self._writer.hold(connection) if missed else None
        unread = sum(view.reason in UNREAD for view in counted.others)
        of = (self._table.plan.id, kind, period)
        if unread and hold and not hold.of_all:
            hold = None  # what is approved goes
        facts = {
            "kind": kind,
            "period": period,
            "expected": counted.expected,
            "accepted": counted.accepted,
            "held": hold.reason if hold else "",
            "new_years": hold.years if hold else (),
            "unread": unread,
            "withheld": count_withheld(connection, *of, rehearsal=bool(self._writer.rehearsal)),
            "outgoing_url": console_url(self._settings, OUTGOING),
            "has_console": self._settings.web.console != "off",
        }
        rows = [
            {
                "name": self._table.directory.name_of(view.unit),
                "notice": view,
                "refused": [r for r in view.recipients if r.state is not State.SENT],
            }
            for view in counted.others
        ]
        listings = Listing("missing", rows, missed), self._calls(connection, at)
        return Report("outcome", facts, listings)

    def _calls(self, connection: Connection, at: datetime) -> Listing:
        progress = read_progress(connection, self._table, self._writer.stream)
        return listing(CALLS, call_rows(connection, self._table, at, progress))

    def _missing_signatures(
        self, connection: Connection, period: str, at: datetime
    ) -> Report | None:
        month = self._table.plan.month_of(period)
        unsigned = self._unsigned(connection, month, at) if month else None
        if not (unsigned and unsigned.count):
            return None
        url = console_url(self._settings, f"/console/month/{period}")
        facts = {"month": calendar_month(month), "count": unsigned.count, "month_url": url}
        return Report(UNSIGNED, facts, (unsigned,))

    def _unsigned(self, connection: Connection, month: int, at: datetime) -> Listing:
        table, writer = self._table, self._writer
        progress = read_progress(connection, table, writer.stream)
        rehearsal = bool(writer.rehearsal)
        rows = unsigned_rows(connection, table, month, at, progress, rehearsal=rehearsal)
        return listing(UNSIGNED, rows)

    def send_refused(self, connection: Connection, at: datetime) -> int:
        """Reports that the operator's own mail server refused, to the address of now: nobody
        else would notice."""
        if not self._settings.mail.operator:
            return 0
        count = 0
        refused = refused_reports(connection, self._writer.stream, at)
        for view in read_notices(connection, keys=refused):
            number = copy_number(view.key)
            key = copy_key(original(view.key), number + 1)
            content = notices.content_of(connection, view.key)
            is_early = at - view.updated < AGAIN * 2 ** (number - 1)
            again = key in notices.keys_of(connection, view.plan, Kind.REPORT, view.period)
            if content is None or is_early or again:
                continue
            draft = NoticeDraft(key, view.kind, view.period, view.unit, at, view.useful_until)
            composed = self._composer.again(key, at, content, self._composer.operator)
            self._writer.add_composed(connection, draft, at, composed)
            count += 1
        return count

    def send(
        self,
        connection: Connection,
        kind: str,
        period: str,
        report: Report,
        at: datetime,
        useful_until: datetime | None = None,
    ) -> None:
        plan, template = self._table.plan, f"mail/{report.name}.txt"
        facts = {**report.facts, "plan": plan}
        summary = self._composer.phrase(template, "summary", it=facts)
        log.info("report %s %s: %s", kind, period, summary, extra=Event.REPORTED.of())
        is_started = read_start(connection, self._writer.stream, plan.id) is not None
        if not (self._settings.mail.operator and is_started):
            return
        key = f"{plan.id}/{Kind.REPORT}/{kind}/{period}"
        known = notices.keys_of(connection, plan.id, Kind.REPORT, period)
        copies = sum(original(other) == key for other in known)
        key = copy_key(key, copies + 1) if copies else key
        until = useful_until or at + USEFUL
        draft = NoticeDraft(key, Kind.REPORT, period, OPERATOR, at, until)
        values: dict[str, object] = {
            "it": facts,
            "summary": summary,
            "listings": [part for part in report.listings if part.rows],
            "office": self._table.directory[plan.office],
            "as_of": at.astimezone(plan.zone),
        }
        subject = self._composer.phrase(template, "subject", it=facts)
        composed = self._composer.report(key, at, subject, values)
        self._writer.add_composed(connection, draft, at, composed)
