"""Who may guess at a password, and how often.

Whoever has guessed wrong waits, longer each time. An attempt counts for where it came from, for
all strangers together, since one of them may have many addresses, and for the account: who has
one of their own resets by it nothing that was counted for another's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from secrets import token_urlsafe

from sqlalchemy import Connection

from reminder.errors import DeclinedError
from reminder.ledger import sessions
from reminder.ledger.access import InstallationKey

FREE, FREE_TO_STRANGERS = 5, 20  # wrong guesses
STRANGERS = "strangers"  # all of them together
LONGEST_WAIT = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True)
class Guesser:
    """`sources` are what its mistakes count for; `name` is of a browser that has logged in with
    the present password of that account."""

    sources: tuple[str, ...]
    name: str = ""
    is_stranger: bool = False


def guesser(
    key: InstallationKey, account: str, known: str, hashed: str, *, by_door: bool, address: str
) -> Guesser:
    """`known` is the cookie that a browser got when it logged in; `hashed` the account's password.

    Such a browser waits for its own mistakes alone: behind a proxy all ask from one address, and
    who guesses there must not keep the secretariat out. Browsers that another account or an
    earlier password knew share one allowance, and so do those that came by the local pages' door.
    """
    name, _, rest = known.partition(".")
    mark, _, proof = rest.partition(".")
    of = _account(key, account)
    if compare_digest(proof.encode(), _proof(key, name, mark).encode()):
        if hashed and mark == _mark(key, hashed):
            return Guesser((f"known/{name}",), name)
        return Guesser(("known", f"known/of/{of}"))
    if by_door:
        return Guesser(("door", f"door/of/{of}"))
    sources = (source_of(address), STRANGERS, f"{STRANGERS}/of/{of}")
    return Guesser(sources, is_stranger=True)


def _account(key: InstallationKey, name: str) -> str:
    """People type passwords into the field for names."""
    return key.derive("account", name, 16)


def own_source(key: InstallationKey, account: str) -> tuple[str]:
    """For a password that is asked of who is logged in."""
    return (f"own/of/{_account(key, account)}",)


def counted_of(key: InstallationKey, account: str) -> list[str]:
    """All that was counted for that account alone."""
    of = _account(key, account)
    return [f"{kind}/of/{of}" for kind in ("own", "known", "door", STRANGERS)]


def known_by(key: InstallationKey, who: Guesser, hashed: str) -> str:
    """The cookie by which that browser is known from now on."""
    name, mark = who.name or token_urlsafe(12), _mark(key, hashed)
    return f"{name}.{mark}.{_proof(key, name, mark)}"


def _mark(key: InstallationKey, hashed: str) -> str:
    return key.derive("password", hashed, 8)


def _proof(key: InstallationKey, name: str, mark: str) -> str:
    return key.derive("known", f"{name}\0{mark}")


def source_of(address: str) -> str:
    """Who counts as one: an IPv4 address, or the network of an IPv6 one, where a single machine
    has as many addresses as it likes; this machine, which has as many as well."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    if ip.is_loopback:
        return "loopback"
    return str(ip_network((ip, 64), strict=False) if ip.version == 6 else ip)


def seconds_to_wait(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """0 for who may try now. Longer than the longest means that a clock was set back."""
    attempts = sessions.read_attempts(connection, sources).values()
    waits = [until - at for _, until in attempts if timedelta() < until - at <= LONGEST_WAIT]
    return ceil(max(waits, default=timedelta()).total_seconds())


def count_attempt(connection: Connection, sources: Collection[str], at: datetime) -> None:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Raises `DeclinedError` for who must wait: this one is not counted.
    """
    refuse_early(connection, sources, at)
    sessions.forget_old_attempts(connection, at - FORGOTTEN)
    attempts = sessions.read_attempts(connection, sources)
    for source in sources:
        failures = attempts[source][0] + 1 if source in attempts else 1
        sessions.put_attempt(connection, source, failures, at, at + _pause(source, failures))


def refuse_early(connection: Connection, sources: Collection[str], at: datetime) -> None:
    if wait := seconds_to_wait(connection, sources, at):
        raise DeclinedError("wait", seconds=wait)


def _pause(source: str, failures: int) -> timedelta:
    """Longer each time."""
    free = FREE_TO_STRANGERS if source.partition("/")[0] == STRANGERS else FREE
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 30)), LONGEST_WAIT)
