"""What a real server accepted, message by message, held against the ledger."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import decompress

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import Connection, Row

from reminder.domain.notices import State
from reminder.ledger.database import open_database
from reminder.ledger.integrity import verify
from reminder.ledger.notices import content_of
from reminder.ledger.schema import own_message
from reminder.ledger.views import read_notices

_MESSAGE_ID = re.compile(rb"(?im)^Message-ID: (\S+)")


@dataclass(frozen=True)
class Accepted:
    """`life` counts the processes that were started; `port` is the connection's."""

    life: int
    port: int
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message_id(self) -> str:
        found = _MESSAGE_ID.search(self.content)
        return found[1].decode() if found else ""

    @property
    def connection(self) -> tuple[int, int]:
        return self.life, self.port


class Record:
    """A handler for aiosmtpd."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.life = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.keep(session.peer[1], envelope)
        return "250 2.0.0 kept"

    def keep(self, port: int, envelope: Envelope) -> None:
        content = bytes(envelope.content or b"")
        self.accepted.append(Accepted(self.life, port, tuple(envelope.rcpt_tos), content))


def unrecorded(accepted: Sequence[Accepted]) -> list[Accepted]:
    """Those that came once more later: their answer had not reached the ledger."""
    last = {one.message_id: index for index, one in enumerate(accepted)}
    return [one for index, one in enumerate(accepted) if last[one.message_id] != index]


def out_of_turn(accepted: Sequence[Accepted]) -> Iterator[str]:
    """An unrecorded message that was not the last of its connection: its answer was not on
    disk before the next."""
    last = {one.connection: index for index, one in enumerate(accepted)}
    known = set(unrecorded(accepted))
    for index, one in enumerate(accepted):
        if one in known and last[one.connection] != index:
            yield f"{one.message_id}: doubled, and its connection went on before it was recorded"


def own_rows(connection: Connection, key: str) -> Sequence[Row[Any]]:
    return connection.execute(own_message.select().filter_by(notice=key)).all()


def differences(ledger: Path, accepted: Sequence[Accepted], stream: str = "smtp") -> Iterator[str]:
    """What the record and that stream of the ledger do not agree on, after all was delivered."""
    received: dict[str, list[Accepted]] = defaultdict(list)
    for one in accepted:
        received[one.message_id].append(one)
    database = open_database(ledger)
    with closing(database):
        yield from verify(ledger)
        with database.read() as connection:
            for view in read_notices(connection):
                if not view.message_id or view.stream != stream:
                    continue
                stored = {view.message_id: content_of(connection, view.key)}
                own = {row.address: row for row in own_rows(connection, view.key)}
                stored |= {row.message_id: decompress(row.content) for row in own.values()}
                came = {name: received.pop(name, []) for name in stored}
                for recipient in view.recipients:
                    mine = own.get(recipient.address, view).message_id
                    reached = {address for one in came[mine] for address in one.recipients}
                    if recipient.state is not State.SENT:
                        yield f"{view.key} {recipient.address}: stands as {recipient.state}"
                    elif recipient.address not in reached:
                        yield f"{view.key} {recipient.address}: lost"
                if any(one.content != stored[name] for name in came for one in came[name]):
                    yield f"{view.key}: came with other bytes than are stored"
    for message_id in received:
        yield f"{message_id}: came, and stands in no ledger"
