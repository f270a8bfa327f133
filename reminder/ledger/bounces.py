"""Mails that came back, and addresses to which none goes any more until somebody clears them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from reminder.domain.notices import UNFINISHED, Reason, State
from reminder.ledger.history import Change, note_act, record
from reminder.ledger.rows import put_new
from reminder.ledger.schema import bounced_address, notice, recipient


@dataclass(frozen=True)
class BouncedAddress:
    """`notice` is whose mail came back; `detail` the server's words."""

    address: str
    at: datetime
    reason: str
    detail: str
    notice: str


def bounced_since(connection: Connection, since: datetime | None) -> Sequence[Any]:
    """Recipients and what was sent to them, the first one first."""
    columns = (notice.c.unit, notice.c.kind, notice.c.period)
    query = select(*columns, recipient.c.address, recipient.c.reason, recipient.c.reply)
    query = query.join(recipient).where(recipient.c.state == State.BOUNCED)
    if since:
        query = query.where(recipient.c.updated > since)
    return connection.execute(query.order_by(recipient.c.id)).all()


def note_bounce(
    connection: Connection, key: str, address: str, reason: Reason, words: str, at: datetime
) -> bool:
    """False when it is known. Whoever waits is not tried again: a server has taken it already."""
    which = (recipient.c.notice == key) & (recipient.c.address == address)
    still = recipient.c.state.in_((State.SENT, *UNFINISHED))
    values = {"state": State.BOUNCED, "reason": reason, "reply": words, "updated": at}
    if not connection.execute(update(recipient).where(which, still).values(values)).rowcount:
        return False
    whole = update(notice).where(notice.c.key == key)
    connection.execute(whole.values(reason=Reason.BOUNCED, updated=at))
    record(connection, at, [Change(key, State.BOUNCED, reason, address, words)])
    return True


def stop_address(
    connection: Connection, address: str, reason: Reason, words: str, key: str, at: datetime
) -> None:
    """Nothing goes there any more, also of what waits."""
    row = BouncedAddress(address.lower(), at, reason, words, key)
    if not put_new(connection, bounced_address, vars(row)):
        return
    waits = (func.lower(recipient.c.address) == row.address) & recipient.c.state.in_(UNFINISHED)
    values = {"state": State.REFUSED, "reason": Reason.BOUNCED_ADDRESS, "updated": at}
    refused = update(recipient).where(waits).values(values)
    rows = connection.execute(refused.returning(recipient.c.notice, recipient.c.address)).all()
    record(connection, at, [
        Change(row.notice, State.REFUSED, Reason.BOUNCED_ADDRESS, row.address) for row in rows
    ])  # fmt: skip


def clear_address(connection: Connection, address: str, at: datetime) -> bool:
    """Mails go there again. False when none was stopped."""
    gone = delete(bounced_address).where(bounced_address.c.address == address.lower())
    if not connection.execute(gone).rowcount:
        return False
    note_act(connection, at, f"address/{address.lower()}", "cleared", "")
    return True


def bounced_addresses(connection: Connection) -> list[BouncedAddress]:
    """The newest first."""
    query = select(bounced_address).order_by(bounced_address.c.at.desc(), bounced_address.c.address)
    return [BouncedAddress(**row) for row in connection.execute(query).mappings()]


def stopped_addresses(connection: Connection) -> frozenset[str]:
    """In lower case: few, in any office."""
    return frozenset(connection.scalars(select(bounced_address.c.address)))
