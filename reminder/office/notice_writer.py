"""Puts notices into the ledger: queued with its bytes, held, refused, given up."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from reminder.domain.changes import still_asked, why_done, why_needless
from reminder.domain.notices import Kind, NoticeDraft, Reason, State, original
from reminder.domain.windows import Progress
from reminder.ledger import notices, notified
from reminder.ledger.holds import read_hold
from reminder.ledger.links import FEED, PAGE, feed_url, link_tokens, page_url
from reminder.ledger.notices import Composed, NewNotice
from reminder.ledger.notified import was_covered
from reminder.ledger.registrations import read_progress
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.compose import Composer, RenderContext, UnitFacts

OLD = timedelta(days=2)  # then what was never handed over is composed anew


class NoticeWriter:
    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._table = composer.office.table
        self._settings = composer.office.settings
        self.stream = self._settings.stream
        self.rehearsal = self._settings.rehearsal

    def marked(self, kind: str) -> str:
        """An occasion's kind: those of a rehearsal are others."""
        return f"rehearsal/{kind}" if self.rehearsal else kind

    def add(
        self, connection: Connection, drafts: Sequence[NoticeDraft], context: RenderContext
    ) -> None:
        """Queued with its bytes, held without them, or refused for want of an address.

        What is to be approved does not wait for the first start's release: that is its release.
        """
        at = context.as_of
        missing = [draft for draft in drafts if not self._composer.is_addressed(draft)]
        ready = [draft for draft in drafts if self._composer.is_addressed(draft)]
        self.put(connection, missing, at, State.REFUSED, Reason.NO_ADDRESS)
        if self._settings.mail.approval:
            read_first = [draft for draft in ready if draft.kind is Kind.DIGEST]
            ready = [draft for draft in ready if draft.kind is not Kind.DIGEST]
            self.put(connection, read_first, at, State.HELD, Reason.APPROVAL)
        if hold := read_hold(connection, self.stream):
            self.put(connection, ready, at, State.HELD, hold.reason)
            return
        facts = self.unit_facts(connection, ready)
        entries = [
            NewNotice(draft, composed=context.compose(draft, own))
            for draft, own in zip(ready, facts, strict=True)
        ]
        self._put_in(connection, entries, at)

    def add_composed(
        self, connection: Connection, draft: NoticeDraft, at: datetime, composed: Composed
    ) -> None:
        self._put_in(connection, [NewNotice(draft, composed=composed)], at)

    def put(
        self,
        connection: Connection,
        drafts: Iterable[NoticeDraft],
        at: datetime,
        state: State,
        reason: Reason,
    ) -> None:
        self._put_in(connection, [NewNotice(draft, reason, state=state) for draft in drafts], at)

    def _put_in(self, connection: Connection, entries: Sequence[NewNotice], at: datetime) -> None:
        notices.add(connection, entries, at, stream=self.stream, rehearsal=self.rehearsal)

    def context(self, connection: Connection, at: datetime) -> RenderContext:
        return self._composer.context(at, self.progress(connection, at))

    def compose(
        self, connection: Connection, draft: NoticeDraft, at: datetime, *, rehearsal: bool = False
    ) -> Composed:
        [facts] = self.unit_facts(connection, [draft])
        return self.context(connection, at).compose(draft, facts, rehearsal=rehearsal)

    def progress(self, connection: Connection, at: datetime) -> Progress:
        return self.as_told(read_progress(connection, self._table, self.stream), at)

    def as_told(self, progress: Progress, at: datetime) -> Progress:
        on = self._table.local_day(at)
        if progress.started is None or progress.started > on:
            # A preview, before the first start or of a day before it: as if it were then.
            return replace(progress, started=on)
        return progress

    def unit_facts(
        self, connection: Connection, drafts: Sequence[NoticeDraft]
    ) -> Iterator[UnitFacts]:
        units = [draft.unit for draft in drafts]
        year, before = self._table.plan.year, [draft.key for draft in drafts]
        written_to = notified.written_to(connection, units, year, before, self.stream)
        if not self._settings.links_in_mail:
            yield from (UnitFacts(unit not in written_to) for unit in units)
            return
        base, key = self._settings.web.public_url, self._composer.key
        feeds = link_tokens(connection, key, FEED, units)
        pages = link_tokens(connection, key, PAGE, units)
        for unit in units:
            calendar = feed_url(base, feeds[unit], unit, handed_out=True)
            page = page_url(base, pages[unit], unit)
            yield UnitFacts(unit not in written_to, calendar, page)

    def release(
        self, connection: Connection, view: NoticeView, at: datetime, reason: Reason
    ) -> bool:
        """Queues what has no bytes yet, composed now; False when there is no need any more."""
        composed = self._composed(connection, view, at)
        if composed:
            notices.fix(connection, view.key, composed, at, reason)
        return composed is not None

    def take_up_again(self, connection: Connection, view: NoticeView, at: datetime) -> None:
        """What was given up by a clock that ran ahead: with the bytes that it had, or as it is
        put in now."""
        hold = read_hold(connection, self.stream)
        if view.sha256 and not (hold and hold.of_all):
            notices.revive(connection, view.key, at, Reason.CLOCK)
        elif self._settings.mail.approval and view.kind is Kind.DIGEST and not view.sha256:
            notices.set_state(connection, view.key, State.HELD, Reason.APPROVAL, at)
        elif hold:
            notices.set_state(connection, view.key, State.HELD, hold.reason, at)
        else:
            self.release(connection, view, at, Reason.CLOCK)

    def renew_old(self, connection: Connection, keys: Iterable[str], at: datetime) -> None:
        """Those of them that have waited too long to go as they were composed."""
        old = notices.old_ones(connection, self.stream, at - OLD)
        for view in read_notices(connection, keys=set(old).intersection(keys)):
            self._renew(connection, view, at)

    def _renew(self, connection: Connection, view: NoticeView, at: datetime) -> None:
        """What waited for days and never reached DATA goes as it would be composed now: no server
        takes a Date of last week, and a late mail says so. What was approved is read again."""
        if view.kind in (Kind.REPORT, Kind.RECEIPT):
            content = notices.content_of(connection, view.key) or b""
            again = self._composer.again(view.key, at, content)
            notices.renew(connection, view.key, again, at)
        elif view.kind is Kind.DIGEST and self._settings.mail.approval:
            notices.hold_again(connection, view.key, at)
        elif composed := self._composed(connection, view, at):
            reached = notices.reached(connection, view.key, self.stream)  # by a copy
            left = tuple(one for one in composed.recipients if one.lower() not in reached)
            # Who it was for has left: it goes as it was laid in, or waits.
            if left:
                notices.renew(connection, view.key, replace(composed, recipients=left), at)

    def _composed(self, connection: Connection, view: NoticeView, at: datetime) -> Composed | None:
        """None when there is no need any more, or nobody to write to: then it says so."""
        draft = draft_of(connection, view)
        progress = self.progress(connection, at)
        if why := why_needless(self._table, draft, progress):
            notices.set_state(connection, view.key, State.EXPIRED, why, at)
            return None
        if not self._composer.is_addressed(draft):
            notices.set_state(connection, view.key, State.REFUSED, Reason.NO_ADDRESS, at)
            return None
        draft = still_asked(self._table, draft, progress)
        return self.compose(connection, draft, at, rehearsal=view.rehearsal)


