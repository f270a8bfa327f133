"""Held notices as they would go: nothing is kept of most of them, so they are composed now."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from sqlalchemy import Connection

from reminder.domain.changes import still_asked, why_needless
from reminder.domain.notices import (
    APPROVED_KINDS,
    CLEARED,
    NEEDLESS,
    ON_HOLD,
    REMINDERS,
    Kind,
    NoticeDraft,
    Reason,
)
from reminder.domain.units import Unit
from reminder.ledger import notices
from reminder.ledger.notices import Composed
from reminder.ledger.rows import batched
from reminder.ledger.views import NoticeView
from reminder.mail.compose import UNIT_MARK, Sketch
from reminder.mail.mime import subject_of, text_of
from reminder.mail.render_context import RenderContext
from reminder.office.notice_writer import NoticeWriter
from reminder.office.stored_drafts import drafts_of

_LINK = re.compile(r"https?://\S+")
Moment = Callable[[NoticeView], datetime]


class Wait(StrEnum):
    """What a held notice waits for."""

    RELEASE = "release"  # everything, or everything of its table, is held
    APPROVAL = "approval"
    MOMENT = "moment"  # approved, and not due yet
    NOTHING = "nothing"  # as things are it would go to nobody


@dataclass(frozen=True)
class StoredMail:
    """A held mail that has bytes, its unit by name. `is_kept` when it goes with them, else it was
    written anew because it has waited for days."""

    bytes: Composed
    unit: str
    is_kept: bool

    @property
    def sha256(self) -> str:
        return self.bytes.sha256

    @property
    def subject(self) -> str:
        return subject_of(self.bytes.content)

    @cached_property
    def text(self) -> str:
        """With a mark in place of the unit's name, and without links."""
        text = text_of(self.bytes.content)
        if self.unit and text.startswith(self.unit):
            text = text.replace(self.unit, UNIT_MARK, 1)
        return _LINK.sub("", text)

    @property
    def reading(self) -> str:
        return hashlib.sha256(f"{self.subject}\n{self.text}".encode()).hexdigest()

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.bytes.recipients

    def composed(self) -> Composed:
        return self.bytes


@dataclass(frozen=True)
class OutgoingMail:
    """A held notice, and how it would go; `mail` is None when it would go to nobody, for the
    reason `why_not`."""

    view: NoticeView
    unit: Unit | None  # None for the operator, and for one that has left
    mail: Sketch | StoredMail | None
    why_not: Reason | None = None

    @property
    def key(self) -> str:
        return self.view.key

    @property
    def wait(self) -> Wait:
        if self.mail is None or self.view.reason in NEEDLESS:
            return Wait.NOTHING
        if self.view.reason in ON_HOLD or self.view.sha256:
            return Wait.RELEASE
        return Wait.MOMENT if self.view.reason in CLEARED else Wait.APPROVAL

    @property
    def sha256(self) -> str:
        """Of all that a reader sees of it."""
        return self.mail.sha256 if self.mail else ""

    def composed(self) -> Composed:
        if self.mail is None:
            raise ValueError(f"{self.key} goes to nobody")
        return self.mail.composed()

    @property
    def is_changed(self) -> bool:
        """What was approved once is not what it says now."""
        approved = self.view.approved
        return bool(approved and self.mail) and approved != self.composed().approval

    @property
    def is_to_be_read_again(self) -> bool:
        """A digest whose bytes are too old to go."""
        is_kept = isinstance(self.mail, StoredMail) and self.mail.is_kept
        return bool(self.view.sha256) and self.view.kind in APPROVED_KINDS and not is_kept

    @property
    def reads_otherwise(self) -> bool:
        """It was approved, and may not go as it is now."""
        return self.view.reason == Reason.APPROVED and self.is_changed


def as_of(view: NoticeView, shown: datetime) -> datetime:
    """The moment of which a held notice tells, seen at that one: nothing goes before it is due,
    and what was approved goes as of then however late."""
    return view.due if view.reason in CLEARED else max(view.due, shown)


@dataclass(frozen=True)
class HeldMails:
    """Of one table."""

    writer: NoticeWriter

    def read(
        self, connection: Connection, views: Sequence[NoticeView], moment: Moment
    ) -> list[OutgoingMail]:
        """Each as of its moment, in the order of `views`."""
        moments: dict[datetime, list[NoticeView]] = defaultdict(list)
        for view in views:
            moments[moment(view)].append(view)
        mails: dict[str, OutgoingMail] = {}
        for at, same in moments.items():
            context = self.writer.context(connection, at)
            for batch in batched(same):
                mails |= {one.key: one for one in self._read(connection, batch, context)}
        return [mails[view.key] for view in views]

    def _read(
        self, connection: Connection, views: Sequence[NoticeView], context: RenderContext
    ) -> Iterator[OutgoingMail]:
        begun = [view.key for view in views if view.sha256]
        stored = notices.contents_of(connection, begun) if begun else {}
        too_old = self._too_old(connection, views, context.as_of)
        drafts, anew = drafts_of(connection, views), []
        choices = self.writer.readers.choices(connection, drafts)
        for view, draft in zip(views, drafts, strict=True):
            unit = context.table.directory.receiver(view.unit)
            why = self._hindrance(draft, context)
            if not view.sha256:  # what was on its way has been asked for before
                why = why or self.writer.readers.why_not(choices, draft, context.as_of)
            if why:
                yield OutgoingMail(view, unit, None, why)
            elif view.key in too_old and view.kind not in _OF_UNITS:
                again = self.writer.again(connection, view, context.as_of)
                yield OutgoingMail(view, unit, StoredMail(again, unit.name if unit else "", False))
            elif view.key in stored and view.key not in too_old:
                yield OutgoingMail(view, unit, self._stored(view, unit, stored[view.key]))
            else:
                if draft.kind in REMINDERS:
                    draft = still_asked(context.table, draft, context.progress)
                anew.append((view, unit, draft))
        facts = self.writer.unit_facts(connection, [draft for *_, draft in anew], context)
        for (view, unit, draft), own in zip(anew, facts, strict=True):
            if own.says_nothing(draft):
                yield OutgoingMail(view, unit, None, Reason.DONE)
                continue
            sketch = context.sketch(draft, own, rehearsal=view.rehearsal)
            yield OutgoingMail(view, unit, sketch)

    def _hindrance(self, draft: NoticeDraft, context: RenderContext) -> Reason | None:
        """Why it would go to nobody."""
        if why := why_needless(context.table, draft, context.progress):
            return why
        if draft.kind in _OF_UNITS and not self.writer.composer.is_addressed(draft):
            return Reason.NO_ADDRESS
        return None

    def _too_old(
        self, connection: Connection, views: Sequence[NoticeView], at: datetime
    ) -> set[str]:
        """What has waited too long to go with its bytes, and has never reached DATA."""
        old = {view.key for view in views if view.as_of and view.as_of < at - notices.OLD}
        return old - notices.seen_at_data(connection, old)

    def _stored(self, view: NoticeView, unit: Unit | None, content: bytes) -> StoredMail:
        to = tuple(person.address for person in view.recipients)
        kept = Composed(view.message_id or "", content, view.as_of or view.due, to)
        return StoredMail(kept, unit.name if unit else "", is_kept=True)


_OF_UNITS = (Kind.DIGEST, Kind.NUDGE, Kind.OVERDUE, Kind.SUPPLEMENT)
