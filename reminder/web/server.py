"""The web server: uvicorn, with the bounds that it leaves to a proxy which may not be there."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from resource import RLIMIT_NOFILE, getrlimit
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any, cast

import h11
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from reminder.web.security import HEADERS

log = logging.getLogger(__name__)

# Pages are made by threads that share one lock; more of them only keep the others waiting.
THREADS = 8
# Seconds for a request to come whole and its answer to be taken, from the last answer on.
PATIENCE = 20.0
# The ledger and the mail server need files too, and those on their way in come on top.
MOST = min(512, getrlimit(RLIMIT_NOFILE)[0] // 3)


def web_server(app: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",  # a line for each broken request would fill the disk for whoever likes
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=MOST // 4,  # so many are taken in before any of them can be counted
        timeout_graceful_shutdown=5,
    )
    return Server(config)


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_tell)
        current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(1024)  # who is not taken in at once waits in the kernel's queue


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of the system's trouble a sentence; of a mistake of ours everything."""
    if isinstance(error := context.get("exception"), OSError):
        log.error("web server: %s: %s", context["message"], error.strerror)
    else:
        loop.default_exception_handler(context)


class Connection(H11Protocol):
    """One client, who is not waited for without end and never keeps another one out.

    When there are too many, the one goes that has kept the server waiting longest.
    """

    _deadline: asyncio.TimerHandle
    _was_answered = False
    _has_ended = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # asyncio does so only when the listener was made with its protocol named. Without it
        # every second answer on a connection waits 40 ms for the first one's receipt.
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        super().connection_made(cast(asyncio.Transport, Farewell(transport, self._is_talking)))
        self._be_patient()
        if len(self.connections) > MOST:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has said everything may still listen, as `nc` does."""
        self._has_ended = True
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.BAD_REQUEST)
        return self._is_answering

    def on_response_complete(self) -> None:
        self._deadline.cancel()
        self._be_patient()
        self._was_answered = True
        super().on_response_complete()
        if self._has_ended and not self._is_answering:
            self.transport.close()

    def shutdown(self) -> None:
        """The daemon stops at once: it waits for work of its own, not for who takes nothing."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to what h11 refuses: with h11's status, and our headers."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE and not self._has_target:
            status = HTTPStatus.REQUEST_URI_TOO_LONG
        self._refuse(HTTPStatus(status))

    @property
    def _has_target(self) -> bool:
        return b"\n" in self.conn.trailing_data[0]

    @property
    def _is_answering(self) -> bool:
        cycle = self.cycle
        return not (cycle is None or cycle.response_complete or cycle.disconnected)

    @property
    def _is_owed(self) -> bool:
        """Whether it waits for its first answer; whoever had one can ask again elsewhere."""
        return self._is_answering and not self._was_answered and not self.flow.write_paused

    def _is_talking(self) -> bool:
        return not self._has_ended and self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def _be_patient(self) -> None:
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(PATIENCE, self._lose_patience)

    def _lose_patience(self) -> None:
        if self.conn.our_state is h11.IDLE and not self.transport.is_closing():
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
        if self._is_answering:
            self.cycle.disconnected = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            close = {"Content-Length": "0", "Connection": "close"}
            headers = list((HEADERS | close).items())
            answer = h11.Response(status_code=status, headers=headers, reason=status.phrase)
            self.transport.write(self.conn.send(answer) or b"")
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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._said or self._transport.is_closing()

    def close(self) -> None:
        self._said = True
        if self._is_talking():
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._transport.close()
