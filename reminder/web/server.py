"""The web server: uvicorn, with the limits that it leaves to a proxy which may not be there."""

import asyncio
import socket
import string
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from resource import RLIMIT_NOFILE, getrlimit
from typing import cast
from urllib.parse import quote

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from httptools import HttpParserError
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from reminder.clock import monotonic

# Seconds for a request to come whole, and again for its answer to be taken.
PATIENCE = 20.0
# Connections. The ledger and the mail server need files too.
PLACES = min(512, getrlimit(RLIMIT_NOFILE)[0] // 3)
HEAD = 16 * 1024  # bytes of a request's head that are held until it is whole
BODY = 256 * 1024  # bytes of a body; forms are told at 16 KB that they are too long
UPLOAD = "/upload"  # how an address ends to which a file may be sent
FILE = 17 << 20  # bytes of such a body; the form is told a little earlier
FILE_PATIENCE = 120.0  # seconds for it to come
PIPELINED = 32  # requests that wait for the answer before them
# Pages are made by threads that share one lock; more of them only keep the others waiting.
THREADS = 8


class GuardedProtocol(HttpToolsProtocol):
    """A client is not waited for without end, and never keeps another one out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._received = 0
        self._limit, self._patience = HEAD, PATIENCE
        self._unanswered = deque[RequestResponseCycle]()
        self._since = monotonic()
        self._deadline = self.loop.call_later(PATIENCE, self._end_if_late)
        if len(self.connections) > PLACES:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not (self._received or data.isascii()):
            # RFC 3986, 2.1: with escapes for what curl sends as it is; the parser refuses it.
            line, end, rest = data.partition(b"\r\n")
            data = quote(line, string.printable).encode() + end + rest
        self._received += len(data)
        super().data_received(data)
        if self._received > self._limit and not self._is_answered_early:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has said everything may still listen, as `nc` does."""
        if self.is_served:
            self.cycle.keep_alive = False
        return self.is_served

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value.strip())  # the parser leaves the blanks behind it

    def on_headers_complete(self) -> None:
        self._received, self._limit = 0, BODY
        super().on_headers_complete()
        if self.scope["path"].endswith(UPLOAD):
            self._limit, self._patience = FILE, FILE_PATIENCE
        self._unanswered.append(self.cycle)
        self.headers = []  # what follows a chunked body is no part of the head
        if len(self.pipeline) > PIPELINED:
            raise HttpParserError("too many requests at once")

    def on_message_complete(self) -> None:
        self._received, self._limit, self._patience = 0, HEAD, PATIENCE
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._unanswered.popleft()
        self._since = monotonic()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST)

    @property
    def is_served(self) -> bool:
        """It has said everything, takes what it is given, and waits for its answer."""
        cycle = self.cycle
        waits = cycle is not None and not (cycle.response_complete or cycle.more_body)
        return waits and not self.flow.write_paused

    @property
    def _is_answered_early(self) -> bool:
        """The rest of its body is heard and passed over: who is cut off while it still speaks may
        lose the answer (RFC 9112, 9.6)."""
        return self.cycle is not None and self._limit != HEAD and self.cycle.response_complete

    def _end_if_late(self) -> None:
        now = monotonic()
        if self.is_served:  # afterwards it has its time to take the answer
            self._since = now
        left = self._since + self._patience - now
        if left > 0:
            self._deadline = self.loop.call_later(left, self._end_if_late)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _make_room(self) -> None:
        """Of those that the server waits for, the one goes that has kept it waiting longest."""
        connections = cast(set[GuardedProtocol], self.connections)
        slowest = min((c for c in connections if not c.is_served), key=lambda c: c._since)
        connections.discard(slowest)  # it leaves by itself only when the loop comes round
        slowest._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def _refuse(self, status: HTTPStatus) -> None:
        """Ends the connection, with a word unless an answer has begun."""
        cycle = self.cycle
        is_waiting = cycle is None or cycle.response_complete or not cycle.response_started
        if is_waiting and not self._is_answered_early:
            fields = [*self.server_state.default_headers, (b"content-length", b"0")]
            fields.append((b"connection", b"close"))
            lines = [b"%b: %b\r\n" % field for field in fields]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n"]))
            self.transport.close()
        self._give_up()
        self.transport.abort()

    def _give_up(self) -> None:
        """Of several requests uvicorn tells only the last that its client is gone; an answer to
        the others would be an error in the log."""
        for cycle in self._unanswered:
            cycle.disconnected = True


class WebServer(uvicorn.Server):
    _wake: Callable[[], object] = staticmethod(lambda: None)

    def stop(self) -> None:
        """May be called by another thread."""
        self.should_exit = True
        self._wake()

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it should end; here it is told,
        and wakes for the Date of its answers alone."""
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stopped.set)

        self._wake = wake
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 1)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Waits for work of its own, not for a client that sends or takes nothing."""
        for connection in cast(set[GuardedProtocol], self.server_state.connections):
            if not connection.is_served:
                connection.transport.abort()
        await super().shutdown(sockets)


def web_server(app: ASGIApp) -> WebServer:
    config = uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        log_level="error",  # a line for each broken request would fill the disk for whoever likes
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=1024,  # who is not taken in at once waits in the kernel's queue
        timeout_graceful_shutdown=5,
    )
    return WebServer(config)
