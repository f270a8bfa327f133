"""What is due becomes notices: each key once, its bytes fixed in the transaction that adds it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from reminder.domain.needless import why_needless
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
from reminder.domain.timetable import MONTHS, Timetable
from reminder.domain.units import Relation
from reminder.domain.windows import Progress
from reminder.ledger import deliveries, notices, notified, occasions, troubles
from reminder.ledger.database import Database
from reminder.ledger.holds import is_all_held, let_finished_go, read_hold
from reminder.ledger.notified import note_read, read_heard
from reminder.ledger.registrations import read_progress, read_start
from reminder.ledger.views import read_notices
from reminder.mail.chunks import batched
from reminder.mail.compose import Composer, Edition
from reminder.office.held_digests import Approvals
from reminder.office.holds import why_too_late
from reminder.office.notice_writer import OLD, NoticeWriter
from reminder.office.receipts import Receipts
from reminder.office.stopping import stop_reminders

CALLS = "calls"
LONGEST = timedelta(hours=5)  # no sender waits longer before it tries again
EXAMPLES = 5  # that are shown of what is new


@dataclass
class Planned:
    """How many notices one pass added or revived, and the keys of the first ones."""

    new: int = 0
    first: list[str] = field(default_factory=list)

    def note(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.new += 1
            if len(self.first) < EXAMPLES:
                self.first.append(key)


class Planner:
    """Any number of planners may run at once: keys are unique, and each looks before it adds."""

    def __init__(
        self,
        composer: Composer,
        database: Database,
        notice_writer: NoticeWriter,
        receipts: Receipts,
    ) -> None:
        self._composer = composer
        self._receipts = receipts
        self._database = database
        self._registrar = notice_writer
        self._approvals = Approvals(composer, database, notice_writer)

    @property
    def _table(self) -> Timetable:
        return self._composer.office.table

    def plan(self, at: datetime, *, hold_first_start: bool) -> Planned:
        """Everything due at that moment; what has outlived its use is given up."""
        done = Planned()
        with self._database.write() as connection:
            occasions.set_right(connection, at)
            occasions.begin(connection, self._registrar.stream, at, held=hold_first_start)
            deliveries.wait_no_longer(connection, at, LONGEST)
            troubles.wait_no_longer(connection, at, LONGEST)
            done.note(self._revive(connection, at))
            notices.expire(connection, at, why_too_late(connection))
            if all_held := is_all_held(connection):
                let_finished_go(connection)
            progress = read_progress(connection, self._table, self._registrar.stream)
            stop_reminders(connection, partial(why_needless, self._table, progress=progress), at)
            input_hashes = occasions.input_hashes(connection, self._registrar.marked(Kind.DIGEST))
        facts = self._facts(progress)
        for month in MONTHS:
            over = self._table.digest_end(month) <= at
            period = self._table.plan.period(month)
            made = input_hashes.get(period)
            seen = facts if self._table.digest_due(month) <= at else f"early {facts}"
            complete = made is not None and (over or made == seen)
            if self._opens(month) <= at and not complete:
                done.note(self._plan_digest(month, at, progress, seen, live=not over))
                self._approvals.look_again(period, at)
        if not all_held:
            self._approvals.send(at)
        done.note(self._plan_reminders(at, progress, facts))
        self._renew(at)
        with self._database.write() as connection:
            done.note(self._receipts.send(connection, at))
            notices.forget_bytes(connection, at)
            occasions.note_tick(connection, at)
        return done

    def _renew(self, at: datetime) -> None:
        """Whatever has waited too long to go as it was composed."""
        with self._database.read() as connection:
            keys = notices.old_ones(connection, self._registrar.stream, at - OLD)
        for some in batched(keys):
            with self._database.write() as connection:
                self._registrar.renew_old(connection, some, at)

    def _facts(self, progress: Progress) -> str:
        """Of all that decides what is due: the same means that nobody can be missing."""
        facts = (self._table.fingerprint, self._registrar.stream, repr(progress))
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _opens(self, month: int) -> datetime:
        """When its digests are put in: early enough to be read and approved."""
        due = self._table.digest_due(month)
        return self._table.preflight(month) if self._approves else due

    @property
    def _approves(self) -> bool:
        return self._composer.office.settings.mail.approval

    def _plan_digest(
        self, month: int, at: datetime, progress: Progress, facts: str, *, live: bool
    ) -> Iterator[str]:
        """The keys of what is to be sent."""
        table = self._table
        units = table.reached(month)
        if live:
            units = digest_units(table, month, table.digest_day(month), progress)
        if at < table.digest_due(month):
            # Until it is due a unit may still get an address.
            units = tuple(unit for unit in units if table.directory[unit].has_address)
        edition = self._composer.edition(at, self._registrar.as_told(progress, at))
        for some in batched(units):
            with self._database.write() as connection:
                missing = self._missing_digests(connection, month, some, live=live)
                if missing:
                    self._add_digests(connection, month, missing, edition, live=live)
            if live:
                yield from (draft.key for draft in missing)
        with self._database.write() as connection:
            self._note_digest(connection, month, at, new=False)
            occasions.note_complete(
                connection, self._registrar.marked(Kind.DIGEST), table.plan.period(month), facts
            )

    def _note_digest(self, connection: Connection, month: int, at: datetime, *, new: bool) -> None:
        note = occasions.note_more if new else occasions.note_occasion
        period, due = self._table.plan.period(month), self._table.digest_due(month)
        note(connection, self._registrar.marked(Kind.DIGEST), period, due, at)

    def _add_digests(
        self,
        connection: Connection,
        month: int,
        drafts: list[NoticeDraft],
        edition: Edition,
        *,
        live: bool,
    ) -> None:
        """With its occasion: one that is not noted is never reported."""
        if live:
            self._registrar.add(connection, drafts, edition)
            self._note_digest(connection, month, edition.as_of, new=bool(drafts))
            return
        begun = read_start(connection, self._registrar.stream)
        self._note_digest(connection, month, edition.as_of, new=False)
        ended = State.EXPIRED, why_too_late(connection)(drafts[0].due if drafts else edition.as_of)
        if begun and drafts and drafts[0].useful_until <= begun:
            ended = State.BASELINE, Reason.FIRST_START
        self._registrar.put(connection, drafts, edition.as_of, *ended)

    def _missing_digests(
        self, connection: Connection, month: int, units: Sequence[str], *, live: bool
    ) -> list[NoticeDraft]:
        table = self._table
        keys = notices.keys_of(connection, Kind.DIGEST, table.plan.period(month), units)
        latest: dict[str, str] = {}
        for key in sorted(keys, key=copy_number):
            latest[original(key)] = key
        drafts = []
        for unit in units:
            draft = digest_draft(table, month, unit, rehearsal=self._registrar.rehearsal)
            last = latest.get(draft.key)
            if last is None:
                drafts.append(draft)
            elif live and (keys[last], self._registrar.stream) == ("maildir", "smtp"):
                # It went into an outbox folder before there was a mail server.
                drafts.append(replace(draft, key=copy_key(draft.key, copy_number(last) + 1)))
        return drafts

    def _plan_reminders(self, at: datetime, progress: Progress, facts: str) -> Iterator[str]:
        """The keys of what is to be sent."""
        table = self._table
        complete = f"{table.local_day(at)} {facts}"
        steps = steps_in_reach(table, at, progress)
        if not steps:
            return
        with self._database.read() as connection:
            if occasions.reminders_planned_from(connection) == complete:
                return
            rehearsal = self._registrar.rehearsal
            told = notified.read_told(connection, steps, rehearsal=rehearsal)
            heard = read_heard(connection, table, steps, at, rehearsal=rehearsal)
        edition = self._composer.edition(at, self._registrar.as_told(progress, at))
        for some in batched(reminders(table, at, told, progress, heard)):
            calls = [draft for draft in some if self._is_phoned(draft)]
            read = [draft for draft in some if draft.by_digest]
            mails = [self._marked(draft) for draft in some if self._is_mailed(draft)]
            with self._database.write() as connection:
                if not rehearsal:
                    note_read(connection, read)
                if calls and not rehearsal:
                    self._note_calls(connection, calls, at)
                added = self._add_reminders(connection, mails, edition)
            yield from added
        with self._database.write() as connection:
            occasions.note_reminders_planned(connection, complete)

    def _is_phoned(self, draft: NoticeDraft) -> bool:
        return self._table.directory[draft.unit].tone is Relation.PARALLEL

    def _is_mailed(self, draft: NoticeDraft) -> bool:
        """Also to others alone, where its unit has read it in a digest."""
        told = addressees(self._table, draft)
        return not self._is_phoned(draft) and (told.lead or bool(told.others))

    def _marked(self, draft: NoticeDraft) -> NoticeDraft:
        plan = self._table.plan.id
        key = notice_key(
            plan, draft.kind, draft.period, draft.unit, rehearsal=self._registrar.rehearsal
        )
        return replace(draft, key=key)

    def _add_reminders(
        self, connection: Connection, drafts: Sequence[NoticeDraft], edition: Edition
    ) -> list[str]:
        """With their occasions: one that is not noted is never reported."""
        units = [draft.unit for draft in drafts]
        known = {
            key
            for kind, period in {(draft.kind, draft.period) for draft in drafts}
            for key in notices.keys_of(connection, kind, period, units)
        }
        fresh = [draft for draft in drafts if draft.key not in known]
        self._registrar.add(connection, fresh, edition)
        for kind, period, due in {(draft.kind, draft.period, draft.due) for draft in fresh}:
            occasions.note_more(
                connection, self._registrar.marked(kind), period, due, edition.as_of
            )
        return [draft.key for draft in fresh]

    def _note_calls(self, connection: Connection, calls: list[NoticeDraft], at: datetime) -> None:
        """No mail presses a unit of another body: the secretariat gets a list of whom to phone."""
        for draft in calls:
            key = draft.key.replace(f"/{draft.kind}/", f"/{CALLS}/{draft.kind}/")
            notified.note_reminded(connection, [replace(draft, key=key)])
        occasions.note_occasion(connection, CALLS, calls[0].period, calls[0].due, at)

    def _revive(self, connection: Connection, at: datetime) -> Iterable[str]:
        """A clock that ran ahead gave up what is still of use: it goes after all."""
        opened = [self._table.digest_due(month) for month in MONTHS if self._opens(month) <= at]
        stream = self._registrar.stream
        for key in notices.too_early_given_up(connection, stream, at, max([at, *opened])):
            [view] = read_notices(connection, keys=[key])
            if view.due > at and view.kind is not Kind.DIGEST:
                continue
            family = notices.keys_of(connection, view.kind, view.period)
            if any(
                original(other) == original(key) and copy_number(other) > copy_number(key)
                for other in family
            ):
                continue  # sent again by hand since
            hold = read_hold(connection, stream)
            if view.sha256 and not (hold and hold.of_all):
                notices.revive(connection, key, at, Reason.CLOCK)
            elif self._approves and view.kind is Kind.DIGEST and not view.sha256:
                notices.set_state(connection, key, State.HELD, Reason.APPROVAL, at)
            elif hold:
                notices.set_state(connection, key, State.HELD, hold.reason, at)
            else:
                self._registrar.release(connection, view, at, Reason.CLOCK)
            occasions.report_again(connection, self._registrar.marked(view.kind), view.period, at)
            yield key
