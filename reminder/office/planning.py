"""What is due becomes notices: each key once, its bytes fixed in the transaction that adds it."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from reminder.domain.changes import why_needless
from reminder.domain.notices import (
    REMINDERS,
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
    reminders,
    steps_in_reach,
)
from reminder.domain.timetable import MONTHS, Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger import deliveries, notices, occasions, senders
from reminder.ledger.database import Database
from reminder.ledger.holds import Hold, let_finished_go, read_hold
from reminder.ledger.notices import NewNotice
from reminder.ledger.registrations import read_progress, read_start
from reminder.ledger.schema import batched, put_setting, read_setting
from reminder.ledger.views import read_notices
from reminder.mail.compose import Composer, RenderContext
from reminder.office.approval import Approvals
from reminder.office.holds import why_too_late
from reminder.office.notice_writer import NoticeWriter, stop
from reminder.office.receipts import Receipts

CALLS = "calls"
LONGEST = timedelta(hours=5)  # no sender waits longer before it tries again


@dataclass(frozen=True)
class Planner:
    """Any number of planners may run at once: keys are unique, and each looks before it adds."""

    composer: Composer
    database: Database
    writer: NoticeWriter
    receipts: Receipts
    approvals: Approvals

    @property
    def table(self) -> Timetable:
        return self.composer.office.table

    def plan(self, at: datetime) -> list[str]:
        """Everything due at that moment; what has outlived its use is given up. The keys of what
        was added or revived."""
        stream, settings = self.writer.stream, self.composer.office.settings
        with self.database.write() as connection:
            occasions.begin(connection, stream, at, held=settings.first_start == "hold")
            deliveries.wait_no_longer(connection, at, LONGEST)
            senders.wait_no_longer(connection, at, LONGEST)
            planned = [*self._revive(connection, at)]
            hold = read_hold(connection, stream)
            if all_held := hold is not None and hold.of_all:
                let_finished_go(connection)
            progress = read_progress(connection, self.table, stream)
            old = self._give_up(connection, hold, progress, at)
            complete = occasions.input_hashes(connection, self.writer.marked(Kind.DIGEST))
        input_hash = self._input_hash(progress)
        planned += self._plan_digests(at, progress, input_hash, complete)
        if not all_held:
            self.approvals.send(at)
        planned += self._plan_reminders(at, progress, input_hash)
        for batch in batched(old):
            with self.database.write() as connection:
                self.writer.renew_old(connection, batch, at)
        with self.database.write() as connection:
            planned += self.receipts.send(connection, at)
            notices.forget_bytes(connection, at)
            occasions.note_tick(connection, at)
        return planned

    def _give_up(
        self, connection: Connection, hold: Hold | None, progress: Progress, at: datetime
    ) -> list[str]:
        """What has outlived its use, and reminders with nothing left to ask. The keys of what has
        waited too long to go as it was composed."""

        def why(draft: NoticeDraft) -> Reason | None:
            if draft.useful_until <= at:
                return why_too_late(hold, draft.due)
            return why_needless(self.table, draft, progress) if draft.kind in REMINDERS else None

        unfinished = notices.unfinished(connection, at)
        stop(connection, unfinished, why, at)
        return self.writer.old_ones(connection, unfinished, at)

    def _input_hash(self, progress: Progress) -> str:
        """Of all that decides what is due: from the same input nobody can be missing."""
        facts = (self.table.input_hash, self.writer.stream, repr(progress))
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    # Digests

    def _opens(self, month: int) -> datetime:
        """When its digests are put in: early enough to be read and approved."""
        approves = self.composer.office.settings.mail.approval
        return self.table.preflight(month) if approves else self.table.digest_due(month)

    def _plan_digests(
        self, at: datetime, progress: Progress, input_hash: str, complete: Mapping[str, str | None]
    ) -> Iterator[str]:
        """The keys of what is to be sent; `complete` has from what each period was planned."""
        table, kind = self.table, self.writer.marked(Kind.DIGEST)
        for month in MONTHS:
            period, is_over = table.plan.period(month), table.digest_end(month) <= at
            wanted = input_hash if table.digest_due(month) <= at else f"early {input_hash}"
            planned_from = complete.get(period)
            if self._opens(month) > at or planned_from == wanted or (is_over and planned_from):
                continue
            added = list(self._plan_digest(month, at, progress, is_live=not is_over))
            if not is_over:
                yield from added
            with self.database.write() as connection:
                self._note_digest(connection, month, at)
                occasions.note_complete(connection, kind, period, wanted)
            self.approvals.look_again(period, at)

    def _plan_digest(
        self, month: int, at: datetime, progress: Progress, *, is_live: bool
    ) -> Iterator[str]:
        table = self.table
        units = table.reached(month)
        if is_live:
            units = digest_units(table, month, table.digest_day(month), progress)
        if at < table.digest_due(month):
            # Until it is due a unit may still get an address.
            units = tuple(unit for unit in units if table.directory[unit].has_address)
        context = self.composer.context(at, self.writer.as_told(progress, at))
        for batch in batched(units):
            with self.database.write() as connection:
                drafts = self._missing_digests(connection, month, batch, is_live=is_live)
                if not drafts:
                    continue
                # In one transaction: an occasion that is not noted is not reported.
                self._note_digest(connection, month, at, has_new=is_live)
                if is_live:
                    self.writer.add(connection, drafts, context)
                else:
                    self._put_over(connection, drafts, at)
            yield from (draft.key for draft in drafts)

    def _put_over(self, connection: Connection, drafts: list[NoticeDraft], at: datetime) -> None:
        """What was over before anybody could plan it: before the first start, or since."""
        begun = read_start(connection, self.writer.stream)
        if begun and drafts[0].useful_until <= begun:
            state, reason = State.BASELINE, Reason.FIRST_START
        else:
            hold = read_hold(connection, self.writer.stream)
            state, reason = State.EXPIRED, why_too_late(hold, drafts[0].due)
        new = [NewNotice(draft, reason, state=state) for draft in drafts]
        self.writer.put(connection, new, at)

    def _note_digest(
        self, connection: Connection, month: int, at: datetime, *, has_new: bool = False
    ) -> None:
        kind, period = self.writer.marked(Kind.DIGEST), self.table.plan.period(month)
        due = self.table.digest_due(month)
        occasions.note_occasion(connection, kind, period, due, at, has_new=has_new)

    def _missing_digests(
        self, connection: Connection, month: int, units: Sequence[str], *, is_live: bool
    ) -> list[NoticeDraft]:
        table = self.table
        streams = notices.keys_of(connection, Kind.DIGEST, table.plan.period(month), units)
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

    def _plan_reminders(self, at: datetime, progress: Progress, input_hash: str) -> Iterator[str]:
        """The keys of what is to be sent."""
        table, rehearsal = self.table, self.writer.rehearsal
        steps = steps_in_reach(table, at, progress)
        if not steps:
            return
        wanted = f"{table.local_day(at)} {input_hash}"
        with self.database.read() as connection:
            if read_setting(connection, occasions.REMINDERS_MADE_FROM) == wanted:
                return
            told = occasions.read_notified(connection, steps, rehearsal=rehearsal)
            digests = occasions.read_past_digests(connection, table, steps, at, rehearsal=rehearsal)
        context = self.composer.context(at, self.writer.as_told(progress, at))
        drafts = reminders(table, at, told, progress, digests, rehearsal=rehearsal)
        for batch in batched(drafts):
            with self.database.write() as connection:
                if not rehearsal:
                    self._note_unmailed(connection, batch, at)
                added = self._add_reminders(connection, filter(self._is_mailed, batch), context)
            yield from added
        with self.database.write() as connection:
            put_setting(connection, occasions.REMINDERS_MADE_FROM, wanted)

    def _is_phoned(self, draft: NoticeDraft) -> bool:
        return self.table.directory[draft.unit].tone is Relation.PARALLEL

    def _is_mailed(self, draft: NoticeDraft) -> bool:
        """Also to others alone, where its unit has read it in a digest."""
        to = addressees(self.table, draft)
        return not self._is_phoned(draft) and (to.lead or bool(to.others))

    def _add_reminders(
        self, connection: Connection, drafts: Iterable[NoticeDraft], context: RenderContext
    ) -> list[str]:
        """With their occasions: one that is not noted is never reported."""
        mails = {draft.key: draft for draft in drafts}
        there = notices.existing(connection, mails)
        fresh = [draft for key, draft in mails.items() if key not in there]
        self.writer.add(connection, fresh, context)
        for kind, period, due in {(draft.kind, draft.period, draft.due) for draft in fresh}:
            marked, at = self.writer.marked(kind), context.as_of
            occasions.note_occasion(connection, marked, period, due, at, has_new=True)
        return [draft.key for draft in fresh]

    def _note_unmailed(
        self, connection: Connection, drafts: Iterable[NoticeDraft], at: datetime
    ) -> None:
        """What a unit reads in a digest counts as told. No mail presses a unit of another body:
        the secretariat gets a list of whom to phone."""
        told = []
        for draft in drafts:
            if draft.by_digest:
                told.append(replace(draft, key=f"{draft.key}{occasions.BY_DIGEST}"))
            if self._is_phoned(draft):
                key = draft.key.replace(f"/{draft.kind}/", f"/{CALLS}/{draft.kind}/")
                told.append(replace(draft, key=key))
                occasions.note_occasion(connection, CALLS, draft.period, draft.due, at)
        occasions.note_reminded(connection, told)

    # After a wrong clock

    def _revive(self, connection: Connection, at: datetime) -> Iterator[str]:
        """A clock that ran ahead gave up what is still of use: it goes after all."""
        opened = [self.table.digest_due(month) for month in MONTHS if self._opens(month) <= at]
        keys = notices.too_early_given_up(connection, self.writer.stream, at, max([at, *opened]))
        for view in read_notices(connection, keys=keys) if keys else ():
            if view.due > at and view.kind is not Kind.DIGEST:
                continue
            family = notices.keys_of(connection, view.kind, view.period, [view.unit])
            copies = [copy_number(key) for key in family if original(key) == original(view.key)]
            if max(copies) > copy_number(view.key):
                continue  # sent again by hand since
            self.writer.take_up_again(connection, view, at)
            kind = self.writer.marked(view.kind)
            occasions.report_again(connection, kind, view.period, at)
            yield view.key
