"""Who gets in: the installation key, the console's sessions, and log-ins that failed."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from reminder.ledger.database import Database
from reminder.ledger.schema import attempt, put, put_new_setting, read_setting, session

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
    with database.read() as connection:
        secret = read_setting(connection, _KEY)
    if secret is None:
        with database.write() as connection:
            put_new_setting(connection, _KEY, secrets.token_hex(32))  # unless another came first
            secret = read_setting(connection, _KEY)
    return InstallationKey(bytes.fromhex(secret or ""))


def is_same(secret: str, word: str) -> bool:
    """In one and the same time: compare_digest is quick with another length, hence the hashes."""
    one, other = (hashlib.sha256(text.encode("utf-8", "replace")) for text in (secret, word))
    return hmac.compare_digest(one.digest(), other.digest())


def add_session(connection: Connection, word: str, at: datetime) -> None:
    """Kept is a hash of the cookie's word."""
    connection.execute(session.insert().values(name=_session_name(word), begun=at, seen=at))


def session_seen(
    connection: Connection, word: str, *, begun: datetime, seen: datetime
) -> datetime | None:
    """When it was used last; none for one that began by then, or was last used by then."""
    lives = (session.c.begun > begun) & (session.c.seen > seen)
    mine = session.c.name == _session_name(word)
    return connection.scalar(select(session.c.seen).where(mine, lives))


def touch_session(connection: Connection, word: str, at: datetime) -> None:
    mine = session.c.name == _session_name(word)
    connection.execute(update(session).where(mine).values(seen=at))


def end_session(connection: Connection, word: str) -> None:
    connection.execute(delete(session).where(session.c.name == _session_name(word)))


def end_old_sessions(connection: Connection, *, begun: datetime, seen: datetime) -> None:
    """Those that began by then, or were last used by then."""
    old = (session.c.begun <= begun) | (session.c.seen <= seen)
    connection.execute(delete(session).where(old))


def end_all_sessions(connection: Connection) -> int:
    """Returns how many there were, those that had run out too."""
    return connection.execute(delete(session)).rowcount


def _session_name(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()


def read_attempts(
    connection: Connection, sources: Collection[str]
) -> dict[str, tuple[int, datetime]]:
    """Of each source how many log-ins failed, and when the next one may be tried."""
    rows = connection.execute(select(attempt).where(attempt.c.source.in_(sources)))
    return {row.source: (row.failures, row.not_before) for row in rows}


def put_attempt(
    connection: Connection, source: str, failures: int, at: datetime, not_before: datetime
) -> None:
    row = {"source": source, "failures": failures, "last": at, "not_before": not_before}
    put(connection, attempt, row)


def forget_old_attempts(connection: Connection, last: datetime) -> None:
    connection.execute(delete(attempt).where(attempt.c.last <= last))


def forget_attempts(connection: Connection, sources: Collection[str] | None = None) -> None:
    """All of them when the password is another."""
    query = delete(attempt)
    connection.execute(query if sources is None else query.where(attempt.c.source.in_(sources)))
