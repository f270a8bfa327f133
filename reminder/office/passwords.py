"""Passwords: which are refused as weak, and the hashes by which they are known."""

from collections.abc import Sequence
from threading import Lock
from unicodedata import normalize
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from reminder.errors import DeclinedError
from reminder.office.application import Application

SHORTEST, LONGEST = 10, 200  # characters of a password
_JUDGED = 72  # of them: more would take zxcvbn long
GUESSES = 1e9  # so many at least, by zxcvbn's estimate
# Beside its lists, which are of the English-speaking world and of passwords that were leaked.
_HABITS = (
    "reminder", "console", "admin", "secretary", "office", "mima", "nihao", "woaini", "wodeai",
    "zhongguo", "beijing", "ningxia", "renda", "daibiao", "gongwei", "bangongshi", "mishu",
    "1314", "520", "5201314", "我爱你", "你好", "密码", "中国", "人大", "代表", "办公室", "管理员",
)  # fmt: skip
_HASHER = PasswordHasher()  # RFC 9106, 4: its second choice, 64 MiB
_hashing = Lock()  # 64 MiB and both cores: one hash at a time
# Of no password at all: what is asked of nobody's account takes as long as of anybody's.
DECOY = (
    "$argon2id$v=19$m=65536,t=3,p=4$fXKEd7ygscALYevWbwb+cw"
    "$Yb7slEYmq31GX94dpKAyiZ5+jgwB5qWyyIgSOuQQ+Qk"
)


def refuse_weak(password: str, names: Sequence[str]) -> None:
    """Raises `DeclinedError`; `names` are the office's own words, which anybody would try first."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise DeclinedError(
            "password_length",
            f"a password of {len(password)} characters, wanted {SHORTEST} to {LONGEST}",
            hint="A sentence of several words is easy to keep and hard to guess.",
            least=SHORTEST,
            most=LONGEST,
        )
    if not password.isprintable():
        message = "the password has characters that cannot be typed, wanted plain text"
        raise DeclinedError("password_unseen", message)
    from zxcvbn import zxcvbn  # its lists are a megabyte: for who sets a password

    if zxcvbn(password[:_JUDGED], user_inputs=[*_HABITS, *names])["guesses"] < GUESSES:
        raise DeclinedError(
            "password_weak",
            "the password is one of the first that anybody would try",
            hint="Wanted no common password, row of keys, date or name of the office: four words "
            "that have nothing to do with each other are easy to keep and hard to guess.",
        )


def hash_of(password: str) -> str:
    """Takes some hundredths of a second: outside of a transaction."""
    return _HASHER.hash(_spelt(password))


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_of`, whatever the answer; also where there is no password to fit."""
    with _hashing:
        try:
            return _HASHER.verify(hashed or DECOY, _spelt(password)) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


def _spelt(password: str) -> bytes:
    """Keyboards and systems write one character in several ways."""
    return normalize("NFC", password).encode("utf-8", "replace")


def office_words(app: Application) -> list[str]:
    """What whoever guesses would try first in this office."""
    plan, office = app.table.plan, app.table.directory[app.table.plan.office]
    host = urlsplit(app.settings.web.public_url).hostname or ""
    own = [plan.id, plan.name, plan.tag, office.id, office.name, office.label, *office.aliases]
    return [*own, *host.split(".")]
