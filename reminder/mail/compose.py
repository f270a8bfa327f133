"""From a notice to the message that will be stored: facts, templates, headers, bytes.

The bytes follow from the notice, the plan, what is registered, the as-of moment and the
installation key alone: composing twice makes the same message.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial

from jinja2 import Environment
from markupsafe import escape

from reminder.documents.office import Office
from reminder.documents.sections import MailSettings
from reminder.documents.templates import WORDS, environment, phrase, render
from reminder.domain.digest import Content
from reminder.domain.notices import Kind, NoticeDraft
from reminder.domain.occasions import addressees
from reminder.domain.supplements import Correction
from reminder.domain.units import Unit
from reminder.ledger.access import InstallationKey
from reminder.ledger.composed import Composed, Withheld
from reminder.ledger.own_messages import OwnMessage
from reminder.mail import mime
from reminder.mail.copies import Copy, with_foot
from reminder.mail.letterhead import Letterhead, Written
from reminder.mail.mime import HeaderAddress, MailText
from reminder.mail.short import shortened

_BLANK_LINES = re.compile(r"\n{3,}")
# Stand in a rendered mail for what is its unit's own: noncharacters, which no document may hold.
UNIT_MARK, _PAGE, _CALENDAR = "\ufdd0", "\ufdd1", "\ufdd2"
LINK_MARKS = (_PAGE, _CALENDAR)


@dataclass(frozen=True)
class UnitFacts:
    """What a mail says to its unit alone; a link is empty when none may be mailed."""

    first_of_year: bool = False
    calendar_link: str = ""
    page_link: str = ""
    corrections: tuple[Correction, ...] = field(default=(), repr=False)
    signed: bool = False
    # Who gets a copy: those under `cc` where nobody has asked the ledger.
    copies: tuple[Copy, ...] | None = field(default=None, repr=False)
    withheld: tuple[Withheld, ...] = field(default=(), repr=False)

    def says_nothing(self, draft: NoticeDraft) -> bool:
        """Of a correction of which nothing is left: all of it is done."""
        return draft.kind is Kind.SUPPLEMENT and not self.corrections


@dataclass(frozen=True)
class Composer:
    office: Office
    key: InstallationKey

    def _environment(self, language: str, *, autoescape: bool) -> Environment:
        folder = self.office.settings.templates
        return environment(folder, autoescape=autoescape, language=language)

    def language(self, content: Content) -> str:
        """The unit's; of a mail that tells the office's own people of a unit, the office's."""
        if not content.for_lead:
            return self.office.settings.language
        return self.office.language_of(content.reader.unit)

    @cached_property
    def _mail(self) -> MailSettings:
        return self.office.settings.mail

    def phrase(self, name: str, macro: str, language: str = "", /, **facts: object) -> str:
        """What a macro says in plain text, in the office's language unless another is named."""
        language = language or self.office.settings.language
        return phrase(self._environment(language, autoescape=False), name, macro, **facts)

    def subject(self, content: Content) -> str:
        language, facts = self.language(content), {"content": content}
        headline = self.phrase(f"mail/{content.kind}.txt", "headline", language, **facts)
        return self.phrase("mail/words.txt", "subject", language, headline=headline, **facts)

    def text(self, draft: NoticeDraft, content: Content, facts: UnitFacts) -> MailText:
        """As units of one audience read it, but for their names and links."""
        values = {
            "content": content,
            "unit": UNIT_MARK,
            "page_link": _PAGE if facts.page_link else "",
            "calendar_link": _CALENDAR if facts.calendar_link else "",
            "contact": self._mail.contact,
            "may_reply": self.office.settings.inbox.believes,
            "copied": self.copied(draft),
        }
        subject, language = self.subject(content), self.language(content)
        return self._render("mail/notice", language, subject, values)

    def message(self, sketch: "Sketch") -> Composed:
        facts, (_, text, html) = sketch.facts, sketch.said
        own = {UNIT_MARK: sketch.unit.name, _PAGE: facts.page_link, _CALENDAR: facts.calendar_link}
        for mark, value in own.items():
            text, html = text.replace(mark, value), html.replace(mark, escape(value))
        said, language = MailText(sketch.subject, text, html), self.language(sketch.content)
        written = Written(sketch.draft.key, sketch.as_of, language, said, sketch.mailboxes)
        composed = self._with_copies(written, facts, sketch.unit.name)
        short = sketch.short
        return self._with_shorts(composed, written, {a: short for a in sketch.channels if short})

    def _with_shorts(
        self, composed: Composed, written: Written, shorts: Mapping[str, MailText]
    ) -> Composed:
        """By the addresses of channels."""
        own = (self._letterhead.short(written, address, said) for address, said in shorts.items())
        recipients = (*composed.recipients, *shorts)
        return replace(composed, recipients=recipients, own=(*composed.own, *own))

    def short(self, content: Content, facts: UnitFacts, unit: Unit) -> MailText:
        """What a channel gets."""
        phrase = partial(self._said_in, self.language(content))
        said = {"unit": unit.name, "page_link": facts.page_link, "contact": self._mail.contact}
        return shortened(phrase, content, said)

    def _said_in(self, language: str, name: str, macro: str, /, **facts: object) -> str:
        return self.phrase(name, macro, language, **facts)

    def _with_copies(self, written: Written, facts: UnitFacts, unit: str) -> Composed:
        def copies() -> Iterator[OwnMessage]:
            for copy in self.own_copies(facts):
                about: dict[str, object] = {"unit": unit, "link": copy.link}
                foot = self._render("mail/copy", written.language, "", about)
                said, to = with_foot(written.said, foot), copy.mailboxes(written.mailboxes)
                yield self._letterhead.own(written, copy.address, said, to, copy.headers())

        composed = self._letterhead.composed(written, copies())
        return replace(composed, withheld=facts.withheld)

    @cached_property
    def _letterhead(self) -> Letterhead:
        return Letterhead(self.office, self.key)

    @property
    def sender(self) -> tuple[str, ...]:
        """All that a message says of who sends it."""
        return self._letterhead.facts

    def report(
        self, key: str, as_of: datetime, subject: str, values: dict[str, object]
    ) -> Composed:
        """A message to the operator."""
        language = self.office.settings.language
        said = self._render("mail/report", language, subject, values)
        said = said._replace(subject=self.marked(subject, language, rehearsal=False))
        return self._letterhead.composed(Written(key, as_of, language, said, self.operator))

    def again(
        self, key: str, at: datetime, content: bytes, to: list[HeaderAddress] | None = None
    ) -> Composed:
        """A report's words, which were fixed when it was made, as of now; to whom it went, or to
        those."""
        said, mailboxes = mime.read(content)
        to = mailboxes if to is None else to
        return self._letterhead.composed(Written(key, at, mime.language_of(content), said, to))

    def receipt_again(
        self,
        key: str,
        at: datetime,
        content: bytes,
        draft: NoticeDraft,
        facts: UnitFacts,
        shorts: Iterable[OwnMessage] = (),
    ) -> Composed:
        """The same of a receipt, to those who get it now, and by the channels that it had."""
        said, to = mime.read(content)[0], self.recipients(draft, facts)
        unit = self.office.table.directory[draft.unit]
        written = Written(key, at, mime.language_of(content), said, to)
        again = {one.address: mime.short_text(one.content) for one in shorts}
        return self._with_shorts(self._with_copies(written, facts, unit.name), written, again)

    def invitation(
        self, draft: NoticeDraft, copy: Copy, until: datetime, page_link: str
    ) -> Composed:
        """Asks a new reader whether they want copies; the unit reads that it was asked."""
        unit, zone = self.office.table.directory[draft.unit], self.office.table.plan.zone
        language, to = self.office.language_of(unit), self.recipients(draft, UnitFacts(copies=()))
        values: dict[str, object] = {
            "unit": unit.name,
            "office": self.office.table.directory[self.office.table.plan.office].name,
            "contact": self._mail.contact,
            "address": copy.address,
            "until": until.astimezone(zone),
            "page_link": page_link,
        }

        def said(link: str) -> MailText:
            subject = self.phrase("mail/words.txt", "invitation", language, link=link, **values)
            return self._render("mail/reader", language, subject, values | {"link": link})

        written = Written(draft.key, draft.due, language, said(""), to)
        mine = [HeaderAddress("To", "", copy.address)]
        asked = self._letterhead.own(written, copy.address, said(copy.link), mine)
        return self._letterhead.composed(written, [asked])

    def own_copies(self, facts: UnitFacts) -> tuple[Copy, ...]:
        """Those that have bytes of their own."""
        if self._mail.redirect_to:
            return ()
        return tuple(copy for copy in facts.copies or () if copy.link)

    def marked(self, subject: str, language: str, *, rehearsal: bool) -> str:
        if not (rehearsal or self._mail.redirect_to):
            return subject
        return self.phrase(WORDS, "rehearsal", language, subject=subject)

    def _render(
        self, name: str, language: str, subject: str, values: dict[str, object]
    ) -> MailText:
        plain = self._environment(language, autoescape=False)
        escaped = self._environment(language, autoescape=True)
        values = values | {"subject": subject}
        text = _BLANK_LINES.sub("\n\n", render(plain, f"{name}.txt", values)).strip() + "\n"
        return MailText(subject, text, render(escaped, f"{name}.html", values))

    def is_addressed(self, draft: NoticeDraft) -> bool:
        """Whether there is anybody to write to; who is told beside a lead does not stand for it."""
        if not addressees(self.office.table, draft).lead:
            return True
        return bool(self.office.table.directory[draft.unit].to or self.channels(draft))

    def channels(self, draft: NoticeDraft) -> tuple[str, ...]:
        """Addresses of other ways than mail; of a rehearsal none."""
        known, told = self.office.settings.channel, addressees(self.office.table, draft)
        if self._mail.redirect_to or not (known and told.lead):
            return ()
        unit = self.office.table.directory[draft.unit]
        taking = {name for name, channel in known.items() if draft.kind in channel.kinds}
        return tuple(one for one in unit.channels if one.partition(":")[0] in taking)

    def addresses(self, draft: NoticeDraft, facts: UnitFacts) -> tuple[str, ...]:
        """Of who gets that mail as things stand, not counting that it may be redirected."""
        apart = (copy.address for copy in facts.copies or () if copy.link)
        meant = (one.address for one in self._meant(draft, facts))
        return (*meant, *apart, *self.channels(draft))

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

    def recipients(self, draft: NoticeDraft, facts: UnitFacts) -> list[HeaderAddress]:
        """Of the message for all who get none of their own."""
        redirected = self._mail.redirect_to
        return [HeaderAddress("To", "", redirected)] if redirected else self._meant(draft, facts)

    def _meant(self, draft: NoticeDraft, facts: UnitFacts) -> list[HeaderAddress]:
        """No mailbox twice, whatever its case: no server in use tells two names apart by it."""
        unit = self.office.table.directory[draft.unit]
        told = addressees(self.office.table, draft)
        copied = unit.cc
        if facts.copies is not None:
            copied = tuple(copy.address for copy in facts.copies if not copy.link)
        to, cc, name = unit.to, (*copied, *told.others), unit.name
        if not told.lead:
            to, cc, name = told.others[:1], told.others[1:], ""
        once: dict[str, HeaderAddress] = {}
        for address in to:
            once.setdefault(address.lower(), HeaderAddress("To", name, address))
        for address in cc:
            once.setdefault(address.lower(), HeaderAddress("Cc", "", address))
        return list(once.values())


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
        return self.composer.recipients(self.draft, self.facts)

    @property
    def addresses(self) -> tuple[str, ...]:
        apart = (copy.address for copy in self.composer.own_copies(self.facts))
        return (*(one.address for one in self.mailboxes), *apart, *self.channels)

    @property
    def channels(self) -> tuple[str, ...]:
        return self.composer.channels(self.draft)

    @cached_property
    def short(self) -> MailText | None:
        """What its channels get, if there is one."""
        if not self.channels:
            return None
        said = self.composer.short(self.content, self.facts, self.unit)
        language = self.composer.language(self.content)
        title = self.composer.marked(said.subject, language, rehearsal=self.rehearsal)
        return said._replace(subject=title)

    @property
    def subject(self) -> str:
        language = self.composer.language(self.content)
        return self.composer.marked(self.said.subject, language, rehearsal=self.rehearsal)

    @property
    def text(self) -> str:
        return self.said.text

    @property
    def sha256(self) -> str:
        """Of all that its bytes are made of: who has seen the one has seen the other. Who reads a
        copy is a matter of the unit's own."""
        own = (self.draft.key, self.as_of.isoformat(), self.unit.name, self.mailboxes, self.facts)
        by_channels = (self.channels, self.short) if self.short else ()
        made_of = (self.reading, own, self.rehearsal, self.composer.sender, *by_channels)
        return hashlib.sha256(repr(made_of).encode()).hexdigest()

    def composed(self) -> Composed:
        return self.composer.message(self)
