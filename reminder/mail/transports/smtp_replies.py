"""What a mail server says: read under one deadline, told in words that are safe to show."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

from reminder.clock import monotonic
from reminder.errors import ServerError

REPLY_SHOWN = 500
REPLY_BYTES = 65536


class _Lines:
    """What smtplib reads replies from: lines under one deadline for the whole reply."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self._buffer = b""
        self._deadline = 0.0
        self._allowed = 0

    def begin(self, timeout: float) -> None:
        self._deadline = monotonic() + timeout
        self._allowed = REPLY_BYTES

    def readline(self, limit: int) -> bytes:
        """One line with its end; nothing when the server closed, even in the middle of one."""
        while (end := self._buffer.find(b"\n") + 1) == 0 and len(self._buffer) < limit:
            chunk = self._more()
            if not chunk:
                return b""
            self._buffer += chunk
        if not 0 < end < limit:
            raise OSError(f"a line of {limit} bytes or more")
        line, self._buffer = self._buffer[:end], self._buffer[end:]
        self._allowed -= len(line)
        if self._allowed < 0:
            raise OSError(f"a reply of more than {REPLY_BYTES} bytes")
        return line

    def _more(self) -> bytes:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._sock.recv(4096)

    @property
    def unread(self) -> bool:
        return bool(self._buffer)

    def close(self) -> None:
        self._buffer = b""


class Client(smtplib.SMTP):
    """smtplib gives every byte of a reply a new timeout: a slow dripper would hold it for ever.

    It also takes what came before a command for the answer to it: a second «250» after one
    message would accept the next.
    """

    @property
    def unread(self) -> bool:
        return bool(self.file and self.file.unread)

    def send(self, s: Any) -> None:
        if self.unread:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server said more than it was asked")
        with _as_failure():
            super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.file = self.file or _Lines(self.sock)
        self.file.begin(self.timeout)
        with _as_failure():
            reply = super().getreply()
        self.sock.settimeout(self.timeout)
        return reply


@contextmanager
def _as_failure() -> Iterator[None]:
    """Whatever smtplib did not foresee is a failure of this conversation, an OSError as its
    own are: between DATA and the answer nothing else may come up."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise smtplib.SMTPException(f"{type(error).__name__}: {error}") from error


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
    message = f"mail server {server} failed at {name}: {words_of(error)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = (
            "set smtp.host to the name in the certificate, smtp.ca_file to who signed it (as for "
            "an authority that lacks a key identifier); one that has expired must be renewed"
        )
        return ServerError(message, permanent=True, hint=hint)
    if isinstance(error, ssl.SSLError):
        hint = "smtp.security and smtp.port must fit the server, which must know TLS 1.2 or later"
        return ServerError(message, hint=hint)
    return ServerError(message)


def refused(server: str, name: str, code: int, reply: bytes) -> ServerError:
    return ServerError(f"mail server {server} refused {name}: {said(code, reply)}")


def words_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return said(error.smtp_code, error.smtp_error)
    words, cause = str(error) or type(error).__name__, str(error.__context__ or "")
    return readable(words if cause in words else f"{words}: {cause}")


def said(code: int, reply: bytes | str) -> str:
    """A reply as a person reads it, its code first; smtplib says -1 for a line without one."""
    text = reply if isinstance(reply, str) else _decoded(reply)
    return readable(f"{code} {text}" if code > 0 else f"not an SMTP reply: {text}")


def readable(text: str | bytes) -> str:
    """One line, at most 500 characters, nothing that a terminal or a page would obey."""
    words = text if isinstance(text, str) else _decoded(text)
    plain = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(plain.split())[:REPLY_SHOWN]


def _decoded(words: bytes) -> str:
    """No reply names its encoding: older servers here speak GB 18030."""
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("gb18030", "replace")
