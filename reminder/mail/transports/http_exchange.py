"""What apprise's services say over HTTP: it tells whether it worked, and keeps the words.

All of them send by `requests.post` and the like, which make a session of their own each time: its
adapter is the one place to listen. Some services say «no» with status 200, and apprise takes that
for a yes.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

MOST = 64 * 1024  # bytes of an answer


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


@dataclass
class Exchange:
    """`error` is what the last request ended with instead of a reply; `words` is what apprise wrote
    into its log."""

    until: float
    timeout: float
    replies: list[Reply] = field(default_factory=list)
    error: Exception | None = None
    words: list[str] = field(default_factory=list)


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def watched(timeout: float) -> Iterator[Exchange]:
    """What is asked in this thread meanwhile, for about so many seconds at most."""
    _listen()
    exchange = Exchange(time.monotonic() + 2 * timeout, timeout)
    token = _current.set(exchange)
    try:
        yield exchange
    finally:
        _current.reset(token)


class _Words(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if (exchange := _current.get()) is not None:
            exchange.words.append(record.getMessage())


@cache
def _listen() -> None:
    import requests
    import requests.adapters
    import requests.sessions
    from urllib3.exceptions import HTTPError

    class Listening(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *given: Any, **named: Any) -> Any:
            exchange = _current.get()
            if exchange is None:
                return super().send(request, *given, **named)
            try:
                response = super().send(request, *given, **named | {"stream": True})
                body = _read(response, exchange.until)
            except Exception as error:
                exchange.error = error
                raise
            exchange.replies.append(Reply(response.status_code, body))
            response.headers.pop("Location", None)  # message and key go to no other place
            return response

    def _read(response: Any, until: float) -> bytes:
        """All of it, if it is not endless: requests itself waits for each byte anew."""
        body = b""
        try:
            while part := response.raw.read1(4096, decode_content=True):
                body += part
                if len(body) > MOST or time.monotonic() > until:
                    response.close()
                    raise requests.ReadTimeout("the answer has no end")
        except HTTPError as error:  # as requests calls it, where it reads by itself
            raise requests.exceptions.ChunkedEncodingError(error) from error
        response._content, response._content_consumed = body, True
        return body

    requests.sessions.HTTPAdapter = Listening  # type: ignore[attr-defined]
    logging.getLogger("apprise").addHandler(_Words(logging.WARNING))
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # below, it writes whole addresses


def never_went(error: Exception) -> bool:
    """Whether nothing of the request can have reached the service."""
    import requests
    from requests.exceptions import ChunkedEncodingError, SSLError
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

    inner = error.args[0] if error.args else None
    cause = getattr(inner, "reason", inner)
    if isinstance(cause, ProxyError):
        cause = cause.original_error
        # A proxy's own no is an OSError and none of its kinds, which may come at any time.
        return isinstance(cause, NewConnectionError | ConnectTimeoutError) or type(cause) is OSError
    if isinstance(error, requests.ConnectTimeout | SSLError):
        return True
    if isinstance(error, requests.ConnectionError):
        return isinstance(cause, NewConnectionError | ConnectTimeoutError)
    # What else it raises is about an address that cannot be.
    return not isinstance(error, requests.Timeout | ChunkedEncodingError)


def words_of(error: Exception) -> str:
    """Without the address, which has keys in it."""
    inner = error.args[0] if error.args else error
    inner = getattr(inner, "reason", None) or inner
    words = str(inner).rpartition(": ")[2] if isinstance(inner, Exception) else str(inner)
    return f"{type(error).__name__}: {words}"
