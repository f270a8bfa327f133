"""Mails that were read for answers, each once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, select, true, update

from reminder.domain.incoming import Letter, LetterReason, LetterState
from reminder.domain.notices import Kind, State
from reminder.ledger.schema import incoming, notice, own_message, recipient

SHOWN = 200
KEPT = timedelta(days=731)


@dataclass(frozen=True)
class LetterView:
    """`notice` and `unit` are whom it answers, where that is known; `registration` what it became;
    `who` has settled it."""

    id: int
    name: str
    at: datetime
    noted: datetime
    kind: str
    state: str
    reason: str
    sender: str
    subject: str
    text: str = field(repr=False)
    message_id: str
    notice: str
    unit: str
    registration: int | None
    who: str

    @property
    def writer(self) -> str:
        """By the name of who has written it, else by the address."""
        return self.sender.rpartition(" <")[0] or self.sender


def is_known(connection: Connection, name: str) -> bool:
    return connection.scalar(select(incoming.c.id).where(incoming.c.name == name)) is not None


def add(connection: Connection, letter: Letter, at: datetime) -> int:
    """Its number; it waits until `note_became`."""
    row = {name: getattr(letter, name) for name in _READ}
    if letter.sender_name:
        row["sender"] = f"{letter.sender_name} <{letter.sender}>"
    row |= {"at": min(letter.at or at, at), "noted": at, "notice": "", "unit": ""}
    row |= {"state": LetterState.WAITING, "reason": LetterReason.UNMATCHED}
    query = incoming.insert().values(row).returning(incoming.c.id)
    return connection.scalar(query) or 0


_READ = ("name", "kind", "sender", "subject", "text", "message_id")


def note_became(connection: Connection, number: int, **became: Any) -> None:
    connection.execute(update(incoming).where(incoming.c.id == number).values(became))


def settle(connection: Connection, number: int, who: str) -> bool:
    """A person has seen to it. False when it does not wait."""
    waits = (incoming.c.id == number) & (incoming.c.state == LetterState.WAITING)
    values = {"state": LetterState.SETTLED, "who": who}
    return bool(connection.execute(update(incoming).where(waits).values(values)).rowcount)


def read_letters(
    connection: Connection,
    state: LetterState | None = None,
    *,
    plan: str = "",
    since: datetime | None = None,
    most: int = SHOWN,
) -> list[LetterView]:
    """The newest first; with a plan those that answer a mail of it, or of none."""
    query = select(incoming).order_by(incoming.c.at.desc(), incoming.c.id.desc()).limit(most)
    query = query.where(_of_plan(plan))
    if state:
        query = query.where(incoming.c.state == state)
    if since:
        query = query.where(incoming.c.noted > since)
    return [LetterView(**row) for row in connection.execute(query).mappings()]


def read_one(connection: Connection, number: int) -> LetterView | None:
    row = connection.execute(select(incoming).where(incoming.c.id == number)).mappings().first()
    return LetterView(**row) if row else None


def _of_plan(plan: str) -> ColumnElement[bool]:
    if not plan:
        return true()
    of_it = incoming.c.notice.startswith(f"{plan}/", autoescape=True)
    return (incoming.c.notice == "") | of_it


def count_waiting(connection: Connection, plan: str = "") -> int:
    query = select(func.count()).where(incoming.c.state == LetterState.WAITING, _of_plan(plan))
    return connection.scalar(query) or 0


def forget_texts(connection: Connection, at: datetime) -> None:
    """After 24 months, of what waits for nobody: that it came stays in the ledger."""
    old = (incoming.c.noted < at - KEPT) & (incoming.c.state != LetterState.WAITING)
    gone = update(incoming).where(old, incoming.c.subject + incoming.c.sender != "")
    connection.execute(gone.values(text="", sender="", subject=""))


@dataclass(frozen=True)
class Answered:
    """The notice that a mail answers, and to whom it went."""

    key: str
    plan: str
    kind: Kind
    period: str
    unit: str
    rehearsal: bool
    addresses: tuple[str, ...]


def answered(connection: Connection, message_ids: Sequence[str]) -> Answered | None:
    """The first of those mails that is ours. One that a single address got went to nobody else:
    who knows its Message-ID knows none of the others'."""
    ours = _ours(connection, message_ids)
    key, address = next((ours[name] for name in message_ids if name in ours), ("", ""))
    row = connection.execute(select(notice).filter_by(key=key)).first()
    if row is None:
        return None
    theirs = select(recipient.c.address).filter_by(notice=key, route="")
    addresses = [address] if address else connection.scalars(theirs.order_by(recipient.c.id))
    named = (row.key, row.plan, Kind(row.kind), row.period, row.unit, row.rehearsal)
    return Answered(*named, tuple(addresses))


def is_being_sent(connection: Connection, message_ids: Sequence[str]) -> bool:
    """Whether a sender has one of those mails in hand."""
    keys = [key for key, _ in _ours(connection, message_ids).values()]
    query = select(recipient.c.id).where(recipient.c.notice.in_(keys))
    sending = query.where(recipient.c.state == State.SENDING).limit(1)
    return connection.execute(sending).first() is not None


def _ours(connection: Connection, message_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By its Message-ID the notice, and the address of one that is a single address's."""
    columns = (notice.c.message_id, notice.c.key, literal(""))
    of_all = select(*columns).where(notice.c.message_id.in_(message_ids))
    single = select(own_message.c.message_id, own_message.c.notice, own_message.c.address)
    own = single.where(own_message.c.message_id.in_(message_ids))
    return {row[0]: (row[1], row[2]) for row in connection.execute(of_all.union_all(own))}
