"""From a notice to the message that will be stored: content, templates, headers, bytes.

The bytes follow from the notice, the plan, what is registered, the as-of moment and the
installation key alone: composing twice makes the same message.
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from jinja2 import Environment
from markupsafe import Markup

from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.documents.templates import environment, phrase, render
from reminder.domain.digest import Content, digest, reminder
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.status import Reader
from reminder.domain.timetable import Timetable
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.ledger.access import InstallationKey
from reminder.ledger.notices import Composed
from reminder.mail import mime

REHEARSAL = "【演练】"
_BLANK_LINES = re.compile(r"\n{3,}")
_Listed = list[tuple[str, str]]  # name, address
_Recipients = tuple[_Listed, _Listed]  # To and Cc


@dataclass(frozen=True)
class Knowledge:
    """What a message may say, as known at `as_of`; a link is empty when none may be mailed."""

    as_of: datetime
    progress: Progress
    first_of_year: bool = False
    calendar_link: str = ""
    page_link: str = ""


@dataclass(frozen=True)
class Composer:
    """Templates are compiled once and kept."""

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

    def edition(self, as_of: datetime, progress: Progress) -> "Edition":
        return Edition(self, as_of, progress)

    def subject(self, draft: NoticeDraft, known: Knowledge) -> str:
        return self.edition(known.as_of, known.progress).subject(draft, known)

    def compose(self, draft: NoticeDraft, known: Knowledge, *, rehearsal: bool = False) -> Composed:
        """The message of a digest, a nudge or a 待确认 mail."""
        return self.edition(known.as_of, known.progress).compose(draft, known, rehearsal=rehearsal)

    def notice(
        self,
        draft: NoticeDraft,
        known: Knowledge,
        content: Content,
        wording: "Wording",
        *,
        rehearsal: bool,
    ) -> Composed:
        table = self.office.table
        lead = table.directory[draft.unit] if content.for_lead else self._publisher
        values = {
            "content": content,
            "unit": lead.name,
            "office": self._publisher,
            "plan": table.plan,
            "subject": wording.subject,
            "summary": wording.summary,
            "calendar_link": known.calendar_link,
            "page_link": known.page_link,
            "contact": self._settings.mail.contact,
            "copied": self._copied(draft),
        }
        text, html = self.render("mail/notice", values, (wording.text, wording.html))
        marked = REHEARSAL if rehearsal or self.redirected else ""
        subject, to = marked + wording.subject, self._recipients(draft)
        return self._message(draft.key, known.as_of, subject, text, html, to)

    @property
    def _publisher(self) -> Unit:
        return self.office.table.directory[self.office.table.plan.office]

    def word(self, content: Content) -> "Wording":
        plain, escaped = self._environments
        name, contact = f"mail/{content.kind}.txt", self._settings.mail.contact
        headline = phrase(plain, name, "headline", content=content)
        values: dict[str, object] = {"content": content}
        return Wording(
            phrase(plain, "mail/words.txt", "subject", content=content, headline=headline),
            phrase(plain, name, "summary", content=content, contact=contact),
            render(plain, "mail/sections.txt", values),
            render(escaped, "mail/sections.html", values),
        )

    def report(
        self, key: str, as_of: datetime, subject: str, values: dict[str, object]
    ) -> Composed:
        """A message to the operator."""
        text, html = self.render("mail/report", values | {"subject": subject})
        marked = REHEARSAL if self.redirected else ""
        return self._message(key, as_of, marked + subject, text, html, (self._operator, []))

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

    def render(
        self, name: str, values: dict[str, object], sections: tuple[str, str] = ("", "")
    ) -> tuple[str, str]:
        """Text and HTML with the same facts; `sections` are written already."""
        plain, escaped = self._environments
        text, html = sections
        text = render(plain, f"{name}.txt", values | {"sections": text})
        text = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
        return text, render(escaped, f"{name}.html", values | {"sections": Markup(html)})

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
        unit, copied = self.office.table.directory[draft.unit], self._copied(draft)
        found = addressees(self.office.table, draft)
        if not found.lead:
            return [("", found.others[0])], [("", address) for address in copied]
        to = [(unit.name, address) for address in unit.to]
        return to, [("", address) for address in (*unit.cc, *copied)]

    def _copied(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Who is told beside the mail's addressee; nobody twice."""
        unit = self.office.table.directory[draft.unit]
        found = addressees(self.office.table, draft)
        if not found.lead:
            return found.others[1:]
        known = {address.lower() for address in (*unit.to, *unit.cc)}
        return tuple(address for address in found.others if address.lower() not in known)

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
    seen = set[str]()

    def new(listed: _Listed) -> _Listed:
        found = []
        for name, address in listed:
            if address.lower() not in seen:
                found.append((name, address))
            seen.add(address.lower())
        return found

    return new(to), new(cc)


@dataclass(frozen=True)
class Wording:
    """What units of one audience read alike."""

    subject: str
    summary: str
    text: str
    html: str


@dataclass(frozen=True)
class Edition:
    """The mails of one moment: what units of one audience read alike is written once."""

    composer: Composer
    as_of: datetime
    progress: Progress
    _worded: dict[Hashable, tuple[Content, Wording]] = field(default_factory=dict)

    def subject(self, draft: NoticeDraft, known: Knowledge) -> str:
        return self._words(draft, known)[1].subject

    def compose(self, draft: NoticeDraft, known: Knowledge, *, rehearsal: bool = False) -> Composed:
        if not self._is_for_lead(draft):
            known = replace(known, page_link="", calendar_link="")  # the unit's own
        content, wording = self._words(draft, known)
        return self.composer.notice(draft, known, content, wording, rehearsal=rehearsal)

    @property
    def _table(self) -> Timetable:
        return self.composer.office.table

    def _words(self, draft: NoticeDraft, known: Knowledge) -> tuple[Content, Wording]:
        alike = (
            (draft.kind, draft.period, draft.tasks, draft.due),
            (self._table.audience(draft.unit), self._reported.get(draft.unit)),
            (known.first_of_year, bool(known.page_link)),
            None if self._is_for_lead(draft) else draft.unit,
        )
        if alike not in self._worded:
            content = self._content(draft, known)
            self._worded[alike] = content, self.composer.word(content)
        return self._worded[alike]

    def _is_for_lead(self, draft: NoticeDraft) -> bool:
        return addressees(self._table, draft).lead

    @cached_property
    def _reported(self) -> dict[str, tuple[tuple[str, date], ...]]:
        units: dict[str, tuple[tuple[str, date], ...]] = {}
        for (task, unit), day in self.progress.reported.items():
            units[unit] = (*units.get(unit, ()), (task, day))
        return units

    def _content(self, draft: NoticeDraft, known: Knowledge) -> Content:
        table, at = self._table, self.as_of
        late, first_of_year = table.is_late(draft.due, at), known.first_of_year
        unit, on = table.directory[draft.unit], table.local_day(at)
        reader = Reader(table, unit, on, self.progress, linked=bool(known.page_link))
        if draft.kind is Kind.DIGEST:
            month = table.plan.month_of(draft.period)
            return digest(reader, month, at, late=late, first_of_year=first_of_year)
        for_lead = self._is_for_lead(draft)
        return reminder(
            draft.kind,
            reader,
            [task for task, _, _ in draft.tasks],
            at,
            late=late,
            first_of_year=first_of_year and for_lead,
            for_lead=for_lead,
        )
