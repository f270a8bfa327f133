"""The console's password. The ledger keeps its argon2id hash, never the word itself."""

from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, select

from reminder.storage.ledger.schema import setting
from reminder.storage.ledger.upsert import put

SHORTEST = 10
LONGEST = 200  # characters
_NAME = "console-password"
_HASHER = PasswordHasher()  # RFC 9106, 4: its second choice, 64 MiB


def hash_of(password: str) -> str:
    """Takes some hundredths of a second: outside of a transaction."""
    return _HASHER.hash(_spelt(password))


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_of`, whatever the answer."""
    try:
        return _HASHER.verify(hashed, _spelt(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether it was made with other parameters than one that is made now."""
    return _HASHER.check_needs_rehash(hashed)


def keep(connection: Connection, hashed: str) -> None:
    put(connection, setting, {"name": _NAME, "value": hashed})


def kept(connection: Connection) -> str:
    """Empty until a password is set."""
    query = select(setting.c.value).where(setting.c.name == _NAME)
    return connection.scalar(query) or ""


def _spelt(password: str) -> bytes:
    """Keyboards and systems write one character in several ways."""
    return normalize("NFC", password).encode("utf-8", "replace")
