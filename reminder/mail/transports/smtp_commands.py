"""A message's commands on their way: each in its turn, or in groups (PIPELINING, RFC 2920)."""

import logging
from collections.abc import Sequence

from reminder.clock import monotonic
from reminder.errors import ServerError
from reminder.mail.transports.smtp_replies import Client, said, words_of

log = logging.getLogger(__name__)

# RFC 2920 section 3.1: a group and its replies fit into any socket's buffers, so that neither
# side waits for the other to read.
GROUP = 100
# Long enough that a server which drops what was sent ahead costs next to nothing; not for ever,
# for what looks like one may have been a restart.
DOUBT = 3600.0


class UnansweredError(ServerError):
    """A group without its replies, one for each and in order. No message was handed over."""


class Pipelining:
    """Whether a server that offers it is believed."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._not_before = 0.0

    @property
    def believed(self) -> bool:
        return monotonic() >= self._not_before

    def unanswered(self, why: str) -> UnansweredError:
        """For whoever sent the group, and remembered for those that come after."""
        words = f"mail server {self._server} offers PIPELINING, and to a group of commands: {why}"
        if self.believed:
            log.warning("%s. They go one by one for an hour", words)
        self._not_before = monotonic() + DOUBT
        return UnansweredError(words)


class Commands:
    """What one session is told, message by message: `begin`, then a `reply` to each command."""

    def __init__(self, smtp: Client, pipelining: Pipelining) -> None:
        self._smtp = smtp
        self._pipelining = pipelining
        self._proven = False
        self._commands: Sequence[str] = ()
        self._most = 1
        self._sent = 0
        self._answered = 0

    def begin(self, commands: Sequence[str]) -> None:
        offered = self._smtp.has_extn("pipelining")
        self._commands = commands
        self._most = GROUP if offered and self._pipelining.believed else 1
        self._sent = self._answered = 0

    @property
    def outstanding(self) -> int:
        """How many went ahead and have no reply yet."""
        return self._sent - self._answered

    def reply(self) -> tuple[int, bytes]:
        """To the next command, which goes now if it did not go ahead. Raises OSError, and
        `UnansweredError` where a group is at fault."""
        if not self.outstanding:
            group = self._commands[self._sent : self._sent + self._most]
            self._smtp.send("".join([f"{command}\r\n" for command in group]))
            self._sent += len(group)
        try:
            code, words = self._smtp.getreply()
        except OSError as error:
            # A server may have had enough of a connection that served well until now.
            if self._most == 1 or (self._proven and not self._answered):
                raise
            raise self._unanswered(words_of(error)) from error
        self._answered += 1
        last = self._answered == len(self._commands)
        if self._most > 1 and not _in_step(code, last=last, more=self._smtp.unread):
            raise self._unanswered(said(code, words))
        self._proven = self._proven or last
        return code, words

    def read_out(self) -> None:
        """The replies to what went ahead in vain, for nobody is to get this message. A server
        that goes on to 354 is sent a lone dot (RFC 2920 section 3.1), unless it took somebody,
        who would get an empty mail: then the connection ends here."""
        try:
            codes = [self.reply()[0] for _ in range(self.outstanding)]
            if codes[-1:] == [354] and all(code >= 400 for code in codes[:-1]):
                self._smtp.send(".\r\n")
                self._smtp.getreply()
            elif not all(code >= 400 for code in codes):
                self._smtp.close()
        except (OSError, UnansweredError):
            self._smtp.close()

    def _unanswered(self, words: str) -> UnansweredError:
        self._smtp.close()
        return self._pipelining.unanswered(words)


def _in_step(code: int, *, last: bool, more: bool) -> bool:
    """Only DATA, the last, is answered by 354, and after its refusal there is no more to come."""
    if 400 <= code < 600:
        return not (last and more)
    return code == 354 if last else 200 <= code < 300
