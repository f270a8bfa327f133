"""Sessions of the console, and log-ins that failed."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from reminder.ledger.rows import put
from reminder.ledger.schema import attempt, session

AGENT = 200  # characters that are kept of a program's name


@dataclass(frozen=True)
class Session:
    """`name` is a hash of the cookie's word; `person` empty for the office's one account."""

    name: str
    person: str
    agent: str
    begun: datetime
    seen: datetime


def add_session(
    connection: Connection,
    word: str,
    at: datetime,
    *,
    begun: datetime,
    seen: datetime,
    person: str = "",
    agent: str = "",
) -> None:
    """Kept is a hash of the cookie's word. Forgotten are sessions that began by then, or were last
    used by then."""
    connection.execute(delete(session).where((session.c.begun <= begun) | (session.c.seen <= seen)))
    row = {"name": session_name(word), "begun": at, "seen": at}
    connection.execute(session.insert().values(row | {"person": person, "agent": agent[:AGENT]}))


def read_session(
    connection: Connection, word: str, *, begun: datetime, seen: datetime
) -> Session | None:
    """None for one that began by then, or was last used by then."""
    lives = (session.c.begun > begun) & (session.c.seen > seen)
    mine = session.c.name == session_name(word)
    row = connection.execute(select(session).where(mine, lives)).first()
    return Session(**row._mapping) if row else None


def read_sessions(
    connection: Connection, *, begun: datetime, seen: datetime, person: str | None = None
) -> list[Session]:
    """Of that person or of all, the last used first."""
    query = select(session).where(session.c.begun > begun, session.c.seen > seen)
    if person is not None:
        query = query.where(session.c.person == person)
    rows = connection.execute(query.order_by(session.c.seen.desc(), session.c.name))
    return [Session(**row._mapping) for row in rows]


def touch_session(connection: Connection, word: str, at: datetime) -> None:
    mine = session.c.name == session_name(word)
    connection.execute(update(session).where(mine).values(seen=at))


def end_session(connection: Connection, word: str) -> None:
    connection.execute(delete(session).where(session.c.name == session_name(word)))


def end_sessions(
    connection: Connection, person: str | None = None, *, name: str = "", but: str = ""
) -> int:
    """All, or that person's, or the one of that `name` among them; never the one of the word
    `but`. Returns how many there were, those that had run out too."""
    query = delete(session)
    if person is not None:
        query = query.where(session.c.person == person)
    if name:
        query = query.where(session.c.name == name)
    if but:
        query = query.where(session.c.name != session_name(but))
    return connection.execute(query).rowcount


def session_name(word: str) -> str:
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
