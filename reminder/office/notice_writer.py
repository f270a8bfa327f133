"""Puts notices into the ledger: queued with its bytes, held, refused, given up."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from reminder.domain.changes import still_asked, why_needless
from reminder.domain.notices import (
    APPROVED_KINDS,
    Kind,
    NoticeDraft,
    Reason,
    State,
    number_of,
)
from reminder.domain.registrations import Act
from reminder.domain.supplements import Correction
from reminder.domain.windows import Progress
from reminder.ledger import notices, occasions
from reminder.ledger.access import FEED, PAGE, read_links
from reminder.ledger.holds import Hold, read_hold
from reminder.ledger.notices import Composed, NewNotice
from reminder.ledger.own_messages import by_channels
from reminder.ledger.registrations import in_force, read_progress
from reminder.ledger.views import NoticeView, read_notices
from reminder.mail.compose import Composer, UnitFacts
from reminder.mail.render_context import RenderContext
from reminder.office.corrections import Corrections, Heard, Hearing
from reminder.office.readers import Readers
from reminder.office.stored_drafts import draft_of


class NoticeWriter:
    def __init__(self, composer: Composer, corrections: Corrections) -> None:
        self.composer = composer
        self.corrections = corrections
        self._table = composer.office.table
        self._settings = composer.office.settings
        self.stream = self._settings.stream
        self.rehearsal = self._settings.rehearsal
        self.readers = Readers(composer)

    def hold(self, connection: Connection) -> Hold | None:
        """Why nothing of this table goes; None where it does."""
        plan = self._table.plan
        return read_hold(connection, self.stream, (plan.id, plan.year))

    def marked(self, kind: str) -> str:
        """An occasion's kind: those of a rehearsal are others."""
        return f"rehearsal/{kind}" if self.rehearsal else kind

    def add(
        self, connection: Connection, drafts: Iterable[NoticeDraft], context: RenderContext
    ) -> None:
        """Queued with its bytes, held without them, or refused for want of an address.

        What is to be approved does not wait for the first start's release: that is its release.
        """
        approves = self._settings.mail.approval
        hold, drafts = self.hold(connection), list(drafts)
        choices = self.readers.choices(connection, drafts)
        new, ready = [], []
        for draft in drafts:
            if not self.composer.is_addressed(draft):
                new.append(NewNotice(draft, Reason.NO_ADDRESS, state=State.REFUSED))
            elif why := self.readers.why_not(choices, draft, context.as_of):
                new.append(NewNotice(draft, why, state=State.EXPIRED))
            elif approves and draft.kind in APPROVED_KINDS:
                new.append(NewNotice(draft, Reason.APPROVAL, state=State.HELD))
            elif hold:
                new.append(NewNotice(draft, hold.reason, state=State.HELD))
            else:
                ready.append(draft)
        for draft, facts in zip(ready, self.unit_facts(connection, ready, context), strict=True):
            new.append(NewNotice(draft, composed=context.compose(draft, facts)))
        self.put(connection, new, context.as_of)

    def add_composed(
        self, connection: Connection, draft: NoticeDraft, at: datetime, composed: Composed
    ) -> None:
        self.put(connection, [NewNotice(draft, composed=composed)], at)

    def put(self, connection: Connection, new: Sequence[NewNotice], at: datetime) -> None:
        notices.add(connection, new, at, stream=self.stream, rehearsal=self.rehearsal)

    def context(self, connection: Connection, at: datetime) -> RenderContext:
        return RenderContext(self.composer, at, self.progress(connection, at))

    def compose(
        self, connection: Connection, draft: NoticeDraft, at: datetime, *, rehearsal: bool = False
    ) -> Composed:
        context = self.context(connection, at)
        [facts] = self.unit_facts(connection, [draft], context)
        return context.compose(draft, facts, rehearsal=rehearsal)

    def progress(self, connection: Connection, at: datetime) -> Progress:
        return self.as_told(read_progress(connection, self._table, self.stream), at)

    def as_told(self, progress: Progress, at: datetime) -> Progress:
        on = self._table.local_day(at)
        if progress.started is None or progress.started > on:
            # A preview, before the first start or of a day before it: as if it were then.
            return replace(progress, started=on)
        return progress

    def unit_facts(
        self,
        connection: Connection,
        drafts: Sequence[NoticeDraft],
        context: RenderContext | None = None,
    ) -> Iterator[UnitFacts]:
        """In that context with what each hears of changes, too."""
        heard = self.heard(connection, drafts, context) if context else {}
        signed = self._signed(connection, drafts, context) if context else set()
        choices = self.readers.choices(connection, drafts)
        for draft, facts in zip(drafts, self._links(connection, drafts), strict=True):
            items, at = heard.get(draft.key, ()), context.as_of if context else draft.due
            facts = self.readers.added(facts, choices, draft, at)
            yield replace(facts, corrections=items, signed=draft.unit in signed)

    def _links(self, connection: Connection, drafts: Sequence[NoticeDraft]) -> Iterator[UnitFacts]:
        units = [draft.unit for draft in drafts]
        plan, before = self._table.plan, [draft.key for draft in drafts]
        written_to = occasions.written_to(connection, plan, units, before, self.stream)
        if not self._settings.links_in_mail:
            yield from (UnitFacts(unit not in written_to) for unit in units)
            return
        base, key = self._settings.web.public_url, self.composer.key
        of_plan = f"?plan={plan.id}" if len(self.composer.office.series) > 1 else ""
        feeds = read_links(connection, FEED, units)
        pages = read_links(connection, PAGE, units)
        for unit in units:
            calendar = feeds[unit].address(base, key, handed_out=True)
            page = pages[unit].address(base, key) + of_plan
            yield UnitFacts(unit not in written_to, calendar, page)

    def heard(
        self, connection: Connection, drafts: Sequence[NoticeDraft], context: RenderContext
    ) -> Heard:
        """By the notice's key."""
        hearing = Hearing(self._table.plan.id, context.as_of, context.progress)
        alike: dict[int, list[NoticeDraft]] = defaultdict(list)  # digests under 0
        for draft in drafts:
            if draft.kind is Kind.SUPPLEMENT:
                alike[number_of(draft.key)].append(draft)
            elif draft.kind is Kind.DIGEST:
                alike[0].append(draft)
        found: dict[str, tuple[Correction, ...]] = {}
        for number, same in alike.items():
            if number:
                units = [draft.unit for draft in same]
                heard = self.corrections.of_batch(connection, number, hearing, units)
            else:
                heard = self.corrections.since_digests(connection, hearing, same)
            found |= {draft.key: heard.get(draft.unit, ()) for draft in same}
        return found

    def _signed(
        self, connection: Connection, drafts: Sequence[NoticeDraft], context: RenderContext
    ) -> set[str]:
        """Who has signed the running month's digest, of those who hear that it changed."""
        if not any(draft.kind is Kind.SUPPLEMENT for draft in drafts):
            return set()
        period = f"{self._table.local_day(context.as_of):%Y-%m}"
        plan = self._table.plan.id
        return {one.unit for one in in_force(connection, plan, Act.SIGN, period=period)}

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
        hold = self.hold(connection)
        held = None  # the reason why it waits again
        if view.sha256 and not (hold and hold.of_all):
            notices.revive(connection, view.key, at, Reason.CLOCK)
        elif self._settings.mail.approval and view.kind in APPROVED_KINDS and not view.sha256:
            held = Reason.APPROVAL
        elif hold:
            held = hold.reason
        else:
            self.release(connection, view, at, Reason.CLOCK)
        if held:
            notices.set_states(connection, [view.key], State.HELD, held, at)

    def old_ones(
        self, connection: Connection, unfinished: Iterable[Row[Any]], at: datetime
    ) -> list[str]:
        """Keys of what has waited too long to go as it was composed, and has never reached DATA."""
        keys = [
            row.key
            for row in unfinished
            if row.state is None and row.stream == self.stream and row.as_of < at - notices.OLD
        ]
        seen = notices.seen_at_data(connection, keys)
        return [key for key in keys if key not in seen]

    def renew_old(self, connection: Connection, keys: Iterable[str], at: datetime) -> None:
        """Those of them that have waited too long to go as they were composed."""
        old = self.old_ones(connection, notices.unfinished(connection, at), at)
        for view in read_notices(connection, keys=set(old).intersection(keys)):
            self._renew(connection, view, at)

    def _renew(self, connection: Connection, view: NoticeView, at: datetime) -> None:
        """What waited for days and never reached DATA goes as it would be composed now: no server
        takes a Date of last week, and a late mail says so. What was approved is read again."""
        if view.kind in (Kind.REPORT, Kind.RECEIPT):
            again = self.again(connection, view, at)
            notices.renew(connection, view.key, again, at)
        elif view.kind in APPROVED_KINDS and self._settings.mail.approval:
            notices.hold_again(connection, view.key, at)
        elif composed := self._composed(connection, view, at):
            reached = notices.reached(connection, view.key, self.stream)  # by a copy
            left = tuple(one for one in composed.recipients if one.lower() not in reached)
            # Who it was for has left: it goes as it was laid in, or waits.
            if left:
                notices.renew(connection, view.key, replace(composed, recipients=left), at)

    def again(self, connection: Connection, view: NoticeView, at: datetime) -> Composed:
        """A report's or a receipt's words, as of now."""
        content = notices.content_of(connection, view.key) or b""
        if view.kind is not Kind.RECEIPT:
            return self.composer.again(view.key, at, content)
        draft = draft_of(connection, view)
        [facts] = self.unit_facts(connection, [draft])
        shorts = by_channels(connection, view.key)
        return self.composer.receipt_again(view.key, at, content, draft, facts, shorts)

    def _composed(self, connection: Connection, view: NoticeView, at: datetime) -> Composed | None:
        """None when there is no need any more, or nobody to write to: then it says so."""
        draft = draft_of(connection, view)
        progress = self.progress(connection, at)
        if why := why_needless(self._table, draft, progress):
            notices.set_states(connection, [view.key], State.EXPIRED, why, at)
            return None
        if not self.composer.is_addressed(draft):
            notices.set_states(connection, [view.key], State.REFUSED, Reason.NO_ADDRESS, at)
            return None
        choices = self.readers.choices(connection, [draft])
        if why := self.readers.why_not(choices, draft, at):
            notices.set_states(connection, [view.key], State.EXPIRED, why, at)
            return None
        draft = still_asked(self._table, draft, progress)
        context = RenderContext(self.composer, at, progress)
        [facts] = self.unit_facts(connection, [draft], context)
        if facts.says_nothing(draft):
            notices.set_states(connection, [view.key], State.EXPIRED, Reason.DONE, at)
            return None
        return context.compose(draft, facts, rehearsal=view.rehearsal)
