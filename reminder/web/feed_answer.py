"""A feed as it is answered: whole or unchanged, plain or as gzip."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from starlette.types import Message, Receive, Scope, Send

_NO_BODY = {"type": "http.response.body", "body": b""}
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


class EncodedFeed:
    """In one encoding: the messages of ASGI are made once and sent over and over."""

    def __init__(self, body: bytes, common: dict[str, str], whole: dict[str, str]) -> None:
        self.etag = common["ETag"]
        self.size = len(body)
        length = {"Content-Length": str(len(body))}
        self.whole = _start(200, common | whole | length)
        self.body = {"type": "http.response.body", "body": body}
        self.unchanged = _start(304, common)


@dataclass(frozen=True)
class FeedAnswer:
    """For whoever asks: an ASGI application."""

    changed: datetime | None
    plain: EncodedFeed
    gzip: EncodedFeed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fields = _fields(scope)
        encoded = self.gzip if accepts_gzip(fields.get(b"accept-encoding", "")) else self.plain
        is_fresh = self._is_fresh(fields, encoded.etag)
        await send(encoded.unchanged if is_fresh else encoded.whole)
        await send(_NO_BODY if is_fresh or scope["method"] == "HEAD" else encoded.body)

    def _is_fresh(self, fields: dict[bytes, str], etag: str) -> bool:
        """RFC 9110, 13.2.2: a tag outweighs a moment, also a tag that does not fit."""
        if tags := fields.get(b"if-none-match"):
            return is_fresh(tags, etag)
        return is_unchanged(fields.get(b"if-modified-since", ""), self.changed)

    @property
    def size(self) -> int:
        return self.plain.size + self.gzip.size


def is_fresh(if_none_match: str, etag: str) -> bool:
    """RFC 9110, 13.1.2: `*` or a list, compared weakly."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def is_unchanged(if_modified_since: str, changed: datetime | None) -> bool:
    """RFC 9110, 13.1.3: what is no date is passed over."""
    since = _date(if_modified_since) if if_modified_since else None
    return since is not None and changed is not None and changed <= since


@lru_cache(maxsize=64)
def _date(value: str) -> datetime | None:
    """RFC 9110, 5.6.7: in any of three forms, one of which names no zone."""
    try:
        moment = parsedate_to_datetime(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
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


def _fields(scope: Scope) -> dict[bytes, str]:
    """RFC 9110, 5.3: of a field that comes twice the values are one list."""
    fields: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        fields[name] = f"{fields[name]},{text}" if name in fields else text
    return fields


def _start(status: int, headers: dict[str, str]) -> Message:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": raw}
