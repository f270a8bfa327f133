"""Troubles: the mail server's, and those that the operator was told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, update

from reminder.domain.notices import Reason
from reminder.ledger.schema import alarm, relay

_OF_REPLICA = select(relay).where(relay.c.replica == bindparam("of"))
_TOO_FAR = (
    update(relay).where(relay.c.not_before > bindparam("last")).values(not_before=bindparam("now"))
)


@dataclass(frozen=True)
class ServerTrouble:
    """`failures` in a row since `since`; the next probe goes out at `not_before`.

    `relay` names the server with its settings: it is not the trouble of others.
    """

    relay: str
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
    row = connection.execute(_OF_REPLICA, {"of": replica}).first()
    if row is None:
        return None
    return ServerTrouble(
        row.name, row.failures, row.since, row.not_before, row.detail, Reason(row.reason)
    )


def read_details(connection: Connection) -> dict[str, str]:
    """The server's own words, by the replica that heard them."""
    query = select(relay.c.replica, relay.c.detail).order_by(relay.c.since)
    return {row.replica: row.detail for row in connection.execute(query)}


def note_trouble(connection: Connection, trouble: ServerTrouble, replica: str = "") -> None:
    clear_trouble(connection, replica)
    connection.execute(
        relay.insert().values(
            replica=replica,
            name=trouble.relay,
            failures=trouble.failures,
            since=trouble.since,
            not_before=trouble.not_before,
            detail=trouble.detail,
            reason=trouble.reason,
        )
    )


def clear_trouble(connection: Connection, replica: str = "") -> bool:
    """True when there was some."""
    return bool(connection.execute(delete(relay).where(relay.c.replica == replica)).rowcount)


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """A probe never lies further ahead: a clock that ran ahead put it there."""
    connection.execute(_TOO_FAR, {"last": at + than, "now": at})


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
