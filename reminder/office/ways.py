"""The ways out: mail, and channels beside it, each with passes, troubles and a pace of its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reminder.documents.office import Office
from reminder.documents.settings import Settings
from reminder.documents.templates import office_templates, phrase
from reminder.domain.notices import State
from reminder.errors import ReminderError, UsageError
from reminder.ledger.access import InstallationKey
from reminder.mail.claims import Route, channel_route, route_of
from reminder.mail.mime import short_message, text_header
from reminder.mail.oauth import token_source
from reminder.mail.replicas import SingleProcess
from reminder.mail.sending import Sender
from reminder.mail.transports import Envelope, Transport
from reminder.mail.transports.channel import ChannelTransport
from reminder.mail.transports.maildir import MaildirTransport
from reminder.mail.transports.smtp import SmtpTransport


def mail_transport(settings: Settings) -> Transport:
    if settings.transport == "smtp":
        return SmtpTransport(settings.smtp, token_source(settings, "smtp"))
    return MaildirTransport(settings.outbox)


def routes_of(
    office: Office, transport: Transport, key: InstallationKey, *, given: bool
) -> list[Route]:
    """Mail's, then the channels': these by a transport that is `given` to stand for all servers,
    or into the outbox folder where mails go there."""
    settings = office.settings
    mail = route_of(settings, transport, key, office.tables[0].plan.zone)

    def of_channel(name: str) -> Transport:
        if given or settings.transport == "maildir":
            return transport
        return ChannelTransport(name, settings.channel[name])

    others = settings.channel.items()
    return [mail, *(channel_route(mail, name, one, of_channel(name), key) for name, one in others)]


def send_word(office: Office, address: str) -> str:
    """One message by that channel, outside the ledger. Returns the service's words. Raises
    `ReminderError`."""
    name, _, target = address.partition(":")
    channel = office.settings.channel.get(name)
    if channel is None:
        raise UsageError.because("no_channel", name=name, names=list(office.settings.channel))
    if channel.wants_target != bool(target):
        raise UsageError.because("channel_to_whom", name=name, is_for_many=channel.wants_target)
    templates = office_templates(office.settings, autoescape=False)
    sender = office.table.directory[office.table.plan.office].name
    title = phrase(templates, "mail/short.txt", "trial", office=sender)
    content = short_message([text_header("Subject", title)], sender)
    connection = ChannelTransport(name, channel).open()
    answer = connection.send(Envelope("", "", (address,), content), lambda: True)[address]
    if answer.state is not State.SENT:
        facts = {"address": address, "reason": answer.reason, "reply": answer.reply}
        raise ReminderError.because("trial_not_accepted", **facts)
    return answer.reply


def stop_sending(senders: Sequence[Sender]) -> None:
    """What is being sent is finished and recorded; nothing else is begun."""
    for sender in senders:
        sender.stop.set()


class ChannelSending:
    """In threads of their own: one that is down holds up neither mail nor another."""

    def __init__(
        self,
        senders: Sequence[Sender],
        waits: Callable[[], bool],
        tell: Callable[[Exception], None],
    ) -> None:
        """`waits` says whether nothing may be begun now; `tell` what failed."""
        self._senders = [(sender, threading.Event()) for sender in senders]
        self._waits = waits
        self._tell = tell

    def wake(self) -> None:
        for _, work in self._senders:
            work.set()

    @contextmanager
    def by(self, replica: SingleProcess) -> Iterator[None]:
        """As long as it has the right to send."""
        ended = threading.Event()
        threads = [
            threading.Thread(target=self._send, args=(sender, work, ended), name=sender.route.name)
            for sender, work in self._senders
        ]
        for sender, _ in self._senders:
            sender.replica = replica
        for thread in threads:
            thread.start()
        self.wake()
        try:
            yield
        finally:
            ended.set()
            self.wake()
            for thread in threads:
                thread.join()

    def _send(self, sender: Sender, work: threading.Event, ended: threading.Event) -> None:
        while not (ended.is_set() or sender.stop.is_set()):
            work.wait()
            work.clear()
            try:
                if not (ended.is_set() or self._waits()):
                    sender.send_ready()
            except Exception as error:  # noqa: BLE001 - a thread that ends delivers nothing more
                self._tell(error)
