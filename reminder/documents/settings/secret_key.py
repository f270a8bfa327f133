"""Whether a key that somebody gives is as random as the ledger's own."""

import re
import zlib
from itertools import pairwise
from math import log2

WANTED = 32  # bytes
_ALPHABETS = (r"[0-9]+", r"[0-9a-fA-F]+", r"[a-z2-7]+=*|[A-Z2-7]+=*", r"[a-z0-9]+|[A-Z0-9]+")
_SIZES = (10, 16, 32, 36)
_OF_ALL = 64  # base64, and what else one types
_WORDS = re.compile(r"[A-Z]?[a-z]+([-_.][A-Z]?[a-z]+)+")
_OF_WORD = 13  # bits, if it was drawn


def why_weak(key: str) -> str:
    """Empty for a key that may be random: that it is, no one can see."""
    text = key.strip().rstrip("=")
    bits = _bits(text)
    if bits < 8 * WANTED:
        return f"holds {int(bits / 8)} random bytes at most"
    if _is_regular(text):
        return "repeats itself"
    return ""


def _bits(text: str) -> float:
    """That many characters of the smallest alphabet hold at most."""
    if re.search(r"\s", text) or _WORDS.fullmatch(text):
        return _OF_WORD * len(re.split(r"[\W_]+", text))
    sizes = (n for form, n in zip(_ALPHABETS, _SIZES, strict=True) if re.fullmatch(form, text))
    return len(text) * log2(next(sizes, _OF_ALL))


def _is_regular(text: str) -> bool:
    """Few characters, a piece over and over, or the alphabet in its order."""
    steps = [abs(ord(b) - ord(a)) <= 1 for a, b in pairwise(text)]
    packed = zlib.compressobj(9, wbits=-15)
    size = len(packed.compress(text.encode("utf-8", "replace")) + packed.flush())
    if len(set(text)) < 10 or sum(steps) > len(steps) / 2:
        return True
    return text in (text + text)[1:-1] or 8 * size < 0.75 * _bits(text)
