"""One worker's way to the server: a connection that is opened, used up and replaced."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from reminder.domain.notices import Answer, Reason, State
from reminder.errors import ReminderError, ServerError
from reminder.mail.transports import Connection, Envelope, Transport, opened, unforeseen

log = logging.getLogger(__name__)


class Line:
    """`broken` counts the messages in a row over which the server broke off: one may be that
    message's fault, two are the server's."""

    def __init__(self, transport: Transport, most: int, connection: Connection | None) -> None:
        self._transport = transport
        self._most = most
        self._connection = connection
        self._sent = 0
        self.broken = 0
        self.last_words = ""

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def ask(
        self, envelope: Envelope, still_ours: Callable[[], bool]
    ) -> Mapping[str, Answer] | None:
        """The answers; None when the server has had enough of this connection, and a new one
        will tell the rest. Raises `ServerError` and `ClaimLapsedError`."""
        connection = self._current()
        try:
            answers = connection.send(envelope, still_ours)
        except ServerError:
            if not self._sent:
                raise
            self._connection = None
            return None
        except ReminderError:
            raise
        except Exception as error:  # whatever it was, this message may have gone
            log.exception("%s: unforeseen", envelope.message_id)
            return self._unknown(envelope, str(unforeseen(error)))
        self._sent += 1
        self.last_words = next(iter(answers.values())).reply
        settled = any(answer.state is not State.RETRY for answer in answers.values())
        self.broken = 0 if settled or not connection.closed else self.broken + 1
        return answers

    def _unknown(self, envelope: Envelope, words: str) -> Mapping[str, Answer]:
        """Nobody knows how far that message came: it goes again, by another connection."""
        self.close()
        self.broken, self.last_words = self.broken + 1, words
        return dict.fromkeys(envelope.recipients, Answer(State.RETRY, Reason.ANSWER_LOST, words))

    def close(self) -> None:
        if self._connection:
            with suppress(Exception):  # it said all that counts
                self._connection.close()
            self._connection = None

    def _current(self) -> Connection:
        if self._connection and (self._sent >= self._most or self._connection.closed):
            self.close()
        if self._connection is None:
            self._sent = 0
            self._connection = opened(self._transport)
        return self._connection
