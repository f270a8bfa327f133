"""Signed links: who holds one may open what it names, until it is rotated or revoked."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import quote

from sqlalchemy import Connection, Row, select

from reminder.storage.ledger.changes import note_change
from reminder.storage.ledger.database import Database
from reminder.storage.ledger.keys import InstallationKey
from reminder.storage.ledger.schema import link
from reminder.storage.ledger.upsert import put

FEED = "feed"
PAGE = "page"
# What a link carries when it is handed out: one-day entries, without the year-round ones.
HANDED_OUT = "view=due&year-round=0"
_ONCE_A = timedelta(days=1)


def link_token(connection: Connection, key: InstallationKey, purpose: str, subject: str) -> str:
    """Of the link's present generation; of a revoked link too, which then opens nothing."""
    row = _row(connection, purpose, subject)
    return _token(key, purpose, subject, row.generation if row else 1)


def link_tokens(
    connection: Connection, key: InstallationKey, purpose: str, subjects: Collection[str]
) -> dict[str, str]:
    query = select(link.c.subject, link.c.generation)
    query = query.where(link.c.purpose == purpose, link.c.subject.in_(subjects))
    generations = {row.subject: row.generation for row in connection.execute(query)}
    return {name: _token(key, purpose, name, generations.get(name, 1)) for name in subjects}


def feed_token(connection: Connection, key: InstallationKey, subject: str) -> str:
    return link_token(connection, key, FEED, subject)


def check_link(
    connection: Connection, key: InstallationKey, purpose: str, subject: str, token: str
) -> bool:
    """False when forged, revoked or of an older generation, at the same cost for any subject."""
    row = _row(connection, purpose, subject)
    wanted = _token(key, purpose, subject, row.generation if row else 1)
    same = hmac.compare_digest(_digest(wanted), _digest(token))
    return same and not (row is not None and row.revoked)


def generation_of(connection: Connection, purpose: str, subject: str) -> int:
    row = _row(connection, purpose, subject)
    return row.generation if row else 1


def rotate(connection: Connection, purpose: str, subject: str) -> int:
    """The next generation: the old link is dead, also when it was revoked; the new one lives."""
    generation = generation_of(connection, purpose, subject) + 1
    _put(connection, purpose, subject, generation=generation, revoked=False)
    note_change(connection)
    return generation


def revoke(connection: Connection, purpose: str, subject: str) -> None:
    _put(connection, purpose, subject, revoked=True)
    note_change(connection)


def touch(database: Database, purpose: str, subject: str, at: datetime) -> bool:
    """Notes the use, and says whether it wrote: at most once a day, readers poll far oftener."""
    with database.read() as connection:
        row = _row(connection, purpose, subject)
    if row is not None and row.last_use is not None and at - row.last_use < _ONCE_A:
        return False
    with database.write() as connection:
        _put(connection, purpose, subject, last_use=at)
    return True


def feed_url(base: str, token: str, name: str, *, handed_out: bool = False) -> str:
    """The address of a unit's feed, or of `plan`; `base` is the site without a closing slash."""
    address = f"{base}/feeds/{quote(token)}/{quote(name)}.ics"
    return f"{address}?{HANDED_OUT}" if handed_out else address


def page_url(base: str, token: str, unit: str) -> str:
    """The address of a unit's own page."""
    return f"{base}/units/{quote(token)}/{quote(unit)}"


def webcal_url(url: str) -> str:
    """The same address as calendar programs take it up by a click."""
    return f"webcal:{url.partition(':')[2]}"


def _token(key: InstallationKey, purpose: str, subject: str, generation: int) -> str:
    return key.derive("link", f"{purpose}/{subject}/{generation}")


def _digest(token: str) -> bytes:
    """Of one length whatever was sent: compare_digest is quick with another length."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _row(
    connection: Connection, purpose: str, subject: str
) -> Row[str, str, int, bool, datetime] | None:
    return connection.execute(
        select(link).where(link.c.purpose == purpose, link.c.subject == subject)
    ).first()


def _put(connection: Connection, purpose: str, subject: str, **values: object) -> None:
    fresh = {"purpose": purpose, "subject": subject, "generation": 1, "revoked": False}
    put(connection, link, fresh | values, changing=list(values))
