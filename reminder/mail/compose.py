"""From a notice to the message that will be stored: facts, templates, headers, bytes.

The bytes follow from the notice, the plan, what is registered, the as-of moment and the
installation key alone: composing twice makes the same message.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from jinja2 import Environment
from markupsafe import escape

from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.documents.templates import WORDS, environment, phrase, render
from reminder.domain.digest import Content, digest, reminder
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.status import Reader
from reminder.domain.timetable import Timetable
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.ledger.notices import Composed
from reminder.mail import mime

_BLANK_LINES = re.compile(r"\n{3,}")
# Stand in a rendered mail for what is its unit's own: noncharacters, which no document may hold.
_UNIT, _PAGE, _CALENDAR = "\ufdd0", "\ufdd1", "\ufdd2"
KEPT = 200  # texts of one moment: a plan's audiences are a few dozen
_Listed = list[tuple[str, str]]  # name, address
_Recipients = tuple[_Listed, _Listed]  # To and Cc


@dataclass(frozen=True)
class UnitFacts:
    """What a mail says to its unit alone; a link is empty when none may be mailed."""

    first_of_year: bool = False
    calendar_link: str = ""
    page_link: str = ""


@dataclass(frozen=True)
class MailText:
    """As units of one audience read it, but for their names and links."""

    subject: str
    text: str
    html: str

    def to(self, unit: str, facts: UnitFacts) -> tuple[str, str]:
        """In text and in HTML."""
        text, html = self.text, self.html
        own = {_UNIT: unit, _PAGE: facts.page_link, _CALENDAR: facts.calendar_link}
        for mark, value in own.items():
            text, html = text.replace(mark, value), html.replace(mark, escape(value))
        return text, html


@dataclass(frozen=True)
class Composer:
    office: Office
    key: InstallationKey

    @cached_property
    def _environments(self) -> tuple[Environment, Environment]:
        settings = self.office.settings
        return environment(settings, autoescape=False), environment(settings, autoescape=True)

    @property
    def _settings(self) -> Settings:
        return self.office.settings

    @cached_property
    def redirected(self) -> bool:
        return bool(self._settings.mail.redirect_to)

    def context(self, as_of: datetime, progress: Progress) -> "RenderContext":
        return RenderContext(self, as_of, progress)

    def phrase(self, name: str, macro: str, **facts: object) -> str:
        """What a macro says in plain text."""
        return phrase(self._environments[0], name, macro, **facts)

    def subject(self, content: Content) -> str:
        headline = self.phrase(f"mail/{content.kind}.txt", "headline", content=content)
        return self.phrase("mail/words.txt", "subject", content=content, headline=headline)

    def text(self, draft: NoticeDraft, content: Content, facts: UnitFacts) -> MailText:
        subject = self.subject(content)
        values = {
            "content": content,
            "subject": subject,
            "unit": _UNIT,
            "page_link": _PAGE if facts.page_link else "",
            "calendar_link": _CALENDAR if facts.calendar_link else "",
            "contact": self._settings.mail.contact,
            "copied": self.copied(draft),
        }
        return MailText(subject, *self._render("mail/notice", values))

    def message(
        self,
        draft: NoticeDraft,
        as_of: datetime,
        content: Content,
        facts: UnitFacts,
        mail: MailText,
        *,
        rehearsal: bool,
    ) -> Composed:
        unit = self.office.table.directory[draft.unit] if content.for_lead else content.office
        text, html = mail.to(unit.name, facts)
        subject = self._marked(mail.subject, rehearsal=rehearsal)
        return self._message(draft.key, as_of, subject, text, html, self._recipients(draft))

    def report(
        self, key: str, as_of: datetime, subject: str, values: dict[str, object]
    ) -> Composed:
        """A message to the operator."""
        text, html = self._render("mail/report", values | {"subject": subject})
        marked = self._marked(subject, rehearsal=False)
        return self._message(key, as_of, marked, text, html, (self._operator, []))

    def again(
        self,
        key: str,
        at: datetime,
        content: bytes,
        *,
        to_operator: bool = False,
        to_unit: NoticeDraft | None = None,
    ) -> Composed:
        """A report's or a receipt's words, which were fixed when it was made, as of now; to whom
        it went, or to the addresses as they are now."""
        mail = mime.read(content)
        recipients = (self._operator, _Listed()) if to_operator else (mail.to, mail.cc)
        if to_unit:
            recipients = self._recipients(to_unit)
        return self._message(key, at, mail.subject, mail.text, mail.html, recipients)

    @property
    def _operator(self) -> _Listed:
        return [("", self._settings.mail.redirect_to or self._settings.mail.operator)]

    def _marked(self, subject: str, *, rehearsal: bool) -> str:
        if not (rehearsal or self.redirected):
            return subject
        return self.phrase(WORDS, "rehearsal", subject=subject)

    def _render(self, name: str, values: dict[str, object]) -> tuple[str, str]:
        """Text and HTML with the same facts."""
        plain, escaped = self._environments
        text = _BLANK_LINES.sub("\n\n", render(plain, f"{name}.txt", values)).strip() + "\n"
        return text, render(escaped, f"{name}.html", values)

    def is_addressed(self, draft: NoticeDraft) -> bool:
        """Whether there is anybody to write to; who is told beside a lead does not stand for it."""
        unit = self.office.table.directory[draft.unit]
        return unit.has_address or not addressees(self.office.table, draft).lead

    def addresses(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Of who gets that mail as things stand, not counting that it may be redirected."""
        to, cc = self._meant(draft)
        return tuple(address for _, address in (*to, *cc))

    def _meant(self, draft: NoticeDraft) -> _Recipients:
        return _each_once(*self._listed(draft))

    def _listed(self, draft: NoticeDraft) -> _Recipients:
        unit, copied = self.office.table.directory[draft.unit], self.copied(draft)
        told = addressees(self.office.table, draft)
        if not told.lead:
            return [("", told.others[0])], [("", address) for address in copied]
        to = [(unit.name, address) for address in unit.to]
        return to, [("", address) for address in (*unit.cc, *copied)]

    def copied(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Who is told beside the mail's addressee; nobody twice."""
        unit = self.office.table.directory[draft.unit]
        told = addressees(self.office.table, draft)
        if not told.lead:
            return told.others[1:]
        own = {address.lower() for address in (*unit.to, *unit.cc)}
        return tuple(address for address in told.others if address.lower() not in own)

    def _recipients(self, draft: NoticeDraft) -> _Recipients:
        if self.redirected:
            return [("", self._settings.mail.redirect_to)], []
        return self._meant(draft)

    def _message(
        self,
        key: str,
        as_of: datetime,
        subject: str,
        text: str,
        html: str,
        recipients: _Recipients,
    ) -> Composed:
        to, cc = recipients
        name = self.key.derive("message-id", key)
        message_id = f"<{name}@{self._settings.mail.sender_address.rpartition('@')[2]}>"
        sender, *reply_to = self._from
        headers = [
            sender,
            mime.mailbox_header("To", to),
            *([mime.mailbox_header("Cc", cc)] if cc else []),
            *reply_to,
            mime.text_header("Subject", subject),
            mime.date_header(as_of.astimezone(self.office.table.plan.zone)),
            f"Message-ID: {message_id}",
            "Auto-Submitted: auto-generated",
            # Exchange answers Auto-Submitted mail all the same ([MS-OXCMAIL] 2.2.3.2.14).
            "X-Auto-Response-Suppress: OOF, AutoReply",
            "Content-Language: zh-CN",
        ]
        addresses = tuple(address for _, address in (*to, *cc))
        return Composed(
            message_id, mime.message(headers, text, html, f"=_{name}"), as_of, addresses
        )

    @cached_property
    def _from(self) -> list[str]:
        mail = self._settings.mail
        headers = [mime.mailbox_header("From", [(mail.sender_name, mail.sender_address)])]
        if mail.reply_to:
            headers.append(mime.mailbox_header("Reply-To", [("", mail.reply_to)]))
        return headers


def _each_once(to: _Listed, cc: _Listed) -> _Recipients:
    """No mailbox twice, whatever its case: no server in use tells two names apart by it."""
    first: dict[str, tuple[bool, tuple[str, str]]] = {}
    for is_to, listed in ((True, to), (False, cc)):
        for name, address in listed:
            first.setdefault(address.lower(), (is_to, (name, address)))
    return [one for is_to, one in first.values() if is_to], [
        one for is_to, one in first.values() if not is_to
    ]


@dataclass(frozen=True)
class RenderContext:
    """The mails of one moment: what units of one audience read alike is written once."""

    composer: Composer
    as_of: datetime
    progress: Progress
    _texts: dict[Hashable, tuple[Content, MailText]] = field(default_factory=dict)

    def subject(self, draft: NoticeDraft, facts: UnitFacts) -> str:
        return self.composer.subject(self._content(draft, facts))

    def compose(
        self, draft: NoticeDraft, facts: UnitFacts = UnitFacts(), *, rehearsal: bool = False
    ) -> Composed:
        """The message of a digest, a nudge or a 待确认 mail."""
        if not self._is_for_lead(draft):
            facts = replace(facts, page_link="", calendar_link="")  # the unit's own
        alike = self._alike(draft, facts)
        if alike not in self._texts:
            if len(self._texts) >= KEPT:  # each unit for itself: nothing is shared
                self._texts.clear()
            content = self._content(draft, facts)
            self._texts[alike] = content, self.composer.text(draft, content, facts)
        content, text = self._texts[alike]
        return self.composer.message(draft, self.as_of, content, facts, text, rehearsal=rehearsal)

    @property
    def _table(self) -> Timetable:
        return self.composer.office.table

    def _alike(self, draft: NoticeDraft, facts: UnitFacts) -> Hashable:
        """All that a mail of this context depends on, but for the unit's name and addresses."""
        return (
            (draft.kind, draft.period, draft.tasks, draft.due),
            (self._table.audience(draft.unit), self._reported.get(draft.unit)),
            (facts.first_of_year, bool(facts.page_link), bool(facts.calendar_link)),
            self.composer.copied(draft),
            None if self._is_for_lead(draft) else draft.unit,
        )

    def _is_for_lead(self, draft: NoticeDraft) -> bool:
        return addressees(self._table, draft).lead

    @cached_property
    def _reported(self) -> dict[str, tuple[tuple[str, date], ...]]:
        units: dict[str, tuple[tuple[str, date], ...]] = {}
        for (task, unit, period), day in self.progress.reported.items():
            if not period:
                units[unit] = (*units.get(unit, ()), (task, day))
        return units

    def _content(self, draft: NoticeDraft, facts: UnitFacts) -> Content:
        table, at = self._table, self.as_of
        late, unit = table.is_late(draft.due, at), table.directory[draft.unit]
        reader = Reader(
            table, unit, table.local_day(at), self.progress, linked=bool(facts.page_link)
        )
        if draft.kind is Kind.DIGEST:
            content = digest(reader, table.plan.month_of(draft.period), at)
        else:
            content = reminder(draft.kind, reader, [task for task, *_ in draft.tasks], at)
        for_lead = self._is_for_lead(draft)
        first = facts.first_of_year and for_lead
        return replace(content, late=late, first_of_year=first, for_lead=for_lead)
