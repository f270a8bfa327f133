"""What one value of an edited file may be: a line, an address, a path, a secret, a key."""

import re
import zlib
from collections.abc import Callable
from datetime import time
from email.utils import getaddresses, parseaddr
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr

from reminder.domain.addresses import hello_name, host_name, is_http_address, mailbox, site_address
from reminder.domain.characters import UNSEEN, one_line
from reminder.errors import Mistake
from reminder.ledger.database import place_of

UNIT, SECRETARIAT = "unit", "secretariat"

KEY_BYTES = 32
# What a key may be written with: digits, hexadecimal, base32, base36.
_ALPHABETS = (
    (r"[0-9]+", 10),
    (r"[0-9a-fA-F]+", 16),
    (r"[a-z2-7]+=*|[A-Z2-7]+=*", 32),
    (r"[a-z0-9]+|[A-Z0-9]+", 36),
)
_CHANNEL_ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]{0,31}(:[A-Za-z0-9+._-]{1,64})?")
_OF_ALL = 64  # base64, and what else one types
_WORDS = re.compile(r"[A-Z]?[a-z]+([-_.][A-Z]?[a-z]+)+")
_OF_WORD = 13  # bits, if it was drawn


def _path(value: Path) -> Path:
    if "\0" in str(value):
        raise Mistake("path_with_nul", value=str(value))
    return value


def _secret(value: SecretStr) -> SecretStr:
    if UNSEEN.search(value.get_secret_value()):
        raise Mistake("unseen_in_secret")
    return value


def _sender(value: str) -> str:
    if len(getaddresses([value])) > 1:
        raise Mistake("several_senders", value=value)
    mailbox(parseaddr(value)[1] or value)
    return one_line(value)


def _recipient(value: str) -> str:
    if "@" in value:
        return mailbox(value)
    if value not in (UNIT, SECRETARIAT):
        raise Mistake("no_recipient", value=value)
    return value


def _channel_address(value: str) -> str:
    """Whom it is for stands in an address of the web, and in the ledger."""
    if not _CHANNEL_ADDRESS.fullmatch(value):
        raise Mistake("no_channel_address", value=value)
    return value


def _local_time(value: time) -> time:
    if value.tzinfo:
        raise Mistake("time_with_offset", value=value)
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Mistake("no_zone", value=value) from None
    return value


def _database(value: SecretStr) -> SecretStr:
    if value:
        place_of(value.get_secret_value())
    return value


def _watchdog(value: SecretStr) -> SecretStr:
    """Who knows the address may speak for us: no mistake repeats it."""
    url = value.get_secret_value()
    if url and not is_http_address(url):
        raise Mistake("no_watchdog")
    return value


def _key(value: SecretStr) -> SecretStr:
    """It may be random, as far as can be seen."""
    key = value.get_secret_value().strip().rstrip("=")
    bits = _most_bits(key)
    if key and bits < 8 * KEY_BYTES:
        raise Mistake("short_key", bytes=int(bits / 8), wanted=KEY_BYTES)
    packed = zlib.compressobj(9, wbits=-15)
    size = len(packed.compress(key.encode("utf-8", "replace")) + packed.flush())
    in_order = sum(abs(ord(b) - ord(a)) <= 1 for a, b in pairwise(key))
    if key and (8 * size < 0.75 * bits or in_order > len(key) / 2):
        raise Mistake("repeating_key", wanted=KEY_BYTES)
    return value


def _most_bits(key: str) -> float:
    """That many characters of the smallest alphabet hold at most."""
    if re.search(r"\s", key) or _WORDS.fullmatch(key):
        return _OF_WORD * len(re.split(r"[\W_]+", key))
    sizes = (size for form, size in _ALPHABETS if re.fullmatch(form, key))
    return len(key) * log2(next(sizes, _OF_ALL))


def _unless_empty(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda value: check(value) if value else value)


Id = Annotated[str, Field(pattern=r"^[a-z0-9-]+$", max_length=64)]
Line = Annotated[str, AfterValidator(one_line)]
OptionalLine = Annotated[str, _unless_empty(one_line)]
Zone = Annotated[str, AfterValidator(_zone)]
LocalTime = Annotated[time, AfterValidator(_local_time)]
CleanPath = Annotated[Path, AfterValidator(_path)]
Mailbox = Annotated[str, AfterValidator(mailbox)]
ChannelAddress = Annotated[str, AfterValidator(_channel_address)]
OptionalMailbox = Annotated[str, _unless_empty(mailbox)]
Sender = Annotated[str, AfterValidator(_sender)]
Recipients = list[Annotated[str, AfterValidator(_recipient)]]
Host = Annotated[str, AfterValidator(host_name)]
OptionalHost = Annotated[str, _unless_empty(host_name)]
Hello = Annotated[str, _unless_empty(hello_name)]
Site = Annotated[str, _unless_empty(site_address)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
WatchdogUrl = Annotated[Secret, AfterValidator(_watchdog)]
DatabaseUrl = Annotated[Secret, AfterValidator(_database)]
Key = Annotated[Secret, AfterValidator(_key)]
