"""One client's connection: what it may cost, and how it ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from email.utils import format_datetime
from http import HTTPStatus
from resource import RLIMIT_NOFILE, getrlimit
from typing import Any, cast
from urllib.parse import quote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from reminder.clock import Clock, monotonic
from reminder.web.answers import IN_ONE_PIECE
from reminder.web.bounds import HEAD, TARGET
from reminder.web.security import HEADERS

# Seconds for a request to come whole and its answer to be taken, from the last answer on.
PATIENCE = 20.0
# The ledger and the mail server need files too, and those on their way in come on top.
MOST = min(512, getrlimit(RLIMIT_NOFILE)[0] // 3)
_END = b"\r\n\r\n"  # of a request's head


class Connection(HttpToolsProtocol):
    """One client, who is not waited for without end and never keeps another one out.

    When there are too many, the one goes that has kept the server waiting longest. Requests are
    parsed one at a time. One with a body is the last: a form is short, what is longer is not read
    to its end, and what follows it is not heard.
    """

    url = b""
    _deadline: asyncio.TimerHandle
    _unread = b""
    _start = 0  # of what is unread there
    _taken = 0  # bytes of the present request that were parsed
    _was_answered = False
    _has_ended = False
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast(asyncio.Transport, Farewell(transport, self._is_talking)))
        self._since = monotonic()
        self._be_patient(PATIENCE)
        if len(self.connections) > MOST:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self._unread = self._unread[self._start :] + data
            self._start = 0
            self._read()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has said everything may still listen, as `nc` does."""
        self._has_ended = True
        self._leave()
        return self._is_answering

    def on_header(self, name: bytes, value: bytes) -> None:
        # Unlike uvicorn's, it passes over Expect: nobody will read what 100 would invite.
        self.headers.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        if self._is_answering:
            return  # it came behind a body
        if not self.server_state.default_headers:
            self._look_at_the_clock()
        super().on_headers_complete()
        if not self.url.startswith(b"/"):
            # uvicorn leaves out whose address it is, which outweighs Host.
            self.scope["raw_path"], _, self.scope["query_string"] = self.url.partition(b"?")
        self.scope["extensions"] = {IN_ONE_PIECE: {"give": self._give}}
        self.headers = []  # fields behind a body are no part of what is judged
        if self.parser.should_upgrade():
            self.cycle.keep_alive = False

    def _give(self, head: bytes, body: bytes) -> bool:
        """Says whether it took the answer; it leaves what is rare to uvicorn."""
        cycle = self.cycle
        if cycle.disconnected or not cycle.keep_alive or self.flow.write_paused:
            return False
        [(name, date)] = cycle.default_headers
        self.transport.write(b"%b%b: %b\r\n\r\n" % (head, name, date))
        self.transport.write(body)
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()
        return True

    def on_response_complete(self) -> None:
        self._since = monotonic()
        self._was_answered = True
        self._taken = 0
        super().on_response_complete()
        if self._has_more:
            self._read()
        if self._has_ended:
            self._leave()

    def shutdown(self) -> None:
        """The daemon stops at once: it waits for work of its own, not for who takes nothing."""
        self._has_ended = True
        is_half = self._is_answering and self.cycle.more_body
        if is_half or self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what is no request: with our headers."""
        self._refuse(HTTPStatus.NOT_IMPLEMENTED if self._is_coded else HTTPStatus.BAD_REQUEST)

    @property
    def _is_answering(self) -> bool:
        cycle = self.cycle
        return not (cycle is None or cycle.response_complete or cycle.disconnected)

    @property
    def _is_worked_for(self) -> bool:
        """It has said everything, and its page takes long to make."""
        waits = self.cycle is None or self.cycle.more_body or self.flow.write_paused
        return self._is_answering and not (waits or self.cycle.response_started)

    @property
    def _is_owed(self) -> bool:
        """Whether it waits for its first answer; whoever had one can ask again elsewhere, and who
        has sent half a form may never send the rest."""
        waits = self._is_answering and not self._was_answered
        return waits and not (self.cycle.more_body or self.flow.write_paused)

    @property
    def _is_coded(self) -> bool:
        """RFC 9112, 6.1: with a body in a coding that nobody here takes apart."""
        return self._is_answering and any(
            name == b"transfer-encoding" and value.lower() != b"chunked"
            for name, value in self.cycle.scope["headers"]
        )

    @property
    def _has_more(self) -> bool:
        return self._start < len(self._unread)

    @property
    def _is_listening(self) -> bool:
        if self._is_answering:
            return self.cycle.more_body and self._taken <= TARGET + HEAD
        return not self.transport.is_closing()

    def _is_talking(self) -> bool:
        has_body = self.cycle is not None and self.cycle.more_body
        return not self._has_ended and (has_body or self._is_refused or self._has_more)

    def _read(self) -> None:
        """One request's head, and what has come of its body: the next one waits unparsed."""
        while self._has_more and self._is_listening:
            if self._is_answering:  # its body
                part = self._unread[self._start : self._start + HEAD]
            else:
                part = _part(self._unread, self._start)
            if not part:
                break
            self._start += len(part)
            is_first, self._taken = not self._taken, self._taken + len(part)
            super().data_received(_escaped(part) if is_first and not part.isascii() else part)
            if not self._is_answering:
                if self._taken > TARGET + HEAD:
                    self._refuse(_too_large(self.url))
            elif self.cycle.more_body:
                self.cycle.keep_alive = False
                if self._is_coded:
                    self._refuse(HTTPStatus.NOT_IMPLEMENTED)
        if self._has_more and self._is_answering:
            self.flow.pause_reading()

    def _leave(self) -> None:
        if self._is_answering and not self.cycle.more_body:
            return
        if self._taken or self._has_more:
            self._refuse(HTTPStatus.BAD_REQUEST)
        self.transport.close()

    def _look_at_the_clock(self) -> None:
        """Once a second, and only while somebody asks."""
        state = self.server_state
        state.default_headers = [(b"date", _date().encode())]
        self.loop.call_later(1, setattr, state, "default_headers", [])

    def _be_patient(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self._lose_patience)

    def _lose_patience(self) -> None:
        if (left := self._since + PATIENCE - monotonic()) > 0:
            self._be_patient(left)
            return
        if self._is_worked_for:  # from then on it has its time to take the answer
            self._since = monotonic()
            self._be_patient(PATIENCE / 20)
            return
        if not self._is_answering:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        self.transport.abort()

    def _make_room(self) -> None:
        known = cast(set[Connection], self.connections)
        slowest = min(
            (connection for connection in known if not connection._is_owed),
            key=lambda connection: connection._since,
        )
        known.discard(slowest)  # it leaves on its own only when the loop comes round
        slowest._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        slowest.transport.abort()

    def _refuse(self, status: HTTPStatus) -> None:
        """An answer to half a request, unless one is on its way; then no more is said or heard."""
        has_begun = self._is_answering and self.cycle.response_started
        if self._is_answering:
            self.cycle.disconnected = True
        if not has_begun and not self.transport.is_closing():
            self.transport.write(_refusal(status))
        self._is_refused = True
        self.transport.close()


