"""Where messages go: one protocol, two transports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from reminder.domain.notices import Answer
from reminder.errors import ReminderError, ServerError


@dataclass(frozen=True)
class Envelope:
    """One message on its way: the stored bytes and the addresses still to be reached."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Connection(Protocol):
    """Owned by one thread; good for many messages until it raises or is `closed`."""

    @property
    def closed(self) -> bool: ...

    def send(self, envelope: Envelope, still_ours: Callable[[], bool]) -> Mapping[str, Answer]:
        """One answer for every recipient.

        Raises `ServerError` when the server failed before DATA, `ClaimLapsedError` when
        `still_ours` says no before MAIL or before DATA (before the message, where DATA went
        ahead). Once the server may have taken the message it always returns, with
        `answer-lost` if the outcome is unknown. After an exception, or after an
        `answer-lost`, the connection is closed.
        """

    def close(self) -> None: ...


class Transport(Protocol):
    """A way out. `open` raises `ServerError`."""

    def open(self) -> Connection: ...


def unforeseen(error: Exception) -> ServerError:
    """What nobody thought of, while a transport was at work: its trouble, in words."""
    return ServerError(f"unforeseen failure: {type(error).__name__}: {error}")


def opened(transport: Transport) -> Connection:
    """A new connection, or a `ServerError`, whatever happens."""
    try:
        return transport.open()
    except ReminderError:
        raise
    except Exception as error:  # the caller waits and tries again, whatever it was
        raise unforeseen(error) from error
