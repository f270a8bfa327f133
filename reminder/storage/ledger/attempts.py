"""Failed log-ins: whoever has guessed wrong waits, longer each time."""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from sqlalchemy import Connection, delete, select

from reminder.storage.ledger.schema import attempt
from reminder.storage.ledger.upsert import put

FREE = 5
LONGEST = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)


def source_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 one, where a single machine
    has as many addresses as it likes."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def seconds_to_wait(connection: Connection, source: str, at: datetime) -> int:
    """0 for who may try now. Longer than the longest means that a clock was set back."""
    query = select(attempt.c.not_before).where(attempt.c.source == source)
    until = connection.scalar(query)
    wait = until - at if until else timedelta()
    return ceil(wait.total_seconds()) if timedelta() < wait <= LONGEST else 0


def count_attempt(connection: Connection, source: str, at: datetime) -> int:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Returns the seconds to wait; when there are any, this one was not counted and may not go on.
    """
    connection.execute(delete(attempt).where(attempt.c.last <= at - FORGOTTEN))
    if wait := seconds_to_wait(connection, source, at):
        return wait
    query = select(attempt.c.failures).where(attempt.c.source == source)
    failures = (connection.scalar(query) or 0) + 1
    row = {
        "source": source,
        "failures": failures,
        "last": at,
        "not_before": at + _pause(failures),
    }
    put(connection, attempt, row)
    return 0


def forget_attempts(connection: Connection, source: str) -> None:
    connection.execute(delete(attempt).where(attempt.c.source == source))


def _pause(failures: int) -> timedelta:
    if failures < FREE:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - FREE, 30)), LONGEST)