class Farewell:
    """A transport that hears its client out before it is closed.

    RFC 9112, 9.6: input that is left unread makes the kernel reset the connection, and the
    client may lose the answer. What comes after the farewell is thrown away; the end comes by
    the client, or by `PATIENCE`.
    """

    def __init__(self, transport: asyncio.Transport, is_talking: Callable[[], bool]) -> None:
        self._transport = transport
        self._is_talking = is_talking
        self._said = False
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._said or self._transport.is_closing()

    def close(self) -> None:
        self._said = True
        if self._is_talking() and not self._transport.is_closing():
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._transport.close()


def _part(unread: bytes, start: int) -> bytes:
    """Up to the end of a head, and never half of such an end."""
    if (end := unread.find(_END, start, start + HEAD)) >= 0:
        return unread[start : end + len(_END)]
    return unread[start : max(start, min(len(unread) - len(_END) + 1, start + HEAD))]


def _escaped(part: bytes) -> bytes:
    """RFC 3986, 2.1: with escapes for the characters that curl and others send as they are."""
    line, end, rest = part.partition(b"\n")
    with suppress(UnicodeDecodeError):
        line = "".join(c if c.isascii() else quote(c) for c in line.decode()).encode()
    return line + end + rest


def _too_large(url: bytes) -> HTTPStatus:
    is_url = len(url) > TARGET
    return HTTPStatus.REQUEST_URI_TOO_LONG if is_url else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def _refusal(status: HTTPStatus) -> bytes:
    headers = HEADERS | {"Date": _date(), "Content-Length": "0", "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "\r\n"]).encode()


def _date() -> str:
    return format_datetime(Clock().now(), usegmt=True)
