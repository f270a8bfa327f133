"""Which characters text may hold: one rule for what is loaded, sent, logged and shown."""

import re

from reminder.errors import Mistake

# Controls, line ends, lone surrogates, noncharacters, and what nobody sees: marks and overrides
# of direction, zero-width blanks, soft hyphens, tags. Left out are the joiners, which emoji and
# several scripts are written with, and private characters, which rare names need.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    "\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
# What people and mail programs leave behind an address, as they do any word of Chinese.
_BEHIND = frozenset(" \t\r\n/.,;:!?'\"<>()[]{}*|\\")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(value: str) -> str:
    """Text for a header, a calendar and a terminal: nothing unseen in it, something to read.

    Raises `Mistake`.
    """
    if bad := UNSEEN.search(value):
        raise Mistake("unseen", character=bad[0], is_control=bool(_CONTROL.match(bad[0])))
    if not value.strip().strip("\u200c\u200d"):
        raise Mistake("empty")
    return value


def as_address(text: str) -> str:
    """The path or query that was meant, without what is no part of it."""
    end = len(text)
    while end and (text[end - 1] in _BEHIND or not text[end - 1].isascii()):
        end -= 1
    return text[:end]


def harmless(text: str) -> str:
    """One line in which what is unseen is written out, as for a terminal or a log."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
