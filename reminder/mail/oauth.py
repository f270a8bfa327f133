"""Access tokens in place of a password (OAuth 2.0, RFC 6749), for whoever logs in to a mail server.

Those whose server changes the refresh token with every use find the latest in a file of the state
folder, for its owner alone. It is not in the ledger: copies of that are carried about.
"""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from reminder.clock import Clock
from reminder.documents.oauth_section import OAuthSettings
from reminder.documents.settings import Settings
from reminder.events import Event
from reminder.output_files import make_folder, write_file

if TYPE_CHECKING:
    from reminder.mail.token_server import TokenServer

log = logging.getLogger(__name__)

_LOOK, _LOOKS = 0.1, 300  # while another process asks: seconds between two, and how often
_MARGIN = 300  # seconds before its end from which a token is no longer begun with
_LIFETIME = 600  # seconds, of a token of which nothing is said (RFC 6749 section 5.1)
_LONGEST = 366 * 86400


@dataclass(frozen=True)
class AccessToken:
    """`until` is when it ends, by the word of who gave it."""

    text: str = field(repr=False)
    until: datetime


def token_source(settings: Settings, section: Literal["smtp", "inbox"]) -> "TokenSource | None":
    """Of that table of the settings; None where it logs in by something else."""
    options: OAuthSettings = getattr(settings, section).oauth
    kept = settings.state_dir / f"oauth-{section}.json"
    return TokenSource(options, section, kept) if options.is_set else None


class TokenSource:
    """One for all connections that log in by it, whatever their thread."""

    def __init__(
        self, options: OAuthSettings, section: str, kept: Path, clock: Clock | None = None
    ) -> None:
        self._options = options
        self._section = section
        self._clock = clock = clock or Clock()
        given = options.refresh_token.get_secret_value()
        self._refresh_token = _RefreshToken(given, kept, clock)
        self._lock = threading.Lock()
        self._token: AccessToken | None = None
        self._good_until = 0.0

    def token(self, refused: AccessToken | None = None) -> AccessToken:
        """The one in use, or a new one: shortly before that ends, and where it is what a mail
        server has refused. Raises `ServerError`."""
        with self._lock:
            is_over = self._clock.monotonic() >= self._good_until
            if self._token is None or self._token is refused or is_over:
                self._token = None
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> AccessToken:
        if self._options.effective_grant == "client_credentials":
            return self._made(self._server.ask())
        with self._refresh_token.in_turn() as latest:
            answer = self._server.ask(refresh_token=latest)
            self._refresh_token.keep(answer.get("refresh_token", latest))
        return self._made(answer)

    @cached_property
    def _server(self) -> "TokenServer":
        from reminder.mail.token_server import TokenServer

        return TokenServer(self._options, self._section)

    def _made(self, answer: Mapping[str, Any]) -> AccessToken:
        lifetime = _seconds(answer.get("expires_in"))
        self._good_until = self._clock.monotonic() + lifetime - min(_MARGIN, lifetime / 5)
        return AccessToken(
            str(answer["access_token"]), self._clock.now() + timedelta(seconds=lifetime)
        )


@dataclass
class _RefreshToken:
    """What stands in the settings, and in the file what became of it."""

    given: str = field(repr=False)
    path: Path
    clock: Clock
    _unkept: str = field(default="", repr=False)

    @contextmanager
    def in_turn(self) -> Iterator[str]:
        """The latest, for one process at a time: each may be good for one use."""
        with _alone(self.path.with_suffix(".lock"), self.clock):
            yield self._unkept or self._kept() or self.given

    def keep(self, latest: object) -> None:
        if not isinstance(latest, str) or latest == (self._kept() or self.given):
            return
        content = json.dumps({"of": self._mark, "refresh_token": latest})
        try:
            write_file(self.path, [content.encode()])
            _give_to_owner(self.path)
            self._unkept = ""
        except OSError as error:
            self._unkept = latest
            words = "%s: %s: a restart will not know the new token"
            log.error(words, self.path, error.strerror, extra=Event.TOKEN_UNKEPT.of())

    def _kept(self) -> str:
        """Empty where none was, or where another one was set since."""
        try:
            found = json.loads(self.path.read_bytes())
            return str(found["refresh_token"]) if found["of"] == self._mark else ""
        except FileNotFoundError:
            return ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = type(error).__name__
            log.warning("%s: %s: passed over", self.path, why, extra=Event.TOKEN_UNKEPT.of())
            return ""

    @property
    def _mark(self) -> str:
        return sha256(self.given.encode()).hexdigest()


@contextmanager
def _alone(path: Path, clock: Clock) -> Iterator[None]:
    """One process at a time, where the file can be written; a frozen one is not waited for."""
    with ExitStack() as opened:
        with suppress(OSError):
            make_folder(path.parent)
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            opened.callback(os.close, lock)
            _give_to_owner(path)
            for _ in range(_LOOKS):
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                clock.wait(threading.Event(), _LOOK)
        yield


def _give_to_owner(path: Path) -> None:
    """Of the folder: `check` by root must not take it from the daemon."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _seconds(said: Any) -> float:
    """How long a token holds; some say it in a string."""
    return _LIFETIME if said is None else min(max(float(said), 0.0), _LONGEST)
