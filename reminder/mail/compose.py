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
from reminder.documents.templates import environment, render
from reminder.domain.content import Content
from reminder.domain.digest import digest
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.reminders import reminder
from reminder.domain.timetable import Timetable
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

    def content(self, draft: NoticeDraft, known: Knowledge) -> Content:
        return self.edition(known.as_of, known.progress).content(draft, known)

    def compose(self, draft: NoticeDraft, known: Knowledge, *, rehearsal: bool = False) -> Composed:
        """The message of a digest, a nudge or a 待确认 mail."""
        return self.edition(known.as_of, known.progress).compose(draft, known, rehearsal=rehearsal)

    def notice(
        self,
        draft: NoticeDraft,
        known: Knowledge,
        content: Content,
        sections: tuple[str, str],
        *,
        rehearsal: bool,
    ) -> Composed:
        """From the content and its sections, written in text and in HTML."""
        values = {
            "content": content,
            "calendar_link": known.calendar_link,
            "page_link": known.page_link,
            "contact": self._settings.mail.contact,
            "copied": self._copied(draft),
        }
        text, html = self.render("mail/notice", values, sections)
        marked = REHEARSAL if rehearsal or self.redirected else ""
        subject, to = marked + content.subject, self._recipients(draft)
        return self._message(draft.key, known.as_of, subject, text, html, to)

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

    def render_sections(self, content: Content) -> tuple[str, str]:
        plain, escaped = self._environments
        values: dict[str, object] = {"sections": content.sections}
        return (
            render(plain, "mail/sections.txt", values),
            render(escaped, "mail/sections.html", values),
        )

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
class Edition:
    """The mails of one moment: what units of one audience read alike is written once."""

    composer: Composer
    as_of: datetime
    progress: Progress
    _contents: dict[Hashable, Content] = field(default_factory=dict)
    _sections: dict[Hashable, tuple[str, str]] = field(default_factory=dict)

    def content(self, draft: NoticeDraft, known: Knowledge) -> Content:
        alike = self._alike(draft, known)
        if alike not in self._contents:
            self._contents[alike] = self._write(draft, known)
        if self._is_for_lead(draft):
            return replace(self._contents[alike], unit=self._table.directory[draft.unit].name)
        return self._contents[alike]

    def compose(self, draft: NoticeDraft, known: Knowledge, *, rehearsal: bool = False) -> Composed:
        if not self._is_for_lead(draft):
            known = replace(known, page_link="", calendar_link="")  # the unit's own
        content, alike = self.content(draft, known), self._alike(draft, known)
        if alike not in self._sections:
            self._sections[alike] = self.composer.render_sections(content)
        sections = self._sections[alike]
        return self.composer.notice(draft, known, content, sections, rehearsal=rehearsal)

    @property
    def _table(self) -> Timetable:
        return self.composer.office.table

    def _alike(self, draft: NoticeDraft, known: Knowledge) -> Hashable:
        """All that a mail of this edition depends on, but for the unit's name and addresses."""
        return (
            (draft.kind, draft.period, draft.tasks, draft.due),
            (self._table.audience(draft.unit), self._reported.get(draft.unit)),
            (known.first_of_year, bool(known.page_link)),
            None if self._is_for_lead(draft) else draft.unit,
        )

    def _is_for_lead(self, draft: NoticeDraft) -> bool:
        return addressees(self._table, draft).lead

    @cached_property
    def _reported(self) -> dict[str, tuple[tuple[str, date], ...]]:
        found: dict[str, tuple[tuple[str, date], ...]] = {}
        for (task, unit), day in self.progress.reported.items():
            found[unit] = (*found.get(unit, ()), (task, day))
        return found

    def _write(self, draft: NoticeDraft, known: Knowledge) -> Content:
        table, late = self._table, self._table.is_late(draft.due, self.as_of)
        if draft.kind is Kind.DIGEST:
            return digest(
                table,
                draft.unit,
                table.plan.month_of(draft.period),
                self.as_of,
                self.progress,
                late=late,
                first_of_year=known.first_of_year,
                linked=bool(known.page_link),
            )
        return reminder(
            table,
            draft.kind,
            draft.unit,
            [task for task, _, _ in draft.tasks],
            self.as_of,
            self.progress,
            late=late,
            first_of_year=known.first_of_year and self._is_for_lead(draft),
            linked=bool(known.page_link),
            for_lead=self._is_for_lead(draft),
        )
