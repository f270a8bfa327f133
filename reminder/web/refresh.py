"""Pages that tell windows know the days of sessions, whichever process has set them."""

from asyncio import to_thread
from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.errors import LedgerError
from reminder.web.polls import Kept

_OF_THE_PLAN = ("/units/", "/console")


class Sittings:
    """Before the application. `refresh` reads the days; it is called when something was changed."""

    def __init__(self, app: ASGIApp, kept: Kept, refresh: Callable[[], object]) -> None:
        self._app = app
        self._kept = kept
        self._refresh = refresh
        self._stamp = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(_OF_THE_PLAN):
            # Of a ledger that cannot be read the application will find the same, and say it.
            with suppress(LedgerError):
                await self._look()
        await self._app(scope, receive, send)

    async def _look(self) -> None:
        await self._kept.look()
        stamp = self._kept.stamp
        if stamp != self._stamp:
            await to_thread(self._refresh)
            self._stamp = stamp
