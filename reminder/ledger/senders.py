"""Who sends: leases by the server's own clock, trouble with the mail server, and alarms."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.types import DateTime

from reminder.domain.notices import Reason, State
from reminder.ledger.rows import put
from reminder.ledger.schema import alarm, lease, recipient, server_trouble

INBOX = "<inbox>"  # among the ways that may fail: none that sends has such a name
# PostgreSQL's: the time now, where now() is the transaction's beginning.
_NOW = cast(func.clock_timestamp(), DateTime(timezone=True))
# Asked at each tick: made once.
_TOO_FAR = (
    update(server_trouble)
    .where(server_trouble.c.not_before > bindparam("latest"))
    .values(not_before=bindparam("now"))
)


def now(connection: Connection) -> datetime:
    return connection.execute(select(_NOW)).scalar_one()


def enter(connection: Connection, duration: timedelta, **who: object) -> None:
    """With name, replica, config_hash and since when it is there."""
    connection.execute(insert(lease).values(until=_NOW + literal(duration), **who))


def config_hash_in_force(connection: Connection) -> str | None:
    """Of the plan and the rest, as who began last among the present read them."""
    query = select(lease.c.config_hash).where(lease.c.until > _NOW, lease.c.config_hash != "")
    return connection.scalar(query.order_by(lease.c.since.desc(), lease.c.name).limit(1))


def renew(connection: Connection, name: str, duration: timedelta, config_hash: str) -> bool:
    """False when it has lapsed: others may have taken over, and it is never renewed again."""
    still = update(lease).where(lease.c.name == name, lease.c.until > _NOW)
    fresh = {"until": _NOW + literal(duration), "config_hash": config_hash}
    return bool(connection.execute(still.values(fresh)).rowcount)


def leave(connection: Connection, name: str) -> None:
    """What it could not give back is found by the others: its lease has lapsed then."""
    mine = (recipient.c.state == State.SENDING) & recipient.c.claim.startswith(f"{name}:")
    this = lease.c.name == name
    connection.execute(update(lease).where(this).values(until=_NOW))
    connection.execute(delete(lease).where(this, ~exists().where(mine)))


def have_left_work(connection: Connection) -> bool:
    """Whether one has lapsed, or gave back what it had claimed."""
    given_back = (recipient.c.state == State.RETRY) & (recipient.c.reason == Reason.INTERRUPTED)
    query = select(exists().where(lease.c.until <= _NOW) | exists().where(given_back))
    return connection.execute(query).scalar_one()


def forget_lapsed(connection: Connection) -> bool:
    """A replica's troubles go with the last of its senders. False when none has lapsed."""
    query = delete(lease).where(lease.c.until <= _NOW).returning(lease.c.replica)
    lapsed = set(connection.scalars(query))
    for replica in lapsed and lapsed - set(present(connection).values()):
        connection.execute(delete(server_trouble).where(server_trouble.c.replica == replica))
        connection.execute(delete(alarm).where(alarm.c.name.endswith(f"@{replica}")))
    return bool(lapsed)


def present(connection: Connection) -> dict[str, str]:
    """The senders, and on which replica each of them is."""
    query = select(lease.c.name, lease.c.replica).where(lease.c.until > _NOW)
    return {row.name: row.replica for row in connection.execute(query)}


@dataclass(frozen=True)
class ServerTrouble:
    """`failures` in a row since `since`; the next probe goes out at `not_before`.

    `replica` found it; "" is the only one of a ledger in a file. `server` names the server with
    its settings: it is not the trouble of others.
    """

    replica: str
    server: str
    failures: int
    since: datetime
    not_before: datetime
    detail: str
    reason: str = Reason.SERVER
    route: str = ""  # the way that fails: mail, or the name of a channel

    @property
    def waits_as(self) -> Reason:
        """Why notices wait meanwhile, also for one that refuses whatever this office sends."""
        of_us = self.reason == Reason.SENDER_REFUSED
        return Reason.SERVER if of_us else Reason(self.reason)


def read_troubles(connection: Connection, route: str = "") -> dict[str, ServerTrouble]:
    """Of mail, or of that other way, by the replica that has it, the oldest first."""
    of_it = select(server_trouble).where(server_trouble.c.route == route)
    rows = connection.execute(of_it.order_by(server_trouble.c.since))
    return {row["replica"]: ServerTrouble(**row) for row in rows.mappings()}


def note_trouble(connection: Connection, trouble: ServerTrouble) -> None:
    put(connection, server_trouble, vars(trouble))


def clear_trouble(connection: Connection, replica: str = "", route: str = "") -> bool:
    """True when there was some."""
    gone = delete(server_trouble).filter_by(replica=replica, route=route)
    return bool(connection.execute(gone).rowcount)


def wait_no_longer(connection: Connection, at: datetime, than: timedelta) -> None:
    """A probe never lies further ahead: a clock that ran ahead put it there."""
    connection.execute(_TOO_FAR, {"latest": at + than, "now": at})


@dataclass(frozen=True)
class Alarm:
    name: str
    since: datetime
    detail: str


def read_alarms(connection: Connection) -> dict[str, Alarm]:
    rows = connection.execute(select(alarm).order_by(alarm.c.since)).mappings()
    return {row["name"]: Alarm(**row) for row in rows}


def begin_alarm(connection: Connection, name: str, at: datetime, detail: str) -> None:
    connection.execute(insert(alarm).values(name=name, since=at, detail=detail))


def end_alarm(connection: Connection, name: str) -> None:
    connection.execute(delete(alarm).where(alarm.c.name == name))
