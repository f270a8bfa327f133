"""What is due becomes notices: each key once, its bytes fixed in the transaction that adds it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from reminder.domain.changes import why_needless
from reminder.domain.notices import (
    Kind,
    NoticeDraft,
    Reason,
    State,
    copy_key,
    copy_number,
    notice_key,
    original,
)
from reminder.domain.occasions import (
    addressees,
    digest_draft,
    digest_units,
    reminders,
    steps_in_reach,
)
from reminder.domain.timetable import MONTHS
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger import deliveries, notices, notified, occasions, senders
from reminder.ledger.database import Database
from reminder.ledger.holds import is_all_held, let_finished_go
from reminder.ledger.registrations import read_progress, read_start
from reminder.ledger.rows import batched
from reminder.ledger.views import read_notices
from reminder.mail.compose import Composer, RenderContext
from reminder.office.approval import Approvals
from reminder.office.holds import why_too_late
from reminder.office.notice_writer import OLD, NoticeWriter, stop_reminders
from reminder.office.receipts import Receipts

CALLS = "calls"
LONGEST = timedelta(hours=5)  # no sender waits longer before it tries again


class Planner:
    """Any number of planners may run at once: keys are unique, and each looks before it adds."""

    def __init__(
        self,
        composer: Composer,
        database: Database,
        notice_writer: NoticeWriter,
        receipts: Receipts,
        approvals: Approvals,
    ) -> None:
        self._composer = composer
        self._table = composer.office.table
        self._approves = composer.office.settings.mail.approval
        self._database = database
        self._writer = notice_writer
        self._receipts = receipts
        self._approvals = approvals

    def plan(self, at: datetime, *, hold_first_start: bool) -> list[str]:
        """Everything due at that moment; what has outlived its use is given up. The keys of what
        was added or revived."""
        with self._database.write() as connection:
            occasions.set_right(connection, at)
            occasions.begin(connection, self._writer.stream, at, held=hold_first_start)
            deliveries.wait_no_longer(connection, at, LONGEST)
            senders.wait_no_longer(connection, at, LONGEST)
            planned = [*self._revive(connection, at)]
            notices.expire(connection, at, why_too_late(connection))
            if all_held := is_all_held(connection):
                let_finished_go(connection)
            progress = read_progress(connection, self._table, self._writer.stream)
            why = partial(why_needless, self._table, progress=progress)
            stop_reminders(connection, why, at)
            complete = occasions.input_hashes(connection, self._writer.marked(Kind.DIGEST))
        input_hash = self._input_hash(progress)
        planned += self._plan_digests(at, progress, input_hash, complete)
        if not all_held:
            self._approvals.send(at)
        planned += self._plan_reminders(at, progress, input_hash)
        self._renew(at)
        with self._database.write() as connection:
            planned += self._receipts.send(connection, at)
            notices.forget_bytes(connection, at)
            occasions.note_tick(connection, at)
        return planned

    def _input_hash(self, progress: Progress) -> str:
        """Of all that decides what is due: from the same input nobody can be missing."""
        facts = (self._table.input_hash, self._writer.stream, repr(progress))
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _renew(self, at: datetime) -> None:
        """Whatever has waited too long to go as it was composed."""
        with self._database.read() as connection:
            keys = notices.old_ones(connection, self._writer.stream, at - OLD)
        for batch in batched(keys):
            with self._database.write() as connection:
                self._writer.renew_old(connection, batch, at)

    # Digests

    def _opens(self, month: int) -> datetime:
        """When its digests are put in: early enough to be read and approved."""
        return self._table.preflight(month) if self._approves else self._table.digest_due(month)

    def _plan_digests(
        self,
        at: datetime,
        progress: Progress,
        input_hash: str,
        complete: Mapping[str, str | None],
    ) -> Iterator[str]:
        """The keys of what is to be sent; `complete` has from what each period was planned."""
        table, kind = self._table, self._writer.marked(Kind.DIGEST)
        for month in MONTHS:
            period, is_over = table.plan.period(month), table.digest_end(month) <= at
            wanted = input_hash if table.digest_due(month) <= at else f"early {input_hash}"
            planned_from = complete.get(period)
            if self._opens(month) > at or planned_from == wanted or (is_over and planned_from):
                continue
            yield from self._plan_digest(month, at, progress, is_live=not is_over)
            with self._database.write() as connection:
                self._note_digest(connection, month, at)
                occasions.note_complete(connection, kind, period, wanted)
            self._approvals.look_again(period, at)

    def _plan_digest(
        self, month: int, at: datetime, progress: Progress, *, is_live: bool
    ) -> Iterator[str]:
        table = self._table
        units = table.reached(month)
        if is_live:
            units = digest_units(table, month, table.digest_day(month), progress)
        if at < table.digest_due(month):
            # Until it is due a unit may still get an address.
            units = tuple(unit for unit in units if table.directory[unit].has_address)
        context = self._composer.context(at, self._writer.as_told(progress, at))
        for batch in batched(units):
            with self._database.write() as connection:
                drafts = self._missing_digests(connection, month, batch, is_live=is_live)
                if drafts and is_live:
                    self._writer.add(connection, drafts, context)
                    self._note_digest(connection, month, at, has_new=True)
                elif drafts:
                    self._give_up(connection, month, drafts, at)
            if is_live:
                yield from (draft.key for draft in drafts)

    def _give_up(
        self, connection: Connection, month: int, drafts: list[NoticeDraft], at: datetime
    ) -> None:
        """What was over before anybody could plan it: before the first start, or since."""
        self._note_digest(connection, month, at)
        begun = read_start(connection, self._writer.stream)
        if begun and drafts[0].useful_until <= begun:
            state, reason = State.BASELINE, Reason.FIRST_START
        else:
            state, reason = State.EXPIRED, why_too_late(connection)(drafts[0].due)
        self._writer.put(connection, drafts, at, state, reason)

    def _note_digest(
        self, connection: Connection, month: int, at: datetime, *, has_new: bool = False
    ) -> None:
        """With its notices, in one transaction: an occasion that is not noted is not reported."""
        note = occasions.note_more if has_new else occasions.note_occasion
        period, due = self._table.plan.period(month), self._table.digest_due(month)
        note(connection, self._writer.marked(Kind.DIGEST), period, due, at)

    def _missing_digests(
        self, connection: Connection, month: int, units: Sequence[str], *, is_live: bool
    ) -> list[NoticeDraft]:
        table = self._table
        streams = notices.keys_of(connection, Kind.DIGEST, table.plan.period(month), units)
        latest = {original(key): key for key in sorted(streams, key=copy_number)}
        drafts = []
        for unit in units:
            draft = digest_draft(table, month, unit, rehearsal=self._writer.rehearsal)
            last = latest.get(draft.key)
            if last is None:
                drafts.append(draft)
            elif is_live and (streams[last], self._writer.stream) == ("maildir", "smtp"):
                # It went into an outbox folder before there was a mail server.
                drafts.append(replace(draft, key=copy_key(draft.key, copy_number(last) + 1)))
        return drafts

    # Reminders

    def _plan_reminders(self, at: datetime, progress: Progress, input_hash: str) -> Iterator[str]:
        """The keys of what is to be sent."""
        table, rehearsal = self._table, self._writer.rehearsal
        steps = steps_in_reach(table, at, progress)
        if not steps:
            return
        wanted = f"{table.local_day(at)} {input_hash}"
        with self._database.read() as connection:
            if occasions.reminders_planned_from(connection) == wanted:
                return
            reminded = notified.read_notified(connection, steps, rehearsal=rehearsal)
            past_digests = notified.read_past_digests(
                connection, table, steps, at, rehearsal=rehearsal
            )
        context = self._composer.context(at, self._writer.as_told(progress, at))
        for batch in batched(reminders(table, at, reminded, progress, past_digests)):
            calls = [draft for draft in batch if self._is_phoned(draft)]
            mails = [self._marked(draft) for draft in batch if self._is_mailed(draft)]
            with self._database.write() as connection:
                if not rehearsal:
                    notified.note_covered(connection, [d for d in batch if d.by_digest])
                    self._note_calls(connection, calls, at)
                added = self._add_reminders(connection, mails, context)
            yield from added
        with self._database.write() as connection:
            occasions.note_reminders_planned(connection, wanted)

    def _is_phoned(self, draft: NoticeDraft) -> bool:
        return self._table.directory[draft.unit].tone is Relation.PARALLEL

    def _is_mailed(self, draft: NoticeDraft) -> bool:
        """Also to others alone, where its unit has read it in a digest."""
        to = addressees(self._table, draft)
        return not self._is_phoned(draft) and (to.lead or bool(to.others))

    def _marked(self, draft: NoticeDraft) -> NoticeDraft:
        plan, rehearsal = self._table.plan.id, self._writer.rehearsal
        key = notice_key(plan, draft.kind, draft.period, draft.unit, rehearsal=rehearsal)
        return replace(draft, key=key)

    def _add_reminders(
        self, connection: Connection, drafts: Sequence[NoticeDraft], context: RenderContext
    ) -> list[str]:
        """With their occasions: one that is not noted is never reported."""
        units = [draft.unit for draft in drafts]
        there = {
            key
            for kind, period in {(draft.kind, draft.period) for draft in drafts}
            for key in notices.keys_of(connection, kind, period, units)
        }
        fresh = [draft for draft in drafts if draft.key not in there]
        self._writer.add(connection, fresh, context)
        for kind, period, due in {(draft.kind, draft.period, draft.due) for draft in fresh}:
            occasions.note_more(connection, self._writer.marked(kind), period, due, context.as_of)
        return [draft.key for draft in fresh]

    def _note_calls(self, connection: Connection, calls: list[NoticeDraft], at: datetime) -> None:
        """No mail presses a unit of another body: the secretariat gets a list of whom to phone."""
        for draft in calls:
            key = draft.key.replace(f"/{draft.kind}/", f"/{CALLS}/{draft.kind}/")
            notified.note_reminded(connection, [replace(draft, key=key)])
            occasions.note_occasion(connection, CALLS, draft.period, draft.due, at)

    # After a wrong clock

    def _revive(self, connection: Connection, at: datetime) -> Iterator[str]:
        """A clock that ran ahead gave up what is still of use: it goes after all."""
        opened = [self._table.digest_due(month) for month in MONTHS if self._opens(month) <= at]
        keys = notices.too_early_given_up(connection, self._writer.stream, at, max([at, *opened]))
        for view in read_notices(connection, keys=keys) if keys else ():
            if view.due > at and view.kind is not Kind.DIGEST:
                continue
            family = notices.keys_of(connection, view.kind, view.period, [view.unit])
            if any(
                original(key) == original(view.key) and copy_number(key) > copy_number(view.key)
                for key in family
            ):
                continue  # sent again by hand since
            self._writer.take_up_again(connection, view, at)
            kind = self._writer.marked(view.kind)
            occasions.report_again(connection, kind, view.period, at)
            yield view.key
