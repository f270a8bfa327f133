"""Who is logged in at the console. The ledger keeps a hash of the cookie's word, not the word."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from reminder.ledger.database import Database
from reminder.ledger.schema import session

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
_ONCE_A = timedelta(minutes=1)


def begin_session(connection: Connection, at: datetime) -> str:
    """A word that nobody has had before; sessions that are over are forgotten."""
    over = (session.c.seen <= at - IDLE) | (session.c.begun <= at - LONGEST)
    connection.execute(delete(session).where(over))
    word = secrets.token_urlsafe(32)
    connection.execute(session.insert().values(name=_hash(word), begun=at, seen=at))
    return word


def is_in_session(database: Database, word: str, at: datetime) -> bool:
    """Notes the use, at most once a minute."""
    if not word:
        return False
    mine = session.c.name == _hash(word)
    with database.read() as connection:
        row = connection.execute(select(session).where(mine)).first()
    if row is None or at - row.seen >= IDLE or at - row.begun >= LONGEST:
        return False
    if at - row.seen >= _ONCE_A:
        with database.write() as connection:
            connection.execute(update(session).where(mine).values(seen=at))
    return True


def end_session(connection: Connection, word: str) -> None:
    connection.execute(delete(session).where(session.c.name == _hash(word)))


def end_all_sessions(connection: Connection) -> int:
    """Returns how many there were, those that had run out too."""
    return connection.execute(delete(session)).rowcount


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "replace")).hexdigest()
