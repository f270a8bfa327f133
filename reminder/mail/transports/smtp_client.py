"""What is said to a mail server and what it answers: smtplib, with one deadline for a reply, words
that are safe to show, and commands in groups (PIPELINING, RFC 2920)."""

import logging
import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from socket import socket
from typing import Any

from reminder.clock import monotonic
from reminder.errors import ServerError
from reminder.events import Event

log = logging.getLogger(__name__)

REPLY_SHOWN = 500
REPLY_BYTES = 65536
# RFC 2920 section 3.1: a group and its replies fit into any socket's buffers, so that neither
# side waits for the other to read.
GROUP = 100
# What a server says of a certificate that we have shown, or have not (RFC 8446 section 6.2).
_OUR_CERTIFICATE = re.compile(r"ALERT[_ ](?:(?:\w+[_ ])?CERTIFICATE|UNKNOWN[_ ]CA)")
# Long enough that a server which drops what was sent ahead costs next to nothing; not for ever,
# for what looks like one may have been a restart.
DOUBT = 3600.0


class _Lines:
    """What smtplib reads replies from: lines under one deadline for the whole reply."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self.unread = b""

    def begin(self, timeout: float) -> None:
        self._deadline = monotonic() + timeout
        self._allowed = REPLY_BYTES
        self.reads = 0

    def readline(self, limit: int) -> bytes:
        """One line with its end; nothing when the server closed, even in the middle of one."""
        while (end := self.unread.find(b"\n") + 1) == 0 and len(self.unread) < limit:
            if self.reads:  # the first has all the time, which the socket's own timeout is
                left = self._deadline - monotonic()
                if left <= 0:
                    raise TimeoutError("timed out")
                self._sock.settimeout(left)
            self.reads += 1
            chunk = self._sock.recv(4096)
            if not chunk:
                return b""
            self.unread += chunk
        if not 0 < end < limit:
            raise OSError(f"a line of {limit} bytes or more")
        line, self.unread = self.unread[:end], self.unread[end:]
        self._allowed -= len(line)
        if self._allowed < 0:
            raise OSError(f"a reply of more than {REPLY_BYTES} bytes")
        return line

    def close(self) -> None:
        self.unread = b""


class UnansweredError(ServerError):
    """A group without its replies, one for each and in order. No message was handed over."""


@dataclass
class Pipelining:
    """Whether a server that offers it is believed: not before that moment."""

    server: str
    not_before: float = 0.0

    def unanswered(self, why: str) -> UnansweredError:
        """For whoever sent the group, and remembered for those that come after."""
        words = f"mail server {self.server} offers PIPELINING, and to a group of commands: {why}"
        if monotonic() >= self.not_before:
            limited = Event.SERVER_LIMITED.of()
            log.warning("%s. They go one by one for an hour", words, extra=limited)
        self.not_before = monotonic() + DOUBT
        return UnansweredError(words)


@dataclass(frozen=True)
class SmtpLogIn:
    """By what a server knows who we are; `until` is when a token ends."""

    method: str = ""
    until: datetime | None = None


class Client(smtplib.SMTP):
    """smtplib gives every byte of a reply a new timeout: a slow dripper would hold it for ever.

    It also takes what came before a command for the answer to it: a second «250» after one
    message would accept the next.

    A message's commands are given to `begin`; then there is a `reply` to each.
    """

    logged_in = SmtpLogIn()

    def __init__(self, pipelining: Pipelining, *args: Any, **options: Any) -> None:
        self._pipelining = pipelining
        self._proven = False
        self._commands: Sequence[str] = ()
        self._most = 1
        self._sent = self._answered = 0
        super().__init__(*args, **options)

    @property
    def unread(self) -> bool:
        return bool(self.file and self.file.unread)

    def send(self, s: Any) -> None:
        if self.unread:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server said more than it was asked")
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.file = self.file or _Lines(self.sock)
        self.file.begin(self.timeout)
        reply = super().getreply()
        if self.file.reads > 1:
            self.sock.settimeout(self.timeout)
        return reply

    def close(self) -> None:
        with suppress(OSError):
            super().close()

    def begin(self, commands: Sequence[str]) -> None:
        believed = monotonic() >= self._pipelining.not_before
        grouped = believed and self.has_extn("pipelining")
        self._commands, self._most = commands, GROUP if grouped else 1
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
            self.send("".join([f"{command}\r\n" for command in group]))
            self._sent += len(group)
        try:
            code, words = self.getreply()
        except OSError as error:
            # A server may have had enough of a connection that served well until now.
            if self._most == 1 or (self._proven and not self._answered):
                raise
            self.close()
            raise self._pipelining.unanswered(error_text(error)) from error
        self._answered += 1
        last = self._answered == len(self._commands)
        if self._most > 1 and not _in_step(code, last=last, more=self.unread):
            self.close()
            raise self._pipelining.unanswered(reply_text(code, words))
        self._proven |= last
        return code, words

    def read_out(self) -> None:
        """The replies to what went ahead in vain, for nobody is to get this message. A server
        that goes on to 354 is sent a lone dot (RFC 2920 section 3.1), unless it took somebody,
        who would get an empty mail: then the connection ends here."""
        try:
            codes = [self.reply()[0] for _ in range(self.outstanding)]
            if codes[-1:] == [354] and all(code >= 400 for code in codes[:-1]):
                self.send(".\r\n")
                self.getreply()
            elif not all(code >= 400 for code in codes):
                self.close()
        except (OSError, UnansweredError):
            self.close()


def _in_step(code: int, *, last: bool, more: bool) -> bool:
    """Only DATA, the last, is answered by 354, and after its refusal there is no more to come."""
    if 400 <= code < 600:
        return not (last and more)
    return code == 354 if last else 200 <= code < 300


class TlsClient(Client, smtplib.SMTP_SSL):
    """TLS from the first byte (RFC 8314)."""


@contextmanager
def step(server: str, name: str) -> Iterator[None]:
    """Whatever fails inside becomes a `ServerError` that names the server and the step."""
    try:
        yield
    except ServerError:
        raise
    except Exception as error:
        raise failure(server, name, error) from error


def failure(server: str, name: str, error: Exception) -> ServerError:
    hint, said = "", error_text(error)
    refused_us = bool(_OUR_CERTIFICATE.search(said.upper()))
    not_trusted = isinstance(error, ssl.SSLCertVerificationError)
    if refused_us:
        hint = "set smtp.client_cert: the server wants to be shown a certificate that it knows"
    elif not_trusted:
        hint = (
            "set smtp.host to the name in the certificate, smtp.ca_file to who signed it (as for "
            "an authority that lacks a key identifier); one that has expired must be renewed"
        )
    elif isinstance(error, ssl.SSLError):
        hint = (
            "smtp.security and smtp.port must fit the server, which must know TLS 1.2 or later; "
            "some want to be shown a certificate (smtp.client_cert)"
        )
    words = f"mail server {server} failed at {name}: {said}"
    return ServerError(words, permanent=refused_us or not_trusted, hint=hint)


def refused(server: str, name: str, code: int, reply: bytes) -> ServerError:
    return ServerError(f"mail server {server} refused {name}: {reply_text(code, reply)}")


def error_text(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return reply_text(error.smtp_code, error.smtp_error)
    words, cause = str(error) or type(error).__name__, str(error.__context__ or "")
    return readable(words if cause in words else f"{words}: {cause}")


def reply_text(code: int, reply: bytes | str) -> str:
    """A reply as a person reads it, its code first; smtplib says -1 for a line without one."""
    text = readable(reply)
    return readable(f"{code} {text}" if code > 0 else f"not an SMTP reply: {text}")


def readable(words: str | bytes) -> str:
    """One line, at most 500 characters, nothing that a terminal or a page would obey."""
    text = words if isinstance(words, str) else _decoded(words)
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:REPLY_SHOWN]


def _decoded(words: bytes) -> str:
    """No reply names its encoding: older servers here speak GB 18030."""
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("gb18030", "replace")