def draft_of(connection: Connection, view: NoticeView) -> NoticeDraft:
    """What was due when that notice was put in."""
    base = original(view.key)
    tasks = notified.reminded_tasks(connection, [base])
    by_digest = view.kind is Kind.OVERDUE and was_covered(connection, base)
    return NoticeDraft(
        view.key, view.kind, view.period, view.unit, view.due, view.useful_until,
        tuple(tasks[base]), by_digest,
    )  # fmt: skip


def stop_reminders(
    connection: Connection, why: Callable[[NoticeDraft], Reason | None], at: datetime
) -> None:
    """Reminders on their way for which `why` has a reason end; not what is just being sent.

    A copy is of the same tasks as the notice that it copies.
    """
    rows = notices.unfinished(connection, Kind.NUDGE, Kind.OVERDUE)
    tasks = notified.reminded_tasks(connection, {original(row["key"]) for row in rows})
    stopped = defaultdict(list)
    for row in rows:
        draft = NoticeDraft(
            row["key"], Kind(row["kind"]), row["period"], row["unit"], row["due"],
            row["useful_until"], tuple(tasks[original(row["key"])]),
        )  # fmt: skip
        if reason := why(draft):
            stopped[reason].append(draft.key)
    for reason, keys in stopped.items():
        notices.set_states(connection, keys, State.EXPIRED, reason, at)


def stop_done(connection: Connection, progress: Progress, at: datetime) -> None:
    """Reminders of tasks that were all registered since end."""
    stop_reminders(connection, partial(why_done, progress=progress), at)
