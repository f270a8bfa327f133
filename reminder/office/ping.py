"""A word to a watchdog elsewhere after each good pass: whoever hears none knows that none is made.

As healthchecks.io has it: the address itself says that all is well, `…/fail` that it is not.
"""

import logging
import threading
from http.client import HTTPException, HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from reminder.clock import monotonic
from reminder.errors import ReminderError
from reminder.events import Event
from reminder.ledger.senders import read_alarms
from reminder.office.alerts import kind_of
from reminder.office.application import Application

if TYPE_CHECKING:
    from urllib.request import OpenerDirector, Request

log = logging.getLogger(__name__)

EVERY = 60.0  # seconds between two of them, at least
PATIENCE = 5.0  # for the connection, and for each part of the answer
# What keeps mails from going or passes from being made; of all else the operator hears by mail.
GRAVE = {"digest", "server", "outbox", "disk"}


class Ping:
    """Where this process delivers. In a thread of its own, so that no pass waits for it."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._url = app.settings.ping.url.get_secret_value()
        self._next = 0.0
        self._thread: threading.Thread | None = None
        self._is_heard = True

    def after_pass(self) -> None:
        now = monotonic()
        if not (self._url and self._app.activity.delivers) or now < self._next:
            return
        self._next = now + EVERY
        if self._thread and self._thread.is_alive():
            self._tell("there is no end to the answer to the last one")
            return
        self._thread = threading.Thread(target=self._send, name="ping", daemon=True)
        self._thread.start()

    def _send(self) -> None:
        address = self._url if self._is_well() else failure_of(self._url)
        try:
            _get(address)
        except (OSError, HTTPException, ValueError) as error:
            self._tell(str(error))
        else:
            if not self._is_heard:
                log.info("the watchdog of ping.url hears us again", extra=Event.PING_HEARD.of())
            self._is_heard = True

    def _is_well(self) -> bool:
        app = self._app
        if not app.activity.last_is_good or app.waits_for_clock(app.clock.now()):
            return False
        try:
            with app.database.read() as connection:
                return GRAVE.isdisjoint(map(kind_of, read_alarms(connection)))
        except ReminderError:
            return False

    def _tell(self, why: str) -> None:
        """Once, until it is heard again: mails go all the same."""
        if self._is_heard:
            words = "the watchdog of ping.url does not hear us: %s"
            log.warning(words, why, extra=Event.PING_UNHEARD.of())
        self._is_heard = False


def failure_of(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()


def _get(address: str) -> None:
    """Raises `OSError` and whatever a broken answer leads to; no answer's text is read. By the
    proxy that the environment names."""
    with _opener().open(address, timeout=PATIENCE):
        pass


def _opener() -> "OpenerDirector":
    # Only where it is used.
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, build_opener

    class SameHost(HTTPRedirectHandler):
        """The address is a secret: it is told to no other host, and never in the clear."""

        def redirect_request(
            self,
            req: "Request",
            fp: IO[bytes],
            code: int,
            msg: str,
            headers: HTTPMessage,
            newurl: str,
        ) -> "Request | None":
            old, new = urlsplit(req.full_url), urlsplit(newurl)
            if new.hostname != old.hostname or (old.scheme, new.scheme) == ("https", "http"):
                raise HTTPError("", code, "it leads to another host", headers, fp)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    opener = build_opener(SameHost)
    opener.addheaders = [("User-Agent", "reminder")]
    return opener
