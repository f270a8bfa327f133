"""The console's password: how long and how hard to guess, and its argon2id hash."""

from collections.abc import Sequence
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200  # characters
_JUDGED = 72  # of them: more would take zxcvbn long
GUESSES = 1e9  # so many at least, by zxcvbn's estimate
# Beside its lists, which are of the English-speaking world and of passwords that were leaked.
_HABITS = (
    "reminder", "console", "admin", "secretary", "office", "mima", "nihao", "woaini", "wodeai",
    "zhongguo", "beijing", "ningxia", "renda", "daibiao", "gongwei", "bangongshi", "mishu",
    "1314", "520", "5201314", "我爱你", "你好", "密码", "中国", "人大", "代表", "办公室", "管理员",
)  # fmt: skip
_HASHER = PasswordHasher()  # RFC 9106, 4: its second choice, 64 MiB


def hash_of(password: str) -> str:
    """Takes some hundredths of a second: outside of a transaction."""
    return _HASHER.hash(_spelt(password))


def is_guessable(password: str, names: Sequence[str]) -> bool:
    """Whether it is of the first that anybody would try; `names` are the office's own words."""
    from zxcvbn import zxcvbn  # its lists are a megabyte: for who sets a password

    guesses = zxcvbn(password[:_JUDGED], user_inputs=[*_HABITS, *names])["guesses"]
    return bool(guesses < GUESSES)


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_of`, whatever the answer."""
    try:
        return _HASHER.verify(hashed, _spelt(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether it was made with other parameters than one that is made now."""
    return _HASHER.check_needs_rehash(hashed)


def _spelt(password: str) -> bytes:
    """Keyboards and systems write one character in several ways."""
    return normalize("NFC", password).encode("utf-8", "replace")
