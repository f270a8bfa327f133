"""The web server: uvicorn, with the bounds that it leaves to a proxy which may not be there."""

import asyncio
import logging
import socket
from concurrent.futures import Future
from typing import Any

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette

from reminder.web.connection import MOST, Connection

log = logging.getLogger(__name__)

# Pages are made by threads that share one lock; more of them only keep the others waiting.
THREADS = 8


class Server(uvicorn.Server):
    """Wakes for its clients and for `stop`, which another thread calls; for nothing else."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped: Future[None] = Future()

    def stop(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)

    async def main_loop(self) -> None:
        await asyncio.wrap_future(self._stopped)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_tell)
        current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(1024)  # who is not taken in at once waits in the kernel's queue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # They are gone when the loop comes round; one that it finds at its end is a warning.
        await asyncio.sleep(0)


def web_server(app: Starlette) -> Server:
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        loop="uvloop",
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


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Of the system's trouble a sentence; of a mistake of ours everything."""
    if isinstance(error := context.get("exception"), OSError):
        log.error("web server: %s: %s", context["message"], error.strerror)
    else:
        loop.default_exception_handler(context)
