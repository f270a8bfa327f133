"""From a notice to the message that will be stored: content, templates, headers, bytes.

The bytes follow from the notice, the plan, what is registered, the as-of moment and the
installation key alone: composing twice makes the same message.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from jinja2 import Environment

from reminder.delivery import mime
from reminder.domain.content import Content
from reminder.domain.digest import digest
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.reminders import reminder
from reminder.domain.units import Unit
from reminder.domain.windows import Progress
from reminder.settings import Settings
from reminder.storage.ledger.keys import InstallationKey
from reminder.storage.ledger.notices import Composed
from reminder.storage.office import Office
from reminder.storage.templates import environment, render

REHEARSAL = "【演练】"
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Knowledge:
    """What a message may say, as known at `as_of`; a link is empty when none may be mailed."""

    as_of: datetime
    progress: Progress
    first_of_year: bool = False
    calendar_link: str = ""


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

    def content(self, draft: NoticeDraft, known: Knowledge) -> Content:
        table = self.office.table
        if draft.kind is Kind.DIGEST:
            return digest(
                table,
                draft.unit,
                int(draft.period[5:]),
                known.as_of,
                known.progress,
                late=table.is_late(draft.due, known.as_of),
                first_of_year=known.first_of_year,
            )
        return reminder(
            table,
            draft.kind,
            draft.unit,
            [task for task, _, _ in draft.tasks],
            known.as_of,
            known.progress,
            late=table.is_late(draft.due, known.as_of),
            first_of_year=known.first_of_year,
        )

    def compose(self, draft: NoticeDraft, known: Knowledge, *, rehearsal: bool = False) -> Composed:
        """The message of a digest, a nudge or a 待确认 mail."""
        content = self.content(draft, known)
        unit = self.office.table.directory[draft.unit]
        values = {
            "content": content,
            "calendar_link": known.calendar_link,
            "contact": self._settings.mail.contact,
        }
        text, html = self.render("mail/notice", values)
        marked = REHEARSAL if rehearsal or self.redirected else ""
        return self._message(
            draft.key, known.as_of, marked + content.subject, text, html, self._recipients(unit)
        )

    def report(
        self, key: str, as_of: datetime, subject: str, values: dict[str, object]
    ) -> Composed:
        """A message to the operator."""
        text, html = self.render("mail/report", values | {"subject": subject})
        marked = REHEARSAL if self.redirected else ""
        to = [("", self._settings.mail.redirect_to or self._settings.mail.operator)]
        return self._message(key, as_of, marked + subject, text, html, (to, []))

    def render(self, name: str, values: dict[str, object]) -> tuple[str, str]:
        """Text and HTML with the same facts."""
        plain, escaped = self._environments
        text = render(plain, f"{name}.txt", values)
        text = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
        return text, render(escaped, f"{name}.html", values)

    def _recipients(self, unit: Unit) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        if self.redirected:
            return [("", self._settings.mail.redirect_to)], []
        return [(unit.name, address) for address in unit.to], [("", a) for a in unit.cc]

    def _message(
        self,
        key: str,
        as_of: datetime,
        subject: str,
        text: str,
        html: str,
        recipients: tuple[list[tuple[str, str]], list[tuple[str, str]]],
    ) -> Composed:
        to, cc = recipients
        mail = self._settings.mail
        message_id = f"<{self.key.derive('message-id', key)}@{self._settings.uid_domain}>"
        sender = (mail.sender_name, mail.sender_address)
        headers = [
            mime.mailbox_header("From", [sender]),
            mime.mailbox_header("To", to),
            *([mime.mailbox_header("Cc", cc)] if cc else []),
            *([mime.mailbox_header("Reply-To", [("", mail.reply_to)])] if mail.reply_to else []),
            mime.text_header("Subject", subject),
            mime.date_header(as_of.astimezone(self.office.table.plan.zone)),
            f"Message-ID: {message_id}",
            "Auto-Submitted: auto-generated",
            "Content-Language: zh-CN",
        ]
        boundary = f"=_{self.key.derive('boundary', key)}"
        addresses = tuple(dict.fromkeys(address for _, address in (*to, *cc)))
        return Composed(message_id, mime.message(headers, text, html, boundary), as_of, addresses)
