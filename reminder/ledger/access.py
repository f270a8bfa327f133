"""Who gets in: installation key, local pages, the console's password and sessions."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from sqlalchemy import Connection, delete, select, update

from reminder.ledger.database import Database
from reminder.ledger.rows import put, put_new
from reminder.ledger.schema import attempt, session, setting

_KEY = "installation-key"


@dataclass(frozen=True, repr=False)
class InstallationKey:
    """Whoever has it can forge every link: it never appears in a log, an error or a repr."""

    secret: bytes

    def derive(self, purpose: str, subject: str, length: int = 32) -> str:
        """HMAC-SHA-256 as lower-case letters and digits (base32), five bits a character."""
        message = f"{purpose}\0{subject}".encode()
        digest = hmac.digest(self.secret, message, "sha256")
        return (
            base64.b32encode(digest[: (length * 5 + 7) // 8]).decode().rstrip("=").lower()[:length]
        )


def installation_key(database: Database, given: str = "") -> InstallationKey:
    """The one that is `given` (REMINDER_SECRET_KEY), else the ledger's, made on first use."""
    if given:
        return InstallationKey(given.encode())
    query = setting.select().where(setting.c.name == _KEY)
    with database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        with database.write() as connection:
            put_new(connection, setting, {"name": _KEY, "value": secrets.token_hex(32)})
            row = connection.execute(query).one()
    return InstallationKey(bytes.fromhex(row.value))


DOOR_WORD = "token"  # its name in an address
_DOOR = "door"  # the word's generation


def door_word(connection: Connection, key: InstallationKey) -> str:
    """The same on every replica and after every start, until the lock is changed."""
    return key.derive("door", _generation(connection))


def opens_door(connection: Connection, key: InstallationKey, word: str) -> bool:
    """In one and the same time, whatever the word."""
    return hmac.compare_digest(_door_digest(door_word(connection, key)), _door_digest(word))


def change_lock(connection: Connection) -> None:
    """Every address and every browser that opened the local pages opens them no more."""
    put(connection, setting, {"name": _DOOR, "value": str(int(_generation(connection)) + 1)})


def door_url(base: str, word: str, path: str = "/") -> str:
    """The address that opens them, once and for that browser."""
    return f"{base}{path}?{DOOR_WORD}={word}"


def _generation(connection: Connection) -> str:
    query = select(setting.c.value).where(setting.c.name == _DOOR)
    return connection.scalar(query) or "1"


def _door_digest(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()


_PASSWORD = "console-password"


def keep_password(connection: Connection, hashed: str) -> None:
    put(connection, setting, {"name": _PASSWORD, "value": hashed})


def kept_password(connection: Connection) -> str:
    """Empty until a password is set."""
    query = select(setting.c.value).where(setting.c.name == _PASSWORD)
    return connection.scalar(query) or ""


IDLE_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
_ONCE_A = timedelta(minutes=1)


def begin_session(connection: Connection, at: datetime) -> str:
    """A word that nobody has had before; sessions that are over are forgotten."""
    over = (session.c.seen <= at - IDLE_SESSION) | (session.c.begun <= at - LONGEST_SESSION)
    connection.execute(delete(session).where(over))
    word = secrets.token_urlsafe(32)
    connection.execute(session.insert().values(name=_session_name(word), begun=at, seen=at))
    return word


def is_in_session(database: Database, word: str, at: datetime) -> bool:
    """Notes the use, at most once a minute."""
    if not word:
        return False
    mine = session.c.name == _session_name(word)
    with database.read() as connection:
        row = connection.execute(select(session).where(mine)).first()
    if row is None or at - row.seen >= IDLE_SESSION or at - row.begun >= LONGEST_SESSION:
        return False
    if at - row.seen >= _ONCE_A:
        with database.write() as connection:
            connection.execute(update(session).where(mine).values(seen=at))
    return True


def end_session(connection: Connection, word: str) -> None:
    connection.execute(delete(session).where(session.c.name == _session_name(word)))


def end_all_sessions(connection: Connection) -> int:
    """Returns how many there were, those that had run out too."""
    return connection.execute(delete(session)).rowcount


def _session_name(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()


FREE = 5
STRANGERS = "strangers"  # all of them together
FREE_TO_STRANGERS = 20
LONGEST_WAIT = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)


def source_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 one, where a single machine
    has as many addresses as it likes; this machine, which has as many as well."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return "loopback"
    return str(ip_network((found, 64), strict=False) if found.version == 6 else found)


def seconds_to_wait(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """0 for who may try now. Longer than the longest means that a clock was set back."""
    query = select(attempt.c.not_before).where(attempt.c.source.in_(sources))
    waits = [until - at for until in connection.scalars(query)]
    longest = max(
        (wait for wait in waits if timedelta() < wait <= LONGEST_WAIT), default=timedelta()
    )
    return ceil(longest.total_seconds())


def count_attempt(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Returns the seconds to wait; when there are any, this one was not counted and may not go on.
    """
    connection.execute(delete(attempt).where(attempt.c.last <= at - FORGOTTEN))
    if wait := seconds_to_wait(connection, sources, at):
        return wait
    for source in sources:
        query = select(attempt.c.failures).where(attempt.c.source == source)
        failures = (connection.scalar(query) or 0) + 1
        row = {
            "source": source,
            "failures": failures,
            "last": at,
            "not_before": at + _pause(source, failures),
        }
        put(connection, attempt, row)
    return 0


def forget_attempts(connection: Connection, sources: Collection[str]) -> None:
    connection.execute(delete(attempt).where(attempt.c.source.in_(sources)))


def forget_all_attempts(connection: Connection) -> None:
    """They were at another password."""
    connection.execute(delete(attempt))


def _pause(source: str, failures: int) -> timedelta:
    free = FREE_TO_STRANGERS if source == STRANGERS else FREE
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 30)), LONGEST_WAIT)
