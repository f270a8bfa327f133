"""What a poll asks for in its headers, and the answer that fits."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT"
    r"|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d [\d:]{8} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}"
)
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


IN_ONE_PIECE = "reminder.in_one_piece"  # the server's offer to send what is ready to be sent


class Ready(Response):
    """May be given over and over: put together once, where the server takes it so."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        offer = scope.get("extensions", {}).get(IN_ONE_PIECE)
        body = b"" if scope["method"] == "HEAD" else self.body
        if self.background or offer is None or not offer["give"](self._head, body):
            await super().__call__(scope, receive, send)

    @cached_property
    def _head(self) -> bytes:
        """Without its end: the server adds what belongs to the moment."""
        status = HTTPStatus(self.status_code)
        lines = [b"%b: %b\r\n" % field for field in self.raw_headers]
        return b"".join([f"HTTP/1.1 {status} {status.phrase}\r\n".encode(), *lines])


@dataclass(frozen=True)
class Answer:
    """One representation of a feed, to be given to whoever asks for it."""

    etag: str
    changed: datetime | None
    whole: Ready
    unchanged: Ready

    def to(self, scope: Scope) -> Ready:
        """RFC 9110, 13.2.2: a tag outweighs a moment, also a tag that does not fit."""
        if tags := _field(scope, b"if-none-match"):
            fresh = is_fresh(tags, self.etag)
        else:
            fresh = is_unchanged(_field(scope, b"if-modified-since"), self.changed)
        return self.unchanged if fresh else self.whole


def wants_gzip(scope: Scope) -> bool:
    return accepts_gzip(_field(scope, b"accept-encoding"))


def is_fresh(if_none_match: str, etag: str) -> bool:
    """RFC 9110, 13.1.2: `*` or a list, compared weakly."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def is_unchanged(if_modified_since: str, changed: datetime | None) -> bool:
    """RFC 9110, 13.1.3: what is no date, or more than one, is passed over."""
    since = _date(if_modified_since) if if_modified_since and changed else None
    return since is not None and changed is not None and changed <= since


@lru_cache(maxsize=64)
def _date(value: str) -> datetime | None:
    """RFC 9110, 5.6.7: in any of three forms."""
    if not _DATE.fullmatch(value.strip()):
        return None
    try:
        return parsedate_to_datetime(value).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=64)
def accepts_gzip(accept_encoding: str) -> bool:
    """RFC 9110, 12.5.3: by name, else by `*`; a weight of 0 is a refusal."""
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, _, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        weights[coding.strip().lower()] = float(weight[1]) if weight else 1.0
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _field(scope: Scope, wanted: bytes) -> str:
    return ",".join([value.decode("latin-1") for name, value in scope["headers"] if name == wanted])
