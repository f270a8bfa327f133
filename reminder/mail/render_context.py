"""What the mails of one moment have in common: what units of one audience read alike is written
once."""

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from reminder.domain.digest import Content, digest, reminder
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.plan import calendar_month
from reminder.domain.status import Reader
from reminder.domain.supplements import changed_section, supplement
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger.notices import Composed
from reminder.mail.compose import Composer, Sketch, UnitFacts
from reminder.mail.mime import MailText

_MOST_TEXTS = 200  # texts of one moment: a plan's audiences are a few dozen
_NONE = UnitFacts()


@dataclass(frozen=True)
class RenderContext:
    """The mails of one moment: what units of one audience read alike is written once."""

    composer: Composer
    as_of: datetime
    progress: Progress
    _texts: dict[Hashable, tuple[Content, MailText, str]] = field(default_factory=dict)

    def subject(self, draft: NoticeDraft, facts: UnitFacts) -> str:
        return self.composer.subject(self._content(draft, facts))

    def compose(
        self, draft: NoticeDraft, facts: UnitFacts = _NONE, *, rehearsal: bool = False
    ) -> Composed:
        """The message of a digest, a nudge, a 待确认 mail or a correction."""
        return self.sketch(draft, facts, rehearsal=rehearsal).composed()

    def sketch(self, draft: NoticeDraft, facts: UnitFacts, *, rehearsal: bool = False) -> Sketch:
        for_lead = addressees(self.table, draft).lead
        if not for_lead:
            # The unit's own.
            facts = replace(facts, page_link="", calendar_link="", copies=(), withheld=())
        # All that the mail depends on, but for the unit's name and addresses.
        alike = (
            (draft.kind, draft.period, draft.tasks, draft.due),
            (self.table.audience(draft.unit), self._reported.get(draft.unit)),
            (facts.first_of_year, bool(facts.page_link), bool(facts.calendar_link)),
            (facts.signed, *(one.reading for one in facts.corrections)),
            self.composer.copied(draft),
            None if for_lead else draft.unit,
        )
        if alike not in self._texts:
            if len(self._texts) >= _MOST_TEXTS:  # each unit for itself: nothing is shared
                self._texts.clear()
            content = self._content(draft, facts)
            said = self.composer.text(draft, content, facts)
            self._texts[alike] = content, said, hashlib.sha256(repr(said).encode()).hexdigest()
        content, said, reading = self._texts[alike]
        return Sketch(self.composer, draft, self.as_of, content, facts, said, reading, rehearsal)

    @property
    def table(self) -> Timetable:
        return self.composer.office.table

    @cached_property
    def _reported(self) -> dict[str, tuple[tuple[str, date], ...]]:
        units: dict[str, tuple[tuple[str, date], ...]] = {}
        for (task, unit, period), day in self.progress.reported.items():
            if not period:
                units[unit] = (*units.get(unit, ()), (task, day))
        return units

    def _content(self, draft: NoticeDraft, facts: UnitFacts) -> Content:
        table, at, day = self.table, self.as_of, self.table.local_day(self.as_of)
        late, unit = table.is_late(draft.due, at), table.directory[draft.unit]
        reader = Reader(table, unit, day, self.progress, linked=bool(facts.page_link))
        if draft.kind is Kind.DIGEST:
            month = table.plan.month_of(draft.period)
            content = digest(reader, month, at)
            if facts.corrections:
                changed = changed_section(facts.corrections, calendar_month(month))
                content = replace(content, sections=(changed, *content.sections))
        elif draft.kind is Kind.SUPPLEMENT:
            content = supplement(reader, facts.corrections, at, signed=facts.signed)
        else:
            content = reminder(draft.kind, reader, [task for task, *_ in draft.tasks], at)
        for_lead = addressees(table, draft).lead
        first = facts.first_of_year and for_lead
        return replace(content, late=late, first_of_year=first, for_lead=for_lead)
