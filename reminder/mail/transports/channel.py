"""The way out through a channel: one message to one address, by a service that apprise knows."""

from collections.abc import Callable, Mapping

from reminder.documents.channel_section import ChannelSettings, service
from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ClaimLapsedError
from reminder.mail.mime import short_text
from reminder.mail.transports import Envelope
from reminder.mail.transports.channel_answers import Judge
from reminder.mail.transports.http_exchange import watched


class ChannelTransport:
    """By its own connection: each message is a request of its own."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._name = name
        self._settings = settings

    def open(self) -> "ChannelConnection":
        return ChannelConnection(self._name, self._settings)


class ChannelConnection:
    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self.closed = False
        self._name = name
        self._settings = settings

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        """A service that does not know the office's key, or has had enough for now, fails as a
        mail server does: `ServerError`, and all wait."""
        answers = {}
        for address in envelope.recipients:
            answers[address] = self._send(address, envelope.content, still_ours)
        return answers

    def close(self) -> None:
        self.closed = True

    def _send(self, address: str, content: bytes, still_ours: Callable[[], bool]) -> Answer:
        target, said = address.partition(":")[2], short_text(content)
        known = service(self._settings.address(target))
        if known is None or not _takes(known.url(), target):
            words = "the service takes no such address"
            return Answer(State.REFUSED, Reason.RECIPIENT_REFUSED, words)
        if not still_ours():
            raise ClaimLapsedError("the claim lapsed before the message")
        judge = Judge(self._name, type(known), self._settings.url.get_secret_value())
        with watched(self._settings.timeout) as exchange:
            known.request_rate_per_sec = 0  # the channel's own rate has been kept
            known.retry = 0
            known.socket_connect_timeout = known.socket_read_timeout = self._settings.timeout
            was_taken = known.notify(title=said.subject, body=said.text, body_format="text")
        answer = judge.answer(exchange, was_taken=was_taken)
        # Not of this message alone: the next one tells.
        self.closed |= answer.state is State.RETRY
        return answer


def _takes(url: str, target: str) -> bool:
    """apprise leaves out numbers that it cannot use, and some services then write to themselves."""
    return not target or _plain(target) in _plain(url)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())
