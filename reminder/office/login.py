"""Log-in at the console: its password, sessions, and who has guessed wrong and waits."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from reminder.ledger import access
from reminder.ledger.database import Database

SHORTEST = 10
LONGEST = 200  # characters
_JUDGED = 72  # of them: more would take zxcvbn long
GUESSES = 1e9  # so many at least, by zxcvbn's estimate
# Beside its lists, which are of the English-speaking world and of passwords that were leaked.
_HABITS = (
    "reminder", "console", "admin", "secretary", "office", "mima", "nihao", "woaini", "wodeai",
    "zhongguo", "beijing", "ningxia", "renda", "daibiao", "gongwei", "bangongshi", "mishu",
    "1314", "520", "5201314", "我爱你", "你好", "密码", "中国", "人大", "代表", "办公室", "管理员",
)  # fmt: skip
_HASHER = PasswordHasher()  # RFC 9106, 4: its second choice, 64 MiB
IDLE_SESSION = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)
STRANGERS = "strangers"  # one source for all of them: some have many addresses
FREE, FREE_TO_STRANGERS = 5, 20  # attempts without a wait
LONGEST_WAIT = timedelta(seconds=900)
FORGOTTEN = timedelta(days=1)


def hash_of(password: str) -> str:
    """Takes some hundredths of a second: outside of a transaction."""
    return _HASHER.hash(_spelt(password))


def is_guessable(password: str, names: Sequence[str]) -> bool:
    """Whether it is of the first that anybody would try; `names` are the office's own words."""
    from zxcvbn import zxcvbn  # its lists are a megabyte: for who sets a password

    guesses = zxcvbn(password[:_JUDGED], user_inputs=[*_HABITS, *names])["guesses"]
    return bool(guesses < GUESSES)


def fits(hashed: str, password: str) -> bool:
    """As slow as `hash_of`, whatever the answer."""
    try:
        return _HASHER.verify(hashed, _spelt(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(hashed: str) -> bool:
    """Whether it was made with other parameters than one that is made now."""
    return _HASHER.check_needs_rehash(hashed)


def _spelt(password: str) -> bytes:
    """Keyboards and systems write one character in several ways."""
    return normalize("NFC", password).encode("utf-8", "replace")


def begin_session(connection: Connection, at: datetime) -> str:
    """A word that nobody has had before; sessions that are over are forgotten."""
    access.end_old_sessions(connection, begun=at - LONGEST_SESSION, seen=at - IDLE_SESSION)
    word = secrets.token_urlsafe(32)
    access.add_session(connection, word, at)
    return word


def is_in_session(database: Database, word: str, at: datetime) -> bool:
    """Notes the use, at most once a minute."""
    if not word:
        return False
    with database.read() as connection:
        session = access.read_session(connection, word)
    if session is None:
        return False
    begun, seen = session
    if at - seen >= IDLE_SESSION or at - begun >= LONGEST_SESSION:
        return False
    if at - seen >= _NOTED_EVERY:
        with database.write() as connection:
            access.touch_session(connection, word, at)
    return True


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
    attempts = access.read_attempts(connection, sources).values()
    waits = [until - at for _, until in attempts if timedelta() < until - at <= LONGEST_WAIT]
    return ceil(max(waits, default=timedelta()).total_seconds())


def count_attempt(connection: Connection, sources: Collection[str], at: datetime) -> int:
    """As a failed one, before anybody knows: many at once are counted one by one.

    Returns the seconds to wait; when there are any, this one was not counted and may not go on.
    """
    access.forget_old_attempts(connection, at - FORGOTTEN)
    if wait := seconds_to_wait(connection, sources, at):
        return wait
    attempts = access.read_attempts(connection, sources)
    for source in sources:
        failures = attempts[source][0] + 1 if source in attempts else 1
        access.put_attempt(connection, source, failures, at, at + _pause(source, failures))
    return 0


def _pause(source: str, failures: int) -> timedelta:
    """Longer each time."""
    free = FREE_TO_STRANGERS if source == STRANGERS else FREE
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 30)), LONGEST_WAIT)
