"""Messages of single addresses of a notice: stored beside the one for all, claimed by themselves.

Most notices have none: whoever asks here asks for a batch.
"""

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    bindparam,
    cast,
    delete,
    select,
    tuple_,
    update,
)

from reminder.ledger.schema import own_message, recipient


@dataclass(frozen=True)
class OwnMessage:
    """What one address gets, under a Message-ID of its own, by mail or by another `route`."""

    address: str
    message_id: str
    content: bytes
    route: str = ""

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


def put_own(
    connection: Connection, own: Iterable[tuple[str, OwnMessage]], stored: datetime
) -> None:
    """Each with its notice's key."""
    rows = [
        {"notice": key, "stored": stored, "content": zlib.compress(one.content, 1)}
        | {name: getattr(one, name) for name in ("address", "message_id", "sha256")}
        for key, one in own
    ]
    if rows:
        connection.execute(own_message.insert(), rows)


def drop_own(connection: Connection, key: str, addresses: Collection[str]) -> None:
    mine = (own_message.c.notice == key) & own_message.c.address.in_(addresses)
    connection.execute(delete(own_message).where(mine))


def own_content(connection: Connection, key: str, address: str) -> bytes | None:
    """None where that address gets what all get, and 24 months later."""
    query = select(own_message.c.content).filter_by(notice=key, address=address)
    content = connection.scalar(query)
    return zlib.decompress(content) if content is not None else None


def by_channels(connection: Connection, key: str) -> list[OwnMessage]:
    """What goes by other ways than mail, as far as it is kept."""
    columns = (own_message.c[name] for name in ("address", "message_id", "content"))
    query = select(*columns, recipient.c.route).join(recipient, _same_person())
    query = query.where(own_message.c.notice == key, recipient.c.route != "")
    rows = connection.execute(query.order_by(own_message.c.address))
    return [
        OwnMessage(row.address, row.message_id, zlib.decompress(row.content), row.route)
        for row in rows
    ]


def _same_person() -> ColumnElement[bool]:
    return tuple_(recipient.c.notice, recipient.c.address) == tuple_(
        own_message.c.notice, own_message.c.address
    )


def claim_own(connection: Connection, name: str, keys: Sequence[str]) -> list[Row[Any]]:
    """Of what was claimed by that name: each gets a claim of its own, by which it is settled or
    given back without the others."""
    rows = connection.execute(_claimed(), {"keys": list(keys), "by": name}).all()
    if rows:
        values = [{"of": row.id, "own": row.claim} for row in rows]
        connection.execute(_TAKE_APART, values)
    return list(rows)


@cache  # to make a statement takes longer than to run it
def _claimed() -> Select[Any]:
    columns = (own_message.c.notice, own_message.c.message_id, own_message.c.content)
    number: ColumnElement[str] = cast(recipient.c.id, String)
    name = (bindparam("by", type_=String) + "/" + number).label("claim")
    query = select(recipient.c.id, recipient.c.address, recipient.c.attempts, name, *columns)
    mine = own_message.c.notice.in_(bindparam("keys", expanding=True))
    return query.join(own_message, _same_person()).where(mine, recipient.c.claim == bindparam("by"))


_TAKE_APART = update(recipient).where(recipient.c.id == bindparam("of"))
_TAKE_APART = _TAKE_APART.values(claim=bindparam("own"))
