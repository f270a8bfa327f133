"""What is due becomes notices: each key once, its bytes fixed in the transaction that adds it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import Connection

from reminder.documents.office import Office
from reminder.domain.notices import (
    Kind,
    NoticeDraft,
    Reason,
    State,
    copy_key,
    copy_number,
    original,
)
from reminder.domain.occasions import (
    addressees,
    digest_draft,
    digest_units,
    joined,
    reminders,
    row_units,
    steps_in_reach,
)
from reminder.domain.timetable import Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger import notices, occasions
from reminder.ledger.database import Database
from reminder.ledger.notices import NewNotice
from reminder.ledger.occasions import read_start
from reminder.ledger.rows import batched, put_setting, read_setting
from reminder.mail.render_context import RenderContext
from reminder.office.approval import Approvals
from reminder.office.holds import why_too_late
from reminder.office.notice_writer import NoticeWriter

CALLS = "calls"


def opens(office: Office, month: int) -> datetime:
    """When its digests are put in: early enough to be read and approved."""
    table = office.table
    return table.preflight(month) if office.settings.mail.approval else table.digest_due(month)


@dataclass
class Planner:
    """One pass over one table. Any number of them may run at once: keys are unique, and each looks
    before it adds. `planned` are the keys of what was added to be sent. `complete` are the months
    that were planned, and from what when they were complete.
    """

    at: datetime
    database: Database
    writer: NoticeWriter
    approvals: Approvals
    progress: Progress
    complete: Mapping[str, str | None]
    planned: list[str] = field(default_factory=list)
    _noted: str = ""  # from what its reminders are made, if that is new

    @property
    def office(self) -> Office:
        return self.writer.composer.office

    @property
    def table(self) -> Timetable:
        return self.office.table

    @cached_property
    def _context(self) -> RenderContext:
        progress = self.writer.as_told(self.progress, self.at)
        return RenderContext(self.writer.composer, self.at, progress)

    @cached_property
    def _input_hash(self) -> str:
        """Of all that decides what is due: from the same input nobody can be missing."""
        facts = (self.table.input_hash, self.writer.stream, repr(self.progress))
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def plan_digests(self, *, sends: bool) -> None:
        """What is due at that moment; `sends` what was approved, too."""
        for month in self.table.plan.months:
            self._plan_month(month, self.complete.get(self.table.plan.period(month)))
        if sends:
            self.approvals.send(self.at)

    # Digests

    def _plan_month(self, month: int, planned_from: str | None) -> None:
        """`planned_from` is what it was made from when it was complete."""
        table, is_live = self.table, self.at < self.table.digest_end(month)
        is_early = self.at < table.digest_due(month)
        wanted = f"early {self._input_hash}" if is_early else self._input_hash
        done = planned_from == wanted or (planned_from and not is_live)
        if done or self.at < opens(self.office, month):
            return
        if is_live:
            units = digest_units(table, month, table.digest_day(month), self.progress)
        else:
            units = row_units(table, month, self.progress)
        if is_early:  # until it is due a unit may still get an address
            units = tuple(unit for unit in units if table.directory[unit].has_address)
        for batch in batched(units):
            with self.database.write() as connection:
                drafts = self._missing_digests(connection, month, batch, is_live=is_live)
                if drafts and is_live:
                    self.writer.add(connection, drafts, self._context)
                elif drafts:
                    self._put_over(connection, drafts)
                # In one transaction: an occasion that is not noted is not reported.
                self._note_digest(connection, month, has_new=bool(drafts) and is_live)
            self.planned += [draft.key for draft in drafts if is_live]
        with self.database.write() as connection:
            self._note_digest(connection, month)
            kind, period = self.writer.marked(Kind.DIGEST), table.plan.period(month)
            occasions.note_complete(connection, table.plan.id, kind, period, wanted)
        self.approvals.look_again(period, self.at)

    def _put_over(self, connection: Connection, drafts: list[NoticeDraft]) -> None:
        """What was over before anybody could plan it: before the first start, or since."""
        begun = read_start(connection, self.writer.stream, self.table.plan.id)
        if begun and drafts[0].useful_until <= begun:
            state, reason = State.BASELINE, Reason.FIRST_START
        else:
            hold = self.writer.hold(connection)
            state, reason = State.EXPIRED, why_too_late(hold, drafts[0].due)
        new = [NewNotice(draft, reason, state=state) for draft in drafts]
        self.writer.put(connection, new, self.at)

    def _note_digest(self, connection: Connection, month: int, *, has_new: bool = False) -> None:
        plan = self.table.plan.id
        kind, period = self.writer.marked(Kind.DIGEST), self.table.plan.period(month)
        due = self.table.digest_due(month)
        occasions.note_occasion(connection, plan, kind, period, due, self.at, has_new=has_new)

    def _missing_digests(
        self, connection: Connection, month: int, units: Sequence[str], *, is_live: bool
    ) -> list[NoticeDraft]:
        table = self.table
        streams = notices.keys_of(
            connection, table.plan.id, Kind.DIGEST, table.plan.period(month), units
        )
        latest = {original(key): key for key in sorted(streams, key=copy_number)}
        drafts = []
        for unit in units:
            draft = digest_draft(table, month, unit, rehearsal=self.writer.rehearsal)
            last = latest.get(draft.key)
            if last is None:
                drafts.append(draft)
            elif is_live and (streams[last], self.writer.stream) == ("maildir", "smtp"):
                # It went into an outbox folder before there was a mail server.
                drafts.append(replace(draft, key=copy_key(draft.key, copy_number(last) + 1)))
        return drafts

    # Reminders

    def due_reminders(self) -> list[NoticeDraft]:
        """None where nothing changed since they were added."""
        table, rehearsal = self.table, self.writer.rehearsal
        steps = steps_in_reach(table, self.at, self.progress)
        wanted = f"{table.local_day(self.at)} {self._input_hash}"
        with self.database.read() as connection:
            if not steps or read_setting(connection, self._reminders_made_from) == wanted:
                return []
            told = occasions.read_notified(connection, table.plan.id, steps, rehearsal=rehearsal)
            digests = occasions.read_past_digests(
                connection, table, steps, self.at, rehearsal=rehearsal
            )
        self._noted = wanted
        return list(reminders(table, self.at, told, self.progress, digests, rehearsal=rehearsal))

    def add_reminders(self, drafts: Iterable[NoticeDraft]) -> None:
        for batch in batched(drafts):
            with self.database.write() as connection:
                batch = list(self.writer.readers.wished(connection, batch, self.at))
                if not self.writer.rehearsal:
                    self._note_unmailed(connection, batch)
                added = self._add_reminders(connection, filter(self._is_mailed, batch))
            self.planned += added
        if self._noted:
            with self.database.write() as connection:
                put_setting(connection, self._reminders_made_from, self._noted)

    @property
    def _reminders_made_from(self) -> str:
        plan = self.table.plan
        return f"{occasions.REMINDERS_MADE_FROM}/{plan.id}/{plan.year}"

    def _is_phoned(self, draft: NoticeDraft) -> bool:
        return self.table.directory[draft.unit].tone is Relation.PARALLEL

    def _is_mailed(self, draft: NoticeDraft) -> bool:
        """Also to others alone, where its unit has read it in a digest."""
        to = addressees(self.table, draft)
        return not self._is_phoned(draft) and (to.lead or bool(to.others))

    def _add_reminders(self, connection: Connection, drafts: Iterable[NoticeDraft]) -> list[str]:
        """With their occasions: one that is not noted is never reported."""
        mails = {draft.key: draft for draft in drafts}
        there = notices.existing(connection, mails)
        fresh = [draft for key, draft in mails.items() if key not in there]
        self.writer.add(connection, fresh, self._context)
        for kind, period, due in {(draft.kind, draft.period, draft.due) for draft in fresh}:
            marked = self.writer.marked(kind)
            occasions.note_occasion(
                connection, self.table.plan.id, marked, period, due, self.at, has_new=True
            )
        return [draft.key for draft in fresh]

    def _note_unmailed(self, connection: Connection, drafts: Iterable[NoticeDraft]) -> None:
        """What a unit reads in a digest counts as told. No mail presses a unit of another body:
        the secretariat gets a list of whom to phone."""
        told = []
        for draft in drafts:
            if draft.by_digest:
                told.append(replace(draft, key=f"{draft.key}{occasions.BY_DIGEST}"))
            if self._is_phoned(draft):
                key = draft.key.replace(f"/{draft.kind}/", f"/{CALLS}/{draft.kind}/")
                told.append(replace(draft, key=key))
                occasions.note_occasion(
                    connection, draft.plan, CALLS, draft.period, draft.due, self.at
                )
        occasions.note_reminded(connection, told)


def plan_reminders(series: Sequence[Planner]) -> None:
    """Of all years of a plan, in their order: a unit gets one mail a day, about the last of them
    that has something to say."""
    due: dict[str, tuple[Planner, NoticeDraft]] = {}
    for planner in series:
        for draft in planner.due_reminders():
            if draft.key in due:
                draft = joined(due[draft.key][1], draft)
            due[draft.key] = planner, draft
    # The last one first: an earlier one's are noted as made only after those told in its mails.
    for planner in reversed(series):
        planner.add_reminders(draft for by, draft in due.values() if by is planner)
