"""Troubles: the mail server's, and those that the operator was told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from reminder.domain.notices import Reason
from reminder.ledger.schema import alarm, server_trouble


@dataclass(frozen=True)
class ServerTrouble:
    """`failures` in a row since `since`; the next probe goes out at `not_before`.

    `server` names the server with its settings: it is not the trouble of others.
    """

    server: str
    failures: int
    since: datetime
    not_before: datetime
    detail: str
    reason: Reason = Reason.SERVER

    @property
    def is_refusal(self) -> bool:
        """It answers, and refuses whatever this office sends."""
        return self.reason is Reason.SENDER_REFUSED

    @property
    def waits_as(self) -> Reason:
        """Why notices wait meanwhile."""
        return Reason.SERVER if self.is_refusal else self.reason


def read_trouble(connection: Connection, replica: str = "") -> ServerTrouble | None:
    """As that replica finds the server; "" is the only one of a ledger in a file."""
    query = select(server_trouble).where(server_trouble.c.replica == replica)
    row = connection.execute(query).first()
    if row is None:
        return None
    return ServerTrouble(
        row.server, row.failures, row.since, row.not_before, row.detail, Reason(row.reason)
    )


def read_details(connection: Connection) -> dict[str, str]:
    """The server's own words, by the replica that heard them."""
    query = select(server_trouble.c.replica, server_trouble.c.detail).order_by(
        server_trouble.c.since
    )
    return {row.replica: row.detail for row in connection.execute(query)}


def note_trouble(connection: Connection, trouble: ServerTrouble, replica: str = "") -> None:
    clear_trouble(connection, replica)
    connection.execute(server_trouble.insert().values(replica=replica, **vars(trouble)))


def clear_trouble(connection: Connection, replica: str = "") -> bool:
    """True when there was some."""
    return bool(
        connection.execute(
            delete(server_trouble).where(server_trouble.c.replica == replica)
        ).rowcount
    )


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """A probe never lies further ahead: a clock that ran ahead put it there."""
    too_far = server_trouble.c.not_before > at + than
    connection.execute(update(server_trouble).where(too_far).values(not_before=at))


@dataclass(frozen=True)
class Alarm:
    name: str
    since: datetime
    detail: str


def read_alarms(connection: Connection) -> dict[str, Alarm]:
    rows = connection.execute(select(alarm).order_by(alarm.c.since))
    return {row.name: Alarm(row.name, row.since, row.detail) for row in rows}


def begin_alarm(connection: Connection, name: str, at: datetime, detail: str) -> None:
    connection.execute(alarm.insert().values(name=name, since=at, detail=detail))


def end_alarm(connection: Connection, name: str) -> None:
    connection.execute(delete(alarm).where(alarm.c.name == name))
