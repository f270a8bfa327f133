"""Whether a ledger is what was recorded."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy import Connection, select, text

from reminder.domain.notices import ON_ITS_WAY, UNREACHED, State
from reminder.ledger.database import Place, reading
from reminder.ledger.notices import KEPT
from reminder.ledger.occasions import last_tick
from reminder.ledger.schema import (
    REVISION,
    history,
    message,
    metadata,
    notice,
    own_message,
    recipient,
)

_AT_ONCE = 200  # rows in memory
_OF_NOTICE = (State.HELD, State.EXPIRED, State.BASELINE, State.REFUSED)
_OF_RECIPIENT = (*ON_ITS_WAY, State.SENT, *UNREACHED)


def verify(place: Place) -> Iterator[str]:
    """What is wrong with a ledger, or with a copy of one, in words; nothing is changed.

    Raises `LedgerError` when it cannot be read at all.
    """
    with reading(place) as connection:
        yield from faults(connection)


def damage(place: Place) -> Iterator[str]:
    """What is wrong with the file alone."""
    with reading(place) as connection:
        yield from _found(connection, (_file,))


def faults(connection: Connection) -> Iterator[str]:
    """Of an older version's ledger, whose tables are others, only the file's."""
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    yield from _found(connection, (_file, _tables, _records) if revision == REVISION else (_file,))


def _found(
    connection: Connection, checks: Iterable[Callable[[Connection], Iterator[str]]]
) -> Iterator[str]:
    for check in checks:
        fault = None
        try:
            for fault in check(connection):
                yield fault
        except sa.exc.DatabaseError as error:
            yield (fault := f"the database is damaged: {error.orig}")
        if fault:
            return  # what rests on it would be noise


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return  # its server watches over its own
    for row in connection.execute(text("PRAGMA integrity_check")):
        if row[0] != "ok":
            yield f"the file is damaged: {row[0]}"


def _tables(connection: Connection) -> Iterator[str]:
    there = sa.inspect(connection).get_table_names()
    yield from (f"table {name} is missing" for name in metadata.tables if name not in there)


def _records(connection: Connection) -> Iterator[str]:
    yield from _messages(connection)
    yield from _notices(connection)
    yield from _recipients(connection)


def _messages(connection: Connection) -> Iterator[str]:
    query = select(notice.c.key, notice.c.sha256, message.c.content)
    query = query.join(message, message.c.notice == notice.c.key)
    for key, sha256, content in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        if _hash(content) != sha256:
            yield f"{key}: its stored message is not what was recorded"
    own = select(own_message).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(own):
        if _hash(row.content) != row.sha256:
            yield f"{row.notice} {row.address}: its own message is not what was recorded"


def _hash(content: bytes) -> str:
    try:
        return hashlib.sha256(zlib.decompress(content)).hexdigest()
    except zlib.error:
        return ""


def _notices(connection: Connection) -> Iterator[str]:
    """Each has its message and somebody to get it, or says why not."""
    ticked = last_tick(connection)
    kept_since = ticked - KEPT if ticked else None
    last = _last_states(connection, history.c.address.is_(None))
    stored = set(connection.scalars(select(message.c.notice)))
    reached = set(connection.scalars(select(recipient.c.notice)))
    for row in connection.execute(select(notice).order_by(notice.c.key)):
        if row.state is not None:
            if row.state not in _OF_NOTICE or not row.reason:
                yield f"{row.key}: {row.state!r} with reason {row.reason!r} is no state of a notice"
            elif last.get((row.key, None)) != row.state:
                yield f"{row.key} is {row.state}, its history says otherwise"
            continue
        if row.key not in reached:
            yield f"{row.key}: nobody is to get it, and no reason is given"
        if not (row.message_id and row.sha256):
            yield f"{row.key}: the hash or the Message-ID of its message is missing"
        elif row.key not in stored and (kept_since is None or row.created >= kept_since):
            yield f"{row.key}: its stored message is missing"


def _recipients(connection: Connection) -> Iterator[str]:
    """Each belongs to a notice, and is where its history says."""
    for table in (message, own_message, recipient):
        without = ~sa.exists().where(notice.c.key == table.c.notice)
        for key in connection.scalars(select(table.c.notice).where(without)):
            yield f"table {table.name}, {key}: there is no such notice"
    same = [recipient.c[name] == own_message.c[name] for name in ("notice", "address")]
    meant = own_message.outerjoin(recipient, sa.and_(*same))
    nobodys = select(own_message.c.notice, own_message.c.address).select_from(meant)
    for key, address in connection.execute(nobodys.where(recipient.c.id.is_(None))):
        yield f"{key} {address}: a message of its own, and is not to get it"
    last = _last_states(connection, history.c.address.is_not(None))
    for row in connection.execute(select(recipient).order_by(recipient.c.id)):
        name = f"{row.notice} {row.address}"
        if row.state not in _OF_RECIPIENT:
            yield f"{name}: {row.state!r} is no state of a recipient"
        elif last.get((row.notice, row.address), State.QUEUED) != row.state:
            yield f"{name} is {row.state}, its history says otherwise"
        if (row.state == State.SENDING) != (row.claim is not None):
            yield f"{name} is {row.state}, {'and' if row.claim else 'but not'} claimed"


def _last_states(
    connection: Connection, which: sa.ColumnElement[bool]
) -> dict[tuple[str, str | None], str]:
    query = select(history.c.subject, history.c.address, history.c.state).where(which)
    rows = connection.execute(query.order_by(history.c.id))
    return {(row.subject, row.address): row.state for row in rows}
