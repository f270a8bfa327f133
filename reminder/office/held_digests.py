"""Held digests: as they would go, looked at again when facts change, queued at their moment.

Approval is of bytes: what was read is sent, or it waits anew. Nothing goes before it is due.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.changes import why_needless
from reminder.domain.notices import CLEARED, NEEDLESS, UNREAD, NoticeDraft, Reason, State
from reminder.domain.windows import Progress
from reminder.ledger import holds, notices
from reminder.ledger.database import Database
from reminder.ledger.notices import Composed
from reminder.ledger.registrations import read_progress
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.compose import Composer
from reminder.office.notice_writer import NoticeWriter

_OURS = (*UNREAD, *CLEARED, *NEEDLESS)


class Approvals:
    """Any number of processes may do this at once: each looks again before it writes."""

    def __init__(self, composer: Composer, database: Database, notice_writer: NoticeWriter) -> None:
        self._composer = composer
        self._table = composer.office.table
        self._database = database
        self._writer = notice_writer

    def shown(
        self, connection: Connection, views: Iterable[NoticeView], as_of: datetime | None = None
    ) -> dict[str, Composed]:
        """As they would go, by key: at that moment, or each when it is due.

        What would go to nobody is left out: the unit has no address, or nothing to be told.
        """
        progress = read_progress(connection, self._table, self._writer.stream)
        hindrances = self._hindrances(views := list(views), progress)
        moments: dict[datetime, list[NoticeView]] = defaultdict(list)
        for view in views:
            if view.key not in hindrances:
                moments[as_of or view.due].append(view)
        return {
            key: composed
            for moment, same in moments.items()
            for key, composed in self._composed(connection, same, moment, progress)
        }

    def _composed(
        self, connection: Connection, views: list[NoticeView], as_of: datetime, progress: Progress
    ) -> Iterable[tuple[str, Composed]]:
        progress = self._writer.as_told(progress, as_of)
        context = self._composer.context(as_of, progress)
        for batch in batched(views):
            drafts = [_draft(view) for view in batch]
            facts = self._writer.unit_facts(connection, drafts)
            for view, draft, own in zip(batch, drafts, facts, strict=True):
                yield view.key, context.compose(draft, own, rehearsal=view.rehearsal)

    def _hindrances(self, views: Iterable[NoticeView], progress: Progress) -> dict[str, Reason]:
        """Why some of them would go to nobody."""
        hindrances: dict[str, Reason] = {}
        for view in views:
            if why := why_needless(self._table, _draft(view), progress):
                hindrances[view.key] = why
            elif not self._table.directory[view.unit].has_address:
                hindrances[view.key] = Reason.NO_ADDRESS
        return hindrances

    def look_again(self, period: str, at: datetime) -> None:
        """After a change of plan, units or tasks: who is left, and what reads otherwise now."""
        with self._database.read() as connection:
            keys = holds.held_digests(connection, self._writer.stream, _OURS, period=period)
        for batch in batched(keys):
            with self._database.write() as connection:
                self._look_again(connection, batch, at)

    def _look_again(self, connection: Connection, keys: Sequence[str], at: datetime) -> None:
        views = _held(connection, keys, _OURS)
        progress = read_progress(connection, self._table, self._writer.stream)
        hindrances = self._hindrances(views, progress)
        cleared = [view for view in views if view.reason in CLEARED and view.due > at]
        composed = self.shown(connection, cleared)
        for view in views:
            why = hindrances.get(view.key)
            if why and (view.due <= at or view.reason != why):
                self._stop(connection, view, why, at)
            elif not why and view.reason in NEEDLESS:
                notices.set_state(connection, view.key, State.HELD, Reason.APPROVAL, at)
        changed = [view.key for view in cleared if _differs(view, composed.get(view.key))]
        holds.take_back(connection, changed, at)

    def _stop(self, connection: Connection, view: NoticeView, reason: Reason, at: datetime) -> None:
        """For good when it was due; before that it may come back."""
        state = State.HELD
        if view.due <= at:
            state = State.REFUSED if reason is Reason.NO_ADDRESS else State.EXPIRED
        notices.set_state(connection, view.key, state, reason, at)

    def send(self, at: datetime) -> None:
        """Queues what was approved and is due now, each with the bytes that were read.

        A tick that comes late sends them all the same, as of their due moment.
        """
        with self._database.read() as connection:
            keys = holds.held_digests(connection, self._writer.stream, CLEARED, due_by=at)
        for batch in batched(keys):
            with self._database.write() as connection:
                self._send(connection, batch, at)

    def _send(self, connection: Connection, keys: Sequence[str], at: datetime) -> None:
        views = _held(connection, keys, CLEARED)
        composed = self.shown(connection, views)
        changed = []
        for view in views:
            if view.key not in composed:
                continue  # looked at again in the next pass
            if _differs(view, composed[view.key]):
                changed.append(view.key)
            else:
                notices.fix(connection, view.key, composed[view.key], at, Reason(view.reason))
        holds.take_back(connection, changed, at)


def _held(
    connection: Connection, keys: Sequence[str], reasons: Sequence[Reason]
) -> list[NoticeView]:
    """Those that still are, for one of these reasons."""
    views = read_notices(connection, keys=keys)
    return [view for view in views if view.state is State.HELD and view.reason in reasons]


def _draft(view: NoticeView) -> NoticeDraft:
    return NoticeDraft(view.key, view.kind, view.period, view.unit, view.due, view.useful_until)


def _differs(view: NoticeView, composed: Composed | None) -> bool:
    return (
        view.reason == Reason.APPROVED and composed is not None and composed.sha256 != view.approved
    )
