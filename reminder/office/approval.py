"""Held digests: read and approved or dropped by the secretariat, queued at their moment.

Approval is of bytes: it carries the hash of what was shown, and what reads otherwise now waits
anew. Nothing goes before it is due.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from reminder.domain.changes import why_needless
from reminder.domain.notices import CLEARED, NEEDLESS, UNREAD, NoticeDraft, Reason, State
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.errors import DeclinedError
from reminder.ledger import holds, notices
from reminder.ledger.database import Database
from reminder.ledger.notices import Composed
from reminder.ledger.registrations import read_progress
from reminder.ledger.schema import batched
from reminder.ledger.views import NoticeView, read_notice, read_notices
from reminder.mail.compose import Composer
from reminder.office.notice_writer import NoticeWriter

WHY = 200  # characters of a reason
_TO_READ = (*UNREAD, *CLEARED)


@dataclass(frozen=True)
class Digest:
    """A held digest, and how it would go; `composed` is None when it would go to nobody."""

    view: NoticeView
    composed: Composed | None

    @property
    def is_open(self) -> bool:
        """Nobody has approved what it says now."""
        return self.composed is not None and (self.view.reason in UNREAD or self.reads_otherwise)

    @property
    def is_changed(self) -> bool:
        """What was approved once is not what it says now."""
        same = (None, self.composed.sha256 if self.composed else None)
        return self.view.approved not in same

    @property
    def reads_otherwise(self) -> bool:
        """It was approved, and may not go as it is now."""
        is_approved = self.view.reason == Reason.APPROVED
        return is_approved and self.composed is not None and self.is_changed


@dataclass(frozen=True)
class DigestBatch:
    """The held digests of one period and moment, as of one moment."""

    period: str
    due: datetime
    as_of: datetime
    digests: tuple[Digest, ...]

    @property
    def open(self) -> dict[str, Composed]:
        return {d.view.key: d.composed for d in self.digests if d.composed and d.is_open}

    @property
    def sha256(self) -> str:
        """Of all that wait for approval."""
        lines = (f"{key} {composed.sha256}\n" for key, composed in sorted(self.open.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Approvals:
    """Any number of processes may do this at once: each looks again before it writes.

    `is_current` says whether these files are in force: only by them may digests be approved.
    """

    composer: Composer
    database: Database
    writer: NoticeWriter
    is_current: Callable[[], bool]

    @property
    def table(self) -> Timetable:
        return self.composer.office.table

    # What the secretariat reads

    def batches(self, connection: Connection, at: datetime) -> list[DigestBatch]:
        """All that is held for approval, or approved and held until it is due; soonest first."""
        views = sorted(self._all_held(connection, at), key=lambda view: (view.due, view.period))
        moments = groupby(views, key=lambda view: (view.due, view.period))
        return [self._batch(connection, list(same), max(due, at)) for (due, _), same in moments]

    def find(
        self, connection: Connection, key: str, at: datetime, as_of: datetime | None = None
    ) -> tuple[Digest, datetime]:
        """One of them, and the moment as of which it is shown: that one if it may still be."""
        view = self._held_one(connection, key, at)
        if as_of is None or not self._may_be_as_of(view, as_of, at):
            as_of = max(view.due, at)
        return self._digests(connection, [view], as_of)[0], as_of

    def _all_held(
        self, connection: Connection, at: datetime, period: str | None = None
    ) -> list[NoticeView]:
        keys = self._keys(connection, _TO_READ, period=period)
        views = self._mine(read_notices(connection, keys=keys))
        return [view for view in views if view.useful_until > at]

    def _keys(self, connection: Connection, reasons: Collection[Reason], **of: Any) -> list[str]:
        plan = self.table.plan.id
        return holds.held_digests(connection, self.writer.stream, reasons, plan=plan, **of)

    def _mine(self, views: Iterable[NoticeView]) -> list[NoticeView]:
        """Of this table, of the plan's years."""
        return [view for view in views if self.table.plan.month_of(view.period)]

    def _held_one(self, connection: Connection, key: str, at: datetime) -> NoticeView:
        for view in _still_held(connection, [key], _TO_READ):
            if view.stream == self.writer.stream and view.useful_until > at:
                return view
        raise DeclinedError("held_no_more")

    def _batch(
        self, connection: Connection, views: list[NoticeView], as_of: datetime
    ) -> DigestBatch:
        digests = tuple(self._digests(connection, views, as_of))
        return DigestBatch(views[0].period, views[0].due, as_of, digests)

    # What it orders

    def approve(self, key: str, as_of: datetime, sha256: str, at: datetime, who: str = "") -> bool:
        """Before it is due it waits for its moment, after that it is queued as it was shown.

        False when the same was approved before.
        """
        if not self.is_current():
            raise DeclinedError("files_not_in_force")
        with self.database.write(who) as connection:
            view = read_notice(connection, key)
            if view and _is_approved(view, sha256):
                return False
            is_timely = self._may_be_as_of(self._held_one(connection, key, at), as_of, at)
            if not (is_timely and self._approve_same(connection, {key: sha256}, as_of, at)):
                raise DeclinedError("reads_otherwise")
        return True

    def approve_all(
        self, period: str, due: datetime, as_of: datetime, sha256: str, at: datetime, who: str = ""
    ) -> int:
        """All of a batch that nobody has approved, if all of them are as they were shown.

        Returns how many; what changes while this runs waits anew.
        """
        if not self.is_current():
            raise DeclinedError("files_not_in_force")
        with self.database.read() as connection:
            views = [v for v in self._all_held(connection, at, period) if v.due == due]
            is_timely = all(self._may_be_as_of(view, as_of, at) for view in views)
            batch = self._batch(connection, views, as_of) if views and is_timely else None
        if not is_timely or (batch and batch.open and batch.sha256 != sha256):
            raise DeclinedError("reads_otherwise")
        if not batch:
            return 0
        count = 0
        for keys in batched(batch.open):
            hashes = {key: batch.open[key].sha256 for key in keys}
            with self.database.write(who) as connection:
                count += self._approve_same(connection, hashes, as_of, at)
        return count

    def _approve_same(
        self, connection: Connection, hashes: Mapping[str, str], as_of: datetime, at: datetime
    ) -> int:
        """Those of them that read as they were shown, by key. Returns how many."""
        count = 0
        views = _still_held(connection, hashes, _TO_READ)
        for digest in self._digests(connection, views, as_of):
            view, composed = digest.view, digest.composed
            if not composed or composed.sha256 != hashes[view.key]:
                continue
            if _is_approved(view, composed.sha256):
                continue
            count += 1
            if at < view.due:  # nothing goes before that, and no bytes are kept until then
                holds.note_approved(connection, {view.key: composed.sha256}, at)
            else:
                notices.fix(connection, view.key, composed, at, Reason.APPROVED)
                holds.hold_new(connection, view.key, at)
        return count

    def drop(self, key: str, why: str, at: datetime, who: str = "") -> None:
        """It is never sent, and never made again."""
        if not why.strip():
            raise DeclinedError("no_reason_to_drop")
        if len(why) > WHY:
            raise DeclinedError("reason_too_long", most=WHY)
        with self.database.write(who) as connection:
            self._held_one(connection, key, at)
            notices.set_states(connection, [key], State.EXPIRED, Reason.DROPPED, at, why.strip())

    def _may_be_as_of(self, view: NoticeView, as_of: datetime, at: datetime) -> bool:
        """Its due moment, or when that is past a moment of today: later it says 〔补发〕."""
        if at < view.due:
            return as_of == view.due
        day = self.table.local_day
        return view.due <= as_of <= at and day(as_of) == day(at)

    # What each tick does

    def look_again(self, period: str, at: datetime) -> None:
        """After a change of plan, units or tasks: who is left, and what reads otherwise now."""
        reasons = (*_TO_READ, *NEEDLESS)
        with self.database.read() as connection:
            keys = self._keys(connection, reasons, period=period)
        for batch in batched(keys):
            with self.database.write() as connection:
                views = _still_held(connection, batch, reasons)
                progress = read_progress(connection, self.table, self.writer.stream)
                for view in views:
                    why = self._hindrance(view, progress)
                    if why and (view.due <= at or view.reason != why):
                        # For good when it was due; before that it may come back.
                        ended = State.REFUSED if why is Reason.NO_ADDRESS else State.EXPIRED
                        state = ended if view.due <= at else State.HELD
                        notices.set_states(connection, [view.key], state, why, at)
                    elif not why and view.reason in NEEDLESS:
                        notices.set_states(connection, [view.key], State.HELD, Reason.APPROVAL, at)
                cleared = [view for view in views if view.reason in CLEARED and view.due > at]
                for digest in self._digests(connection, cleared):
                    if digest.reads_otherwise:
                        holds.take_back(connection, [digest.view.key], at)

    def send(self, at: datetime) -> None:
        """Queues what was approved and is due now, each with the bytes that were read.

        A tick that comes late sends them all the same, as of their due moment.
        """
        with self.database.read() as connection:
            keys = self._keys(connection, CLEARED, due_by=at)
        for batch in batched(keys):
            with self.database.write() as connection:
                views = self._mine(_still_held(connection, batch, CLEARED))
                for digest in self._digests(connection, views):
                    key, reason = digest.view.key, Reason(digest.view.reason)
                    if digest.reads_otherwise:
                        holds.take_back(connection, [key], at)
                    elif digest.composed:  # else it is looked at again in the next pass
                        notices.fix(connection, key, digest.composed, at, reason)

    # How they would go

    def _digests(
        self, connection: Connection, views: Sequence[NoticeView], as_of: datetime | None = None
    ) -> list[Digest]:
        """At that moment, or each when it is due."""
        progress = read_progress(connection, self.table, self.writer.stream)
        moments: dict[datetime, list[NoticeView]] = defaultdict(list)
        for view in views:
            if not self._hindrance(view, progress):
                moments[as_of or view.due].append(view)
        composed = {}
        for moment, same in moments.items():
            context = self.composer.context(moment, self.writer.as_told(progress, moment))
            for batch in batched(same):
                drafts = [_draft(view) for view in batch]
                facts = self.writer.unit_facts(connection, drafts)
                for view, draft, own in zip(batch, drafts, facts, strict=True):
                    mail = context.compose(draft, own, rehearsal=view.rehearsal)
                    composed[view.key] = mail
        return [Digest(view, composed.get(view.key)) for view in views]

    def _hindrance(self, view: NoticeView, progress: Progress) -> Reason | None:
        """Why it would go to nobody."""
        if why := why_needless(self.table, _draft(view), progress):
            return why
        return None if self.table.directory[view.unit].has_address else Reason.NO_ADDRESS


def _still_held(
    connection: Connection, keys: Iterable[str], reasons: Collection[Reason]
) -> list[NoticeView]:
    views = read_notices(connection, keys=keys)
    return [view for view in views if view.state is State.HELD and view.reason in reasons]


def _is_approved(view: NoticeView, sha256: str) -> bool:
    """It waits for its moment with that hash, or had it when it was queued."""
    waits = view.state is State.HELD and view.reason == Reason.APPROVED
    return sha256 == (view.approved if waits else view.sha256)


def _draft(view: NoticeView) -> NoticeDraft:
    return NoticeDraft(view.key, view.kind, view.period, view.unit, view.due, view.useful_until)
