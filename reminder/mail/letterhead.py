"""What is written, and the head that all messages of an office have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from reminder.documents.office import Office
from reminder.ledger.access import InstallationKey
from reminder.ledger.composed import Composed
from reminder.ledger.own_messages import OwnMessage
from reminder.mail import mime
from reminder.mail.mime import HeaderAddress, MailText


@dataclass(frozen=True)
class Written:
    """A notice's, by its key, as of that moment: what it says to whom."""

    key: str
    as_of: datetime
    language: str
    said: MailText
    mailboxes: list[HeaderAddress]


@dataclass(frozen=True)
class Letterhead:
    """Who sends, and how a message is named."""

    office: Office
    key: InstallationKey

    def composed(self, written: Written, copies: Iterable[OwnMessage] = ()) -> Composed:
        message_id, content = self._bytes(written)
        own = tuple(copies)
        to = (*(one.address for one in written.mailboxes), *(one.address for one in own))
        return Composed(message_id, content, written.as_of, to, self.office.publication, own)

    def own(
        self,
        written: Written,
        address: str,
        said: MailText,
        mailboxes: list[HeaderAddress],
        more: Iterable[str] = (),
    ) -> OwnMessage:
        """What one address gets instead. Its Message-ID tells nothing of the other's: whoever knows
        one can have it believed that it came back."""
        mine = replace(written, said=said, mailboxes=mailboxes)
        return OwnMessage(address, *self._bytes(mine, address, more))

    def short(self, written: Written, address: str, said: MailText) -> OwnMessage:
        """A channel's, named in the same way and kept as a mail is: an outbox folder takes it."""
        mine = replace(written, said=said, mailboxes=[])
        message_id, headers = self._head(mine, self._name(written, address))
        content = mime.short_message([*headers, f"{mime.CHANNEL}: {address}"], said.text)
        return OwnMessage(address, message_id, content, address.partition(":")[0])

    @property
    def facts(self) -> tuple[str, ...]:
        """All that a message says of who sends it."""
        return (*self._from, self._domain, self.office.settings.mail.redirect_to or "")

    def _bytes(
        self, written: Written, address: str = "", more: Iterable[str] = ()
    ) -> tuple[str, bytes]:
        name = self._name(written, address)
        message_id, headers = self._head(written, name)
        return message_id, mime.message([*headers, *more], written.said, f"=_{name}")

    def _name(self, written: Written, address: str) -> str:
        of = f"{written.key}\0{address}" if address else written.key
        return self.key.derive("message-id", of)

    def _head(self, written: Written, name: str) -> tuple[str, list[str]]:
        message_id = f"<{name}@{self._domain}>"
        sender, *reply_to = self._from
        return message_id, [
            sender,
            *mime.mailbox_headers(written.mailboxes),
            *reply_to,
            mime.text_header("Subject", written.said.subject),
            mime.date_header(written.as_of.astimezone(self.office.table.plan.zone)),
            f"Message-ID: {message_id}",
            "Auto-Submitted: auto-generated",
            # Exchange answers Auto-Submitted mail all the same ([MS-OXCMAIL] 2.2.3.2.14).
            "X-Auto-Response-Suppress: OOF, AutoReply",
            f"Content-Language: {written.language}",
        ]

    @cached_property
    def _domain(self) -> str:
        return self.office.settings.mail.sender_address.rpartition("@")[2]

    @cached_property
    def _from(self) -> list[str]:
        mail = self.office.settings.mail
        mailboxes = [HeaderAddress("From", mail.sender_name, mail.sender_address)]
        if mail.reply_to:
            mailboxes.append(HeaderAddress("Reply-To", "", mail.reply_to))
        return mime.mailbox_headers(mailboxes)
