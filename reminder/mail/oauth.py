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
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, quote_plus, urlsplit

from reminder.clock import Clock
from reminder.documents.oauth_section import OAuthSettings
from reminder.documents.settings import Settings
from reminder.domain.characters import harmless
from reminder.errors import ServerError
from reminder.events import Event
from reminder.mail.certificates import trusting
from reminder.output_files import make_folder, write_file

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import OAuth2Client

log = logging.getLogger(__name__)

_SECONDS = 20  # for each part of the token server's answer
_LOOK, _LOOKS = 0.1, 300  # while another process asks: seconds between two, and how often
_MARGIN = 300  # seconds before its end from which a token is no longer begun with
_LIFETIME = 600  # seconds, of a token of which nothing is said (RFC 6749 section 5.1)
_BASIC = "client_secret_basic"
_LONGEST = 366 * 86400
# RFC 6749 section 5.2 knows errors of the client alone; these mean «later» where they are used.
_PASSING = ("server_error", "slow_down", "temporarily_unavailable")


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
        self._ways = _ways(options)
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
            return self._made(self._ask())
        with self._refresh_token.in_turn() as latest:
            answer = self._ask(refresh_token=latest)
            self._refresh_token.keep(answer.get("refresh_token", latest))
        return self._made(answer)

    def _made(self, answer: Mapping[str, Any]) -> AccessToken:
        lifetime = _seconds(answer.get("expires_in"))
        self._good_until = self._clock.monotonic() + lifetime - min(_MARGIN, lifetime / 5)
        return AccessToken(answer["access_token"], self._clock.now() + timedelta(seconds=lifetime))

    def _ask(self, **more: str) -> Mapping[str, Any]:
        """What the token server says, with a token in it."""
        from authlib.integrations.base_client import OAuthError
        from httpx2 import HTTPError, InvalidURL

        for how in self._ways:
            try:
                answer = self._asked(how, **more)
            except OAuthError as error:
                if str(error.error) != "invalid_client" or how == self._ways[-1]:
                    raise self._refused(error, more) from None
            except (HTTPError, InvalidURL, ValueError, TypeError, OverflowError, OSError) as error:
                raise self._away(error) from None
            else:
                self._ways = (how,)
                return answer
        raise AssertionError("the last way ends in an answer or an error")

    def _asked(self, how: str, **more: str) -> Mapping[str, Any]:
        options = self._options
        grant = {"grant_type": options.effective_grant, **more}
        if options.effective_scope:
            grant["scope"] = options.effective_scope
        with self._client(how) as client:
            answer: Mapping[str, Any] = client.fetch_token(options.address, **grant)
        if not isinstance(answer.get("access_token"), str):
            raise ValueError("the answer holds no token")
        return answer

    def _client(self, how: str) -> "OAuth2Client":
        """A proxy is taken from the environment."""
        from authlib.integrations.httpx_client import OAuth2Client

        options = self._options
        known = (options.client_id, options.client_secret.get_secret_value())
        if how == _BASIC:  # RFC 6749 section 2.3.1; Authlib leaves that to its caller
            known = quote_plus(known[0]), quote_plus(known[1])
        return OAuth2Client(
            *known,
            token_endpoint_auth_method=how,
            verify=trusting(options.ca_file, f"{self._section}.oauth.ca_file"),
            timeout=_SECONDS,
        )

    def _facts(self, words: str, *secrets: str) -> dict[str, object]:
        for secret in (*self._options.secrets, *secrets):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                words = words.replace(form, "***")
        host = urlsplit(self._options.address).netloc.rpartition("@")[2]
        shown = " ".join(harmless(words).split())[:500]
        return {"host": host, "words": shown, "section": self._section}

    def _refused(self, error: Any, sent: Mapping[str, str]) -> ServerError:
        """The token server's own no: of what kind, and in its words."""
        kind = str(error.error)
        words = f"{kind}: {error.description}" if error.description else kind
        facts = self._facts(words, *sent.values())
        if kind in _PASSING:
            return ServerError.because("token_server_away", **facts)
        facts |= {"client": self._options.client_id, "is_of_user": kind == "invalid_grant"}
        return ServerError.lasting("token_refused", **facts)

    def _away(self, error: Exception) -> ServerError:
        words = str(error) or type(error).__name__
        facts = self._facts(words)
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return ServerError.lasting("token_server_not_trusted", **facts)
        return ServerError.because("token_server_away", **facts)


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
            for _ in range(_LOOKS):
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                clock.wait(threading.Event(), _LOOK)
        yield


def _ways(options: OAuthSettings) -> tuple[str, ...]:
    """How the client says who it is. Who is known by name wants it in the form; others must know
    Basic (RFC 6749 section 2.3.1), and some do not."""
    if not options.client_secret:
        return ("none",)
    return ("client_secret_post",) if options.provider else (_BASIC, "client_secret_post")


def _seconds(said: Any) -> float:
    """How long a token holds; some say it in a string."""
    return _LIFETIME if said is None else min(max(float(said), 0.0), _LONGEST)
