"""From a notice to the message that will be stored: facts, templates, headers, bytes.

The bytes follow from the notice, the plan, what is registered, the as-of moment and the
installation key alone: composing twice makes the same message.
"""

import hashlib
import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from jinja2 import Environment
from markupsafe import escape

from reminder.documents.office import Office
from reminder.documents.sections import MailSettings
from reminder.documents.templates import WORDS, environment, phrase, render
from reminder.domain.digest import Content, digest, reminder
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.plan import calendar_month
from reminder.domain.status import Reader
from reminder.domain.supplements import Correction, changed_section, supplement
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.ledger.notices import Composed
from reminder.mail import mime
from reminder.mail.mime import HeaderAddress, MailText

_BLANK_LINES = re.compile(r"\n{3,}")
# Stand in a rendered mail for what is its unit's own: noncharacters, which no document may hold.
UNIT_MARK, _PAGE, _CALENDAR = "\ufdd0", "\ufdd1", "\ufdd2"
LINK_MARKS = (_PAGE, _CALENDAR)
_MOST_TEXTS = 200  # texts of one moment: a plan's audiences are a few dozen


@dataclass(frozen=True)
class UnitFacts:
    """What a mail says to its unit alone; a link is empty when none may be mailed."""

    first_of_year: bool = False
    calendar_link: str = ""
    page_link: str = ""
    corrections: tuple[Correction, ...] = field(default=(), repr=False)
    signed: bool = False

    def says_nothing(self, draft: NoticeDraft) -> bool:
        """Of a correction of which nothing is left: all of it is done."""
        return draft.kind is Kind.SUPPLEMENT and not self.corrections


