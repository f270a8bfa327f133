"""What is said to a token server, and what it answers (RFC 6749).

Loaded when the first token is wanted: what it needs takes 13 MiB.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import quote, quote_plus, urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from httpx2 import HTTPError, InvalidURL, ReadTimeout, Response, SyncByteStream

from reminder.clock import monotonic
from reminder.documents.oauth_section import OAuthSettings
from reminder.domain.characters import harmless
from reminder.errors import ServerError
from reminder.mail.certificates import trusting

SECONDS = 20.0  # for the head of an answer, and for its body
_MOST = 1 << 20  # bytes of an answer
_SHOWN = 500  # characters of its words
_BASIC = "client_secret_basic"
# What it or a proxy may get wrong; for SOCKS a package is missing.
_NO_ANSWER = (
    HTTPError, InvalidURL, ValueError, TypeError, OverflowError, OSError, ImportError,
    RecursionError,
)  # fmt: skip
# RFC 6749 section 5.2 knows errors of the client alone; these mean «later» where they are used.
_PASSING = ("server_error", "slow_down", "temporarily_unavailable")


class TokenServer:
    """Of one table `oauth`, that of the `section`."""

    def __init__(self, options: OAuthSettings, section: str) -> None:
        self._options = options
        self._section = section
        self._ways = _ways(options)

    def ask(self, **more: str) -> Mapping[str, object]:
        """Its answer, with an access token in it. Raises `ServerError`."""
        for how in self._ways:
            try:
                answer = self._asked(how, **more)
            except OAuthError as error:
                if str(error.error) != "invalid_client" or how == self._ways[-1]:
                    raise self._refused(error, more) from None
            except _NO_ANSWER as error:
                raise self._away(error) from None
            else:
                self._ways = (how,)
                return answer
        raise AssertionError("the last way ends in an answer or an error")

    def _asked(self, how: str, **more: str) -> Mapping[str, object]:
        options = self._options
        grant = {"grant_type": options.effective_grant, **more}
        if options.effective_scope:
            grant["scope"] = options.effective_scope
        with self._client(how) as client:
            answer: Mapping[str, object] = client.fetch_token(options.address, **grant)
        if not isinstance(answer.get("access_token"), str):
            raise ValueError("the answer holds no token")
        return answer

    def _client(self, how: str) -> "_Client":
        """A proxy is taken from the environment."""
        options = self._options
        known = (options.client_id, options.client_secret.get_secret_value())
        if how == _BASIC:  # RFC 6749 section 2.3.1; Authlib leaves that to its caller
            known = quote_plus(known[0]), quote_plus(known[1])
        return _Client(
            *known,
            token_endpoint_auth_method=how,
            verify=trusting(options.ca_file, f"{self._section}.oauth.ca_file"),
            timeout=SECONDS,
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_read_in_time]},
        )

    def _facts(self, words: str, *secrets: str) -> dict[str, object]:
        for secret in (*self._options.secrets, *secrets):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                words = words.replace(form, "***")
        host = urlsplit(self._options.address).netloc.rpartition("@")[2]
        shown = " ".join(harmless(words).split())[:_SHOWN]
        return {"host": host, "words": shown, "section": self._section}

    def _refused(self, error: OAuthError, sent: Mapping[str, str]) -> ServerError:
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


def _ways(options: OAuthSettings) -> tuple[str, ...]:
    """How the client says who it is. Who is known by name wants it in the form; others must know
    Basic (RFC 6749 section 2.3.1), and some do not."""
    if not options.client_secret:
        return ("none",)
    return ("client_secret_post",) if options.provider else (_BASIC, "client_secret_post")


class _Client(OAuth2Client):  # type: ignore[misc]
    def __del__(self) -> None:
        """Of one that a proxy's address kept from being made Authlib would complain here."""
        with suppress(AttributeError):
            super().__del__()


class _InTime(SyncByteStream):
    """A body that ends in time and within bounds: httpx gives every part of it a new timeout."""

    def __init__(self, stream: SyncByteStream) -> None:
        self._stream = stream

    def close(self) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[bytes]:
        begun, size = monotonic(), 0
        for part in self._stream:
            size += len(part)
            if monotonic() - begun > SECONDS or size > _MOST:
                raise ReadTimeout(f"the answer does not end within {SECONDS} s or {_MOST} bytes")
            yield part


def _read_in_time(response: Response) -> None:
    """A packed one may hold a thousand times what is read of it."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("the answer is packed, which nobody asked for")
    if isinstance(response.stream, SyncByteStream):
        response.stream = _InTime(response.stream)
