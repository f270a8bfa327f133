"""Failed log-ins: whoever has guessed wrong waits, longer each time.

An attempt counts for one or several sources: where it came from, and all strangers together, for
who has many addresses.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from sqlalchemy import Connection, delete, select

from reminder.ledger.schema import attempt
from reminder.ledger.upsert import put

FREE = 5
STRANGERS = "strangers"  # all of them together
FREE_TO_STRANGERS = 20
LONGEST = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)


def source_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 one, where a single machine
    has as many addresses as it likes; this machine, which has as many as well."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    if found.is_loopback:
        return "loopback"
    return str(ip_network((found, 64), strict=False) if found.version == 6 else found)


def seconds_to_wait(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """0 for who may try now. Longer than the longest means that a clock was set back."""
    query = select(attempt.c.not_before).where(attempt.c.source.in_(sources))
    waits = [until - at for until in connection.scalars(query)]
    longest = max((wait for wait in waits if timedelta() < wait <= LONGEST), default=timedelta())
    return ceil(longest.total_seconds())


def count_attempt(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Returns the seconds to wait; when there are any, this one was not counted and may not go on.
    """
    connection.execute(delete(attempt).where(attempt.c.last <= at - FORGOTTEN))
    if wait := seconds_to_wait(connection, sources, at):
        return wait
    for source in sources:
        query = select(attempt.c.failures).where(attempt.c.source == source)
        failures = (connection.scalar(query) or 0) + 1
        row = {
            "source": source,
            "failures": failures,
            "last": at,
            "not_before": at + _pause(source, failures),
        }
        put(connection, attempt, row)
    return 0


def forget_attempts(connection: Connection, sources: Collection[str]) -> None:
    connection.execute(delete(attempt).where(attempt.c.source.in_(sources)))


def forget_all_attempts(connection: Connection) -> None:
    """They were at another password."""
    connection.execute(delete(attempt))


def _pause(source: str, failures: int) -> timedelta:
    free = FREE_TO_STRANGERS if source == STRANGERS else FREE
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 30)), LONGEST)
