"""The word that opens the local pages: whoever may read the ledger may know it, and no one else."""

import hashlib
import hmac

from sqlalchemy import Connection, select

from reminder.ledger.keys import InstallationKey
from reminder.ledger.schema import setting
from reminder.ledger.upsert import put

WORD = "token"  # its name in an address
_NAME = "door"  # the word's generation


def door_word(connection: Connection, key: InstallationKey) -> str:
    """The same on every replica and after every start, until the lock is changed."""
    return key.derive("door", _generation(connection))


def opens_door(connection: Connection, key: InstallationKey, word: str) -> bool:
    """In one and the same time, whatever the word."""
    return hmac.compare_digest(_digest(door_word(connection, key)), _digest(word))


def change_lock(connection: Connection) -> None:
    """Every address and every browser that opened the local pages opens them no more."""
    put(connection, setting, {"name": _NAME, "value": str(int(_generation(connection)) + 1)})


def door_url(base: str, word: str, path: str = "/") -> str:
    """The address that opens them, once and for that browser."""
    return f"{base}{path}?{WORD}={word}"


def _generation(connection: Connection) -> str:
    query = select(setting.c.value).where(setting.c.name == _NAME)
    return connection.scalar(query) or "1"


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