@dataclass(frozen=True)
class Composer:
    office: Office
    key: InstallationKey

    @cached_property
    def _environments(self) -> tuple[Environment, Environment]:
        """For texts, and for HTML."""
        folder = self.office.settings.templates
        return environment(folder, autoescape=False), environment(folder, autoescape=True)

    @cached_property
    def _mail(self) -> MailSettings:
        return self.office.settings.mail

    def context(self, as_of: datetime, progress: Progress) -> "RenderContext":
        return RenderContext(self, as_of, progress)

    def phrase(self, name: str, macro: str, **facts: object) -> str:
        """What a macro says in plain text."""
        return phrase(self._environments[0], name, macro, **facts)

    def subject(self, content: Content) -> str:
        headline = self.phrase(f"mail/{content.kind}.txt", "headline", content=content)
        return self.phrase("mail/words.txt", "subject", content=content, headline=headline)

    def text(self, draft: NoticeDraft, content: Content, facts: UnitFacts) -> MailText:
        """As units of one audience read it, but for their names and links."""
        values = {
            "content": content,
            "unit": UNIT_MARK,
            "page_link": _PAGE if facts.page_link else "",
            "calendar_link": _CALENDAR if facts.calendar_link else "",
            "contact": self._mail.contact,
            "copied": self.copied(draft),
        }
        return self._render("mail/notice", self.subject(content), values)

    def message(self, sketch: "Sketch") -> Composed:
        facts, (_, text, html) = sketch.facts, sketch.said
        own = {UNIT_MARK: sketch.unit.name, _PAGE: facts.page_link, _CALENDAR: facts.calendar_link}
        for mark, value in own.items():
            text, html = text.replace(mark, value), html.replace(mark, escape(value))
        said = MailText(sketch.subject, text, html)
        return self._message(sketch.draft.key, sketch.as_of, said, sketch.mailboxes)

    @property
    def sender(self) -> tuple[str, ...]:
        """All that a message says of who sends it."""
        return (*self._from, self._domain, self._mail.redirect_to or "")

    def report(
        self, key: str, as_of: datetime, subject: str, values: dict[str, object]
    ) -> Composed:
        """A message to the operator."""
        said = self._render("mail/report", subject, values)
        marked = self.marked(subject, rehearsal=False)
        return self._message(key, as_of, said._replace(subject=marked), self.operator)

    def again(
        self, key: str, at: datetime, content: bytes, to: list[HeaderAddress] | None = None
    ) -> Composed:
        """A report's or a receipt's words, which were fixed when it was made, as of now; to whom
        it went, or to those."""
        said, mailboxes = mime.read(content)
        return self._message(key, at, said, mailboxes if to is None else to)

    def marked(self, subject: str, *, rehearsal: bool) -> str:
        if not (rehearsal or self._mail.redirect_to):
            return subject
        return self.phrase(WORDS, "rehearsal", subject=subject)

    def _render(self, name: str, subject: str, values: dict[str, object]) -> MailText:
        plain, escaped = self._environments
        values = values | {"subject": subject}
        text = _BLANK_LINES.sub("\n\n", render(plain, f"{name}.txt", values)).strip() + "\n"
        return MailText(subject, text, render(escaped, f"{name}.html", values))

    def is_addressed(self, draft: NoticeDraft) -> bool:
        """Whether there is anybody to write to; who is told beside a lead does not stand for it."""
        unit = self.office.table.directory[draft.unit]
        return unit.has_address or not addressees(self.office.table, draft).lead

    def addresses(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Of who gets that mail as things stand, not counting that it may be redirected."""
        return tuple(one.address for one in self._meant(draft))

    def copied(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Who is told beside the mail's addressee; nobody twice."""
        unit = self.office.table.directory[draft.unit]
        told = addressees(self.office.table, draft)
        if not told.lead:
            return told.others[1:]
        own = {address.lower() for address in (*unit.to, *unit.cc)}
        return tuple(address for address in told.others if address.lower() not in own)

    @property
    def operator(self) -> list[HeaderAddress]:
        return [HeaderAddress("To", "", self._mail.redirect_to or self._mail.operator)]

    def recipients(self, draft: NoticeDraft) -> list[HeaderAddress]:
        redirected = self._mail.redirect_to
        return [HeaderAddress("To", "", redirected)] if redirected else self._meant(draft)

    def _meant(self, draft: NoticeDraft) -> list[HeaderAddress]:
        """No mailbox twice, whatever its case: no server in use tells two names apart by it."""
        unit = self.office.table.directory[draft.unit]
        told = addressees(self.office.table, draft)
        to, cc, name = unit.to, (*unit.cc, *told.others), unit.name
        if not told.lead:
            to, cc, name = told.others[:1], told.others[1:], ""
        once: dict[str, HeaderAddress] = {}
        for address in to:
            once.setdefault(address.lower(), HeaderAddress("To", name, address))
        for address in cc:
            once.setdefault(address.lower(), HeaderAddress("Cc", "", address))
        return list(once.values())

    def _message(
        self, key: str, as_of: datetime, said: MailText, mailboxes: list[HeaderAddress]
    ) -> Composed:
        name = self.key.derive("message-id", key)
        message_id = f"<{name}@{self._domain}>"
        sender, *reply_to = self._from
        headers = [
            sender,
            *mime.mailbox_headers(mailboxes),
            *reply_to,
            mime.text_header("Subject", said.subject),
            mime.date_header(as_of.astimezone(self.office.table.plan.zone)),
            f"Message-ID: {message_id}",
            "Auto-Submitted: auto-generated",
            # Exchange answers Auto-Submitted mail all the same ([MS-OXCMAIL] 2.2.3.2.14).
            "X-Auto-Response-Suppress: OOF, AutoReply",
            "Content-Language: zh-CN",
        ]
        content = mime.message(headers, said, f"=_{name}")
        to = tuple(one.address for one in mailboxes)
        return Composed(message_id, content, as_of, to, self.office.publication)

    @cached_property
    def _domain(self) -> str:
        return self._mail.sender_address.rpartition("@")[2]

    @cached_property
    def _from(self) -> list[str]:
        mailboxes = [HeaderAddress("From", self._mail.sender_name, self._mail.sender_address)]
        if self._mail.reply_to:
            mailboxes.append(HeaderAddress("Reply-To", "", self._mail.reply_to))
        return mime.mailbox_headers(mailboxes)


@dataclass(frozen=True)
class Sketch:
    """A mail before it has bytes. What its audience reads, `said`, has marks in place of what is
    its unit's own; `reading` is the same for all that read alike."""

    composer: Composer
    draft: NoticeDraft
    as_of: datetime
    content: Content
    facts: UnitFacts
    said: MailText
    reading: str
    rehearsal: bool

    @property
    def unit(self) -> Unit:
        """Whom it speaks to."""
        content = self.content
        if not content.for_lead:
            return content.office
        return self.composer.office.table.directory[self.draft.unit]

    @property
    def mailboxes(self) -> list[HeaderAddress]:
        return self.composer.recipients(self.draft)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(one.address for one in self.mailboxes)

    @property
    def subject(self) -> str:
        return self.composer.marked(self.said.subject, rehearsal=self.rehearsal)

    @property
    def text(self) -> str:
        return self.said.text

    @property
    def sha256(self) -> str:
        """Of all that its bytes are made of: who has seen the one has seen the other."""
        own = (self.draft.key, self.as_of.isoformat(), self.unit.name, self.mailboxes, self.facts)
        made_of = (self.reading, own, self.rehearsal, self.composer.sender)
        return hashlib.sha256(repr(made_of).encode()).hexdigest()

    def composed(self) -> Composed:
        return self.composer.message(self)


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
        self, draft: NoticeDraft, facts: UnitFacts = UnitFacts(), *, rehearsal: bool = False
    ) -> Composed:
        """The message of a digest, a nudge, a 待确认 mail or a correction."""
        return self.sketch(draft, facts, rehearsal=rehearsal).composed()

    def sketch(self, draft: NoticeDraft, facts: UnitFacts, *, rehearsal: bool = False) -> Sketch:
        for_lead = addressees(self.table, draft).lead
        if not for_lead:
            facts = replace(facts, page_link="", calendar_link="")  # the unit's own
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
